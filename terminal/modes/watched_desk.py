"""A staffed desk that says aloud what it works without: a fresh hotlist, a clock to rely on, room on disk."""

from __future__ import annotations

from typing import Final, Protocol

from card.connection import CardConnection
from crypto.explained import ExplainedError
from terminal.assembly import Terminal
from terminal.modes.degraded import Degradation, DegradationWatch
from terminal.modes.desk_loop import Desk
from terminal.validator import LOOK_SECONDS, live_condition

_LOOK_MS: Final = round(LOOK_SECONDS * 1000)


class ConditionDisplay(Protocol):
    """Who is told of it."""

    def degraded(self, degradation: Degradation) -> None:
        """From now on the terminal works without something; work goes on."""

    def recovered(self, degradation: Degradation) -> None:
        """It has again what it worked without."""


class WatchedDesk:
    """Another desk, and a look at the terminal before each card and every half minute. A `Desk`."""

    def __init__(self, desk: Desk, terminal: Terminal, display: ConditionDisplay) -> None:
        self._desk, self._terminal, self._display = desk, terminal, display
        self._condition = live_condition(terminal)
        self._watch = DegradationWatch(terminal.configuration.care)
        self._looked_ms = 0
        self._upkeep_said = ""

    def ready(self) -> None:
        """A card is awaited."""
        self._look()
        self._desk.ready()

    def card(self, connection: CardConnection) -> None:
        """As the desk does."""
        self._desk.card(connection)

    def card_left(self) -> None:
        """As the desk does."""
        self._desk.card_left()

    def entry(self, line: str) -> None:
        """As the desk does."""
        self._desk.entry(line)

    def turn(self) -> None:
        """Look again where it is time to, then as the desk does."""
        if self._now_ms() - self._looked_ms >= _LOOK_MS:
            self._look()
        self._desk.turn()

    def trouble(self, error: ExplainedError) -> None:
        """As the desk does."""
        self._desk.trouble(error)

    def _look(self) -> None:
        """Tell what began and what ended, each once."""
        self._looked_ms = self._now_ms()
        begun, ended = self._watch.changes(self._condition())
        for one in ended:
            self._display.recovered(one)
        for one in begun:
            self._display.degraded(one)
        trouble = self._terminal.upkeep.take_trouble()
        if trouble is not None and trouble.code != self._upkeep_said:
            self._upkeep_said = trouble.code
            self._desk.trouble(trouble)

    def _now_ms(self) -> int:
        return self._terminal.desk.journal.timekeeper.now().reading.monotonic_ms
