"""Which font the kiosk writes with, and how large its letters are."""

from __future__ import annotations

import math
from functools import cache
from typing import Final

from PyQt6.QtGui import QFont, QFontDatabase, QFontMetricsF

from kiosk_ui.errors import NoChineseFont
from kiosk_ui.measures import Measures, TextRole

# Sans-serif fonts with the forms of mainland China, the best known first.
PREFERRED: Final = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Noto Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "WenQuanYi Micro Hei",
)
# Characters of the screens; some fonts name themselves Chinese and hold a few radicals only.
PROBE: Final = "残疾人证请刷卡优惠已生效"
_SCALE: Final = 1000
_BOLD: Final = frozenset((TextRole.STRONG, TextRole.TITLE, TextRole.AMOUNT))


def chinese_family() -> str:
    """The family to write with. Raises NoChineseFont."""
    able = QFontDatabase.families(QFontDatabase.WritingSystem.SimplifiedChinese)
    for family in (*(name for name in PREFERRED if name in able), *able):
        metrics = QFontMetricsF(QFont(family))
        if all(metrics.inFont(character) for character in PROBE):
            return family
    raise NoChineseFont


def font(family: str, measures: Measures, role: TextRole) -> QFont:
    """The font of a role, whose capital letters have the height that the role asks."""
    bold = role in _BOLD
    made = QFont(family)
    made.setBold(bold)
    made.setPixelSize(math.ceil(measures.capital(role) / _capital_share(family, bold)))
    return made


@cache  # a kiosk has one family, and to load it in a large size takes milliseconds
def _capital_share(family: str, bold: bool) -> float:
    """The height of a capital letter as a share of the font's size."""
    large = QFont(family)
    large.setBold(bold)
    large.setPixelSize(_SCALE)
    return QFontMetricsF(large).capHeight() / _SCALE
