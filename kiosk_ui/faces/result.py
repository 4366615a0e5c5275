"""The result: a bystander-safe summary, and the holder's details on request."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from kiosk_ui.faces.details import DetailsView
from kiosk_ui.faces.message import MessageFace
from kiosk_ui.icons import Icon
from kiosk_ui.look import Look
from kiosk_ui.measures import TextRole
from kiosk_ui.pictograms import Pictogram
from kiosk_ui.states import Press, ResultShown
from kiosk_ui.widgets.button import ButtonKind, ButtonWords, KioskButton
from kiosk_ui.widgets.label import Ink, KioskLabel
from kiosk_ui.wording import (
    DONE,
    DONE_WHY,
    HIDE_DETAILS,
    HIDE_DETAILS_WHY,
    MORE_TIME,
    MORE_TIME_WHY,
    SHARES_JOINT,
    SHOW_DETAILS,
    SHOW_DETAILS_WHY,
    TIME_LIMIT,
    TO_PAY,
    YUAN,
    default_face,
    shares,
)
from terminal.events.outcome import Outcome
from terminal.tap import TapResult
from terminal.yuan import yuan

_SHOW: Final = ButtonWords(SHOW_DETAILS, SHOW_DETAILS_WHY, Icon.EYE)
_HIDE: Final = ButtonWords(HIDE_DETAILS, HIDE_DETAILS_WHY, Icon.EYE_CLOSED)
_MS: Final = 1000

_PICTOGRAMS: Final[Mapping[Outcome, Pictogram]] = MappingProxyType(
    {
        Outcome.GRANTED: Pictogram.GRANTED,
        Outcome.GRANTED_WITH_COMPANION: Pictogram.GRANTED_TOGETHER,
        Outcome.REPEATED: Pictogram.GRANTED,
        Outcome.TRANSFERRED: Pictogram.GRANTED,
        Outcome.ALREADY_INSIDE: Pictogram.WAIT,
        Outcome.UNREADABLE: Pictogram.TAP_AGAIN,
        Outcome.FOREIGN_CARD: Pictogram.OTHER_CARD,
    }
)


class ResultFace(QWidget):
    """Everything of a person that this kiosk ever shows is in here, and `wipe` empties it."""

    pressed = pyqtSignal(Press)

    def __init__(self) -> None:
        super().__init__()
        self._look: Look | None = None
        self._details_shown = False
        self.summary = _Summary()
        self.details = DetailsView()
        self._pages = QStackedWidget()
        self._pages.addWidget(self.summary)
        self._pages.addWidget(self.details)
        self.show_details = KioskButton(_SHOW)
        self.more_time = KioskButton(ButtonWords(MORE_TIME, MORE_TIME_WHY, Icon.MORE_TIME))
        self.done = KioskButton(ButtonWords(DONE, DONE_WHY, Icon.TICK), ButtonKind.PRIMARY)
        self.show_details.clicked.connect(lambda: self.pressed.emit(self.details_press))
        self.more_time.clicked.connect(lambda: self.pressed.emit(Press.MORE_TIME))
        self.done.clicked.connect(lambda: self.pressed.emit(Press.DONE))
        self._buttons = QHBoxLayout()
        for button in (self.show_details, self.more_time, self.done):
            self._buttons.addWidget(button, 1)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self._pages, 1)
        self._column.addLayout(self._buttons)

    @property
    def details_press(self) -> Press:
        """What the details button, or its key, asks for now."""
        return Press.HIDE_DETAILS if self._details_shown else Press.SHOW_DETAILS

    def apply(self, look: Look) -> None:
        """Take on language, font, colours and orientation; `fill` must follow to say things anew."""
        self._look = look
        for part in (self.summary, self.details):
            part.apply(look)
        for button in (self.show_details, self.more_time, self.done):
            button.apply(look)
        self._buttons.setSpacing(look.measures.spacing(4))
        self._column.setSpacing(look.measures.spacing(3.5))

    def fill(self, state: ResultShown) -> None:
        """Show a result, or the same one with its details shown or hidden, or with more time."""
        if self._look is None:
            return
        self._details_shown = state.details
        self.summary.fill(state.result, state.span_ms, self._look)
        if state.details:
            self.details.fill(state.result, self._look)
            self._pages.setCurrentWidget(self.details)
        else:
            self._pages.setCurrentWidget(self.summary)
            self.details.wipe()
        self.show_details.set_words(_HIDE if state.details else _SHOW)

    def wipe(self) -> None:
        """Forget the person."""
        self._details_shown = False
        self.details.wipe()
        self.summary.wipe()
        self._pages.setCurrentWidget(self.summary)

    def take_focus(self) -> None:
        """Let assistive technology say what is shown."""
        if self._details_shown:
            self.details.holder.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.summary.take_focus()


class _Summary(MessageFace):
    """What whoever stands by may see."""

    def __init__(self) -> None:
        self._sum = KioskLabel(TextRole.AMOUNT)
        self._shares = KioskLabel(TextRole.BODY)
        self._limit = ""
        super().__init__(Pictogram.WAIT, TO_PAY)
        self.words.insertWidget(2, self._sum)
        # Below the pictogram too: the words beside it have no room for a party's shares in large letters.
        self.column.addWidget(self._shares)
        self.wipe()

    def fill(self, result: TapResult, span_ms: int, look: Look) -> None:
        face = default_face(result)
        ink = Ink.GRANTED if result.outcome.admits else Ink.ATTENTION
        self.headline.set_ink(ink)
        self.headline.apply(look)
        # Beside a pictogram there is no room for the largest letters and a party's shares below.
        tight = look.landscape and bool(result.companions)
        self._sum.set_role(TextRole.TITLE if tight else TextRole.AMOUNT)
        self._sum.apply(look)
        self._sum.setText(_sum(result, look) if face.shows_sum else "")
        self._shares.setText(_shares(result, look) if face.shows_sum else "")
        for label in (self._sum, self._shares):
            label.setVisible(bool(label.text()))
        self._limit = look.say(TIME_LIMIT.format(seconds=span_ms // _MS))
        self.say(_PICTOGRAMS.get(result.outcome, Pictogram.PAY), face.headline, face.hint)

    def labels(self) -> tuple[KioskLabel, ...]:
        return *super().labels(), self._shares

    def description(self) -> str:
        said = (self._sum.text(), self._shares.text(), self.hint.text(), self._limit)
        return " ".join(filter(None, said))

    def wipe(self) -> None:
        self._limit = ""
        self.say(Pictogram.WAIT, TO_PAY, None)
        for label in self.labels():
            label.clear()
        self.headline.setAccessibleDescription("")


def _sum(result: TapResult, look: Look) -> str:
    return f"{look.say(TO_PAY)} {look.say(YUAN.format(yuan=yuan(result.party_pays)))}"


def _shares(result: TapResult, look: Look) -> str:
    joint = look.say(SHARES_JOINT) if look.landscape else "\n"
    return joint.join(look.say(share) for share in shares(result))
