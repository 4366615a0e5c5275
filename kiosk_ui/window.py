"""The kiosk's one window: a header, the face of the present state, and the bar of preferences."""

from __future__ import annotations

from typing import Final

from PyQt6.QtCore import QEvent, QObject, Qt, pyqtSignal
from PyQt6.QtGui import QCloseEvent, QColor, QKeyEvent, QPalette, QResizeEvent
from PyQt6.QtWidgets import QApplication, QStackedWidget, QVBoxLayout, QWidget

from crypto.explained import Text
from kiosk_ui.faces.idle import IdleFace
from kiosk_ui.faces.message import MessageFace
from kiosk_ui.faces.result import ResultFace
from kiosk_ui.faces.trouble import TroubleFace
from kiosk_ui.look import Look, Preferences
from kiosk_ui.measures import Measures, believed
from kiosk_ui.pictograms import Pictogram
from kiosk_ui.states import Idle, Press, Reading, ResultShown, Starting, State, TakeCard, TroubleShown
from kiosk_ui.widgets.header import Header
from kiosk_ui.widgets.label import KEYBOARD_IN_USE
from kiosk_ui.widgets.preference_bar import PreferenceBar
from kiosk_ui.wording import (
    READING,
    READING_HINT,
    STARTING,
    STARTING_HINT,
    TAKE_CARD,
    TAKE_CARD_HINT,
    WINDOW_TITLE,
)

_USES: Final = frozenset((QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress, QEvent.Type.TouchBegin))


class KioskWindow(QWidget):
    """Shows states and tells what people press; knows no terminal and counts no time.

    `dots_per_inch`: the screen's true density, for screens that report a size which is not theirs.
    """

    pressed = pyqtSignal(Press)
    companions_chosen = pyqtSignal(int)
    preferences_chosen = pyqtSignal(Preferences)
    used = pyqtSignal()  # a key or a touch, whatever for; comes before what it does
    closed = pyqtSignal()

    def __init__(self, family: str, preferences: Preferences, dots_per_inch: float | None = None) -> None:
        super().__init__()
        self._family, self._preferences, self._dots_per_inch = family, preferences, dots_per_inch
        self._header = Header()
        self._starting = MessageFace(Pictogram.WAIT, STARTING, STARTING_HINT)
        self.idle_face = IdleFace()
        self._reading = MessageFace(Pictogram.HOLD, READING, READING_HINT)
        self.result_face = ResultFace()
        self._take_card = MessageFace(Pictogram.TAKE_CARD, TAKE_CARD, TAKE_CARD_HINT)
        self._trouble = TroubleFace()
        self._faces = (
            self._starting,
            self.idle_face,
            self._reading,
            self.result_face,
            self._take_card,
            self._trouble,
        )
        self._stack = QStackedWidget()
        for face in self._faces:
            self._stack.addWidget(face)
        self.preference_bar = PreferenceBar()
        self._column = QVBoxLayout(self)
        # The window is as large as the screen, whatever its contents would like.
        self._column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetNoConstraint)
        self._column.addWidget(self._header)
        self._column.addWidget(self._stack, 1)
        self._column.addWidget(self.preference_bar)
        self.setAutoFillBackground(True)
        self.setProperty(KEYBOARD_IN_USE, False)
        self.result_face.pressed.connect(self.pressed)
        self.idle_face.companions_chosen.connect(self.companions_chosen)
        self.preference_bar.chosen.connect(self.preferences_chosen)
        self._applied: Look | None = None
        application = QApplication.instance()
        if application is not None:
            application.installEventFilter(self)
        self._apply()

    @property
    def look(self) -> Look:
        """How things look at the window's present size."""
        dpi = self._dots_per_inch
        if dpi is None:
            screen = self.screen()
            dpi = believed(screen.physicalDotsPerInch() if screen is not None else 0.0)
        measures = Measures.of_window(self.width(), self.height(), dpi, self._preferences.large_text)
        return Look(self._preferences, measures, self._family, self.width() > self.height())

    def show_service(self, name: Text, fare: int) -> None:
        """What this kiosk is for; `fare` in fen."""
        self._header.show_service(name, fare)

    def show_state(self, state: State, now_ms: int) -> None:
        """Show a state; whatever the last one held of a person is wiped."""
        if not isinstance(state, ResultShown):
            self.result_face.wipe()
            self._header.hide_time()
        face: QWidget
        match state:
            case Starting():
                face = self._starting
            case Idle():
                face = self.idle_face
            case Reading():
                self.idle_face.show_companions(0)
                face = self._reading
            case ResultShown():
                self.result_face.fill(state)
                self.show_time(state, now_ms)
                face = self.result_face
            case TakeCard():
                face = self._take_card
            case TroubleShown(error):
                self._trouble.fill(error)
                face = self._trouble
        self._stack.setCurrentWidget(face)

    def show_time(self, state: ResultShown, now_ms: int) -> None:
        """Say how long a result will still be shown."""
        self._header.show_time(state.until_ms - now_ms, state.span_ms)

    def say_state(self) -> None:
        """Move the focus to the words of the present face: screen readers say what has the focus."""
        face = self._stack.currentWidget()
        if isinstance(face, MessageFace | IdleFace | ResultFace | TroubleFace):
            face.take_focus()

    def show_preferences(self, preferences: Preferences, state: State, now_ms: int) -> None:
        """Change language and look."""
        self._preferences = preferences
        self._apply()
        self.show_state(state, now_ms)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Keys that no focused button wanted."""
        if event is None or self.preference_bar.press_key(event.key()):
            return
        if self._stack.currentWidget() is self.result_face:
            if event.key() == Qt.Key.Key_Escape:
                self.pressed.emit(Press.DONE)
            elif event.key() == Qt.Key.Key_D:
                self.pressed.emit(self.result_face.details_press)
        elif self._stack.currentWidget() is self.idle_face:
            digit = event.text()
            if len(digit) == 1 and digit.isascii() and digit.isdigit():
                self.idle_face.choose(int(digit))

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Notice that somebody is there, by any key or touch."""
        if event is not None and event.type() in _USES and isinstance(watched, QWidget):
            self.setProperty(KEYBOARD_IN_USE, event.type() == QEvent.Type.KeyPress)
            self.used.emit()
        return False

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Fit everything to the new size."""
        super().resizeEvent(event)
        self._apply()

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Stop watching for keys."""
        application = QApplication.instance()
        if application is not None:
            application.removeEventFilter(self)
        super().closeEvent(event)
        self.closed.emit()

    def _apply(self) -> None:
        look = self.look
        if look == self._applied:
            return
        self._applied = look
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Window, QColor(look.theme.background))
        self.setPalette(palette)
        self.setWindowTitle(look.say(WINDOW_TITLE))
        margin = look.measures.spacing(5)
        self._column.setContentsMargins(margin, margin, margin, margin)
        self._column.setSpacing(look.measures.spacing(4))
        self._header.apply(look)
        for face in self._faces:
            face.apply(look)
        self.preference_bar.apply(look)
