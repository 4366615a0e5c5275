"""A face with a pictogram, a headline and a hint: enough for most of what a kiosk has to say."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QBoxLayout, QVBoxLayout, QWidget

from crypto.explained import Text
from kiosk_ui.look import Look
from kiosk_ui.measures import TextRole
from kiosk_ui.pictograms import Pictogram
from kiosk_ui.widgets.label import Ink, KioskLabel
from kiosk_ui.widgets.pictogram_view import PictogramView


class MessageFace(QWidget):
    """Pictogram beside the words on a wide screen, above them on a high one.

    The headline takes the focus when the face appears: that is what makes a screen reader say it, together
    with its accessible description, which is the hint unless a face has more to say.
    """

    def __init__(
        self,
        pictogram: Pictogram,
        headline: Text,
        hint: Text | None = None,
        role: TextRole = TextRole.TITLE,
    ) -> None:
        super().__init__()
        self.pictogram = PictogramView(pictogram)
        self.headline = KioskLabel(role)
        self.headline.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.hint = KioskLabel(TextRole.STRONG, Ink.MUTED)
        self._headline_text, self._hint_text = headline, hint
        self._look: Look | None = None
        self.words = QVBoxLayout()
        self.words.addStretch(1)
        self.words.addWidget(self.headline)
        self.words.addWidget(self.hint)
        self.words.addStretch(1)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self._layout = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self.column.addLayout(self._layout, 1)
        self._layout.addStretch()
        self._layout.addWidget(self.pictogram)
        self._layout.addLayout(self.words)
        self._layout.addStretch()

    def say(self, pictogram: Pictogram, headline: Text, hint: Text | None) -> None:
        """Show something else."""
        self.pictogram.set_pictogram(pictogram)
        self._headline_text, self._hint_text = headline, hint
        self._write()

    def apply(self, look: Look) -> None:
        """Take on language, font, colours and orientation."""
        self._look = look
        direction, shares = (
            (QBoxLayout.Direction.LeftToRight, (0, 1, 2, 0))
            if look.landscape
            else (QBoxLayout.Direction.TopToBottom, (1, 8, 0, 1))
        )
        self._layout.setDirection(direction)
        for place, share in enumerate(shares):
            self._layout.setStretch(place, share)
        self._layout.setSpacing(look.measures.spacing(7))
        self.column.setSpacing(0)
        self.words.setSpacing(look.measures.spacing(1.0 if look.landscape else 2.2))
        self.pictogram.apply(look)
        for label in self.labels():
            label.setAlignment(alignment(look))
            label.apply(look)
        self._write()

    def _write(self) -> None:
        if self._look is None:
            return
        hint = "" if self._hint_text is None else self._look.say(self._hint_text)
        self.headline.setText(self._look.say(self._headline_text))
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))
        self.headline.setAccessibleDescription(self.description())

    def description(self) -> str:
        """What a screen reader says after the headline."""
        return self.hint.text()

    def labels(self) -> tuple[KioskLabel, ...]:
        """Every label beside the pictogram."""
        found = (self.words.itemAt(index) for index in range(self.words.count()))
        widgets = (item.widget() for item in found if item is not None)
        return tuple(widget for widget in widgets if isinstance(widget, KioskLabel))

    def take_focus(self) -> None:
        """Let assistive technology say this face."""
        self.headline.setFocus(Qt.FocusReason.OtherFocusReason)


def alignment(look: Look) -> Qt.AlignmentFlag:
    """Words stand left beside a pictogram, in the middle below one."""
    return Qt.AlignmentFlag.AlignLeft if look.landscape else Qt.AlignmentFlag.AlignHCenter
