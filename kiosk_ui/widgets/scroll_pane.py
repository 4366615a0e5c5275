"""A panel for texts of any length: rules and errors say what they need to, and nothing is cut off."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QPalette
from PyQt6.QtWidgets import QBoxLayout, QFrame, QScrollArea, QWidget

from kiosk_ui.look import Look

MARGIN_MM = 4.5


class ScrollPane(QScrollArea):
    """Scrolls by touch or arrow keys, with a bar as wide as a finger, only where there is too much text."""

    def __init__(self) -> None:
        super().__init__()
        self._panel = QWidget()
        self.body = QBoxLayout(QBoxLayout.Direction.TopToBottom, self._panel)
        self.setWidget(self._panel)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def apply(self, look: Look) -> None:
        """Take on colours and margins."""
        palette = self._panel.palette()
        palette.setColor(QPalette.ColorRole.Window, QColor(look.theme.surface))
        self._panel.setPalette(palette)
        self._panel.setAutoFillBackground(True)
        margin = look.measures.spacing(MARGIN_MM)
        self.body.setContentsMargins(margin, margin, margin, margin)
        bar = self.verticalScrollBar()
        if bar is not None:
            bar.setStyleSheet(_bar_style(look))

    def back_to_top(self) -> None:
        """Show the beginning."""
        bar = self.verticalScrollBar()
        if bar is not None:
            bar.setValue(0)


def _bar_style(look: Look) -> str:
    theme, target = look.theme, look.measures.target
    return (
        f"QScrollBar:vertical {{ width: {target}px; background: {theme.surface}; }}"
        f"QScrollBar::handle:vertical {{ background: {theme.outline}; min-height: {target}px; }}"
        "QScrollBar::add-line, QScrollBar::sub-line { height: 0; }"
    )
