"""What the verbs of `tongka kiosk` do: the kiosk itself, a picture of a real tap, pictures of everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtGui import QPixmap
from PyQt6.QtWidgets import QApplication

from kiosk_ui import gallery
from kiosk_ui.application import Kiosk, open_application
from kiosk_ui.errors import NoTapInTime
from kiosk_ui.look import Preferences
from kiosk_ui.measures import density
from kiosk_ui.states import Phase, TroubleShown
from kiosk_ui.stop_signals import StopSignals
from terminal.data_directory import DataDirectory

_MS = 1000


def run_kiosk(
    directory: DataDirectory,
    reader: str,
    defaults: Preferences,
    *,
    diagonal_inches: float | None,
    windowed: bool,
) -> None:
    """Show the kiosk until its window is closed or the process is asked to end.

    Raises NoDisplay and NoChineseFont; any other trouble is shown on the screen.
    """
    application = open_application(may_be_offscreen=False)
    kiosk = Kiosk(directory, reader, defaults, _dots_per_inch(application, diagonal_inches))
    with kiosk, StopSignals(kiosk.window.close):
        kiosk.window.closed.connect(application.quit)
        if windowed:
            kiosk.window.resize(gallery.LANDSCAPE.width, gallery.LANDSCAPE.height)
            kiosk.window.show()
        else:
            kiosk.window.setCursor(Qt.CursorShape.BlankCursor)
            kiosk.window.showFullScreen()
        application.exec()


def take_picture(
    directory: DataDirectory,
    reader: str,
    defaults: Preferences,
    *,
    file: Path,
    timeout: float,
    waiting: Callable[[], None],
) -> None:
    """Run the kiosk for one tap, and store its result's default face as a PNG; works without a screen.

    `timeout` in seconds; `waiting` is called once, when a card can be tapped. Raises NoTapInTime, or instead
    the trouble that the kiosk shows by then; NoChineseFont; PictureNotWritten.
    """
    application = open_application(may_be_offscreen=True)
    screen = gallery.PORTRAIT
    kiosk = Kiosk(directory, reader, defaults, screen.dots_per_inch)
    session = _PictureSession(kiosk, application, waiting)
    with kiosk, StopSignals(application.quit):
        kiosk.window.resize(screen.width, screen.height)
        kiosk.window.show()
        QTimer.singleShot(round(timeout * _MS), application.quit)
        application.exec()
        trouble = kiosk.presenter.state
    if session.picture is not None:
        gallery.save(session.picture, file)
    elif isinstance(trouble, TroubleShown):
        raise trouble.error
    else:
        raise NoTapInTime(seconds=f"{timeout:g}")


def draw_pictures(folder: Path) -> Iterator[Path]:
    """Every face in every style, each file as it is written. Raises NoChineseFont, PictureNotWritten."""
    application = open_application(may_be_offscreen=True)
    for file in gallery.draw_all(folder):
        application.processEvents()  # closed windows are deleted
        yield file


def _dots_per_inch(application: QApplication, diagonal_inches: float | None) -> float | None:
    screen = application.primaryScreen()
    if diagonal_inches is None or screen is None:
        return None
    size = screen.size()
    return density(size.width(), size.height(), diagonal_inches)


class _PictureSession:
    """Says once that the kiosk waits, and keeps the picture of the first result."""

    def __init__(self, kiosk: Kiosk, application: QApplication, waiting: Callable[[], None]) -> None:
        self._kiosk, self._application, self._waiting = kiosk, application, waiting
        self._said = False
        self.picture: QPixmap | None = None
        kiosk.presenter.phase_changed.connect(self._follow)

    def _follow(self, phase: Phase) -> None:
        if phase is Phase.IDLE and not self._said:
            self._said = True
            self._waiting()
        elif phase is Phase.RESULT and self.picture is None:
            QApplication.sendPostedEvents()  # so that everything has its place
            self.picture = self._kiosk.window.grab()
            self._application.quit()
