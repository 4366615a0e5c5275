"""The day by which cards, registers and hotlists are dated."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Final

_CHINA: Final = timezone(timedelta(hours=8))


def today_in_china() -> date:
    """Today in China, wherever this machine stands: so a terminal counts the days of a card."""
    return datetime.now(_CHINA).date()
