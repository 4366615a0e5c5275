"""A bar that grows shorter as time runs out; the seconds stand beside it in words."""

from __future__ import annotations

from PyQt6.QtCore import QRectF, QSize
from PyQt6.QtGui import QColor, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from kiosk_ui.look import Look

HEIGHT_MM = 1.6


class CountdownBar(QWidget):
    """A thin line across the window, thick for as much of a time limit as is left. It counts nothing."""

    def __init__(self) -> None:
        super().__init__()
        self._look: Look | None = None
        self._share = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def apply(self, look: Look) -> None:
        """Take on colours and size."""
        self._look = look
        self.updateGeometry()
        self.update()

    def show_share(self, share: float) -> None:
        """So much of the time is left, 0 to 1; 0 also where there is no limit."""
        self._share = min(max(share, 0.0), 1.0)
        self.update()

    def sizeHint(self) -> QSize:
        """As high as the thick part."""
        height = 0 if self._look is None else self._look.measures.spacing(HEIGHT_MM)
        return QSize(4 * height, height)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """The line, and what is left."""
        if self._look is None:
            return
        thin, colour = self._look.measures.pixels(0.3), QColor(self._look.theme.outline)
        painter = QPainter(self)
        painter.fillRect(QRectF(0, (self.height() - thin) / 2, self.width(), thin), colour)
        if self._share > 0:
            left = QRectF(0, 0, max(self.height(), self.width() * self._share), self.height())
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QColor(self._look.theme.outline))
            painter.setBrush(colour)
            painter.drawRoundedRect(left.adjusted(0.5, 0.5, -0.5, -0.5), self.height() / 2, self.height() / 2)
