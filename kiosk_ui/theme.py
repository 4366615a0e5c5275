"""The kiosk's colours, declared once. A test computes that all text has a contrast of 7:1 or more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Theme:
    """Colours as #rrggbb. Text is drawn in the pairs that `text_pairs` lists and in no others.

    background: of the window; surface: of panels and plain buttons; outline: lines, frames, focus ring;
    primary: the one button most people press, and the card in the pictograms; granted, attention,
    trouble: the three signs, each of which also has its own shape and words.
    """

    background: str
    surface: str
    text: str
    muted: str
    outline: str
    primary: str
    on_primary: str
    granted: str
    attention: str
    trouble: str
    on_sign: str

    def text_pairs(self) -> Iterator[tuple[str, str]]:
        """Every (text, background) that a person must read."""
        for background in (self.background, self.surface):
            for text in (self.text, self.muted, self.granted, self.attention, self.trouble):
                yield text, background
        yield self.on_primary, self.primary
        for sign in (self.granted, self.attention, self.trouble):
            yield self.on_sign, sign

    def line_pairs(self) -> Iterator[tuple[str, str]]:
        """Every (line or shape, background) that must be seen, though not read."""
        for background in (self.background, self.surface):
            yield self.outline, background
            yield self.primary, background


STANDARD: Final = Theme(
    background="#ffffff",
    surface="#eef3f8",
    text="#14202b",
    muted="#3a4754",
    outline="#2c3e50",
    primary="#0b4076",
    on_primary="#ffffff",
    granted="#0a5227",
    attention="#6b3a00",
    trouble="#861a1a",
    on_sign="#ffffff",
)

HIGH_CONTRAST: Final = Theme(
    background="#000000",
    surface="#000000",
    text="#ffffff",
    muted="#ffffff",
    outline="#ffffff",
    primary="#ffdd00",
    on_primary="#000000",
    granted="#6dff8b",
    attention="#ffdd00",
    trouble="#ffb3a8",
    on_sign="#000000",
)
