"""Between the window, the states and the clock: takes events, advances the state, has it shown."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from crypto.explained import ExplainedError
from kiosk_ui.errors import TerminalSilent
from kiosk_ui.look import Preferences
from kiosk_ui.party import PartyChoice
from kiosk_ui.states import (
    CardSeen,
    Event,
    Idle,
    KioskTimes,
    Phase,
    Press,
    ResultShown,
    Starting,
    State,
    TapDecided,
    TerminalReady,
    TimePassed,
    TroubleArose,
    advance,
    deadline,
)
from kiosk_ui.window import KioskWindow
from terminal.tap import TapResult

_SECOND_MS: Final = 1000


def monotonic_ms() -> int:
    """Milliseconds of a clock that never goes back."""
    return time.monotonic_ns() // 1_000_000


class KioskPresenter(QObject):
    """Drives one window; its slots are what a `TerminalThread` says.

    `defaults` is what the kiosk goes back to when nobody has touched it for `times.absence` while it is idle.
    """

    phase_changed = pyqtSignal(Phase)

    def __init__(
        self,
        window: KioskWindow,
        party: PartyChoice,
        defaults: Preferences,
        times: KioskTimes | None = None,
        clock: Callable[[], int] = monotonic_ms,
    ) -> None:
        super().__init__()
        self._window, self._party, self._defaults = window, party, defaults
        self._times, self._clock = times or KioskTimes(), clock
        self._preferences = defaults
        self._state: State = Starting()
        self._limit = QTimer(self)
        self._limit.setSingleShot(True)
        self._limit.timeout.connect(lambda: self._handle(TimePassed()))
        self._absence = QTimer(self)
        self._absence.setSingleShot(True)
        self._absence.setInterval(self._times.absence)
        self._absence.timeout.connect(self._forget_choices)
        self._silence = QTimer(self)
        self._silence.setSingleShot(True)
        self._silence.timeout.connect(lambda: self._handle(TroubleArose(TerminalSilent())))
        self._silence.start(self._times.starting)
        window.pressed.connect(self._handle)
        window.companions_chosen.connect(party.choose)
        window.preferences_chosen.connect(self._prefer)
        window.used.connect(self._somebody_is_there)
        window.show_state(self._state, clock())

    @property
    def state(self) -> State:
        """What is shown."""
        return self._state

    def ready(self) -> None:
        """The terminal waits for a card."""
        self._handle(TerminalReady())

    def reading(self) -> None:
        """A card is being read."""
        self._handle(CardSeen())

    def decided(self, result: TapResult) -> None:
        """A tap is decided and recorded."""
        self._handle(TapDecided(result))

    def troubled(self, error: ExplainedError) -> None:
        """Something is wrong that is not the card's doing."""
        self._handle(TroubleArose(error))

    def stop(self) -> None:
        """Forget whoever is on the screen, and let time stand still."""
        for timer in (self._limit, self._absence, self._silence):
            timer.stop()
        self._state = Starting()
        self._window.show_state(self._state, self._clock())

    def _handle(self, event: Event) -> None:
        now = self._clock()
        before, self._state = self._state, advance(self._state, event, now, self._times)
        self._arm(now)
        if isinstance(self._state, ResultShown) and isinstance(event, TimePassed):
            self._window.show_time(self._state, now)
        elif self._state != before:
            self._show(before, now)

    def _show(self, before: State, now: int) -> None:
        self._window.show_state(self._state, now)
        if self._is_news(before):
            self._window.say_state()
        if self._state.phase is not before.phase:
            self._silence.stop()
            self._absence.start()
            self.phase_changed.emit(self._state.phase)

    def _is_news(self, before: State) -> bool:
        """Whether other words are on the screen than before, rather than the same with more time."""
        if isinstance(self._state, ResultShown) and isinstance(before, ResultShown):
            return self._state.details != before.details or self._state.result is not before.result
        return True

    def _arm(self, now: int) -> None:
        """Wake up at the state's time limit; until then once a second, for what is shown of it."""
        until = deadline(self._state)
        if until is None:
            self._limit.stop()
            return
        left = max(0, until - now)
        whole_seconds = left % _SECOND_MS or _SECOND_MS
        self._limit.start(min(left, whole_seconds))

    def _somebody_is_there(self) -> None:
        self._absence.start()
        self._handle(Press.MORE_TIME)

    def _prefer(self, preferences: Preferences) -> None:
        self._preferences = preferences
        self._window.show_preferences(preferences, self._state, self._clock())

    def _forget_choices(self) -> None:
        """Nobody is there any more: the next person finds the kiosk as it was set up."""
        if not isinstance(self._state, Idle):
            return
        self._window.idle_face.choose(0)
        if self._preferences != self._defaults:
            self._prefer(self._defaults)
