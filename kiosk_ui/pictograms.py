"""The large pictograms, drawn by ourselves in a square of 100 × 100 so that they are sharp at every size.

None of them shows a kind of disability, and each has a shape of its own, so that colour is never needed to
tell them apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import Final

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

from kiosk_ui.theme import Theme

SIDE: Final = 100.0
_CARD: Final = QRectF(0, 0, 50, 32)
_READER_TOP: Final = 66.0
_CARD_TRAVEL: Final = 14.0


class Pictogram(Enum):
    """What a pictogram tells."""

    WAIT = auto()
    TAP = auto()
    HOLD = auto()
    GRANTED = auto()
    GRANTED_TOGETHER = auto()
    PAY = auto()
    TAP_AGAIN = auto()
    OTHER_CARD = auto()
    TAKE_CARD = auto()
    TROUBLE = auto()


def draw(painter: QPainter, pictogram: Pictogram, area: QRectF, theme: Theme, progress: float = 0.0) -> None:
    """Draw as large as fits in the middle of `area`; `progress` (0 to 1) moves the card of TAP."""
    side = min(area.width(), area.height())
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(area.center() - QPointF(side / 2, side / 2))
    painter.scale(side / SIDE, side / SIDE)
    _DRAWERS[pictogram](painter, theme, progress)
    painter.restore()


def _pen(colour: str, width: float) -> QPen:
    pen = QPen(QColor(colour), width)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen


def _lines(painter: QPainter, pen: QPen, *points: tuple[float, float]) -> None:
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolyline(QPolygonF([QPointF(x, y) for x, y in points]))


def _card(painter: QPainter, theme: Theme, x: float, y: float, colour: str | None = None) -> None:
    """A chip card of 50 × 32 with its upper left corner at (x, y)."""
    painter.setPen(_pen(theme.background, 2))
    painter.setBrush(QColor(colour or theme.primary))
    painter.drawRoundedRect(_CARD.translated(x, y), 5, 5)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.on_primary))
    painter.drawRoundedRect(QRectF(x + 7, y + 10, 11, 9), 2, 2)
    pen = _pen(theme.on_primary, 2.6)
    _lines(painter, pen, (x + 26, y + 11), (x + 42, y + 11))
    _lines(painter, pen, (x + 26, y + 18), (x + 38, y + 18))


def _reader(painter: QPainter, theme: Theme) -> None:
    painter.setPen(_pen(theme.outline, 3))
    painter.setBrush(QColor(theme.surface))
    painter.drawRoundedRect(QRectF(16, _READER_TOP, 68, 28), 7, 7)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for radius in (5, 10, 15):
        # A quarter of a circle, opening to the top: the sign for "hold it near".
        box = QRectF(50 - radius, 89 - radius, 2 * radius, 2 * radius)
        painter.drawArc(box, 45 * 16, 90 * 16)


def _chevrons(painter: QPainter, theme: Theme, top: float, tip: float) -> None:
    """Two chevrons that begin at `top`; `tip` is how far each points down (or up, if negative)."""
    for at in (top, top + 6):
        _lines(painter, _pen(theme.outline, 3), (43, at), (50, at + tip), (57, at))


def _wait(painter: QPainter, theme: Theme, progress: float) -> None:
    painter.setPen(_pen(theme.outline, 6))
    painter.setBrush(QColor(theme.surface))
    painter.drawEllipse(QPointF(50, 50), 38, 38)
    _lines(painter, _pen(theme.outline, 6), (50, 27), (50, 50), (65, 60))


def _tap(painter: QPainter, theme: Theme, progress: float) -> None:
    _reader(painter, theme)
    y = 4 + _CARD_TRAVEL * progress
    _chevrons(painter, theme, y + _CARD.height() + 3, 4.5)
    _card(painter, theme, 25, y)


def _hold(painter: QPainter, theme: Theme, progress: float) -> None:
    _reader(painter, theme)
    pen = _pen(theme.outline, 3)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for radius in (32, 39):
        box = QRectF(50 - radius, 50 - radius, 2 * radius, 2 * radius)
        painter.drawArc(box, -25 * 16, 50 * 16)
        painter.drawArc(box, 155 * 16, 50 * 16)
    _card(painter, theme, 25, 40)


def _disc_with_tick(painter: QPainter, theme: Theme, centre: QPointF, radius: float) -> None:
    painter.setPen(_pen(theme.background, radius / 8))
    painter.setBrush(QColor(theme.granted))
    painter.drawEllipse(centre, radius, radius)
    x, y, unit = centre.x(), centre.y(), radius / 42
    tick = ((x - 19 * unit, y + 1 * unit), (x - 5 * unit, y + 15 * unit), (x + 20 * unit, y - 14 * unit))
    _lines(painter, _pen(theme.on_sign, 9 * unit), *tick)


def _granted(painter: QPainter, theme: Theme, progress: float) -> None:
    _disc_with_tick(painter, theme, QPointF(50, 50), 43)


def _person(painter: QPainter, colour: str, x: float) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    painter.drawEllipse(QPointF(x, 21), 13, 13)
    shoulders = QPainterPath()
    shoulders.moveTo(x - 20, 80)
    shoulders.lineTo(x - 20, 58)
    shoulders.arcTo(QRectF(x - 20, 38, 40, 40), 180, -180)
    shoulders.lineTo(x + 20, 80)
    shoulders.closeSubpath()
    painter.drawPath(shoulders)


def _granted_together(painter: QPainter, theme: Theme, progress: float) -> None:
    _person(painter, theme.granted, 27)
    _person(painter, theme.granted, 73)
    _disc_with_tick(painter, theme, QPointF(50, 72), 24)


def _pay(painter: QPainter, theme: Theme, progress: float) -> None:
    """A ticket with the sign of the yuan."""
    ticket = QPainterPath()
    ticket.addRoundedRect(QRectF(6, 22, 88, 56), 8, 8)
    for x in (6, 94):
        notch = QPainterPath()
        notch.addEllipse(QPointF(x, 50), 8, 8)
        ticket = ticket.subtracted(notch)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.attention))
    painter.drawPath(ticket)
    pen = _pen(theme.on_sign, 5)
    _lines(painter, pen, (38, 32), (50, 48), (62, 32))
    _lines(painter, pen, (50, 48), (50, 68))
    _lines(painter, pen, (38, 50), (62, 50))
    _lines(painter, pen, (38, 59), (62, 59))


def _tap_again(painter: QPainter, theme: Theme, progress: float) -> None:
    """A card within an arrow that goes round."""
    radius = 38.0
    painter.setPen(_pen(theme.attention, 6))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    box = QRectF(50 - radius, 50 - radius, 2 * radius, 2 * radius)
    painter.drawArc(box, 60 * 16, 290 * 16)
    angle = math.radians(60)
    tip = QPointF(50 + radius * math.cos(angle), 50 - radius * math.sin(angle))
    _lines(
        painter,
        _pen(theme.attention, 6),
        (tip.x() - 1, tip.y() - 12),
        (tip.x(), tip.y()),
        (tip.x() - 11, tip.y() + 6),
    )
    _card(painter, theme, 25, 34)


def _other_card(painter: QPainter, theme: Theme, progress: float) -> None:
    """A card with a cross at its corner."""
    painter.save()
    painter.translate(-20, -4)
    painter.scale(1.5, 1.5)
    _card(painter, theme, 18, 18)
    painter.restore()
    painter.setPen(_pen(theme.background, 3))
    painter.setBrush(QColor(theme.attention))
    painter.drawEllipse(QPointF(76, 70), 22, 22)
    pen = _pen(theme.on_sign, 6)
    _lines(painter, pen, (68, 62), (84, 78))
    _lines(painter, pen, (84, 62), (68, 78))


def _take_card(painter: QPainter, theme: Theme, progress: float) -> None:
    _reader(painter, theme)
    _chevrons(painter, theme, 12, -4.5)
    _card(painter, theme, 25, 26)


def _trouble(painter: QPainter, theme: Theme, progress: float) -> None:
    painter.setPen(_pen(theme.trouble, 8))
    painter.setBrush(QColor(theme.trouble))
    painter.drawPolygon(QPolygonF([QPointF(50, 14), QPointF(93, 86), QPointF(7, 86)]))
    _lines(painter, _pen(theme.on_sign, 8), (50, 38), (50, 60))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.on_sign))
    painter.drawEllipse(QPointF(50, 75), 5, 5)


_DRAWERS: Final[Mapping[Pictogram, Callable[[QPainter, Theme, float], None]]] = MappingProxyType(
    {
        Pictogram.WAIT: _wait,
        Pictogram.TAP: _tap,
        Pictogram.HOLD: _hold,
        Pictogram.GRANTED: _granted,
        Pictogram.GRANTED_TOGETHER: _granted_together,
        Pictogram.PAY: _pay,
        Pictogram.TAP_AGAIN: _tap_again,
        Pictogram.OTHER_CARD: _other_card,
        Pictogram.TAKE_CARD: _take_card,
        Pictogram.TROUBLE: _trouble,
    }
)
