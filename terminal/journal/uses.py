"""How often each holder has used each quota in the window open now, kept beside the events that used it.

A row names a holder by a reference that lives as long as the window (terminal.holder_reference.WindowKeys):
without the window's key, which the keystore wraps, it leads back to nobody.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Final

USES_TABLE: Final = """
    CREATE TABLE uses (
        quota TEXT NOT NULL, last_day TEXT NOT NULL, reference BLOB NOT NULL, uses INTEGER NOT NULL,
        digest BLOB NOT NULL,
        PRIMARY KEY (quota, last_day, reference)
    ) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class QuotaCount:
    """One holder's count of one quota, in the window that ends on `last_day`.

    `quota` is "pack/id"; `reference` the holder's in that window.
    """

    quota: str
    last_day: date
    reference: bytes

    @property
    def _key(self) -> tuple[str, str, bytes]:
        return self.quota, self.last_day.isoformat(), self.reference

    def read(self, connection: sqlite3.Connection) -> int:
        """How many uses are counted."""
        row = connection.execute(
            "SELECT uses FROM uses WHERE quota = ? AND last_day = ? AND reference = ?", self._key
        ).fetchone()
        return 0 if row is None else int(row[0])

    def add(self, connection: sqlite3.Connection) -> None:
        """One use more."""
        connection.execute(
            "INSERT INTO uses VALUES (?1, ?2, ?3, 1, row_digest(?1, ?2, ?3, 1)) ON CONFLICT DO UPDATE SET "
            "uses = uses + 1, digest = row_digest(quota, last_day, reference, uses + 1)",
            self._key,
        )

    def give_back(self, connection: sqlite3.Connection) -> None:
        """One use less, never below none."""
        connection.execute(
            "UPDATE uses SET uses = uses - 1, digest = row_digest(quota, last_day, reference, uses - 1) "
            "WHERE quota = ? AND last_day = ? AND reference = ? AND uses > 0",
            self._key,
        )


def forget_ended(connection: sqlite3.Connection, today: date) -> None:
    """Remove the counts of windows that ended before `today`."""
    connection.execute("DELETE FROM uses WHERE last_day < ?", (today.isoformat(),))


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of what is written within, durably, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
