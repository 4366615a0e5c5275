"""Reading a journal that another process may be writing: for the agent, for listings, for verification."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager, nullcontext
from heapq import merge
from pathlib import Path
from typing import Final

from crypto.closing import Closing
from crypto.explained import Text
from terminal.events.checkpoint import SignedCheckpoint
from terminal.events.event import UsageEvent
from terminal.events.receipt import Receipt
from terminal.journal.amended import amended_by
from terminal.journal.errors import JournalUnavailable
from terminal.journal.items import JournalItem, StoredCheckpoint, StoredEvent, Unreadable
from terminal.journal.salvage import cut_off
from terminal.journal.schema import (
    DATABASE_ERRORS,
    JournalBase,
    damage_named,
    is_of_the_disk,
    open_for_reading,
    read_base,
    read_owner,
    wrong_structure,
)
from terminal.journal.unconfirmed import named_unconfirmed, read_unconfirmed
from terminal.journal.voices import read_voice, waiting_voices
from terminal.journal.wholeness import require_signed, require_whole

__all__ = ["JournalReader", "StoredEvent"]

_BATCH: Final = 1000
_LEAST: Final = -(2**63)
_GREATEST: Final = 2**63 - 1
# How far behind an unreadable page the next readable row is looked for, where nothing tells of the last one.
_SEARCHED: Final = 4096
_SEARCHED_AT_MOST: Final = 1_000_000
_Row = tuple[int, bytes, bytes]
_EVENTS: Final = "SELECT sequence, bytes, hash FROM events WHERE sequence {} ORDER BY sequence LIMIT ?"
_CHECKPOINTS: Final = (
    "SELECT sequence, bytes, x'' FROM checkpoints WHERE sequence {} ORDER BY sequence LIMIT ?"
)


class JournalReader(Closing):
    """A read-only view of a journal; of a training journal only with `is_training`.

    `is_cut`: read what is left of a file that is shorter than it should be. Raises JournalMissing,
    JournalIsTraining, JournalUnavailable, or JournalDamaged for another file.
    """

    def __init__(self, path: Path, is_training: bool = False, *, is_cut: bool = False) -> None:
        self._connection = open_for_reading(path, is_training, is_cut=is_cut)
        self._tear = cut_off(path) if is_cut else None
        try:
            self.owner: Final = read_owner(self._connection, is_training)
        except BaseException:
            self._connection.close()
            raise
        self.terminal: Final = self.owner.terminal
        self.epoch: Final = self.owner.epoch

    @property
    def is_extract(self) -> bool:
        """Never: what is gone from a journal must be accounted for."""
        return False

    @property
    def tear(self) -> Text | None:
        """How much the file was cut; whatever else is damaged is named where it is."""
        return self._tear

    @property
    def wrong_structure(self) -> str | None:
        """What is wrong with the database around its records; reads all of it. Raises JournalUnavailable."""
        try:
            return wrong_structure(self._connection)
        except DATABASE_ERRORS as error:
            _require_damage(error)
            return str(error)

    @property
    def base(self) -> JournalBase:
        """What the first event follows; `sequence` 0 where nothing was pruned."""
        return read_base(self._connection)

    def head(self) -> tuple[int, bytes] | None:
        """Sequence and hash of the last event; None in a journal without events."""
        with damage_named():
            row = self._connection.execute(
                "SELECT sequence, hash FROM events ORDER BY sequence DESC LIMIT 1"
            ).fetchone()
        return None if row is None else (row[0], row[1])

    def require_whole(self, receipt: Receipt | None) -> None:
        """Raise JournalBehind where it lacks the event that this receipt of the centre's names."""
        require_whole(self._connection, receipt)

    def require_signed(self) -> None:
        """Raise JournalCut where it lacks an event that a checkpoint of its own names."""
        require_signed(self._connection, self.owner)

    def events(self, after: int, limit: int) -> list[StoredEvent]:
        """At most `limit` events with a sequence above `after`, ascending."""
        with damage_named():
            rows = self._connection.execute(_EVENTS.format("> ?"), (after, limit)).fetchall()
        return [StoredEvent(*row) for row in rows]

    def event(self, sequence: int) -> UsageEvent | None:
        """One event, parsed; None where there is none. Raises EventMalformed, and as `head` does."""
        found = [] if sequence < 1 else self.events(sequence - 1, 1)
        is_there = bool(found) and found[0].sequence == sequence
        return UsageEvent.from_bytes(found[0].data) if is_there else None

    def amended_by(self, sequence: int) -> int | None:
        """The last event that cancelled or corrected this one; None where none did."""
        with damage_named():
            return amended_by(self._connection, sequence)

    def unconfirmed(self) -> frozenset[int]:
        """The taps that count only once they are confirmed, by their sequences."""
        with damage_named():
            return named_unconfirmed(self._connection)

    def settled_up_to(self) -> int:
        """The last event before the first tap whose sale is still open; 0 for none."""
        # The end first: what is tapped between the two looks lies behind it.
        head = self.head()
        with damage_named():
            waiting = read_unconfirmed(self._connection)
        last = head[0] if head else 0
        return min(last, waiting[0] - 1) if waiting else last

    def waiting_voices(self) -> list[int]:
        """The events whose recordings the terminal still keeps, ascending."""
        with damage_named():
            return waiting_voices(self._connection)

    def voice(self, sequence: int) -> bytes | None:
        """The sealed recording of an event; None where there is none, or none any more."""
        with damage_named():
            return read_voice(self._connection, sequence)

    def checkpoints(self) -> Iterator[SignedCheckpoint]:
        """All checkpoints, ascending. Raises EventMalformed at one that can't be parsed."""
        with damage_named():
            for (data,) in self._connection.execute("SELECT bytes FROM checkpoints ORDER BY sequence"):
                yield SignedCheckpoint.from_bytes(data)

    def checkpoint_sequences(self, first: int) -> Iterator[int]:
        """Which events from `first` on have a checkpoint, ascending."""
        with damage_named():
            for (sequence,) in self._connection.execute(
                "SELECT sequence FROM checkpoints WHERE sequence >= ? ORDER BY sequence", (first,)
            ):
                yield sequence

    def items(self) -> Iterator[JournalItem]:
        """Everything in it, from one moment's state; what can't be read is stepped over and named.

        Raises JournalUnavailable where the disk fails, and for nothing that is in the file.
        """
        with nullcontext() if self._connection.in_transaction else self.snapshot():
            events = self.events_from(_LEAST)
            checkpoints = (
                Unreadable(row.sequence, is_checkpoint=True)
                if isinstance(row, Unreadable)
                else StoredCheckpoint(row[0], row[1])
                for row in self._rows(_CHECKPOINTS)
            )
            yield from merge(events, checkpoints, key=lambda item: item.sequence)

    def events_from(self, first: int) -> Iterator[StoredEvent | Unreadable]:
        """The events from `first` on, those that can't be read stepped over and named. Raises as `items`."""
        for row in self._rows(_EVENTS, first):
            yield row if isinstance(row, Unreadable) else StoredEvent(*row)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Until the end of the block everything is read as it stood at the first reading."""
        with damage_named():
            self._connection.execute("BEGIN")
        try:
            yield
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _rows(self, query: str, first: int = _LEAST) -> Iterator[_Row | Unreadable]:
        """Each row from `first` on, and the place of each that can't be read."""
        wanted: int | None = first
        while wanted is not None and wanted <= _GREATEST:
            taken = 0
            try:
                for row in self._connection.execute(query.format(">= ?"), (wanted, _BATCH)):
                    # A damaged tree may lead back to where it has led before.
                    if row[0] < wanted or not _is_row(row):
                        break
                    wanted, taken = row[0] + 1, taken + 1
                    yield row
                else:
                    if taken < _BATCH:
                        return
                    continue
            except DATABASE_ERRORS as error:
                _require_damage(error)
                if str(error).startswith("no such table"):
                    return  # no place of any row is known, and none that could be stepped over
            wanted = yield from self._step_over(query, wanted)

    def _step_over(self, query: str, wanted: int) -> Generator[_Row | Unreadable, None, int | None]:
        """The next row that can be read, looked for one by one; returns the sequence behind it, or None.

        Where the damage begins is named, and each place behind it up to the last row that is known of. Of
        those further on nobody knows whether there was a row, unless one is found behind them.
        """
        first = max(wanted, 1)
        last, searched = self._bounds(query, first)
        doubtful: list[Unreadable] = []
        for sequence in range(first, searched + 1):
            try:
                row = self._connection.execute(query.format("= ?"), (sequence, 1)).fetchone()
            except DATABASE_ERRORS as error:
                _require_damage(error)
                row = (None,)
            if row is None:
                continue
            if row[0] == sequence and _is_row(row):
                yield from doubtful
                yield row
                return sequence + 1
            if first < sequence > last:
                doubtful.append(Unreadable(sequence))
            else:
                yield Unreadable(sequence)
        return None

    def _bounds(self, query: str, first: int) -> tuple[int, int]:
        """The last place where a row is known to be, and how far one is worth looking for."""
        is_event = query is _EVENTS
        last = self._greatest("events" if is_event else "checkpoints")
        searched = last
        if last is None:
            last = self._last_named() if is_event else self._greatest("events") or 0
            searched = max(last, first + _SEARCHED)
        at_most = min(first + _SEARCHED_AT_MOST, _GREATEST)
        return min(last, at_most), min(searched or 0, at_most)

    def _greatest(self, table: str) -> int | None:
        """The greatest sequence in a table, 0 in one without rows; None where it can't be read."""
        try:
            (last,) = self._connection.execute(f"SELECT max(sequence) FROM {table}").fetchone()  # noqa: S608
        except DATABASE_ERRORS as error:
            _require_damage(error)
            return None
        return last or 0

    def _last_named(self) -> int:
        """The last event that a checkpoint is for; 0 where none can be read."""
        rows = "SELECT sequence, bytes FROM checkpoints ORDER BY sequence DESC"
        try:
            for sequence, data in self._connection.execute(rows):
                if isinstance(data, bytes) and (named := StoredCheckpoint(sequence, data).names):
                    return named
        except DATABASE_ERRORS as error:
            _require_damage(error)
        return 0


def _is_row(row: tuple[object, ...]) -> bool:
    return all(isinstance(part, bytes) for part in row[1:])


def _require_damage(error: Exception) -> None:
    """Raise JournalUnavailable where it is the disk that fails and not the file that was altered."""
    if is_of_the_disk(error):
        raise JournalUnavailable(detail=str(error)) from error
