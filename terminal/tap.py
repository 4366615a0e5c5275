"""The tap: connect → recognise → verify → decide → journal, each a step from typed input to typed output.

`tap()` takes an open card connection and returns only when the event is on the disk. Every tap is journaled,
refused ones too: what a terminal turned away is evidence as much as what it granted. Nothing about the person
outlives the call but the sealed part of the event, which only the centre opens.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from card.connection import CardConnection
from card.errors import RefusalReason, TapRefused
from card.profile import CardProfile
from card.seen_proofs import SeenProofs
from card.verification import Refusal, VerifiedCard, verify
from crypto.credential import TapCredential
from crypto.explained import Text
from crypto.tap_proof import TapProof
from terminal.content.content import Content
from terminal.content.live import ContentSource
from terminal.decisions.card_facts import CardFacts, Party
from terminal.decisions.catalogue import ServiceItem
from terminal.decisions.decide import Decision, decide, local_date
from terminal.events.challenge import NONCE_BYTES, TapChallenge
from terminal.events.event import SealedEvidence, UsageEvent
from terminal.events.outcome import Outcome
from terminal.holder_reference import DayKeys
from terminal.journal.schema import JournalOwner
from terminal.journal.writer import EventDraft, JournalWriter, Place
from terminal.wording import LOOK_AT_SCREEN, refusal_wording

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


@dataclass(frozen=True)
class TapDesk:
    """What a terminal taps with: whose it is, what it decides by, where it records.

    `aside` does what need not wait for the card; `seen` are its earlier taps' proofs.
    """

    owner: JournalOwner
    profile: CardProfile
    contents: ContentSource
    journal: JournalWriter
    day_keys: DayKeys
    aside: Executor
    seen: SeenProofs


@dataclass(frozen=True)
class TapRequest:
    """What the next tap is for; `fare` is one person's list fare in fen."""

    service: ServiceItem
    fare: int
    party: Party


@dataclass(frozen=True)
class TapResult:
    """What came of a tap; nothing in its repr says who tapped or why they are entitled.

    `holder_text` and `staff_text` are for the one addressed, not for a public display or a log; that is
    `bystander_text`. Sums are in fen: `holder_pays`; `companion_pays`, each of the `companions_admitted`;
    `fare`, the list fare, each further one of the `companions`. `microseconds`: the whole tap, card and disk
    included.
    """

    sequence: int
    outcome: Outcome
    fare: int
    companions: int
    holder_pays: int
    companion_pays: int
    companions_admitted: int
    bystander_text: Text
    holder_text: Text = field(repr=False)
    staff_text: Text = field(repr=False)
    instead: Text | None = field(repr=False)
    legal_basis: Text | None = field(repr=False)
    microseconds: int

    @property
    def party_pays(self) -> int:
        """What holder and companions pay together, in fen."""
        further = self.companions - self.companions_admitted
        return self.holder_pays + self.companions_admitted * self.companion_pays + further * self.fare

    @classmethod
    def of_decision(
        cls, sequence: int, request: TapRequest, decision: Decision, microseconds: int
    ) -> TapResult:
        """The result of a tap of a genuine, valid card."""
        return cls(
            sequence=sequence,
            outcome=decision.outcome,
            fare=request.fare,
            companions=request.party.companions,
            holder_pays=decision.holder_pays,
            companion_pays=decision.companion_pays,
            companions_admitted=decision.companions_admitted,
            bystander_text=decision.bystander_text,
            holder_text=decision.holder_text,
            staff_text=decision.staff_text,
            instead=decision.instead,
            legal_basis=decision.legal_basis,
            microseconds=microseconds,
        )

    @classmethod
    def of_refusal(
        cls,
        sequence: int,
        request: TapRequest,
        outcome: Outcome,
        microseconds: int,
        error: TapRefused | None = None,
    ) -> TapResult:
        """The result of a tap of a card that is not accepted; everybody pays the list fare.

        `error` says why more closely than `outcome`, where that is known; only those addressed hear it.
        """
        wording = refusal_wording(outcome, error)
        return cls(
            sequence=sequence,
            outcome=outcome,
            fare=request.fare,
            companions=request.party.companions,
            holder_pays=request.fare,
            companion_pays=request.fare,
            companions_admitted=0,
            bystander_text=LOOK_AT_SCREEN,
            holder_text=wording.holder,
            staff_text=wording.staff,
            instead=None,
            legal_basis=None,
            microseconds=microseconds,
        )


def tap(desk: TapDesk, connection: CardConnection, request: TapRequest) -> TapResult:
    """One whole tap; when this returns, its event is durable.

    Raises what is not the card's doing: ReaderGone, PcscServiceGone, PcscFailed, TapNotRecorded (then nothing
    counts and no benefit may be given) and FileNotWritten.
    """
    started = time.perf_counter_ns()
    content = desk.contents.current()
    desk.journal.timekeeper.learn_signed(content.made_ms)
    desk.journal.seal_to(content.trust.center_sealing_key)
    place = desk.journal.next_place()
    desk.contents.learn(place.time_ms)
    challenge = _challenge(desk.owner, place, request)
    today = local_date(place.time_ms)
    verification = verify(
        connection,
        desk.profile,
        content.trust,
        challenge.to_bytes(),
        today,
        content.hotlist,
        desk.aside,
        desk.seen,
    )
    if isinstance(verification, VerifiedCard):
        decision = decide(
            CardFacts.from_credential(verification.credential),
            request.service,
            place.time_ms,
            request.fare,
            request.party,
            content.rules,
            hotlist_age=content.hotlist.age(today),
        )
        event = _record_decision(desk, place, challenge, verification, decision, content)
        return TapResult.of_decision(event.sequence, request, decision, _since(started))
    event = _record_refusal(desk, place, challenge, verification, content)
    return TapResult.of_refusal(event.sequence, request, event.outcome, _since(started), verification.error)


def _challenge(owner: JournalOwner, place: Place, request: TapRequest) -> TapChallenge:
    return TapChallenge(
        terminal=owner.terminal,
        epoch=owner.epoch,
        sequence=place.sequence,
        time_ms=place.time_ms,
        service=request.service.code,
        fare=request.fare,
        companions=request.party.companions,
        nonce=secrets.token_bytes(NONCE_BYTES),
    )


def _record_decision(  # noqa: PLR0917  in the order in which they come about
    desk: TapDesk,
    place: Place,
    challenge: TapChallenge,
    card: VerifiedCard,
    decision: Decision,
    content: Content,
) -> UsageEvent:
    draft = EventDraft(
        service=challenge.service,
        fare=challenge.fare,
        companions=challenge.companions,
        outcome=decision.outcome,
        holder_pays=decision.holder_pays,
        companion_pays=decision.companion_pays,
        pack_version=decision.pack_version,
        content=content.version,
        nonce=challenge.nonce,
        holder_ref=desk.day_keys.reference(card.credential.card_id, local_date(place.time_ms)),
    )
    evidence = _evidence(card.credential, card.proof, rule=decision.rule, detail="")
    return desk.journal.append(place, draft, evidence)


def _record_refusal(
    desk: TapDesk, place: Place, challenge: TapChallenge, refusal: Refusal, content: Content
) -> UsageEvent:
    draft = EventDraft(
        service=challenge.service,
        fare=challenge.fare,
        companions=challenge.companions,
        outcome=_OUTCOMES[refusal.reason],
        holder_pays=challenge.fare,
        companion_pays=challenge.fare,
        pack_version=content.rules.version,
        content=content.version,
        nonce=challenge.nonce,
        holder_ref=b"",
    )
    evidence = _evidence(refusal.credential, refusal.proof, rule="", detail=refusal.error.code)
    return desk.journal.append(place, draft, evidence)


def _evidence(
    credential: TapCredential | None, proof: TapProof | None, rule: str, detail: str
) -> SealedEvidence:
    return SealedEvidence(
        credential=b"" if credential is None else credential.to_bytes(),
        counter=0 if proof is None else proof.counter,
        signature=b"" if proof is None else proof.signature,
        rule=rule,
        detail=detail,
    )


def _since(started: int) -> int:
    return (time.perf_counter_ns() - started) // 1000
