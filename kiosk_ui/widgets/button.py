"""Buttons: a sign and a word, at least 15 mm in both directions, with a focus ring that can't be missed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QPushButton, QSizePolicy

from crypto.explained import Text
from kiosk_ui import icons
from kiosk_ui.icons import Icon
from kiosk_ui.look import Look
from kiosk_ui.measures import TextRole


class ButtonKind(Enum):
    """How much a button asks to be pressed."""

    PRIMARY = auto()
    PLAIN = auto()


@dataclass(frozen=True)
class ButtonWords:
    """What a button says, what it does in a sentence (for assistive technology), and its sign.

    A button with `hidden` words shows its sign alone, and tells its label to assistive technology only.
    """

    label: Text
    what: Text
    icon: Icon
    hidden: bool = False


class KioskButton(QPushButton):
    """A push button drawn by ourselves; Enter presses it as the space bar does."""

    def __init__(
        self, words: ButtonWords, kind: ButtonKind = ButtonKind.PLAIN, toggles: bool = False
    ) -> None:
        super().__init__()
        self._words, self._kind = words, kind
        self._look: Look | None = None
        self.setCheckable(toggles)
        self.setAutoDefault(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)

    def set_words(self, words: ButtonWords) -> None:
        """Change what the button says."""
        self._words = words
        if self._look is not None:
            self.apply(self._look)

    def apply(self, look: Look) -> None:
        """Take on font, colours, size and language."""
        self._look = look
        self.setFont(look.font(TextRole.BODY))
        label = look.say(self._words.label)
        self.setText("" if self._words.hidden else label)
        self.setAccessibleName(label)
        self.setAccessibleDescription(look.say(self._words.what))
        self.setMinimumSize(self.sizeHint())
        self.update()

    def sizeHint(self) -> QSize:
        """Room for the sign, the word and the ring; never smaller than a target."""
        if self._look is None:
            return super().sizeHint()
        target = self._look.measures.target
        metrics = QFontMetrics(self.font())
        width = self._sign_side() + 2 * self._padding()
        if self.text():
            width += self._gap() + metrics.horizontalAdvance(self.text())
        return QSize(max(target, width), max(target, metrics.height() + self._padding()))

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Enter presses."""
        if event is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Frame, sign, word, and the ring when it has the focus."""
        if self._look is None:
            return
        theme, line = self._look.theme, self._look.measures.pixels(0.4)
        strong = self._kind is ButtonKind.PRIMARY or self.isChecked()
        ground, ink = (theme.primary, theme.on_primary) if strong else (theme.surface, theme.text)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ring = QRectF(self.rect()).adjusted(line / 2, line / 2, -line / 2, -line / 2)
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.text), line))
            painter.setBrush(QColor(theme.background))
            painter.drawRoundedRect(ring, 3.2 * line, 3.2 * line)
        body = ring.adjusted(2 * line, 2 * line, -2 * line, -2 * line)
        painter.setPen(QPen(QColor(theme.outline), line if self.isDown() else line * 0.6))
        painter.setBrush(QColor(ground))
        painter.drawRoundedRect(body, 2.4 * line, 2.4 * line)
        self._paint_words(painter, body, QColor(ink))

    def _paint_words(self, painter: QPainter, body: QRectF, ink: QColor) -> None:
        side, gap = self._sign_side(), self._gap()
        words = QFontMetrics(self.font()).horizontalAdvance(self.text()) + gap if self.text() else 0
        left = body.center().x() - (side + words) / 2
        sign = Icon.TICK if self.isChecked() else self._words.icon
        icons.draw(painter, sign, QRectF(left, body.center().y() - side / 2, side, side), ink)
        if self.text():
            painter.setPen(ink)
            painter.setFont(self.font())
            area = QRectF(left + side + gap, body.top(), words, body.height())
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.text())

    def _sign_side(self) -> int:
        return round(QFontMetrics(self.font()).capHeight() * 1.35)

    def _gap(self) -> int:
        return self._sign_side() // 3

    def _padding(self) -> int:
        return self._look.measures.pixels(2.8) if self._look is not None else 0
