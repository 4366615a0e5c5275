"""Which events of the journal were taken back by a later one; the events themselves are never changed."""

from __future__ import annotations

import sqlite3
from typing import Final

AMENDED_TABLE: Final = """
    CREATE TABLE amended (sequence INTEGER PRIMARY KEY, by INTEGER NOT NULL, digest BLOB NOT NULL);
"""


def note_cancelled(connection: sqlite3.Connection, sequence: int, by: int) -> None:
    """The event `sequence` was cancelled by the event `by`."""
    connection.execute("INSERT OR IGNORE INTO amended VALUES (?1, ?2, row_digest(?1, ?2))", (sequence, by))


def is_cancelled(connection: sqlite3.Connection, sequence: int) -> bool:
    """Whether an event was cancelled."""
    row = connection.execute("SELECT 1 FROM amended WHERE sequence = ?", (sequence,)).fetchone()
    return row is not None
