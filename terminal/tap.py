"""The tap: connect → recognise → verify → decide → journal, each a step from typed input to typed output.

`tap()` takes an open card connection and returns only when the event is on the disk. Every tap is journaled,
refused ones too: what a terminal turned away is evidence as much as what it granted. Nothing about the person
outlives the call but the sealed part of the event, which only the centre opens.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from card.connection import CardConnection
from card.errors import TapRefused
from card.verification import VerifiedCard
from crypto.credential import TapCredential
from crypto.explained import Text
from terminal.content.content import Content
from terminal.decisions.card_facts import CardFacts, Party
from terminal.decisions.decide import Decision, decide, local_date
from terminal.decisions.standing import Standing
from terminal.earlier_use import earlier_use, without
from terminal.events.event import QuotaUses, UsageEvent
from terminal.events.outcome import Outcome
from terminal.journal.uses import QuotaCount
from terminal.journal.writer import EventDraft
from terminal.presence import Presented, TapDesk, TapRequest, evidence_of, present, record_refusal
from terminal.quota_counter import CountedQuota
from terminal.wording import LOOK_AT_SCREEN, EventWording, refusal_wording


@dataclass(frozen=True)
class TapResult:
    """What came of a tap; nothing in its repr says who tapped or why they are entitled.

    `holder_text` and `staff_text` are for the one addressed, not for a public display or a log; that is
    `bystander_text`. Sums are in fen: `holder_pays`; `companion_pays`, each of the `companions_admitted`;
    `fare`, the list fare, each further one of the `companions`. `microseconds`: the whole tap, card and disk
    included. `reminder`: what the holder must see to soon, such as the annual review. `quota_left`: how often
    the benefit can be had again in its window, as this terminal counts; None where none is counted.
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
    reminder: Text | None = field(repr=False, default=None)
    quota_left: int | None = field(repr=False, default=None)

    @property
    def party_pays(self) -> int:
        """What holder and companions pay together, in fen."""
        further = self.companions - self.companions_admitted
        return self.holder_pays + self.companions_admitted * self.companion_pays + further * self.fare

    @classmethod
    def of_decision(
        cls,
        sequence: int,
        request: TapRequest,
        decision: Decision,
        microseconds: int,
        quota_left: int | None = None,
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
            reminder=decision.reminder,
            quota_left=quota_left,
        )

    @classmethod
    def of_event(cls, event: UsageEvent, wording: EventWording, microseconds: int) -> TapResult:
        """The result of a tap at which nothing was decided."""
        return cls(
            sequence=event.sequence,
            outcome=event.outcome,
            fare=event.fare,
            companions=event.companions,
            holder_pays=event.holder_pays,
            companion_pays=event.companion_pays,
            companions_admitted=event.companions_admitted,
            bystander_text=wording.bystander,
            holder_text=wording.holder,
            staff_text=wording.staff,
            instead=None,
            legal_basis=None,
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
    counts and no benefit may be given), FileNotWritten, KeystoreRefused, JournalUnavailable, JournalDamaged.
    """
    started = time.perf_counter_ns()
    result, _event = conclude(desk, present(desk, connection, request), started)
    return result


def conclude(
    desk: TapDesk, presented: Presented, started: int, instead_of: int = 0
) -> tuple[TapResult, UsageEvent]:
    """The part of a tap after the card was verified: decide and record.

    `started`: when the tap began, by `time.perf_counter_ns`. `instead_of`: the sequence of the same card's
    earlier tap whose place this one takes if it is granted; 0 for none. Raises as `tap` does.
    """
    request, verification = presented.request, presented.verification
    if isinstance(verification, VerifiedCard):
        decision, event, left = _decide_and_record(desk, presented, verification, instead_of)
        return TapResult.of_decision(
            event.sequence, request, decision, microseconds_since(started), left
        ), event
    event = record_refusal(desk, presented, verification)
    result = TapResult.of_refusal(
        event.sequence, request, event.outcome, microseconds_since(started), verification.error
    )
    return result, event


def _decide_and_record(
    desk: TapDesk, presented: Presented, card: VerifiedCard, instead_of: int
) -> tuple[Decision, UsageEvent, int | None]:
    """The decision, its event, and what is left of the quota that it used, if any."""
    request, content, today = presented.request, presented.content, presented.today
    credential, time_ms = card.credential, presented.place.time_ms
    quotas = content.rules.quotas_for(request.service, today)
    settled = local_date(presented.place.moment.settled_ms)
    counted = desk.quotas.counted(quotas, credential.card_id, today, settled)
    replaced = _use_of(desk, presented, credential, counted, instead_of) if instead_of else None
    counted = without(counted, replaced)
    follows = desk.succession.follows(credential, time_ms)
    decision = _decision(content, credential, request, time_ms, counted, follows_holder=follows != 0)
    draft = EventDraft(
        kind=request.kind,
        refers_to=(instead_of if decision.outcome.granted else 0) or request.refers_to,
        service=request.service.code,
        fare=request.fare,
        ticket=request.ticket,
        companions=request.party.companions,
        outcome=decision.outcome,
        holder_pays=decision.holder_pays,
        companion_pays=decision.companion_pays,
        companions_admitted=decision.companions_admitted,
        pack_version=decision.pack_version,
        content=content.version,
        nonce=presented.challenge.nonce,
        holder_ref=desk.day_keys.reference(credential.card_id, today),
    )
    evidence = evidence_of(
        credential,
        card.proof,
        rule=decision.rule,
        uses=tuple(QuotaUses(one.quota.name, one.uses) for one in counted if one.uses),
        follows=follows,
    )
    used = next((one for one in counted if one.quota.name == decision.quota), None)
    count = None if used is None else used.count
    given_back = replaced if decision.outcome.granted else None
    is_unconfirmed = request.is_unconfirmed and decision.outcome.granted
    event = desk.journal.append(
        presented.place,
        draft,
        evidence,
        counted=None if is_unconfirmed else count,
        given_back=given_back,
        is_unconfirmed=is_unconfirmed,
    )
    if given_back is not None:
        desk.quotas.note_given_back(instead_of)
    if count is not None:
        note = desk.quotas.note_unconfirmed if is_unconfirmed else desk.quotas.note_used
        note(event.sequence, count)
    desk.succession.note(event.sequence, time_ms, credential, decision.outcome.granted)
    return decision, event, None if used is None else used.left - 1


def _use_of(
    desk: TapDesk,
    presented: Presented,
    credential: TapCredential,
    counted: tuple[CountedQuota, ...],
    sequence: int,
) -> QuotaCount | None:
    """The count of the quota that this card's earlier tap used; None for none."""
    remembered, earlier = desk.quotas.used_by(sequence), desk.journal.event(sequence)
    if remembered is not None or earlier is None:
        return remembered
    # Of the same service and ticket: it would be nobody's place to take otherwise.
    asked = replace(presented.request, fare=earlier.fare, party=Party(earlier.companions))
    # A companion card that was granted something had come behind its holder's.
    follows = credential.is_companion_card

    def judge(before: Sequence[CountedQuota]) -> Decision:
        return _decision(
            presented.content, credential, asked, earlier.time_ms, before, follows_holder=follows
        )

    return earlier_use(earlier, counted, judge)


def _decision(
    content: Content,
    credential: TapCredential,
    request: TapRequest,
    time_ms: int,
    counted: Sequence[CountedQuota],
    *,
    follows_holder: bool,
) -> Decision:
    return decide(
        CardFacts.from_credential(credential),
        request.service,
        time_ms,
        request.fare,
        request.party,
        content.rules,
        hotlist_age=content.hotlist.age(local_date(time_ms)),
        standing=Standing(
            lists=content.standing_lists(credential.card_id, credential.issued),
            uses={one.quota.name: one.uses for one in counted},
            follows_holder=follows_holder,
        ),
        ticket=request.ticket,
    )


def microseconds_since(started: int) -> int:
    """How long ago this was, by `time.perf_counter_ns`, in whole microseconds."""
    return (time.perf_counter_ns() - started) // 1000
