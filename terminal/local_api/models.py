"""The messages of the local API as clients see them; the OpenAPI document is made from these.

Sums are whole fen. Texts come in Chinese and English; a client shows one of them.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from crypto.explained import ExplainedError, Language, Text
from terminal.configuration import TerminalConfiguration
from terminal.decisions.catalogue import ServiceDomain, ServiceItem, ServiceKind
from terminal.events.challenge import (
    MAX_COMPANIONS,
    MAX_FARE,
    MAX_SEQUENCE,
    MAX_SERVICE_CHARACTERS,
    MAX_TICKET_CHARACTERS,
)
from terminal.events.event import ClockTrust, UsageEvent
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome
from terminal.journal.training import TRAINING_TERMINAL
from terminal.local_api.health import Health
from terminal.local_api.role import Role
from terminal.local_api.taps import TapEntry, party_pays
from terminal.local_api.till import TillState
from terminal.modes.open_sale import MAX_TAPS
from terminal.modes.sale_state import SaleItem, SaleLine, SalePhase, SaleTotals
from terminal.receipts.benefit_receipt import SignedBenefitReceipt
from terminal.tap import TapResult

Fen = Annotated[int, Field(ge=0, le=MAX_FARE, description="Whole fen (1/100 yuan). 整数，单位分。")]
Companions = Annotated[
    int, Field(ge=0, le=MAX_COMPANIONS, description="Persons beside the holder. 同行人数。")
]
SequenceNumber = Annotated[
    int, Field(ge=1, le=MAX_SEQUENCE, description="The event's number in the journal. 流水号。")
]
Place = Annotated[int, Field(ge=0, le=MAX_SEQUENCE)]
Ticket = Annotated[
    str,
    Field(
        max_length=MAX_TICKET_CHARACTERS,
        pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?)?$",
        description="Class of ticket, empty for the ordinary one. 票种，空为普通票。",
    ),
]
OfTraining = Annotated[bool, Field(description="Of training: nothing counts. 培训记录，不算数。")]
_EXAMPLE_ID: Final = "9f86d081884c7d65"


class Message(BaseModel):
    """What all messages have in common: no further members, and no guessing at types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Bilingual(Message):
    """One sentence in both languages."""

    zh: Annotated[str, Field(examples=["优惠已生效"])]
    en: Annotated[str, Field(examples=["Discount applied"])]

    @classmethod
    def of(cls, text: Text) -> Self:
        """The same text."""
        return cls(zh=text.zh, en=text.en)


class Problem(Message):
    """Why a request was refused, in the language of Accept-Language."""

    code: Annotated[
        str, Field(description="Stable; programs decide by it. 稳定的代码。", examples=["TRM-731"])
    ]
    cause: Annotated[str, Field(examples=["上一笔售票尚未确认或撤销。"])]
    next_step: Annotated[str, Field(examples=["请先确认或撤销它。"])]

    @classmethod
    def of(cls, error: ExplainedError, language: Language) -> Self:
        """What is said of an error."""
        said = error.explain(language)
        return cls(code=said.code, cause=said.cause, next_step=said.next_step)


class Trouble(Message):
    """Something that is wrong now; taps may go on or not, as it says."""

    code: Annotated[str, Field(examples=["CRD-101"])]
    cause: Bilingual
    next_step: Bilingual

    @classmethod
    def of(cls, error: ExplainedError) -> Self:
        """What is said of an error, in both languages."""
        zh, en = (error.explain(language) for language in (Language.ZH, Language.EN))
        return cls(
            code=error.code,
            cause=Bilingual(zh=zh.cause, en=en.cause),
            next_step=Bilingual(zh=zh.next_step, en=en.next_step),
        )


class Service(Message):
    """A catalogue item."""

    code: Annotated[str, Field(examples=["GARDEN"])]
    name: Bilingual
    domain: ServiceDomain
    kind: ServiceKind
    operator: str
    region: Annotated[str, Field(description="GB/T 2260.", examples=["500103"])]
    fare: Fen
    tickets: Annotated[
        dict[str, int],
        Field(
            description="List fare in fen of each class of ticket. 各票种票价（分）。",
            examples=[{"half": 3500}],
        ),
    ]
    offered: Annotated[bool, Field(description="Whether a sale here may be for it. 本机可否售此项。")]

    @classmethod
    def of(cls, item: ServiceItem, operator: str) -> Self:
        """The item as a terminal of this operator offers it."""
        return cls(
            code=item.code,
            name=Bilingual.of(item.name),
            domain=item.domain,
            kind=item.kind,
            operator=item.operator,
            region=item.region,
            fare=item.fare,
            tickets=dict(item.tickets),
            offered=item.operator == operator,
        )


class ServiceFound(Service):
    """A catalogue item that was searched for."""

    why: Annotated[Bilingual, Field(description="Why it was found. 为何找到。")]


class ServiceShown(Service):
    """A catalogue item, whole."""

    description: Annotated[
        dict[str, Any],
        Field(description="As `tongka catalogue show --json` has it: documents, hours, phone, channels …"),
    ]


class Services(Message):
    """A page of the catalogue, ordered by code."""

    version: Annotated[str, Field(examples=["2026.1"])]
    items: list[Service]
    next: Annotated[
        str | None, Field(description="`after` of the next page; null: the last. 下一页的 after。")
    ]


class ServicesFound(Message):
    """What a search found, the best match first."""

    version: Annotated[str, Field(examples=["2026.1"])]
    items: list[ServiceFound]


class Addressed(Message):
    """For holder and staff alone, and only while the tap is fresh: with a `staff` token, never on a screen
    that others see.
    """

    holder: Bilingual
    staff: Bilingual
    instead: Annotated[Bilingual | None, Field(description="What the holder can do instead. 可以怎么办。")]
    reminder: Annotated[Bilingual | None, Field(description="What is due soon, as a review. 提醒。")]
    legal_basis: Bilingual | None
    quota_left: Annotated[
        int | None,
        Field(description="Uses left in this window, as this terminal counts. 本期剩余次数（本机所计）。"),
    ]

    @classmethod
    def of(cls, result: TapResult) -> Self:
        """What a tap's result says to them."""
        return cls(
            holder=Bilingual.of(result.holder_text),
            staff=Bilingual.of(result.staff_text),
            instead=_bilingual(result.instead),
            reminder=_bilingual(result.reminder),
            legal_basis=_bilingual(result.legal_basis),
            quota_left=result.quota_left,
        )


class Sums(Message):
    """Who pays how much.

    `party_pays` is the whole sum: holder, admitted companions, and further companions at the list fare.
    """

    holder_pays: Fen
    companion_pays: Annotated[
        int,
        Field(ge=0, le=MAX_FARE, description="Each of the admitted companions, fen. 每位享受优惠的同行人。"),
    ]
    party_pays: Annotated[int, Field(ge=0, description="All together, fen: charge this. 全体应付。")]

    @classmethod
    def of(cls, event: UsageEvent) -> Self:
        """What a tap's event says."""
        return cls(
            holder_pays=event.holder_pays,
            companion_pays=event.companion_pays,
            party_pays=party_pays(event),
        )


class Tap(Message):
    """An entry of the stream. Nothing in it tells who tapped or why they are entitled."""

    sequence: SequenceNumber
    time_ms: Annotated[int, Field(description="Milliseconds since 1970 UTC.", examples=[1795492800000])]
    kind: EventKind
    refers_to: Annotated[
        Place, Field(description="The earlier event it is about; 0: none. 所指的早先流水号，0 为无。")
    ]
    service: Annotated[str, Field(examples=["BUS-1"])]
    ticket: Ticket
    outcome: Outcome
    admits: Annotated[
        bool,
        Field(
            description="Whether a gate opens: on a benefit given now or by a tap before. Never for a tap of "
            "a sale, nor with anti-passback for a repeat, nor for what is told again from the journal. "
            "闸机是否放行；售票中的刷卡、设有防反传时的重复刷卡、从流水账补发的，都不放行。"
        ),
    ]
    fare: Fen
    companions: Companions
    companions_admitted: Companions
    sums: Annotated[
        Sums | None,
        Field(description="null where nothing was decided: only taps have sums. 只有刷卡才有应付金额。"),
    ]
    bystander: Annotated[Bilingual, Field(description="The only text for a public display. 可公开显示。")]
    rules: Annotated[str, Field(description="The rules in force: name and version of each pack. 规则版本。")]
    training: OfTraining
    addressed: Annotated[
        Addressed | None, Field(description="null but for a staff token, live. 仅 staff 令牌，实时。")
    ] = None

    @classmethod
    def of(cls, entry: TapEntry, role: Role) -> Self:
        """What is told of an event to who has this role."""
        event = entry.event
        return cls(
            sequence=event.sequence,
            time_ms=event.time_ms,
            kind=event.kind,
            refers_to=event.refers_to,
            service=event.service,
            ticket=event.ticket,
            outcome=event.outcome,
            admits=entry.admits,
            fare=event.fare,
            companions=event.companions,
            companions_admitted=event.companions_admitted,
            sums=Sums.of(event) if event.kind is EventKind.TAP else None,
            bystander=Bilingual.of(entry.bystander),
            rules=event.pack_version,
            training=event.terminal == TRAINING_TERMINAL,
            addressed=_addressed(entry.result, role),
        )


class Hello(Message):
    """A client's first message on the WebSocket."""

    token: Annotated[str, Field(max_length=64)]
    after: Place | None = None


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
    companions: Companions = 0


class SaleAsked(Message):
    """A sale to begin, or lines to add; the next card is tapped for the first line, and so on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"lines": [{"service": "GARDEN", "companions": 1}, {"ticket": "half"}]}]
        }
    )

    lines: Annotated[list[LineAsked], Field(min_length=1, max_length=MAX_TAPS)]


class CorrectionAsked(Message):
    """What a tap was for in truth: never more than it was."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"fare": 200, "companions": 0}]})

    fare: Fen
    companions: Companions


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
            addressed=_addressed(result, role),
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
                addressed=_addressed(last, role),
            ),
            trouble=None if state.trouble is None else Trouble.of(state.trouble),
            training=state.is_training,
        )


class Sales(Message):
    """The last sales of this run of the terminal, the latest last."""

    sales: list[SaleStatus]


class Receipt(Message):
    """The passenger's receipt (docs/receipts.md)."""

    sequence: SequenceNumber
    number: Annotated[str, Field(description="As printed under the code. 凭条编号。")]
    text: Annotated[str, Field(description="The text of the QR code. 二维码文字。", examples=["TKR1:…"])]

    @classmethod
    def of(cls, signed: SignedBenefitReceipt) -> Self:
        """What its QR code says."""
        return cls(sequence=signed.receipt.sequence, number=signed.receipt.number, text=signed.to_text())


class Status(Message):
    """How the terminal is. Nothing in it is about a person."""

    api: Literal["1"] = "1"
    role: Annotated[Role, Field(description="What the token that asked may do. 令牌的角色。")]
    terminal: Annotated[str, Field(examples=["0011223344556677"])]
    epoch: Annotated[int, Field(description="Counts installations; sequences begin anew with it. 期号。")]
    mode: Annotated[str, Field(examples=["production"])]
    service: Annotated[str, Field(description="What cards are tapped for without a sale. 本机服务。")]
    sales_only: Annotated[bool, Field(description="Whether cards are tapped in sales alone. 仅售票。")]
    training: Annotated[
        bool, Field(description="Training: nothing counts or is settled. 培训：不计次、不结算。")
    ]
    sequence: Annotated[Place, Field(description="The journal's last event. 最后的流水号。")]
    content: Annotated[int, Field(description="Number of the publication in force. 内容版本。")]
    rules: Annotated[str, Field(description="The rules in force. 规则版本。")]
    hotlist_age: Annotated[int, Field(description="Days since the hotlist was made. 停用名单天数。")]
    clock: ClockTrust
    cancelled_at_start: Annotated[
        int,
        Field(description="Taps of a sale that the last run left open, cancelled now. 启动时撤销的刷卡。"),
    ]
    degradations: Annotated[
        list[Trouble], Field(description="What is wrong now; empty: all is well. 当前问题。")
    ]

    @classmethod
    def of(
        cls,
        *,
        role: Role,
        configuration: TerminalConfiguration,
        health: Health,
        sequence: int,
        is_for_sales_only: bool,
        is_training: bool,
        cancelled_at_start: int,
    ) -> Self:
        """What is told to who has this role."""
        return cls(
            role=role,
            terminal=configuration.terminal,
            epoch=configuration.epoch,
            mode=configuration.mode.value,
            service=configuration.service,
            sales_only=is_for_sales_only,
            training=is_training,
            sequence=sequence,
            content=health.content.version,
            rules=health.content.rules.version,
            hotlist_age=health.hotlist_age,
            clock=health.clock,
            cancelled_at_start=cancelled_at_start,
            degradations=[Trouble.of(one) for one in health.degradations],
        )


def _bilingual(text: Text | None) -> Bilingual | None:
    return None if text is None else Bilingual.of(text)


def _addressed(result: TapResult | None, role: Role) -> Addressed | None:
    return Addressed.of(result) if result is not None and role.includes(Role.STAFF) else None


def _sums(result: TapResult) -> Sums:
    return Sums(
        holder_pays=result.holder_pays,
        companion_pays=result.companion_pays,
        party_pays=result.party_pays,
    )
