"""Recordings that go with needs, sealed to the centre, until it has signed that it holds them.

A table beside the chain: the event names its recording by SM3 in its sealed words, so nothing in here needs a
place in the chain, and what the centre holds can be removed without a trace.
"""

from __future__ import annotations

import sqlite3
from typing import Final

VOICES_TABLE: Final = """
    CREATE TABLE voices (sequence INTEGER PRIMARY KEY, bytes BLOB NOT NULL, digest BLOB NOT NULL);
"""


def keep_voice(connection: sqlite3.Connection, sequence: int, voice: bytes) -> None:
    """The sealed recording of the event `sequence`."""
    connection.execute("INSERT INTO voices VALUES (?1, ?2, row_digest(?1, ?2))", (sequence, voice))


def waiting_voices(connection: sqlite3.Connection) -> list[int]:
    """The sequences of the events whose recordings are still here, ascending."""
    return [row[0] for row in connection.execute("SELECT sequence FROM voices ORDER BY sequence")]


def read_voice(connection: sqlite3.Connection, sequence: int) -> bytes | None:
    """The sealed recording of an event; None where there is none, or none any more."""
    row = connection.execute("SELECT bytes FROM voices WHERE sequence = ?", (sequence,)).fetchone()
    return row[0] if row is not None and isinstance(row[0], bytes) else None


def drop_voice(connection: sqlite3.Connection, sequence: int) -> None:
    """Remove a recording; the journal overwrites what it removes."""
    connection.execute("DELETE FROM voices WHERE sequence = ?", (sequence,))
