"""For how long a card that was served here is known when it comes back. Pure: the centre asks the same."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from terminal.events.outcome import Outcome

MAX_REPEAT_SECONDS: Final = 60
MAX_TRANSFER_MINUTES: Final = 240
MAX_PASSBACK_MINUTES: Final = 720
_SECOND_MS: Final = 1000
_MINUTE_MS: Final = 60_000

# The longest that any terminal can be set to, by the outcome that it gives.
_LONGEST_MS: Final = MappingProxyType(
    {
        Outcome.REPEATED: MAX_REPEAT_SECONDS * _SECOND_MS,
        Outcome.TRANSFERRED: MAX_TRANSFER_MINUTES * _MINUTE_MS,
        Outcome.ALREADY_INSIDE: MAX_PASSBACK_MINUTES * _MINUTE_MS,
    }
)


@dataclass(frozen=True)
class ReturnWindows:
    """One terminal's windows, in milliseconds; 0 for none.

    A tap within `repeat` of the last one that counted is the same tap again. Within `passback` of it the card
    does not let anyone in a second time, unless it has left. Within `transfer` of a journey's first tap the
    journey goes on.
    """

    repeat: int
    transfer: int
    passback: int

    @classmethod
    def of(cls, repeat_seconds: int, transfer_minutes: int, passback_minutes: int) -> ReturnWindows:
        """From what people write."""
        return cls(repeat_seconds * _SECOND_MS, transfer_minutes * _MINUTE_MS, passback_minutes * _MINUTE_MS)

    @property
    def bought(self) -> int:
        """For how long a ticket that was bought here lets its holder in, in milliseconds.

        As long as a journey may go on; where a card that entered is kept out, as long as that, too.
        """
        return max(self.transfer, min(self.passback, MAX_TRANSFER_MINUTES * _MINUTE_MS))

    def admits(self, outcome: Outcome) -> bool:
        """Whether the holder may go ahead. With anti-passback a repeat opens nothing: a card that is handed
        back within seconds would let a second person in.
        """
        return outcome.admits and not (outcome is Outcome.REPEATED and self.passback)


def within(window_ms: int, first_ms: int, second_ms: int) -> bool:
    """Whether two times are no further apart than an open window; a time service may have moved the clock."""
    return bool(window_ms) and abs(second_ms - first_ms) <= window_ms


def can_continue(outcome: Outcome, first_ms: int, second_ms: int) -> bool:
    """Whether a tap with this outcome can rest on one so long before, however its terminal is set."""
    return within(_LONGEST_MS.get(outcome, MAX_TRANSFER_MINUTES * _MINUTE_MS), first_ms, second_ms)
