"""Waiting for a card: what to do, and how many come along."""

from __future__ import annotations

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from kiosk_ui.faces.message import MessageFace
from kiosk_ui.icons import Icon
from kiosk_ui.look import Look
from kiosk_ui.measures import TextRole
from kiosk_ui.party import MAX_COMPANIONS
from kiosk_ui.pictograms import Pictogram
from kiosk_ui.widgets.button import ButtonWords, KioskButton
from kiosk_ui.widgets.label import KioskLabel
from kiosk_ui.wording import (
    COMPANIONS,
    COMPANIONS_KEYS,
    COMPANIONS_LESS,
    COMPANIONS_MORE,
    IDLE,
    IDLE_HINT,
)


class IdleFace(QWidget):
    """Please tap; and the number of companions for the next tap."""

    companions_chosen = pyqtSignal(int)

    def __init__(self) -> None:
        super().__init__()
        self.message = MessageFace(Pictogram.TAP, IDLE, IDLE_HINT, TextRole.AMOUNT)
        self._companions = 0
        self._caption = KioskLabel(TextRole.BODY)
        self._caption.setWordWrap(False)
        self._number = KioskLabel(TextRole.TITLE)
        self._number.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._fewer = KioskButton(ButtonWords(COMPANIONS_LESS, COMPANIONS_KEYS, Icon.MINUS, hidden=True))
        self._more = KioskButton(ButtonWords(COMPANIONS_MORE, COMPANIONS_KEYS, Icon.PLUS, hidden=True))
        self._fewer.clicked.connect(lambda: self.choose(self._companions - 1))
        self._more.clicked.connect(lambda: self.choose(self._companions + 1))
        self._row = QHBoxLayout()
        self._row.addStretch(1)
        for widget in (self._caption, self._fewer, self._number, self._more):
            self._row.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
        self._row.addStretch(1)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self.message, 1)
        self._column.addLayout(self._row)

    def choose(self, companions: int) -> None:
        """So many come along; out of range changes nothing."""
        if 0 <= companions <= MAX_COMPANIONS and companions != self._companions:
            self.show_companions(companions)
            self.companions_chosen.emit(companions)

    def show_companions(self, companions: int) -> None:
        """Show a number without choosing it: the choice was used up by a tap."""
        self._companions = companions
        self._number.setText(str(companions))

    def apply(self, look: Look) -> None:
        """Take on language, font, colours and orientation."""
        self.message.apply(look)
        for widget in (self._caption, self._fewer, self._number, self._more):
            widget.apply(look)
        self._caption.setText(look.say(COMPANIONS))
        self._number.setText(str(self._companions))
        self._number.setAccessibleDescription(look.say(COMPANIONS))
        self._number.setMinimumWidth(look.measures.target)
        self._row.setSpacing(look.measures.spacing(3))
        self._column.setSpacing(look.measures.spacing(3))

    def take_focus(self) -> None:
        """Let assistive technology say this face."""
        self.message.take_focus()
