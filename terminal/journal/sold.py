"""Which taps were sold: they bought a ticket, and let nobody in yet.

An event does not say so, and a gate that restarts must not take whoever bought for somebody who entered. A
row names a place in the journal and nothing else; it comes with the confirmation, in the same transaction.
"""

from __future__ import annotations

import sqlite3
from typing import Final

SOLD_TABLE: Final = """
    CREATE TABLE sold (sequence INTEGER PRIMARY KEY, digest BLOB NOT NULL);
"""


def note_sold(connection: sqlite3.Connection) -> None:
    """All taps that are unconfirmed are sold."""
    connection.execute("INSERT OR REPLACE INTO sold SELECT sequence, row_digest(sequence) FROM unconfirmed")


def is_sold(connection: sqlite3.Connection, sequence: int) -> bool:
    """Whether this tap was sold; not so where its row is damaged."""
    row = connection.execute(
        "SELECT 1 FROM sold WHERE sequence = ?1 AND digest = row_digest(?1)", (sequence,)
    ).fetchone()
    return row is not None
