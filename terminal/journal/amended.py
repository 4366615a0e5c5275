"""Which events of the journal a later one cancelled or corrected; the events themselves are never changed."""

from __future__ import annotations

import sqlite3
from typing import Final

AMENDED_TABLE: Final = """
    CREATE TABLE amended (sequence INTEGER PRIMARY KEY, by INTEGER NOT NULL, digest BLOB NOT NULL);
"""


def note_amended(connection: sqlite3.Connection, sequence: int, by: int) -> None:
    """The event `by` cancelled or corrected the event `sequence`; what did so before counts no more."""
    connection.execute("INSERT OR REPLACE INTO amended VALUES (?1, ?2, row_digest(?1, ?2))", (sequence, by))


def amended_by(connection: sqlite3.Connection, sequence: int) -> int | None:
    """The last event that cancelled or corrected this one; None where none did."""
    row = connection.execute("SELECT by FROM amended WHERE sequence = ?", (sequence,)).fetchone()
    return None if row is None else int(row[0])
