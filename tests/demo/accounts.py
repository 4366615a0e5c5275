"""The demo's last table, counted from the files themselves and not from what any process says."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from terminal.data_directory import DataDirectory
from terminal.journal.reader import JournalReader

EventName = tuple[bytes, int, int, bytes]  # terminal, epoch, sequence, hash


@dataclass(frozen=True)
class Account:
    """One terminal's taps, events in its journal, and events that the centre holds of it."""

    taps: int
    journaled: int
    accepted: int
    lost: int
    duplicated: int

    @property
    def balances(self) -> bool:
        """Whether every tap arrived exactly once."""
        return self.taps == self.journaled == self.accepted and self.lost == self.duplicated == 0

    def __add__(self, other: Account) -> Account:
        return Account(
            self.taps + other.taps,
            self.journaled + other.journaled,
            self.accepted + other.accepted,
            self.lost + other.lost,
            self.duplicated + other.duplicated,
        )


def account(taps: int, directory: DataDirectory, center: Path) -> Account:
    """Count what lies in a terminal's journal and in the centre's store under its id."""
    terminal = directory.load_configuration().terminal_id
    journaled, accepted = Counter(_journal(directory)), Counter(_accepted(center, terminal))
    return Account(
        taps=taps,
        journaled=journaled.total(),
        accepted=accepted.total(),
        lost=(journaled - accepted).total(),
        # Whatever the centre holds beyond what the journal holds, be it the same event twice or another one.
        duplicated=(accepted - journaled).total(),
    )


def _journal(directory: DataDirectory) -> list[EventName]:
    with JournalReader(directory.journal) as reader:
        stored = reader.events(0, 1_000_000)
        return [(reader.terminal, reader.epoch, event.sequence, event.hash) for event in stored]


def _accepted(center: Path, terminal: bytes) -> list[EventName]:
    connection = sqlite3.connect(f"{(center / 'center.db').resolve().as_uri()}?mode=ro", uri=True)
    try:
        rows = connection.execute(
            "SELECT terminal, epoch, sequence, hash FROM events WHERE terminal = ?", (terminal,)
        )
        return rows.fetchall()
    finally:
        connection.close()
