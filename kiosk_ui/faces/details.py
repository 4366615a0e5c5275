"""What is meant for the holder alone; on the screen only after they asked for it."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QBoxLayout, QVBoxLayout

from crypto.explained import Text
from kiosk_ui.look import Look
from kiosk_ui.measures import TextRole
from kiosk_ui.widgets.label import Ink, KioskLabel
from kiosk_ui.widgets.scroll_pane import MARGIN_MM, ScrollPane
from kiosk_ui.wording import DETAILS_BASIS, DETAILS_INSTEAD, DETAILS_REMINDER, DETAILS_TITLE
from terminal.tap import TapResult


class DetailsView(ScrollPane):
    """The holder's text, and either what to do instead or the legal basis.

    It is filled when it is asked for and emptied when it is hidden, so that what is not shown is not there.
    """

    def __init__(self) -> None:
        super().__init__()
        self._title = KioskLabel(TextRole.BODY, Ink.MUTED)
        self.holder = KioskLabel(TextRole.STRONG)
        self.holder.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._caption = KioskLabel(TextRole.BODY, Ink.MUTED)
        self._more = KioskLabel(TextRole.BODY)
        self._blocks = (QVBoxLayout(), QVBoxLayout())
        for block, labels in zip(
            self._blocks, ((self._title, self.holder), (self._caption, self._more)), strict=True
        ):
            for label in labels:
                block.addWidget(label)
            block.addStretch(1)
            self.body.addLayout(block, 1)

    def apply(self, look: Look) -> None:
        """Take on font, colours and orientation."""
        super().apply(look)
        direction, share = (
            (QBoxLayout.Direction.LeftToRight, 1) if look.landscape else (QBoxLayout.Direction.TopToBottom, 0)
        )
        self.body.setDirection(direction)
        self.body.setStretch(0, share)
        self.body.setSpacing(look.measures.spacing(MARGIN_MM))
        for block in self._blocks:
            block.setSpacing(look.measures.spacing(1.6))
        for label in self._labels():
            label.apply(look)

    def fill(self, result: TapResult, look: Look) -> None:
        """Show what `result` has for its holder."""
        self._title.setText(look.say(DETAILS_TITLE))
        self.holder.setText(look.say(result.holder_text))
        caption, more = _second_block(result)
        text = "" if more is None else look.say(more)
        self._caption.setText(look.say(caption) if text else "")
        self._more.setText(text)
        self.holder.setAccessibleDescription(text)

    def wipe(self) -> None:
        """Forget the person."""
        self.holder.setAccessibleDescription("")
        for label in self._labels():
            label.clear()
        self.back_to_top()

    def _labels(self) -> tuple[KioskLabel, ...]:
        return self._title, self.holder, self._caption, self._more


def _second_block(result: TapResult) -> tuple[Text, Text | None]:
    """What one can or must do matters more than the basis of what was given."""
    if result.instead is not None:
        return DETAILS_INSTEAD, result.instead
    if result.reminder is not None:
        return DETAILS_REMINDER, result.reminder
    return DETAILS_BASIS, result.legal_basis
