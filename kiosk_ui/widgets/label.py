"""Text on the kiosk."""

from __future__ import annotations

from enum import Enum

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PyQt6.QtWidgets import QLabel, QSizePolicy

from kiosk_ui.look import Look
from kiosk_ui.measures import TextRole
from kiosk_ui.theme import Theme


class Ink(Enum):
    """Which of the theme's colours a text has."""

    TEXT = "text"
    MUTED = "muted"
    GRANTED = "granted"
    ATTENTION = "attention"
    TROUBLE = "trouble"

    def colour(self, theme: Theme) -> QColor:
        """The colour in this theme."""
        return QColor(
            {
                Ink.TEXT: theme.text,
                Ink.MUTED: theme.muted,
                Ink.GRANTED: theme.granted,
                Ink.ATTENTION: theme.attention,
                Ink.TROUBLE: theme.trouble,
            }[self]
        )


class KioskLabel(QLabel):
    """A text that wraps; plain text only, so that a rule pack can't bring markup onto the screen."""

    def __init__(self, role: TextRole, ink: Ink = Ink.TEXT) -> None:
        super().__init__()
        self._role, self._ink = role, ink
        self._ring: QPen | None = None
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)

    def set_role(self, role: TextRole) -> None:
        """Change the size, from the next `apply` on."""
        self._role = role

    def set_ink(self, ink: Ink) -> None:
        """Change the colour, from the next `apply` on."""
        self._ink = ink

    def apply(self, look: Look) -> None:
        """Take on font and colour."""
        self.setFont(look.font(self._role))
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.WindowText, self._ink.colour(look.theme))
        self.setPalette(palette)
        self._ring = QPen(QColor(look.theme.outline), look.measures.pixels(0.5))
        self._ring.setStyle(Qt.PenStyle.DashLine)
        self.updateGeometry()

    def minimumSizeHint(self) -> QSize:
        """One line; Qt asks for the height of a much narrower column, and panes would scroll for nothing."""
        hint = super().minimumSizeHint()
        return QSize(hint.width(), self.fontMetrics().height()) if self.wordWrap() and self.text() else hint

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """The text, and a ring when the keyboard has led here."""
        super().paintEvent(event)
        window = self.window()
        if self._ring is None or window is None or not self.hasFocus():
            return
        if window.property(KEYBOARD_IN_USE):
            painter = QPainter(self)
            painter.setPen(self._ring)
            inset = self._ring.width() // 2 + 1
            painter.drawRect(self.rect().adjusted(inset, inset, -inset, -inset))


# A property of the window: whether the last thing a person used was a key. Focus that only a screen reader
# needs is not drawn for people who touch.
KEYBOARD_IN_USE = "keyboardInUse"
