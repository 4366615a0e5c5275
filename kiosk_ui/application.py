"""Qt's application object, and a kiosk put together from window, presenter and terminal thread."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import Final, Self

from PyQt6.QtWidgets import QApplication

from kiosk_ui.errors import NoDisplay
from kiosk_ui.fonts import chinese_family
from kiosk_ui.look import Preferences
from kiosk_ui.party import PartyChoice
from kiosk_ui.presenter import KioskPresenter
from kiosk_ui.states import KioskTimes
from kiosk_ui.terminal_thread import TerminalThread
from kiosk_ui.window import KioskWindow
from terminal.data_directory import DataDirectory

PLATFORM_VARIABLE: Final = "QT_QPA_PLATFORM"
OFFSCREEN: Final = "offscreen"
STOP_SECONDS: Final = 5.0
_DISPLAYS: Final = ("DISPLAY", "WAYLAND_DISPLAY")


def has_display() -> bool:
    """Whether Qt has something to show on. Without, it would end the process by itself."""
    if sys.platform != "linux" or os.environ.get(PLATFORM_VARIABLE):
        return True
    return any(os.environ.get(name) for name in _DISPLAYS)


def open_application(may_be_offscreen: bool) -> QApplication:
    """The application object, new or as it is. Raises NoDisplay unless it `may_be_offscreen`."""
    running = QApplication.instance()
    if isinstance(running, QApplication):
        return running
    if not has_display():
        if not may_be_offscreen:
            raise NoDisplay
        os.environ[PLATFORM_VARIABLE] = OFFSCREEN
    application = QApplication(["tongka"])
    # The same on every desktop: what is not drawn by ourselves follows our colours.
    application.setStyle("Fusion")
    application.setApplicationName("tongka-kiosk")
    return application


class Kiosk:
    """A window and the terminal behind it; a context manager that stops the terminal and wipes the window.

    Raises NoChineseFont. A terminal or reader that is missing is no error: the window says so, and goes on
    when it is there.
    """

    def __init__(
        self,
        directory: DataDirectory,
        reader: str,
        defaults: Preferences,
        dots_per_inch: float | None = None,
        times: KioskTimes | None = None,
    ) -> None:
        party = PartyChoice()
        self.window = KioskWindow(chinese_family(), defaults, dots_per_inch)
        self.presenter = KioskPresenter(self.window, party, defaults, times)
        self.terminal = TerminalThread(directory, reader, party)
        self.terminal.opened.connect(self.window.show_service)
        self.terminal.became_ready.connect(self.presenter.ready)
        self.terminal.saw_card.connect(self.presenter.reading)
        self.terminal.decided.connect(self.presenter.decided)
        self.terminal.troubled.connect(self.presenter.troubled)

    def __enter__(self) -> Self:
        self.terminal.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the terminal, a tap under way finished first, and wipe the window. Twice does nothing more.

        A terminal that hangs in the smart-card service is left to the end of the process; no tap of its own
        is under way then.
        """
        self.terminal.stop(STOP_SECONDS)
        self.presenter.stop()
        self.window.close()
