"""Reading a journal that another process may be writing: for the agent, for listings, for verification."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crypto.closing import Closing
from crypto.explained import Text
from terminal.errors import JournalDamaged
from terminal.events.checkpoint import SignedCheckpoint
from terminal.journal.schema import damage_named, open_for_reading


@dataclass(frozen=True)
class StoredEvent:
    """An event as it lies in the journal: its bytes as first written, and their hash."""

    sequence: int
    data: bytes
    hash: bytes


class JournalReader(Closing):
    """A read-only view of a journal. Raises JournalMissing, or JournalDamaged for another file."""

    def __init__(self, path: Path) -> None:
        self._connection = open_for_reading(path)
        try:
            with damage_named():
                row = self._connection.execute("SELECT terminal, epoch FROM owner").fetchone()
            if row is None:
                raise JournalDamaged(detail=Text(zh="没有写明属于哪台终端", en="it names no owner"))
        except BaseException:
            self._connection.close()
            raise
        self.terminal: bytes = row[0]
        self.epoch: int = row[1]

    def head(self) -> tuple[int, bytes] | None:
        """Sequence and hash of the last event; None in a journal without events."""
        with damage_named():
            row = self._connection.execute(
                "SELECT sequence, hash FROM events ORDER BY sequence DESC LIMIT 1"
            ).fetchone()
        return None if row is None else (row[0], row[1])

    def events(self, after: int, limit: int) -> list[StoredEvent]:
        """At most `limit` events with a sequence above `after`, ascending."""
        with damage_named():
            rows = self._connection.execute(
                "SELECT sequence, bytes, hash FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?",
                (after, limit),
            ).fetchall()
        return [StoredEvent(*row) for row in rows]

    def checkpoints(self) -> Iterator[SignedCheckpoint]:
        """All checkpoints, ascending. Raises EventMalformed at one that can't be parsed."""
        with damage_named():
            rows = self._connection.execute("SELECT bytes FROM checkpoints ORDER BY sequence").fetchall()
        for (data,) in rows:
            yield SignedCheckpoint.from_bytes(data)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
