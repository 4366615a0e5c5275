"""How the terminal is, as far as the thread that taps knows: looked at between taps, read by any thread."""

from __future__ import annotations

from dataclasses import dataclass

from card.errors import CardError
from crypto.explained import ExplainedError
from terminal.assembly import Terminal
from terminal.content.content import Content
from terminal.content.live import ContentSource
from terminal.decisions.decide import local_date
from terminal.events.event import ClockTrust
from terminal.modes.degraded import PsamState, degradations
from terminal.validator import live_condition


@dataclass(frozen=True)
class Health:
    """A moment's view. `hotlist_age` in days; `degradations` are what is wrong then."""

    content: Content
    hotlist_age: int
    clock: ClockTrust
    degradations: tuple[ExplainedError, ...]


class UntroubledContents:
    """The content in force, for a loop that need not tell of its troubles: the watch does as they last."""

    def __init__(self, contents: ContentSource) -> None:
        self._contents = contents

    def current(self) -> Content:
        """The content that the next tap is judged by."""
        return self._contents.current()

    def learn(self, time_ms: int) -> None:
        """A tap is judged at this time."""
        self._contents.learn(time_ms)

    def take_trouble(self) -> ExplainedError | None:
        """None."""
        return None


class HealthWatch:
    """Keeps what went wrong until it is over; used by the thread that taps. Raises TerminalRevoked."""

    def __init__(self, terminal: Terminal, psam: PsamState | None = None) -> None:
        self._terminal = terminal
        self._condition = live_condition(terminal, psam)
        self._content = terminal.desk.contents.current()
        self._reader_trouble: ExplainedError | None = None
        self._tap_trouble: ExplainedError | None = None
        self._upkeep_trouble: ExplainedError | None = None

    def note(self, error: ExplainedError) -> None:
        """Something is wrong: with the reader until it awaits cards again, else until the next tap."""
        if isinstance(error, CardError):
            self._reader_trouble = error
        else:
            self._tap_trouble = error

    def reader_works(self) -> None:
        """A card can be awaited again."""
        self._reader_trouble = None

    def tapped(self) -> None:
        """A tap was recorded, so the journal works."""
        self._tap_trouble = self._upkeep_trouble = None

    def look(self) -> Health:
        """How it is now."""
        terminal = self._terminal
        moment = terminal.desk.journal.timekeeper.now()
        self._upkeep_trouble = terminal.upkeep.take_trouble() or self._upkeep_trouble
        wrong = [self._reader_trouble, self._tap_trouble, self._upkeep_trouble]
        try:
            self._content = terminal.desk.contents.current()
            wrong += (one.error for one in degradations(self._condition(), terminal.configuration.care))
        except ExplainedError as error:  # revoked: nobody is served, and that is what is to be seen
            wrong.append(error)
        return Health(
            content=self._content,
            hotlist_age=self._content.hotlist.age(local_date(moment.time_ms)),
            clock=moment.trust,
            # The same may be known from two sides.
            degradations=tuple({one.code: one for one in wrong if one is not None}.values()),
        )
