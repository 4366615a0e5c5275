"""Which taps are still to be confirmed, so that no power cut sells anything or lets anybody go alone.

They are those of an open sale, and that of whoever comes or goes and waits for a guardian.

A tap is noted with its event and taken off with its cancellation or with the confirmation, in the same
transaction each; whatever is still noted when a terminal starts was never confirmed. A row names a place in
the journal and nothing else: what the tap used of a quota is counted with the confirmation.
"""

from __future__ import annotations

import sqlite3
from typing import Final

UNCONFIRMED_TABLE: Final = """
    CREATE TABLE unconfirmed (sequence INTEGER PRIMARY KEY, digest BLOB NOT NULL);
"""


def note_unconfirmed(connection: sqlite3.Connection, sequence: int) -> None:
    """The tap `sequence` counts only once it is confirmed."""
    connection.execute("INSERT INTO unconfirmed VALUES (?1, row_digest(?1))", (sequence,))


def read_unconfirmed(connection: sqlite3.Connection) -> tuple[int, ...]:
    """The sequences of the taps that wait for a confirmation, ascending; a damaged row is none."""
    rows = connection.execute(
        "SELECT sequence FROM unconfirmed WHERE digest = row_digest(sequence) ORDER BY sequence"
    )
    return tuple(row[0] for row in rows)


def named_unconfirmed(connection: sqlite3.Connection) -> frozenset[int]:
    """The sequences that wait for a confirmation, damaged rows' as well: none passes for sold."""
    return frozenset(row[0] for row in connection.execute("SELECT sequence FROM unconfirmed"))


def first_unconfirmed(connection: sqlite3.Connection) -> int | None:
    """The first of them, or a damaged row's; None where none waits."""
    row = connection.execute("SELECT min(sequence) FROM unconfirmed").fetchone()
    return None if row[0] is None else int(row[0])


def drop_unconfirmed(connection: sqlite3.Connection, sequence: int) -> None:
    """That tap waits no longer, if it did."""
    connection.execute("DELETE FROM unconfirmed WHERE sequence = ?", (sequence,))


def drop_all_unconfirmed(connection: sqlite3.Connection) -> None:
    """No tap waits any longer."""
    connection.execute("DELETE FROM unconfirmed")
