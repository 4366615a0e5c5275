"""How the kiosk looks at this moment: what its defaults, the screen and the person's choices come to."""

from __future__ import annotations

from dataclasses import dataclass

from PyQt6.QtGui import QFont

from crypto.explained import Language, Text
from kiosk_ui.fonts import font
from kiosk_ui.measures import Measures, TextRole
from kiosk_ui.theme import HIGH_CONTRAST, STANDARD, Theme


@dataclass(frozen=True)
class Preferences:
    """What each person may choose by one key."""

    language: Language = Language.ZH
    high_contrast: bool = False
    large_text: bool = False
    still: bool = False


@dataclass(frozen=True)
class Look:
    """Everything a widget needs to draw itself; `landscape` when the window is wider than high."""

    preferences: Preferences
    measures: Measures
    family: str
    landscape: bool

    @property
    def theme(self) -> Theme:
        """The colours."""
        return HIGH_CONTRAST if self.preferences.high_contrast else STANDARD

    def font(self, role: TextRole) -> QFont:
        """The font of a role."""
        return font(self.family, self.measures, role)

    def say(self, text: Text) -> str:
        """A text in the person's language."""
        return text.in_language(self.preferences.language)
