"""One form for names and for what people type: width, case, tone marks and punctuation make no difference."""

from __future__ import annotations

import unicodedata
from typing import Final

_DIAERESIS: Final = "\u0308"
_U_WITH_DIAERESIS: Final = f"u{_DIAERESIS}"


def is_hanzi(character: str) -> bool:
    """Whether this is a Chinese character: the unified blocks of Unicode, and 〇."""
    return (
        "\u3400" <= character <= "\u4dbf"
        or "\u4e00" <= character <= "\u9fff"
        or "\U00020000" <= character <= "\U0003ffff"
        or character == "〇"
    )


def is_latin(character: str) -> bool:
    """Whether this is a letter of the normal form."""
    return "a" <= character <= "z"


def fold(text: str) -> str:
    """`text` as Hanzi, a–z (ü as v) and 0–9, its parts separated by single spaces; any string is taken."""
    wide = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).lower())
    kept = [
        ""
        if unicodedata.combining(character)
        else character
        if (character.isascii() and character.isalnum()) or is_hanzi(character)
        else " "
        for character in wide.replace(_U_WITH_DIAERESIS, "v")
    ]
    return " ".join("".join(kept).split())
