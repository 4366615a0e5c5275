"""Where a sale stands: its lines, what they come to, and which moves are possible now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Self

from crypto.explained import Text
from terminal.decisions.card_facts import Party
from terminal.decisions.catalogue import ServiceItem
from terminal.decisions.errors import DecisionInputInvalid
from terminal.events.challenge import MAX_COMPANIONS, MAX_FARE
from terminal.modes.counter_errors import TicketUnknown
from terminal.presence import TapRequest
from terminal.tap import TapResult

#: Beside one holder: a typed digit, and no more for a program.
MAX_PARTY: Final = 9


class SaleMove(StrEnum):
    """What can be done with a sale."""

    TAP = "tap"
    REMOVE = "remove"
    CONFIRM = "confirm"
    CANCEL = "cancel"

    @property
    def label(self) -> Text:
        """What people call it."""
        return _MOVE_LABELS[self]


class SalePhase(StrEnum):
    """From OPEN a sale ends CONFIRMED or CANCELLED; CANCELLING where the journal failed in between."""

    OPEN = "open"
    CANCELLING = "cancelling"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"

    @property
    def moves(self) -> frozenset[SaleMove]:
        """What is possible in this phase."""
        return _MOVES[self]

    @property
    def is_over(self) -> bool:
        """Whether nothing more can happen."""
        return not self.moves

    @property
    def label(self) -> Text:
        """What people call it."""
        return _PHASE_LABELS[self]


_MOVE_LABELS: Final[Mapping[SaleMove, Text]] = MappingProxyType(
    {
        SaleMove.TAP: Text(zh="刷卡", en="a tap"),
        SaleMove.REMOVE: Text(zh="移除一行", en="removing a line"),
        SaleMove.CONFIRM: Text(zh="确认", en="confirming"),
        SaleMove.CANCEL: Text(zh="撤销", en="cancelling"),
    }
)
_PHASE_LABELS: Final[Mapping[SalePhase, Text]] = MappingProxyType(
    {
        SalePhase.OPEN: Text(zh="进行中", en="open"),
        SalePhase.CANCELLING: Text(zh="撤销未完成", en="not cancelled to the end"),
        SalePhase.CONFIRMED: Text(zh="已确认", en="confirmed"),
        SalePhase.CANCELLED: Text(zh="已撤销", en="cancelled"),
    }
)
_MOVES: Final[Mapping[SalePhase, frozenset[SaleMove]]] = MappingProxyType(
    {
        SalePhase.OPEN: frozenset(SaleMove),
        SalePhase.CANCELLING: frozenset((SaleMove.CANCEL,)),
        SalePhase.CONFIRMED: frozenset(),
        SalePhase.CANCELLED: frozenset(),
    }
)


@dataclass(frozen=True)
class SaleItem:
    """What one holder and companions ask for; `fare` is one person's list fare in fen."""

    service: ServiceItem
    fare: int
    ticket: str = ""
    companions: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.fare <= MAX_FARE:
            raise DecisionInputInvalid(field="fare", value=self.fare)
        if not 0 <= self.companions <= MAX_COMPANIONS:
            raise DecisionInputInvalid(field="companions", value=self.companions)

    @classmethod
    def of(cls, service: ServiceItem, ticket: str = "", companions: int = 0, fare: int | None = None) -> Self:
        """An item at the list fare of its class of ticket ("" ordinary), unless `fare` says otherwise.

        Raises TicketUnknown, and DecisionInputInvalid for a fare or party that no tap can carry.
        """
        if ticket and ticket not in service.tickets:
            known = ", ".join(service.tickets) or "–"
            raise TicketUnknown(service=service.code, ticket=ticket, known=known)
        return cls(service, service.list_fare(ticket) if fare is None else fare, ticket, companions)

    @property
    def request(self) -> TapRequest:
        """The tap for it."""
        return TapRequest(self.service, self.fare, Party(self.companions), self.ticket, is_unconfirmed=True)


@dataclass(frozen=True)
class SaleLine:
    """One person's tap in a sale: what was asked for, and what came of it."""

    item: SaleItem
    result: TapResult

    @property
    def number(self) -> int:
        """By which it is removed: its sequence in the journal."""
        return self.result.sequence


@dataclass(frozen=True)
class SaleTotals:
    """What lines come to: how many persons of each kind, and what they pay together, in fen."""

    holders: int
    holders_pay: int
    admitted: int
    admitted_pay: int
    further: int
    further_pay: int

    @classmethod
    def of(cls, lines: tuple[SaleLine, ...]) -> Self:
        """The sums, each as TapResult has it."""
        results = [line.result for line in lines]
        further = [one.companions - one.companions_admitted for one in results]
        return cls(
            holders=len(results),
            holders_pay=sum(one.holder_pays for one in results),
            admitted=sum(one.companions_admitted for one in results),
            admitted_pay=sum(one.companions_admitted * one.companion_pays for one in results),
            further=sum(further),
            further_pay=sum(count * one.fare for count, one in zip(further, results, strict=True)),
        )

    @property
    def to_pay(self) -> int:
        """The whole sum, in fen."""
        return self.holders_pay + self.admitted_pay + self.further_pay


@dataclass(frozen=True)
class SaleState:
    """A sale as it stood at one moment; safe to hand to another thread."""

    phase: SalePhase
    lines: tuple[SaleLine, ...] = ()

    @property
    def totals(self) -> SaleTotals:
        """What the lines come to."""
        return SaleTotals.of(self.lines)

    def line(self, number: int) -> SaleLine | None:
        """The line with this number."""
        return next((line for line in self.lines if line.number == number), None)
