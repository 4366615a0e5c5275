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
class Accounts:
    """Taps made, events in the journals and at the centre; lost and duplicated ones by name."""

    taps: int
    journaled: int
    accepted: int
    lost: int
    duplicated: int

    @property
    def balance(self) -> bool:
        """Whether every tap arrived exactly once."""
        return self.taps == self.journaled == self.accepted and self.lost == self.duplicated == 0


def count(taps: int, terminals: list[DataDirectory], center: Path) -> Accounts:
    """Count what lies in the journals and in the centre's store."""
    journaled = [name for directory in terminals for name in _journal(directory)]
    accepted = _accepted(center)
    return Accounts(
        taps=taps,
        journaled=len(journaled),
        accepted=len(accepted),
        lost=len(set(journaled) - set(accepted)),
        # Whatever the centre holds beyond what the journals hold, be it the same event twice or another one.
        duplicated=(Counter(accepted) - Counter(journaled)).total(),
    )


def _journal(directory: DataDirectory) -> list[EventName]:
    with JournalReader(directory.journal) as reader:
        stored = reader.events(0, 1_000_000)
        return [(reader.terminal, reader.epoch, event.sequence, event.hash) for event in stored]


def _accepted(center: Path) -> list[EventName]:
    connection = sqlite3.connect(f"{(center / 'center.db').resolve().as_uri()}?mode=ro", uri=True)
    try:
        return connection.execute("SELECT terminal, epoch, sequence, hash FROM events").fetchall()
    finally:
        connection.close()
