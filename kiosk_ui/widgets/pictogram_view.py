"""A pictogram on the screen, with a calm movement where it helps."""

from __future__ import annotations

from typing import Final

from PyQt6.QtCore import QEasingCurve, QRectF, QSize, QVariantAnimation
from PyQt6.QtGui import QHideEvent, QPainter, QPaintEvent, QShowEvent
from PyQt6.QtWidgets import QSizePolicy, QWidget

from kiosk_ui import pictograms
from kiosk_ui.look import Look
from kiosk_ui.pictograms import Pictogram

# On the smallest screen.
SMALLEST_MM: Final = 26.0
LARGEST_MM: Final = 66.0

# There and back in four seconds, far below the three flashes a second of WCAG 2.3.1.
PERIOD_MS: Final = 4_000
STEPS: Final = 40  # each way: about 20 pictures a second, so that an idle kiosk hardly works
MOVING: Final = frozenset((Pictogram.TAP,))


class PictogramView(QWidget):
    """One pictogram. It moves only while it is seen, and not at all when the person wants it still."""

    def __init__(self, pictogram: Pictogram) -> None:
        super().__init__()
        self._pictogram = pictogram
        self._look: Look | None = None
        self._step = 0
        self._animation = QVariantAnimation(self)
        self._animation.setStartValue(0.0)
        self._animation.setKeyValueAt(0.5, 1.0)
        self._animation.setEndValue(0.0)
        self._animation.setDuration(PERIOD_MS)
        self._animation.setLoopCount(-1)
        self._animation.setEasingCurve(QEasingCurve(QEasingCurve.Type.InOutSine))
        self._animation.valueChanged.connect(self._move_to)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    @property
    def moves(self) -> bool:
        """Whether it is moving now."""
        return self._animation.state() == QVariantAnimation.State.Running

    def set_pictogram(self, pictogram: Pictogram) -> None:
        """Show another one."""
        self._pictogram = pictogram
        self._move_or_rest()
        self.update()

    def apply(self, look: Look) -> None:
        """Take on colours and size."""
        self._look = look
        self.setMinimumSize(self.sizeHint())
        self.setMaximumHeight(look.measures.spacing(LARGEST_MM))
        self._move_or_rest()
        self.update()

    def sizeHint(self) -> QSize:
        """Large enough to be told from the other end of a queue."""
        side = 0 if self._look is None else self._look.measures.spacing(SMALLEST_MM)
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """The pictogram, in the middle."""
        if self._look is None:
            return
        painter = QPainter(self)
        pictograms.draw(painter, self._pictogram, QRectF(self.rect()), self._look.theme, self._step / STEPS)

    def showEvent(self, event: QShowEvent | None) -> None:
        """Begin to move."""
        super().showEvent(event)
        self._move_or_rest()

    def hideEvent(self, event: QHideEvent | None) -> None:
        """Rest."""
        super().hideEvent(event)
        self._rest()

    def _move_or_rest(self) -> None:
        still = self._look is None or self._look.preferences.still
        if self._pictogram in MOVING and self.isVisible() and not still:
            if not self.moves:
                self._animation.start()
        else:
            self._rest()

    def _rest(self) -> None:
        self._animation.stop()
        self._step = 0

    def _move_to(self, progress: float) -> None:
        step = round(progress * STEPS)
        if step != self._step and self.moves:
            self._step = step
            self.update()
