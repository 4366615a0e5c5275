"""What each person may change by one key: language, contrast, size of text, movement."""

from __future__ import annotations

from dataclasses import replace

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QWidget

from crypto.explained import Language
from kiosk_ui.icons import Icon
from kiosk_ui.look import Look, Preferences
from kiosk_ui.widgets.button import ButtonWords, KioskButton
from kiosk_ui.wording import (
    HIGH_CONTRAST,
    HIGH_CONTRAST_WHY,
    LARGE_TEXT,
    LARGE_TEXT_WHY,
    OTHER_LANGUAGE,
    OTHER_LANGUAGE_WHY,
    STILL,
    STILL_WHY,
)


class PreferenceBar(QWidget):
    """Four buttons, always in the same place; the same by the keys L, C, T and M."""

    chosen = pyqtSignal(Preferences)

    def __init__(self) -> None:
        super().__init__()
        self._preferences = Preferences()
        self._language = KioskButton(ButtonWords(OTHER_LANGUAGE, OTHER_LANGUAGE_WHY, Icon.GLOBE))
        self._contrast = KioskButton(
            ButtonWords(HIGH_CONTRAST, HIGH_CONTRAST_WHY, Icon.CONTRAST), toggles=True
        )
        self._text = KioskButton(ButtonWords(LARGE_TEXT, LARGE_TEXT_WHY, Icon.LETTERS), toggles=True)
        self._still = KioskButton(ButtonWords(STILL, STILL_WHY, Icon.PAUSE), toggles=True)
        self._by_key = {
            Qt.Key.Key_L: self._language,
            Qt.Key.Key_C: self._contrast,
            Qt.Key.Key_T: self._text,
            Qt.Key.Key_M: self._still,
        }
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        for button in self._by_key.values():
            self._row.addWidget(button, 1)
            button.clicked.connect(self._choose)

    def press_key(self, key: int) -> bool:
        """Press the button of a key; whether there is one."""
        for known, button in self._by_key.items():
            if key == known:
                button.click()
                return True
        return False

    def apply(self, look: Look) -> None:
        """Show which are on."""
        self._preferences = look.preferences
        self._contrast.setChecked(look.preferences.high_contrast)
        self._text.setChecked(look.preferences.large_text)
        self._still.setChecked(look.preferences.still)
        for button in self._by_key.values():
            button.apply(look)
        self._row.setSpacing(look.measures.spacing(2.5))

    def _choose(self) -> None:
        language = self._preferences.language
        if self.sender() is self._language:
            language = Language.EN if language is Language.ZH else Language.ZH
        self.chosen.emit(
            replace(
                self._preferences,
                language=language,
                high_contrast=self._contrast.isChecked(),
                large_text=self._text.isChecked(),
                still=self._still.isChecked(),
            )
        )
