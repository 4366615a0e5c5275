"""The terminal's clock, as the journal and the decisions see it."""

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time; a test gives one that it sets."""

    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC."""


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC."""
        return time.time_ns() // 1_000_000
