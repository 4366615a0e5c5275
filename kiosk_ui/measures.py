"""Millimetres on the glass to pixels: text and touch targets have a size that people need, not one in pixels.

Text: a capital letter is at least 4.8 mm high, what EN 301 549 §5.1.4 asks of a screen read from about 40 cm
(0.7 degrees of the visual angle). Touch targets: 15 mm, as the design asks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import Final

MM_PER_INCH: Final = 25.4
CAPITAL_MM: Final = 4.8
TARGET_MM: Final = 15.0

# Screens outside of this range report a size that is not theirs; what is drawn too large can still be read.
PLAUSIBLE_DPI: Final = (50.0, 320.0)
ASSUMED_DPI: Final = 130.0

# The short side of a 10-inch tablet, on which everything has its smallest size. Larger kiosks are also read
# from further away; headlines grow most, because they are what is read from a queue.
SMALL_SCREEN_MM: Final = 136.0
MAX_GROWTH: Final = 2.0


class TextRole(Enum):
    """Kinds of text: a capital letter's millimetres, their factor in large text, their greatest growth."""

    BODY = (CAPITAL_MM, 1.25, 1.5)
    STRONG = (CAPITAL_MM * 1.2, 1.2, 1.5)
    TITLE = (CAPITAL_MM * 1.8, 1.15, 2.0)
    AMOUNT = (CAPITAL_MM * 2.5, 1.1, 2.0)

    @property
    def capital_mm(self) -> float:
        """A capital letter's height on a small screen, in millimetres."""
        return self.value[0]

    @property
    def large_factor(self) -> float:
        """How much larger it is when large text is on."""
        return self.value[1]

    @property
    def max_growth(self) -> float:
        """How much larger it may be on a large screen."""
        return self.value[2]


@dataclass(frozen=True)
class Measures:
    """Sizes on one screen. growth: how much larger than on a small screen (1 to MAX_GROWTH)."""

    dots_per_inch: float
    growth: float
    large_text: bool

    @classmethod
    def of_window(cls, width: int, height: int, dots_per_inch: float, large_text: bool) -> Measures:
        """For a window of so many pixels on a screen of this density."""
        short_side_mm = min(width, height) / dots_per_inch * MM_PER_INCH
        growth = min(max(short_side_mm / SMALL_SCREEN_MM, 1.0), MAX_GROWTH)
        return cls(dots_per_inch, growth, large_text)

    def pixels(self, mm: float) -> int:
        """`mm` on the glass, never rounded down."""
        return math.ceil(mm * self.dots_per_inch / MM_PER_INCH)

    def spacing(self, mm: float) -> int:
        """A gap that grows with the screen."""
        return self.pixels(mm * self.growth)

    def capital(self, role: TextRole) -> int:
        """The height of a capital letter in pixels."""
        factor = role.large_factor if self.large_text else 1.0
        return self.pixels(role.capital_mm * min(self.growth, role.max_growth) * factor)

    @property
    def target(self) -> int:
        """The smallest width and height of what is touched, in pixels; grows with the text on it."""
        return self.pixels(TARGET_MM * min(self.growth, TextRole.BODY.max_growth))


def density(width: int, height: int, diagonal_inches: float) -> float:
    """Dots per inch of a screen of so many pixels, from its measured diagonal."""
    return math.hypot(width, height) / diagonal_inches


def believed(reported_dpi: float) -> float:
    """What a screen says of its density, where that is plausible."""
    low, high = PLAUSIBLE_DPI
    return reported_dpi if low <= reported_dpi <= high else ASSUMED_DPI
