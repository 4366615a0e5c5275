"""How soon the kiosk is on the screen, and how soon a tap's result is painted.

    python -m benchmarks.kiosk [--quick]

First paint: from the start of a new Python process until the kiosk's window is painted; floor: the same for a
process that loads the same terminal core and shows a bare QLabel of the same size, in turns with it.
Result: from the moment at which the terminal saw the card until its result is painted; floor: the tap alone,
which ends when it is on the disk. Taps go through a private pcscd, one after the other.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter_ns
from typing import Final

from PyQt6.QtCore import QEvent, QEventLoop, QObject, Qt, QTimer
from PyQt6.QtWidgets import QWidget

from benchmarks.figures import elapsed_ns, progress, quick_asked, report
from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from kiosk_ui.application import OFFSCREEN, PLATFORM_VARIABLE, Kiosk, open_application
from kiosk_ui.gallery import PORTRAIT
from kiosk_ui.look import Preferences
from kiosk_ui.states import KioskTimes, Phase
from terminal.tap import TapResult
from tests.terminal.enrolled import chip, enrol

FIRST_PAINT_GOAL: Final = 1.5
RESULT_GOAL: Final = 2.0
PATIENCE_MS: Final = 20_000
NS_PER_MS: Final = 1_000_000

_UNTIL_PAINTED: Final = """
window.resize({width}, {height})
window.show()
while not window.testAttribute(Qt.WidgetAttribute.WA_Mapped):
    application.processEvents()
window.repaint()
"""
LABEL: Final = """
import terminal.assembly, terminal.validator
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication, QLabel
application = QApplication([])
window = QLabel("请刷卡")
"""
KIOSK: Final = """
from PyQt6.QtCore import Qt
from kiosk_ui.application import open_application
from kiosk_ui.fonts import chinese_family
from kiosk_ui.look import Preferences
from kiosk_ui.states import Idle
from kiosk_ui.window import KioskWindow
application = open_application(may_be_offscreen=True)
window = KioskWindow(chinese_family(), Preferences())
window.show_state(Idle(), now_ms=0)
"""


def run_until_painted(program: str) -> None:
    """Run a program that makes `application` and `window`, until the window is painted."""
    ending = _UNTIL_PAINTED.format(width=PORTRAIT.width, height=PORTRAIT.height)
    subprocess.run([sys.executable, "-c", program + ending], check=True)


class PaintWatch(QObject):
    """Runs Qt's loop until a widget has been painted."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__()
        self._loop = QEventLoop()
        self._widget = widget
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Queues the end behind the paint event that it sees, so that the painting is over."""
        if event is not None and event.type() == QEvent.Type.Paint:
            QTimer.singleShot(0, self._loop.quit)
        return False

    def wait(self) -> None:
        """Block until it is painted."""
        QTimer.singleShot(PATIENCE_MS, self._loop.quit)
        self._loop.exec()
        self._widget.removeEventFilter(self)


class Stopwatch:
    """Notes in the terminal's own thread when a tap is recorded, and how long it took."""

    def __init__(self, kiosk: Kiosk) -> None:
        self.recorded_ns = 0
        self.taps_ms: list[float] = []
        kiosk.terminal.decided.connect(self._note, Qt.ConnectionType.DirectConnection)  # type: ignore[call-arg]

    def _note(self, result: TapResult) -> None:
        self.recorded_ns = perf_counter_ns()
        self.taps_ms.append(result.microseconds / 1000)


def await_phase(kiosk: Kiosk, phase: Phase) -> None:
    """Run Qt's loop until the kiosk is in this phase."""
    loop = QEventLoop()

    def look(reached: Phase) -> None:
        if reached is phase:
            loop.quit()

    kiosk.presenter.phase_changed.connect(look)
    QTimer.singleShot(PATIENCE_MS, loop.quit)
    if kiosk.presenter.state.phase is not phase:
        loop.exec()
    kiosk.presenter.phase_changed.disconnect(look)
    assert kiosk.presenter.state.phase is phase


def result_painted_ms(rounds: int) -> tuple[float, float]:
    """Median milliseconds from the card to its painted result, and of the tap itself."""
    painted: list[float] = []
    with tempfile.TemporaryDirectory() as folder, PrivatePcscd() as service:
        service.activate()
        enrolled = enrol(Path(folder) / "terminal")
        card = chip(enrolled.card())
        defaults, times = Preferences(still=True), KioskTimes(result=1)
        with Kiosk(enrolled.directory, service.readers[0], defaults, times=times) as kiosk:
            stopwatch = Stopwatch(kiosk)
            kiosk.window.resize(PORTRAIT.width, PORTRAIT.height)
            kiosk.window.show()
            for _ in range(rounds):
                await_phase(kiosk, Phase.IDLE)
                watch = PaintWatch(kiosk.window.result_face.summary)
                with VpcdLink(card, service.ports[0]):
                    watch.wait()
                    added = (perf_counter_ns() - stopwatch.recorded_ns) / NS_PER_MS
                    painted.append(stopwatch.taps_ms[-1] + added)
        return median(painted), median(stopwatch.taps_ms)


def main() -> None:
    """Run the benchmark."""
    rounds = 5 if quick_asked(__doc__) else 30
    os.environ[PLATFORM_VARIABLE] = OFFSCREEN
    progress(f"first paint of a new process, {rounds} rounds")
    run_until_painted(KIOSK)  # compiles what is not compiled yet
    labels, kiosks = [], []
    for _ in range(rounds):
        labels.append(elapsed_ns(lambda: run_until_painted(LABEL)) / NS_PER_MS)
        kiosks.append(elapsed_ns(lambda: run_until_painted(KIOSK)) / NS_PER_MS)
    value, floor = median(kiosks), median(labels)
    report(
        "kiosk: process start to first paint",
        value,
        "ms",
        floor=floor,
        goal=f"ratio <= {FIRST_PAINT_GOAL:g}",
        holds=value / floor <= FIRST_PAINT_GOAL,
    )
    progress(f"taps through pcscd, {rounds} rounds")
    application = open_application(may_be_offscreen=True)
    value, floor = result_painted_ms(rounds)
    application.processEvents()
    report(
        "kiosk: card to result painted, beside the tap alone",
        value,
        "ms",
        floor=floor,
        goal=f"ratio <= {RESULT_GOAL:g}",
        holds=value / floor <= RESULT_GOAL,
    )


if __name__ == "__main__":
    main()
