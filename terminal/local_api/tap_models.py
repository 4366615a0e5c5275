"""The messages of `/taps`: the stream, what a tap comes to, its correction and its receipt."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import ConfigDict, Field

from crypto.explained import Text
from terminal.events.challenge import MAX_FARE
from terminal.events.event import UsageEvent
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome
from terminal.journal.training import TRAINING_TERMINAL
from terminal.local_api.models import (
    Bilingual,
    Companions,
    Fen,
    Message,
    OfTraining,
    Place,
    SequenceNumber,
    Ticket,
)
from terminal.local_api.role import Role
from terminal.local_api.taps import TapEntry, party_pays
from terminal.receipts.benefit_receipt import SignedBenefitReceipt
from terminal.tap import TapResult


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
            addressed=addressed_to(entry.result, role),
        )


class Hello(Message):
    """A client's first message on the WebSocket."""

    token: Annotated[str, Field(max_length=64)]
    after: Place | None = None


class CorrectionAsked(Message):
    """What a tap was for in truth: never more than it was."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"fare": 200, "companions": 0}]})

    fare: Fen
    companions: Companions


class Receipt(Message):
    """The passenger's receipt (docs/receipts.md)."""

    sequence: SequenceNumber
    number: Annotated[str, Field(description="As printed under the code. 凭条编号。")]
    text: Annotated[str, Field(description="The text of the QR code. 二维码文字。", examples=["TKR1:…"])]

    @classmethod
    def of(cls, signed: SignedBenefitReceipt) -> Self:
        """What its QR code says."""
        return cls(sequence=signed.receipt.sequence, number=signed.receipt.number, text=signed.to_text())


def addressed_to(result: TapResult | None, role: Role) -> Addressed | None:
    """What holder and staff are told, to who has this role; None for all others."""
    return Addressed.of(result) if result is not None and role.includes(Role.STAFF) else None


def _bilingual(text: Text | None) -> Bilingual | None:
    return None if text is None else Bilingual.of(text)
