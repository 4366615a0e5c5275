"""Which words may travel: typed by anybody, read by staff and holders on screens that must not be fooled."""

from __future__ import annotations

import unicodedata
from typing import Final

from terminal.needs.errors import WordsRefused

MAX_CHARACTERS: Final = 500
MAX_BYTES: Final = 1500  # 500 Chinese characters
_REFUSED: Final = frozenset(("Cc", "Cs", "Zl", "Zp"))
# They turn the order of what stands behind them (Unicode UAX #9): "approved" may hide in a refusal.
_TURNING: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def cleaned(text: str, characters: int = MAX_CHARACTERS, size: int = MAX_BYTES) -> str:
    """The words as they may travel: NFC, each run of white space one blank. Raises WordsRefused."""
    words = unicodedata.normalize("NFC", " ".join(text.split()))
    if not is_clean(words, characters, size):
        raise WordsRefused(characters=characters, bytes=size)
    return words


def is_clean(words: str, characters: int = MAX_CHARACTERS, size: int = MAX_BYTES) -> bool:
    """Whether these words are as `cleaned` leaves them."""
    if len(words) > characters or any(
        character in _TURNING or unicodedata.category(character) in _REFUSED for character in words
    ):
        return False
    return len(words.encode()) <= size and unicodedata.is_normalized("NFC", words)
