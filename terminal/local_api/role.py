"""What the bearer of a token may do."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """Each may what those before it may."""

    WATCH = "watch"  # status, services and the stream of taps
    TILL = "till"  # sales and receipts; cancelling and correcting what it sold
    STAFF = "staff"  # also any tap, and what is told to staff alone

    def includes(self, other: Role) -> bool:
        """Whether it may all that `other` may."""
        order = tuple(Role)
        return order.index(self) >= order.index(other)
