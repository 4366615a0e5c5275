"""What a rule gives: fare arithmetic in whole fen, never against the passenger."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from terminal.decisions.errors import TicketClassUnknown
from terminal.decisions.toml_document import Slug

Percent = Annotated[int, msgspec.Meta(ge=1, le=99)]


class Rounding(StrEnum):
    """How a share of a fare becomes a payable sum: always down, in the passenger's favour."""

    DOWN_TO_FEN = "down_to_fen"
    DOWN_TO_JIAO = "down_to_jiao"
    DOWN_TO_YUAN = "down_to_yuan"

    def share(self, fare: int, percent: int) -> int:
        """`percent` hundredths of `fare` (fen), rounded down to whole steps."""
        step = _STEP_FEN[self]
        return fare * percent // (100 * step) * step


_STEP_FEN: Final = {Rounding.DOWN_TO_FEN: 1, Rounding.DOWN_TO_JIAO: 10, Rounding.DOWN_TO_YUAN: 100}

CompanionPays: TypeAlias = Literal["full", "free"] | Percent


class Benefit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """What all kinds have in common: the rounding, and what the people who come along are given.

    `companions`: how many of them have a fare of their own; `companion_pays`: "full", "free" or a percentage.
    """

    rounding: Rounding = Rounding.DOWN_TO_FEN
    companions: Annotated[int, msgspec.Meta(ge=0, le=9)] = 0
    companion_pays: CompanionPays = "full"

    def companion_fare(self, fare: int) -> int:
        """What each admitted companion pays of a list fare (fen)."""
        match self.companion_pays:
            case "full":
                return fare
            case "free":
                return 0
            case percent:
                return self.rounding.share(fare, percent)


class FreeBenefit(Benefit, frozen=True, tag="free"):
    """The holder pays nothing."""

    def holder_fare(self, fare: int, tickets: Mapping[str, int]) -> int:
        """What the holder pays of a list fare: nothing."""
        return 0


class PercentageBenefit(Benefit, frozen=True, kw_only=True, tag="percentage"):
    """The holder pays a share of the fare."""

    pays_percent: Percent

    def holder_fare(self, fare: int, tickets: Mapping[str, int]) -> int:
        """What the holder pays of a list fare (fen): the share, rounded down."""
        return self.rounding.share(fare, self.pays_percent)


class CeilingBenefit(Benefit, frozen=True, kw_only=True, tag="ceiling"):
    """The holder pays the fare, but never more than a ceiling."""

    ceiling_fen: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]

    def holder_fare(self, fare: int, tickets: Mapping[str, int]) -> int:
        """What the holder pays of a list fare (fen)."""
        return min(fare, self.ceiling_fen)


class TicketClassBenefit(Benefit, frozen=True, kw_only=True, tag="ticket_class"):
    """The holder pays the service's price of a class of ticket, but never more than the fare."""

    ticket: Slug

    def holder_fare(self, fare: int, tickets: Mapping[str, int]) -> int:
        """What the holder pays of a list fare (fen); raises TicketClassUnknown."""
        price = tickets.get(self.ticket)
        if price is None:
            raise TicketClassUnknown(ticket=self.ticket)
        return min(fare, price)


AnyBenefit: TypeAlias = FreeBenefit | PercentageBenefit | CeilingBenefit | TicketClassBenefit
