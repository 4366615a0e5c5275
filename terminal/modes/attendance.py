"""Who is here today, rebuilt from the journal alone: by the day's references, so without a name.

Attendance is counted by the day, because references are: at midnight the book is closed, whoever has not left
by then has a check-in without a check-out, and a tap after midnight is a new check-in. To carry a presence
over would take a file that links one holder's days. For the same reason a power cut, which destroys the day's
key, leaves presences that no later tap can end; they are told apart as unmatched. Whoever came while the
clock stood a day ahead is in no book once that shows: on that day nobody has come yet, and of the day that it
was there is no reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from terminal.decisions.decide import local_date
from terminal.events.event import ClockTrust, UsageEvent
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome
from terminal.journal.errors import JournalMissing
from terminal.journal.reader import JournalReader

# No desk checks in more people in a day than it can read back in a few seconds.
MAX_EVENTS: Final = 50_000
_PAGE: Final = 500


@dataclass(frozen=True)
class Presence:
    """Somebody who is here: the sequence of the check-in, and since when (milliseconds since 1970 UTC)."""

    sequence: int
    since_ms: int


@dataclass(frozen=True)
class _Holder:
    """A day's reference and the boot whose key made it."""

    boot: bytes
    reference: bytes


class AttendanceBook:
    """One service's attendance on one day. `boot` is the one that runs now: its references can be matched."""

    def __init__(self, service: str, day: date, boot: bytes) -> None:
        self.day: Final = day
        self._service, self._boot = service, boot
        self._here: dict[_Holder, Presence] = {}
        self._moved_ms: dict[_Holder, int] = {}
        self._moves: dict[int, tuple[_Holder, Presence | None]] = {}  # what was before each event
        self._ahead: dict[int, UsageEvent] = {}  # while the clock had jumped: not yet known to be of this day

    @property
    def present(self) -> int:
        """How many are here."""
        return len(self.presences())

    @property
    def unmatched(self) -> int:
        """How many came before the machine was started anew, and have not left before that."""
        return len(self._here) - self.present

    def presences(self) -> tuple[Presence, ...]:
        """Who is here, in the order in which they came."""
        return tuple(here for holder, here in self._here.items() if holder.boot == self._boot)

    def presence(self, reference: bytes) -> Presence | None:
        """The presence of this holder."""
        return self._here.get(_Holder(self._boot, reference))

    def moved_ms(self, reference: bytes) -> int | None:
        """When this holder last came or left."""
        return self._moved_ms.get(_Holder(self._boot, reference))

    def date_by(self, time_ms: int, boot: bytes, monotonic_ms: int) -> None:
        """An undoubted time: it dates what came while the clock stood ahead; what is of another day goes."""
        for ahead in reversed(self._ahead.values()):
            passed_ms = monotonic_ms - ahead.monotonic_ms
            if ahead.boot == boot and local_date(time_ms - passed_ms) != self.day:
                self._undo(ahead.sequence)
        self._ahead.clear()

    def note(self, event: UsageEvent) -> None:
        """Take up an event, in the journal's order; those of other days and services are passed over."""
        if event.clock is not ClockTrust.STEPPED:
            self.date_by(event.time_ms, event.boot, event.monotonic_ms)
        if event.service != self._service or local_date(event.time_ms) != self.day:
            return
        if event.kind is EventKind.CANCELLATION:
            self._undo(event.refers_to)
            return
        if event.outcome is not Outcome.RECORDED:
            return
        holder = _Holder(event.boot, event.holder_ref)
        here = self._here.get(holder)
        match event.kind:
            case EventKind.CHECK_IN if not event.refers_to:
                after: Presence | None = Presence(event.sequence, event.time_ms)
            # A companion's events refer to its holder's, and are nobody's presence.
            case EventKind.CHECK_OUT if here is not None and event.refers_to == here.sequence:
                after = None
            case _:
                return
        self._moves[event.sequence] = (holder, here)
        self._moved_ms[holder] = event.time_ms
        if event.clock is ClockTrust.STEPPED:
            self._ahead[event.sequence] = event
        self._become(holder, after)

    def _undo(self, sequence: int) -> None:
        if sequence in self._moves:
            holder, before = self._moves.pop(sequence)
            self._moved_ms.pop(holder, None)
            self._become(holder, before)

    def _become(self, holder: _Holder, presence: Presence | None) -> None:
        if presence is None:
            self._here.pop(holder, None)
        else:
            self._here[holder] = presence


def read_book(
    journal: Path, service: str, day: date, boot: bytes, *, is_training: bool = False
) -> AttendanceBook:
    """The book of a day, from a journal that another process may be writing; `is_training`: of training.

    Raises JournalDamaged, JournalUnavailable, EventMalformed.
    """
    book = AttendanceBook(service, day, boot)
    try:
        events = _events_of(journal, day, is_training)
    except JournalMissing:
        return book
    for event in events:
        book.note(event)
    return book


def _events_of(journal: Path, day: date, is_training: bool) -> list[UsageEvent]:
    """The last events back to the beginning of the day, MAX_EVENTS at most, ascending."""
    found: list[UsageEvent] = []
    with JournalReader(journal, is_training) as reader:
        head = reader.head()
        last = 0 if head is None else head[0]
        while last > 0 and len(found) < MAX_EVENTS:
            after = max(0, last - _PAGE)
            page = [UsageEvent.from_bytes(one.data) for one in reader.events(after, last - after)]
            found = page + found
            if not page or local_date(page[0].time_ms) < day:
                break
            last = after
    return found
