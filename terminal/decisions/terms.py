"""What a whole pack asks of a card before any of its rules serves it, and what misuse brings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import MAXYEAR, date

from crypto.explained import Text


@dataclass(frozen=True)
class Gate:
    """A standing list that decides over a pack's benefits, and what its card's holder can do about it."""

    list_name: str
    instead: Text


@dataclass(frozen=True)
class Terms:
    """Gates of a pack, each None where there is none.

    enabled: the card must be on this list. review_due: it must not be on this one. review_soon: on this one
    it is served, and its holder reminded. expiry_grace_days: for how many days after a card's last day the
    rules still serve it.
    """

    enabled: Gate | None = None
    review_due: Gate | None = None
    review_soon: Gate | None = None
    expiry_grace_days: int = 0

    @property
    def lists(self) -> frozenset[str]:
        """The standing lists that the gates ask for."""
        gates = (self.enabled, self.review_due, self.review_soon)
        return frozenset(gate.list_name for gate in gates if gate is not None)


@dataclass(frozen=True)
class Misuse:
    """What misuse of a card brings: for the centre's hotlist, not for a terminal to judge.

    withdrawn: the card is taken back. following_years: for how many calendar years after the one in which it
    was found the holder is barred.
    """

    withdrawn: bool
    following_years: int
    legal_basis: Text

    def bar_until(self, found_on: date) -> date:
        """The last day of the bar."""
        return date(min(found_on.year + self.following_years, MAXYEAR), 12, 31)
