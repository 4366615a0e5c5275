"""How the terminal is, as far as the thread that taps knows: looked at between taps, read by any thread."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from card.errors import CardError
from crypto.explained import ExplainedError
from terminal.assembly import Terminal
from terminal.content.content import Content
from terminal.decisions.decide import local_date
from terminal.errors import ClockDoubtful
from terminal.events.event import ClockTrust
from terminal.timekeeping import Moment

_DOUBTFUL = frozenset((ClockTrust.SET_BACK, ClockTrust.STEPPED))


@dataclass(frozen=True)
class Health:
    """A moment's view. `hotlist_age` in days; `degradations` are what is wrong then."""

    content: Content
    hotlist_age: int
    clock: ClockTrust
    degradations: tuple[ExplainedError, ...]


class HealthWatch:
    """Keeps what went wrong until it is over; used by the thread that taps."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._reader_trouble: ExplainedError | None = None
        self._other: ExplainedError | None = None
        self._upkeep: ExplainedError | None = None
        self._other_version = 0

    def note(self, error: ExplainedError) -> None:
        """Something is wrong: with the reader until it awaits cards again, with content until it is new."""
        if isinstance(error, CardError):
            self._reader_trouble = error
        else:
            self._other, self._other_version = error, self._terminal.desk.contents.current().version

    def reader_works(self) -> None:
        """A card can be awaited again."""
        self._reader_trouble = None

    def tapped(self) -> None:
        """A tap was recorded, so the journal works."""
        self._other = self._upkeep = None

    def look(self) -> Health:
        """How it is now."""
        desk = self._terminal.desk
        content, moment = desk.contents.current(), desk.journal.timekeeper.now()
        if content.version != self._other_version:
            self._other = None
        self._upkeep = self._terminal.upkeep.take_trouble() or self._upkeep
        wrong = (
            self._reader_trouble,
            self._other,
            self._upkeep,
            content.missing,
            _clock_trouble(moment),
            desk.journal.disk.trouble(),
        )
        return Health(
            content=content,
            hotlist_age=content.hotlist.age(local_date(moment.time_ms)),
            clock=moment.trust,
            degradations=tuple(one for one in wrong if one is not None),
        )


def _clock_trouble(moment: Moment) -> ClockDoubtful | None:
    if moment.trust not in _DOUBTFUL:
        return None
    reads, known = (
        datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
        for at_ms in (max(0, moment.reading.wall_ms), moment.time_ms)
    )
    return ClockDoubtful(reads=reads, known=known)
