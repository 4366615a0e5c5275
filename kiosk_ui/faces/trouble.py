"""Something is wrong that is not the card's doing: what, its code, and what to do."""

from __future__ import annotations

from PyQt6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from crypto.explained import ExplainedError
from kiosk_ui.faces.message import MessageFace
from kiosk_ui.look import Look
from kiosk_ui.measures import TextRole
from kiosk_ui.pictograms import Pictogram
from kiosk_ui.widgets.label import Ink, KioskLabel
from kiosk_ui.widgets.scroll_pane import ScrollPane
from kiosk_ui.wording import TROUBLE, TROUBLE_CODE, TROUBLE_HINT


class TroubleFace(QWidget):
    """Headline and hint are for everybody; code, cause and next step for whoever looks after the kiosk."""

    def __init__(self) -> None:
        super().__init__()
        self.message = MessageFace(Pictogram.TROUBLE, TROUBLE, TROUBLE_HINT)
        self.message.headline.set_ink(Ink.TROUBLE)
        self._pane = ScrollPane()
        # What is for everybody has the room it needs first; the pane scrolls.
        self._pane.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self._code = KioskLabel(TextRole.BODY, Ink.MUTED)
        self._cause = KioskLabel(TextRole.BODY)
        self._next_step = KioskLabel(TextRole.BODY)
        for label in self._for_staff():
            self._pane.body.addWidget(label)
        self._pane.body.addStretch(1)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self.message)
        self._column.addWidget(self._pane)
        self._error: ExplainedError | None = None
        self._look: Look | None = None

    def fill(self, error: ExplainedError) -> None:
        """Show this trouble."""
        self._error = error
        self._pane.back_to_top()
        self._say()

    def apply(self, look: Look) -> None:
        """Take on language, font, colours and orientation."""
        self._look = look
        self.message.apply(look)
        self._pane.apply(look)
        self._pane.body.setSpacing(look.measures.spacing(2.5))
        self._column.setSpacing(look.measures.spacing(3))
        head, body = (2, 3) if look.landscape else (3, 2)
        self._column.setStretch(0, head)
        self._column.setStretch(1, body)
        for label in self._for_staff():
            label.apply(look)
        self._say()

    def take_focus(self) -> None:
        """Let assistive technology say this face."""
        self.message.take_focus()

    def _say(self) -> None:
        if self._error is None or self._look is None:
            return
        shown = self._error.explain(self._look.preferences.language)
        self._code.setText(self._look.say(TROUBLE_CODE.format(code=shown.code)))
        self._cause.setText(shown.cause)
        self._next_step.setText(shown.next_step)
        described = (self.message.description(), *(label.text() for label in self._for_staff()))
        self.message.headline.setAccessibleDescription(" ".join(described))

    def _for_staff(self) -> tuple[KioskLabel, ...]:
        return self._code, self._cause, self._next_step
