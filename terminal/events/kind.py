"""What an event of the journal records."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class EventKind(StrEnum):
    """Every kind of event; the value is what a usage event carries."""

    TAP = "tap"  # a card asked for a benefit
    CHECK_IN = "check_in"  # a holder came to a training, day care or an event
    CHECK_OUT = "check_out"  # and left it
    VISIT = "visit"  # a holder came to a counter, for an application or an errand
    NEED = "need"  # a holder or relative says that something is needed
    RATING = "rating"  # what a holder thinks of the service just had
    CANCELLATION = "cancellation"  # an earlier event does not count; no card takes part
    CORRECTION = "correction"  # an earlier event counts for less; no card takes part

    @property
    def byte(self) -> int:
        """The kind in a tap challenge, 1 to 8."""
        return _ORDER.index(self) + 1

    @classmethod
    def from_byte(cls, value: int) -> EventKind | None:
        """The kind with this byte; None for no kind."""
        return _ORDER[value - 1] if 1 <= value <= len(_ORDER) else None

    @property
    def amends(self) -> bool:
        """Whether it is about an earlier event, and no card proves it."""
        return self in (EventKind.CANCELLATION, EventKind.CORRECTION)

    @property
    def is_service(self) -> bool:
        """Whether something was done for a holder, which they can rate."""
        return self in (EventKind.TAP, EventKind.CHECK_IN, EventKind.CHECK_OUT, EventKind.VISIT)


# Their bytes are in signed challenges: only ever append.
_ORDER: Final = tuple(EventKind)
