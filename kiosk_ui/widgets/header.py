"""The line at the top: which service and its fare; while a result is shown, how long it stays."""

from __future__ import annotations

from typing import Final

from PyQt6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crypto.explained import Text
from kiosk_ui.look import Look
from kiosk_ui.measures import TextRole
from kiosk_ui.widgets.countdown import CountdownBar
from kiosk_ui.widgets.label import Ink, KioskLabel
from kiosk_ui.wording import FARE, TIME_LEFT
from terminal.yuan import yuan

_MS: Final = 1000


class Header(QWidget):
    """Service and fare, or service and time limit. Told whenever a second has passed; counts nothing."""

    def __init__(self) -> None:
        super().__init__()
        self._look: Look | None = None
        self._service: tuple[Text, int] | None = None
        self._seconds: int | None = None
        self.name = KioskLabel(TextRole.STRONG)
        self.aside = KioskLabel(TextRole.BODY, Ink.MUTED)
        self.aside.setWordWrap(False)
        self._bar = CountdownBar()
        self._row = QHBoxLayout()
        self._row.addWidget(self.name, 1)
        self._row.addWidget(self.aside)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addLayout(self._row)
        self._column.addWidget(self._bar)

    def apply(self, look: Look) -> None:
        """Take on language, font and colours."""
        self._look = look
        for part in (self.name, self.aside, self._bar):
            part.apply(look)
        self._row.setSpacing(look.measures.spacing(4))
        self._column.setSpacing(look.measures.spacing(1.5))
        self._say()

    def show_service(self, name: Text, fare: int) -> None:
        """What this kiosk is for; `fare` in fen."""
        self._service = (name, fare)
        self._say()

    def show_time(self, left_ms: int, span_ms: int) -> None:
        """So much is left of so much."""
        self._seconds = -(-max(0, left_ms) // _MS)
        # The bar keeps step with the words: what moves once a second is calm.
        self._bar.show_share(self._seconds * _MS / span_ms)
        self._say()

    def hide_time(self) -> None:
        """There is no time limit."""
        self._seconds = None
        self._bar.show_share(0.0)
        self._say()

    def _say(self) -> None:
        if self._look is None:
            return
        name, aside = "", ""
        if self._service is not None:
            name = self._look.say(self._service[0])
            aside = self._look.say(FARE.format(yuan=yuan(self._service[1])))
        if self._seconds is not None:
            aside = self._look.say(TIME_LEFT.format(seconds=self._seconds))
        self.name.setText(name)
        self.aside.setText(aside)
