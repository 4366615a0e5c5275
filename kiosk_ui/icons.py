"""The small signs on buttons, drawn in one colour in a square of 24 × 24."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import Final

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

SIDE: Final = 24.0
_LINE: Final = 2.2


class Icon(Enum):
    """What a button does, as a sign."""

    EYE = auto()
    EYE_CLOSED = auto()
    MORE_TIME = auto()
    TICK = auto()
    GLOBE = auto()
    CONTRAST = auto()
    LETTERS = auto()
    PAUSE = auto()
    MINUS = auto()
    PLUS = auto()


def draw(painter: QPainter, icon: Icon, area: QRectF, colour: QColor) -> None:
    """Draw as large as fits in the middle of `area`."""
    side = min(area.width(), area.height())
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(area.center() - QPointF(side / 2, side / 2))
    painter.scale(side / SIDE, side / SIDE)
    pen = QPen(colour, _LINE)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    _DRAWERS[icon](painter, colour)
    painter.restore()


def _line(painter: QPainter, *points: tuple[float, float]) -> None:
    painter.drawPolyline(QPolygonF([QPointF(x, y) for x, y in points]))


def _lids(painter: QPainter) -> None:
    lids = QPainterPath(QPointF(2, 12))
    lids.quadTo(12, 1, 22, 12)
    lids.quadTo(12, 23, 2, 12)
    painter.drawPath(lids)


def _eye(painter: QPainter, colour: QColor) -> None:
    _lids(painter)
    painter.setBrush(colour)
    painter.drawEllipse(QPointF(12, 12), 2.6, 2.6)


def _eye_closed(painter: QPainter, colour: QColor) -> None:
    _lids(painter)
    _line(painter, (4, 20), (20, 4))


def _more_time(painter: QPainter, colour: QColor) -> None:
    painter.drawEllipse(QPointF(10, 13), 8, 8)
    _line(painter, (10, 8.5), (10, 13), (13, 15))
    _line(painter, (20, 2), (20, 8))
    _line(painter, (17, 5), (23, 5))


def _tick(painter: QPainter, colour: QColor) -> None:
    _line(painter, (4, 13), (10, 19), (21, 6))


def _globe(painter: QPainter, colour: QColor) -> None:
    painter.drawEllipse(QPointF(12, 12), 10, 10)
    painter.drawEllipse(QPointF(12, 12), 4.2, 10)
    _line(painter, (2.5, 9), (21.5, 9))
    _line(painter, (2.5, 15), (21.5, 15))


def _contrast(painter: QPainter, colour: QColor) -> None:
    painter.drawEllipse(QPointF(12, 12), 9.5, 9.5)
    painter.setBrush(colour)
    painter.drawChord(QRectF(2.5, 2.5, 19, 19), -90 * 16, 180 * 16)


def _letters(painter: QPainter, colour: QColor) -> None:
    _line(painter, (1.5, 20), (8.5, 3), (15.5, 20))
    _line(painter, (4.2, 14), (12.8, 14))
    _line(painter, (15.5, 20), (19, 11), (22.5, 20))
    _line(painter, (17, 17), (21, 17))


def _pause(painter: QPainter, colour: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRoundedRect(QRectF(5, 4, 5, 16), 1.5, 1.5)
    painter.drawRoundedRect(QRectF(14, 4, 5, 16), 1.5, 1.5)


def _minus(painter: QPainter, colour: QColor) -> None:
    _line(painter, (4, 12), (20, 12))


def _plus(painter: QPainter, colour: QColor) -> None:
    _line(painter, (4, 12), (20, 12))
    _line(painter, (12, 4), (12, 20))


_DRAWERS: Final[Mapping[Icon, Callable[[QPainter, QColor], None]]] = MappingProxyType(
    {
        Icon.EYE: _eye,
        Icon.EYE_CLOSED: _eye_closed,
        Icon.MORE_TIME: _more_time,
        Icon.TICK: _tick,
        Icon.GLOBE: _globe,
        Icon.CONTRAST: _contrast,
        Icon.LETTERS: _letters,
        Icon.PAUSE: _pause,
        Icon.MINUS: _minus,
        Icon.PLUS: _plus,
    }
)
