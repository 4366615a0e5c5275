"""The validator mode: one reader, one service, tap after tap, for years.

    with open_terminal(directory) as terminal, PcscReader(name) as reader:
        Validator(terminal, reader, display).run()

The kiosk's screens run on the same loop; they differ in the display and in how the next request is made.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, Protocol

from card.connection import CardConnection
from card.errors import CardError, NoCardInTime, WaitCancelled
from card.reader import CardReader
from crypto.explained import ExplainedError
from terminal.assembly import Terminal
from terminal.modes.degraded import (
    Condition,
    Degradation,
    DegradationWatch,
    LiveCondition,
    PsamState,
)
from terminal.modes.inspection import Inspection, Inspector
from terminal.modes.signals import NoSignals, Signal, Signals
from terminal.modes.validating import ValidatorTaps
from terminal.presence import TapRequest
from terminal.tap import TapResult

RETRY_SECONDS: Final = 0.5
#: How long nobody taps before the terminal looks again at how it stands.
LOOK_SECONDS: Final = 30.0


class TapDisplay(Protocol):
    """What a person sees and hears of the loop; called from the loop's thread."""

    def ready(self) -> None:
        """The terminal waits for a card."""

    def reading(self) -> None:
        """A card lies there and is being read."""

    def result(self, result: TapResult) -> None:
        """A tap is decided and recorded."""

    def inspected(self, found: Inspection | None) -> None:
        """A card was looked up; None if it was not tapped here today."""

    def trouble(self, error: ExplainedError) -> None:
        """Something is wrong that is not the card's doing; said once, until `ready` says it is over."""

    def degraded(self, degradation: Degradation) -> None:
        """From now on the terminal works without something; taps go on."""

    def recovered(self, degradation: Degradation) -> None:
        """It has again what it worked without."""


def live_condition(terminal: Terminal, psam: PsamState | None = None) -> LiveCondition:
    """How an open terminal stands, each time it is called."""
    desk = terminal.desk
    return LiveCondition(
        desk.contents,
        desk.journal.timekeeper,
        lambda: desk.journal.unsigned,
        desk.journal.disk,
        psam,
        desk.owner.is_training,
    )


class Validator:
    """Taps cards on one reader until `stop`; `is_exit` tells whether the card in hand is leaving."""

    def __init__(
        self,
        terminal: Terminal,
        reader: CardReader,
        display: TapDisplay,
        next_request: Callable[[], TapRequest] | None = None,
        *,
        is_exit: Callable[[], bool] = lambda: False,
        signals: Signals | None = None,
        condition: Callable[[], Condition] | None = None,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._terminal, self._reader, self._display = terminal, reader, display
        self._next_request = next_request or terminal.request
        self._windows = terminal.configuration.validator.windows
        self._taps = ValidatorTaps(terminal.desk, self._windows)
        self._is_exit, self._signals = is_exit, signals or NoSignals()
        self._stopping, self._is_inspection = threading.Event(), threading.Event()
        self._inspector = Inspector.at(terminal.desk, terminal.configuration.service)
        self._condition = condition or live_condition(terminal)
        self._upkeep_said = ""
        self._watch, self._look_seconds = DegradationWatch(terminal.configuration.care), look_seconds

    def run(self) -> None:
        """Tap cards until `stop` is called; recovers by itself from readers and services that come back."""
        try:
            while not self._stopping.is_set():
                self._tell_of_condition()
                self._display.ready()
                said = ""
                try:
                    self._tap_once()
                except ExplainedError as error:
                    self._trouble(error)
                    said = error.code
                # After trouble too: a card that lies there unread is not tried again and again.
                self._wait_until_clear(said)
        except WaitCancelled:
            return

    def stop(self) -> None:
        """End `run`, from another thread or a signal handler; a tap under way is finished first."""
        self._stopping.set()
        self._reader.cancel()

    def inspect_next(self) -> None:
        """Look the next card up instead of tapping it; from any thread."""
        self._is_inspection.set()

    def _inspect(self, connection: CardConnection) -> None:
        found = self._inspector.look(connection)
        is_valid = found is not None and found.is_valid
        self._signals.give(Signal.GO_AHEAD if is_valid else Signal.LOOK_AT_SCREEN)
        self._display.inspected(found)

    def _wait_until_clear(self, said: str) -> None:
        """Block until no card lies there; where reader or service are gone, until they are back as well.

        `said`: the code of the trouble that was just told, which is not told again.
        """
        while not self._stopping.is_set():
            try:
                self._reader.wait_for_removal(timeout=None)
            except CardError as error:
                if error.code != said:
                    said = error.code
                    self._trouble(error)
                # The reader's next wait blocks until what is missing is back; this is for one that does not.
                self._stopping.wait(RETRY_SECONDS)
            else:
                return

    def _tell_of_condition(self) -> bool:
        """Each said when it begins and when it ends, not at every tap; whether there was something to say."""
        begun, ended = self._watch.changes(self._condition())
        for one in ended:
            self._display.recovered(one)
        for one in begun:
            self._display.degraded(one)
        trouble = self._terminal.upkeep.take_trouble()
        is_new = trouble is not None and trouble.code != self._upkeep_said
        if trouble is not None and is_new:
            self._upkeep_said = trouble.code
            self._display.trouble(trouble)
        return bool(begun or ended or is_new)

    def _trouble(self, error: ExplainedError) -> None:
        if isinstance(error, WaitCancelled):
            raise error
        self._display.trouble(error)

    def _wait_for_card(self) -> CardConnection:
        """The next card; what begins or ends while nobody taps is told then."""
        while True:
            try:
                return self._reader.wait_for_card(self._look_seconds)
            except NoCardInTime:
                if self._tell_of_condition():
                    self._display.ready()

    def _tap_once(self) -> None:
        with self._wait_for_card() as connection:
            self._display.reading()
            if self._is_inspection.is_set():
                self._is_inspection.clear()
                self._inspect(connection)
                return
            tap = self._taps.leave if self._is_exit() else self._taps.tap
            result = tap(connection, self._next_request())
            self._signals.give(Signal.of(result.outcome, self._windows))
            self._display.result(result)
