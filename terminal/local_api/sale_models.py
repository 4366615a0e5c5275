"""The messages of `/sales`: what is asked for, and how a sale stands."""

from __future__ import annotations

from typing import Annotated, Final, Self

from pydantic import ConfigDict, Field

from terminal.events.challenge import MAX_FARE, MAX_SERVICE_CHARACTERS
from terminal.events.outcome import Outcome
from terminal.local_api.models import (
    Bilingual,
    Companions,
    Fen,
    Message,
    OfTraining,
    SequenceNumber,
    Ticket,
    Trouble,
)
from terminal.local_api.role import Role
from terminal.local_api.tap_models import Addressed, Sums, addressed_to
from terminal.local_api.till import TillState
from terminal.modes.sale_state import MAX_PARTY, SaleItem, SaleLine, SalePhase, SaleTotals
from terminal.open_sale import MAX_TAPS
from terminal.tap import TapResult

_EXAMPLE_ID: Final = "9f86d081884c7d65"


class LineAsked(Message):
    """What one holder, with companions, asks for."""

    service: Annotated[
        str,
        Field(
            max_length=MAX_SERVICE_CHARACTERS,
            pattern=r"^[!-~]*$",
            description="Code of a service; empty: the terminal's own. 服务代码，空为本机服务。",
            examples=["GARDEN"],
        ),
    ] = ""
    ticket: Ticket = ""
    fare: Annotated[
        int | None,
        Field(
            ge=0,
            le=MAX_FARE,
            description="One person's list fare in fen where it is below the catalogue's, as for a shorter "
            "ride; null: the catalogue's. 低于目录票价时的每人票价（分）。",
        ),
    ] = None
    companions: Annotated[
        int, Field(ge=0, le=MAX_PARTY, description="Persons beside the holder, 9 at most. 同行人数，至多 9。")
    ] = 0


class SaleAsked(Message):
    """A sale to begin, or lines to add; the next card is tapped for the first line, and so on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"lines": [{"service": "GARDEN", "companions": 1}, {"ticket": "half"}]}]
        }
    )

    lines: Annotated[list[LineAsked], Field(min_length=1, max_length=MAX_TAPS)]


class WaitingLine(Message):
    """A line that no card was tapped for yet."""

    service: str
    ticket: Ticket
    fare: Fen
    companions: Companions

    @classmethod
    def of(cls, item: SaleItem) -> Self:
        """The line of an item."""
        return cls(service=item.service.code, ticket=item.ticket, fare=item.fare, companions=item.companions)


class TappedLine(Message):
    """A line that a card was tapped for: entitled or not, holder and companions are sold their tickets."""

    number: Annotated[SequenceNumber, Field(description="By which the line is removed. 移除时用此号。")]
    service: str
    ticket: Ticket
    fare: Fen
    companions: Companions
    outcome: Outcome
    companions_admitted: Companions
    sums: Sums
    bystander: Bilingual
    addressed: Addressed | None = None

    @classmethod
    def of(cls, line: SaleLine, role: Role) -> Self:
        """What came of a line."""
        result = line.result
        return cls(
            number=line.number,
            service=line.item.service.code,
            ticket=line.item.ticket,
            fare=result.fare,
            companions=result.companions,
            outcome=result.outcome,
            companions_admitted=result.companions_admitted,
            sums=_sums(result),
            bystander=Bilingual.of(result.bystander_text),
            addressed=addressed_to(result, role),
        )


class Totals(Message):
    """What the tapped lines come to."""

    holders: int
    holders_pay: int
    admitted: Annotated[int, Field(description="Companions at a companion's fare. 享受优惠的同行人数。")]
    admitted_pay: int
    further: Annotated[int, Field(description="Companions at the list fare. 按票价的同行人数。")]
    further_pay: int
    to_pay: Annotated[int, Field(description="The whole sum, fen: charge this. 应收总额（分）。")]

    @classmethod
    def of(cls, totals: SaleTotals) -> Self:
        """The same sums."""
        return cls(
            holders=totals.holders,
            holders_pay=totals.holders_pay,
            admitted=totals.admitted,
            admitted_pay=totals.admitted_pay,
            further=totals.further,
            further_pay=totals.further_pay,
            to_pay=totals.to_pay,
        )


class LastTap(Message):
    """What came of the last card put down for the sale; one that was refused adds no line."""

    outcome: Outcome
    bystander: Bilingual
    addressed: Addressed | None = None


class SaleStatus(Message):
    """A sale as it stands."""

    id: Annotated[str, Field(examples=[_EXAMPLE_ID])]
    revision: Annotated[int, Field(description="Grows with every change; see `seen`. 每次变化加一。")]
    phase: SalePhase
    waiting: list[WaitingLine]
    lines: list[TappedLine]
    totals: Totals
    last: LastTap | None
    trouble: Annotated[
        Trouble | None, Field(description="What went wrong at the last card put down. 最近一次的问题。")
    ]
    training: OfTraining

    @classmethod
    def of(cls, state: TillState, role: Role) -> Self:
        """What is told of a sale to who has this role; what holders were told ends with the sale."""
        last, role = state.last, Role.TILL if state.sale.phase.is_over else role
        return cls(
            id=state.id,
            revision=state.revision,
            phase=state.sale.phase,
            waiting=[WaitingLine.of(item) for item in state.waiting],
            lines=[TappedLine.of(line, role) for line in state.sale.lines],
            totals=Totals.of(state.sale.totals),
            last=None
            if last is None
            else LastTap(
                outcome=last.outcome,
                bystander=Bilingual.of(last.bystander_text),
                addressed=addressed_to(last, role),
            ),
            trouble=None if state.trouble is None else Trouble.of(state.trouble),
            training=state.is_training,
        )


class Sales(Message):
    """The last sales of this run of the terminal, the latest last."""

    sales: list[SaleStatus]


def _sums(result: TapResult) -> Sums:
    return Sums(
        holder_pays=result.holder_pays,
        companion_pays=result.companion_pays,
        party_pays=result.party_pays,
    )
