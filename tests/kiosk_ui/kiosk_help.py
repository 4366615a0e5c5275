"""Results, a clock and a kiosk without a terminal, for tests of the screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PyQt6.QtCore import QEventLoop, QTimer
from PyQt6.QtWidgets import QApplication, QWidget

from crypto.explained import Text
from kiosk_ui.fonts import chinese_family
from kiosk_ui.gallery import PORTRAIT, Screen
from kiosk_ui.look import Preferences
from kiosk_ui.party import PartyChoice
from kiosk_ui.presenter import KioskPresenter
from kiosk_ui.states import KioskTimes
from kiosk_ui.window import KioskWindow
from terminal.events.outcome import Outcome
from terminal.tap import TapResult

GRANTED_BYSTANDER = Text(zh="优惠已生效", en="Discount applied")
PATIENCE_MS = 20_000


def made_result(
    outcome: Outcome = Outcome.GRANTED, holder: str = "本次免费乘车", **changes: object
) -> TapResult:
    """A result whose texts for the holder contain `holder`."""
    values: dict[str, object] = {
        "sequence": 1,
        "outcome": outcome,
        "fare": 200,
        "companions": 1 if outcome is Outcome.GRANTED_WITH_COMPANION else 0,
        "holder_pays": 0 if outcome.granted else 200,
        "companion_pays": 100,
        "companions_admitted": 1 if outcome is Outcome.GRANTED_WITH_COMPANION else 0,
        "bystander_text": GRANTED_BYSTANDER,
        "holder_text": Text(zh=holder, en=holder),
        "staff_text": Text(zh=f"员工{holder}", en=f"staff {holder}"),
        "instead": None if outcome.granted else Text(zh=f"您可以{holder}", en=f"instead {holder}"),
        "legal_basis": Text(zh=f"依据{holder}", en=f"basis {holder}"),
        "microseconds": 0,
        **changes,
    }
    return TapResult(**values)  # type: ignore[arg-type]


class SetClock:
    """A clock in milliseconds that a test sets."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


class ScreenOnly:
    """Window and presenter without a terminal; the test says what a terminal would."""

    def __init__(self, preferences: Preferences, screen: Screen, times: KioskTimes) -> None:
        self.clock, self.party = SetClock(), PartyChoice()
        self.window = KioskWindow(chinese_family(), preferences, screen.dots_per_inch)
        self.window.resize(screen.width, screen.height)
        self.presenter = KioskPresenter(self.window, self.party, preferences, times, self.clock)
        self.window.show()
        self.window.activateWindow()
        self.settle()

    def settle(self) -> None:
        """Let Qt do what it has queued."""
        QApplication.processEvents()

    def focused(self) -> QWidget:
        """What has the focus."""
        widget = self.window.focusWidget()
        assert widget is not None
        return widget


@contextmanager
def screen_only(
    preferences: Preferences | None = None, screen: Screen = PORTRAIT, times: KioskTimes | None = None
) -> Iterator[ScreenOnly]:
    """A kiosk's screen; closed and wiped at the end."""
    made = ScreenOnly(preferences or Preferences(still=True), screen, times or KioskTimes())
    try:
        yield made
    finally:
        made.presenter.stop()
        made.window.close()
        made.window.deleteLater()
        made.presenter.deleteLater()
        made.settle()


def wait_until(holds: Callable[[], bool], *signals: object) -> None:
    """Run Qt's loop until `holds`, looked at whenever one of the signals comes."""
    loop = QEventLoop()
    deadline = QTimer()
    deadline.setSingleShot(True)
    deadline.timeout.connect(loop.quit)
    deadline.start(PATIENCE_MS)

    def look(*_arguments: object) -> None:
        if holds():
            loop.quit()

    for signal in signals:
        signal.connect(look)  # type: ignore[attr-defined]
    if not holds():
        loop.exec()
    for signal in signals:
        signal.disconnect(look)  # type: ignore[attr-defined]
    deadline.stop()
    assert holds()
