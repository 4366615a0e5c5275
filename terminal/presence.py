"""A card held to a terminal: challenge it for one place in the journal, and verify it.

The first part of every tap, whatever the tap is for; what is decided and recorded then is the caller's.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final, Protocol

from card.connection import CardConnection
from card.errors import RefusalReason
from card.profile import CardProfile
from card.seen_proofs import SeenProofs
from card.verification import Refusal, VerifiedCard, verify
from crypto.credential import TapCredential
from crypto.tap_proof import TapProof
from terminal.content.content import Content
from terminal.content.live import ContentSource
from terminal.decisions.card_facts import Party
from terminal.decisions.catalogue import ServiceItem
from terminal.decisions.decide import local_date
from terminal.events.challenge import NONCE_BYTES, TapChallenge, ticket_tag
from terminal.events.event import QuotaUses, SealedEvidence, UsageEvent
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome
from terminal.holder_reference import DayKeys
from terminal.journal.schema import JournalOwner
from terminal.journal.writer import EventDraft, JournalWriter, Place
from terminal.quota_counter import QuotaCounter
from terminal.succession import Succession

_OUTCOMES: Final[Mapping[RefusalReason, Outcome]] = MappingProxyType(
    {
        RefusalReason.FOREIGN_CARD: Outcome.FOREIGN_CARD,
        RefusalReason.TORN: Outcome.UNREADABLE,
        RefusalReason.TOO_SLOW: Outcome.UNREADABLE,
        RefusalReason.UNREADABLE: Outcome.UNREADABLE,
        RefusalReason.UNKNOWN_ISSUER: Outcome.UNKNOWN_ISSUER,
        RefusalReason.ISSUER_REVOKED: Outcome.ISSUER_REVOKED,
        RefusalReason.FORGED: Outcome.FORGED,
        RefusalReason.CLONED: Outcome.CLONED,
        RefusalReason.REPLAYED: Outcome.CLONED,
        RefusalReason.NOT_YET_VALID: Outcome.NOT_YET_VALID,
        RefusalReason.EXPIRED: Outcome.EXPIRED,
        RefusalReason.HOTLISTED: Outcome.BLOCKED,
        RefusalReason.DEACTIVATED: Outcome.BLOCKED,
    }
)


class LeftUnconfirmed(Protocol):
    """Taps that a process before this one left unconfirmed (terminal.open_sale)."""

    @property
    def count(self) -> int:
        """How many they were."""

    def cancel(self, desk: TapDesk) -> None:
        """Cancel those that are not cancelled yet."""


@dataclass(frozen=True)
class TapDesk:
    """What a terminal taps with: whose it is, what it decides by, where it records.

    `aside` does what need not wait for the card; `seen` are its earlier taps' proofs; `succession` is the tap
    before this one; `left_open` is cancelled before the next one.
    """

    owner: JournalOwner
    profile: CardProfile
    contents: ContentSource
    journal: JournalWriter
    day_keys: DayKeys
    quotas: QuotaCounter
    succession: Succession
    aside: Executor
    seen: SeenProofs
    left_open: LeftUnconfirmed


@dataclass(frozen=True)
class TapRequest:
    """What the next tap is for; `fare` is one person's list fare in fen, of the class `ticket` ("" ordinary).

    `refers_to`: the sequence of the earlier event that this one is about, 0 for none. `commitment`: 8 bytes
    for the card to sign in place of a random nonce; as fresh, and bound to what is recorded with the tap.
    `is_unconfirmed`: it counts only once it is confirmed, with its sale or because a guardian is here.
    """

    service: ServiceItem
    fare: int
    party: Party
    ticket: str = ""
    kind: EventKind = EventKind.TAP
    refers_to: int = 0
    commitment: bytes = b""
    is_unconfirmed: bool = False


@dataclass(frozen=True)
class Presented:
    """A card that was challenged, what came of it, and by which content and at what time it was judged."""

    place: Place
    today: date
    content: Content
    challenge: TapChallenge
    request: TapRequest
    verification: VerifiedCard | Refusal


def present(desk: TapDesk, connection: CardConnection, request: TapRequest) -> Presented:
    """Challenge and verify the card on `connection`; nothing is recorded yet.

    Raises what is not the card's doing: ReaderGone, PcscServiceGone, PcscFailed, and JournalUnavailable,
    JournalDamaged, or TapNotRecorded where what was left unconfirmed can't be cancelled.
    """
    desk.left_open.cancel(desk)
    content = desk.contents.current()
    desk.journal.timekeeper.learn_signed(content.made_ms)
    desk.journal.seal_to(content.trust.center_sealing_key)
    place = desk.journal.next_place()
    desk.contents.learn(place.time_ms)
    today = local_date(place.time_ms)
    desk.day_keys.settle(local_date(place.moment.settled_ms))
    challenge = TapChallenge(
        terminal=desk.owner.terminal,
        epoch=desk.owner.epoch,
        sequence=place.sequence,
        time_ms=place.time_ms,
        service=request.service.code,
        fare=request.fare,
        companions=request.party.companions,
        kind=request.kind,
        ticket_tag=ticket_tag(request.ticket),
        nonce=request.commitment or secrets.token_bytes(NONCE_BYTES),
    )
    verification = verify(
        connection,
        desk.profile,
        content.trust,
        challenge.to_bytes(),
        today,
        content.hotlist,
        desk.aside,
        desk.seen,
        content.rules.expiry_grace_days(request.service, today),
    )
    return Presented(place, today, content, challenge, request, verification)


def record_refusal(desk: TapDesk, presented: Presented, refusal: Refusal) -> UsageEvent:
    """The event of a card that is not accepted, on the disk; everybody pays the list fare.

    Raises TapNotRecorded.
    """
    request = presented.request
    draft = EventDraft(
        kind=request.kind,
        refers_to=request.refers_to,
        service=request.service.code,
        fare=request.fare,
        ticket=request.ticket,
        companions=request.party.companions,
        outcome=_OUTCOMES[refusal.reason],
        holder_pays=request.fare,
        companion_pays=request.fare,
        pack_version=presented.content.rules.version,
        content=presented.content.version,
        nonce=presented.challenge.nonce,
        holder_ref=b"",
    )
    evidence = evidence_of(refusal.credential, refusal.proof, detail=refusal.error.code)
    event = desk.journal.append(presented.place, draft, evidence)
    desk.succession.note(event.sequence, event.time_ms, None, granted=False)
    return event


def evidence_of(  # noqa: PLR0917  in the order of SealedEvidence
    credential: TapCredential | None,
    proof: TapProof | None,
    rule: str = "",
    detail: str = "",
    uses: tuple[QuotaUses, ...] = (),
    follows: int = 0,
    words: str = "",
) -> SealedEvidence:
    """The sealed part of an event."""
    return SealedEvidence(
        credential=b"" if credential is None else credential.to_bytes(),
        counter=0 if proof is None else proof.counter,
        signature=b"" if proof is None else proof.signature,
        rule=rule,
        detail=detail,
        uses=uses,
        follows=follows,
        words=words,
    )
