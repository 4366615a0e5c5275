"""Examining what stands behind each event: does a card's proof bear the claim, and was the decision right?

Each event is examined once, as soon as its sealed part can be opened; the result is a row that holds no card
id, category, grade or rule. An event whose segment's header is hidden in a gap waits until the gap is filled.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import msgspec

from crypto.credential import TapCredential
from crypto.errors import CredentialMalformed, SealBroken
from crypto.sm3 import sm3
from crypto.tap_proof import TapProof
from crypto.trust import TrustStore
from sync.center.directory import Center
from sync.center.earlier_events import EarlierEvents, EarlierMissing
from sync.center.examination import Examination, Proof, Pseudonyms, Reason, StoredEvent
from sync.center.examined_rows import keep, unexamined
from sync.center.left_words import judge_left
from sync.center.named_content import NamedContent
from sync.center.quota_uses import quota_uses
from sync.center.unsealing import Unsealer
from sync.center.visit_words import judge_visit
from sync.errors import ContentInvalid
from terminal.content.content import Content
from terminal.decisions.card_facts import CardFacts, Party
from terminal.decisions.decide import Decision, decide, local_date
from terminal.decisions.errors import DecisionInputInvalid, ServiceUnknown
from terminal.decisions.standing import Standing
from terminal.events.errors import EventMalformed
from terminal.events.event import SealedEvidence, UsageEvent
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome
from terminal.return_windows import can_continue
from terminal.succession import together

CLOCK_LEEWAY_MS: Final = 86_400_000
# Outcomes behind which a genuine card stands, with its proof.
_PROVEN: Final = frozenset(
    (
        Outcome.GRANTED,
        Outcome.GRANTED_WITH_COMPANION,
        Outcome.NOT_ELIGIBLE,
        Outcome.QUOTA_USED_UP,
        Outcome.REVIEW_DUE,
        Outcome.NOT_ENABLED,
        Outcome.REPEATED,
        Outcome.TRANSFERRED,
        Outcome.ALREADY_INSIDE,
        Outcome.RECORDED,
    )
)
# Outcomes that only a card gets which has not left since.
_INSIDE: Final = frozenset((Outcome.REPEATED, Outcome.ALREADY_INSIDE))
_AFTER_TRANSFER: Final = frozenset((Outcome.TRANSFERRED, outcome) for outcome in _INSIDE)


@dataclass(frozen=True)
class Progress:
    """What one run did: events examined, and events that wait for a gap to be filled."""

    examined: int
    pending: int


def examine_events(center: Center) -> Progress:
    """Examine every event that was not yet; safe to stop and to repeat at any time."""
    examiner = _Examiner(center)
    examined = pending = 0
    for page in unexamined(center.store):
        results: list[tuple[StoredEvent, UsageEvent | None, Examination]] = []
        for stored in page:
            event = _parse(stored)
            if event is None:
                altered = Examination(Proof.INVALID, Reason.BYTES_ALTERED)
                examiner.earlier.note(stored, None, altered)
                results.append((stored, None, altered))
            elif (result := examiner.examine(stored, event)) is None:
                pending += 1
            else:
                results.append((stored, event, result))
        keep(center.store, results)
        examiner.earlier.stored()
        examined += len(results)
    return Progress(examined, pending)


class _Examiner:
    """Examines the events of one run, in the order of their chains."""

    def __init__(self, center: Center) -> None:
        self._center = center
        self._unsealer, self._pseudonyms = Unsealer(center), Pseudonyms(center.keys.pseudonym)
        self._named, self.earlier = NamedContent(center), EarlierEvents(center)

    def examine(self, stored: StoredEvent, event: UsageEvent) -> Examination | None:
        """The result for one event; None while it has to wait."""
        if stored.sequence > stored.watermark and not self._unsealer.knows(event):
            # Its segment's header may be in a gap below; once there is none, it will never open.
            return None
        try:
            result = self._result(stored, event)
        except (EarlierMissing, ContentInvalid):
            # Either an event that this one rests on is still to come; or the centre's own copy of the content
            # is damaged: no fault of whoever tapped, and no reason to stop.
            return None
        self._named.note(stored, result.content)
        self.earlier.note(stored, event, result)
        return result

    def _result(self, stored: StoredEvent, event: UsageEvent) -> Examination:  # noqa: PLR0911  a result each
        try:
            evidence = self._unsealer.open(event)
        except SealBroken:
            return _face_value(event, Examination(Proof.INVALID, Reason.SEAL_BROKEN))
        except EventMalformed:
            return _face_value(event, Examination(Proof.INVALID, Reason.EVIDENCE_MALFORMED))
        digest = self._pseudonyms.proof(evidence.signature)
        if event.kind.amends:
            return self._amendment(stored, event)
        if event.outcome not in _PROVEN:
            return self._refusal(stored, event, evidence, digest)
        content = self._center.publications.numbered(event.content)
        if content is None or content.rules.version != event.pack_version:
            return _face_value(event, Examination(Proof.INVALID, Reason.RULES_UNKNOWN, proof_digest=digest))
        # No honest terminal judges by a time before what the centre signed (terminal.timekeeping).
        if content.made_ms > event.time_ms + CLOCK_LEEWAY_MS:
            reason = Reason.CONTENT_FROM_FUTURE
            return _face_value(event, Examination(Proof.INVALID, reason, proof_digest=digest))
        # Whoever had a newer list once has it still, whatever older one an event names.
        strictest = max(content, self._named.before(stored) or content, key=lambda one: one.version)
        judged = judge_credential(event, evidence, strictest.trust, _grace_days(event, content))
        if isinstance(judged, Reason):
            return _face_value(event, Examination(Proof.INVALID, judged, proof_digest=digest))
        proven = Examination(
            Proof.VALID,
            Reason.FINE,
            content=content.version,
            card=self._pseudonyms.card(judged),
            counter=evidence.counter,
            proof_digest=digest,
        )
        if event.kind is not EventKind.TAP:
            # It claims nothing, so that a card was there, and for what, is all there is to show.
            if (unfit := self._unfit_words(event, evidence, judged)) is not Reason.FINE:
                return Examination(Proof.INVALID, unfit, content=content.version, proof_digest=digest)
            agrees = event.outcome is Outcome.RECORDED
            reason = Reason.FINE if agrees else Reason.DECISION_DIFFERS
            return _face_value(event, replace(proven, agrees=agrees, reason=reason))
        return self._tap(stored, event, evidence, judged, proven, content, strictest)

    def _refusal(
        self, stored: StoredEvent, event: UsageEvent, evidence: SealedEvidence, digest: bytes
    ) -> Examination:
        """A card that was not accepted claims nothing; found where its evidence says that it was genuine."""
        fine = Examination(Proof.NONE, Reason.FINE, agrees=True, proof_digest=digest)
        content = self._center.publications.numbered(event.content)
        if not evidence.signature or content is None:
            return fine
        strictest = self._named.before(stored) or content
        grace_days = _grace_days(event, content)
        judged = judge_credential(event, evidence, content.trust, grace_days)
        # Whoever had a newer list once may go by it.
        newest = judge_credential(event, evidence, strictest.trust, grace_days)
        if isinstance(judged, Reason) or isinstance(newest, Reason):
            return fine
        for known in (content, strictest):
            if known.hotlist.status(judged.card_id, judged.issued) is not None:
                return fine
        return Examination(
            Proof.VALID,
            Reason.REFUSED_THOUGH_VALID,
            content=content.version,
            card=self._pseudonyms.card(judged),
            counter=evidence.counter,
            proof_digest=digest,
        )

    def _tap(  # noqa: PLR0917  what _result found out
        self,
        stored: StoredEvent,
        event: UsageEvent,
        evidence: SealedEvidence,
        judged: TapCredential,
        proven: Examination,
        content: Content,
        strictest: Content,
    ) -> Examination:
        """What a tap with a genuine card's proof claims and is due."""
        proven = replace(proven, uses=quota_uses(event, evidence, judged, content, self._pseudonyms))
        continued = self._continued(event, judged) if event.refers_to else 0
        if event.outcome.rests_on_earlier:
            agrees = _claims_nothing(event) and continued > 0
            reason = Reason.FINE if agrees else Reason.CONTINUES_NOTHING
            return replace(proven, agrees=agrees, reason=reason, journey=continued)
        if event.outcome.granted and event.refers_to and not continued:
            return _face_value(event, replace(proven, reason=Reason.CONTINUES_NOTHING))
        proven = replace(proven, journey=continued or (event.sequence if event.outcome.granted else 0))
        objection = _objection(stored, event, judged, content, strictest)
        if objection is not None:
            return _face_value(event, replace(proven, reason=objection))
        follows = self._follows_holder(event, evidence, judged)
        is_behind = follows and self.earlier.verdict(event, evidence.follows).is_in_order
        decision = _recompute(event, evidence, judged, content, follows_holder=is_behind)
        result = _compare(event, decision, replace(proven, goes_with=evidence.follows if is_behind else 0))
        if follows and not is_behind and result.reason is Reason.DECISION_DIFFERS:
            return replace(result, reason=Reason.HOLDER_NOT_VALID)
        if result.agrees and strictest.version > content.version:
            result = _gone_back(event, evidence, judged, strictest, result, follows_holder=is_behind)
        if not result.agrees:
            return result
        uses = quota_uses(event, evidence, judged, content, self._pseudonyms, used=decision.quota)
        return replace(result, uses=uses)

    def _unfit_words(self, event: UsageEvent, evidence: SealedEvidence, credential: TapCredential) -> Reason:
        """What is wrong with what was left or registered; FINE where that is whole, or nothing was."""
        if not evidence.words and event.kind.is_service:
            return Reason.FINE
        judge = judge_visit if event.kind.is_service else judge_left
        return judge(event, evidence, credential, self.earlier.referred(event))

    def _follows_holder(self, event: UsageEvent, evidence: SealedEvidence, credential: TapCredential) -> bool:
        """Whether the event before is a granted tap, shortly before, of the card that this one goes with."""
        if not evidence.follows or evidence.follows != event.sequence - 1:
            return False
        found = self.earlier.opened(event, evidence.follows)
        if found is None:
            return False
        before, shown = found
        try:
            holder = TapCredential.from_bytes(shown.credential)
        except CredentialMalformed:
            return False
        return (
            before.kind is EventKind.TAP
            and before.outcome.admits
            and together(before.time_ms, event.time_ms)
            and credential.is_companion_of(holder.card_id)
        )

    def _continued(self, event: UsageEvent, credential: TapCredential) -> int:
        """The journey of the tap that it refers to, where that let the same card go ahead; 0 otherwise.

        Shortly before, for no less, with a proof of its own, and not with an exit of the card in between.
        """
        found = self.earlier.referred(event)
        if found is None:
            return 0
        before, shown = found
        try:
            earlier = TapCredential.from_bytes(shown.credential)
        except CredentialMalformed:
            return 0
        verdict = self.earlier.verdict(event, event.refers_to)
        if not verdict.is_in_order or not _is_continued(event, credential, before, earlier):
            return 0
        card = self._pseudonyms.card(credential)
        has_left = event.outcome in _INSIDE and self.earlier.has_left(event, card, event.refers_to)
        return 0 if has_left else verdict.journey

    def _amendment(self, stored: StoredEvent, event: UsageEvent) -> Examination:
        """Nothing is due after a cancellation; after a correction, what the rules give for what it says."""
        found = self.earlier.referred(event)
        if found is None or found[0].kind.amends:
            return Examination(Proof.INVALID, Reason.AMENDS_NOTHING)
        if event.kind is EventKind.CANCELLATION:
            return Examination(Proof.NONE, Reason.FINE, agrees=True)
        before, evidence = found
        fare, companions = self.earlier.left_by_corrections(event, before)
        if event.fare > fare or event.companions > companions:
            return Examination(Proof.INVALID, Reason.AMENDS_UPWARDS)
        content = self._center.publications.numbered(before.content)
        try:
            credential = TapCredential.from_bytes(evidence.credential)
            if content is None or before.kind is not EventKind.TAP:
                return Examination(Proof.INVALID, Reason.AMENDS_NOTHING)
            amended = msgspec.structs.replace(before, fare=event.fare, companions=event.companions)
            follows = self._follows_holder(before, evidence, credential)
            follows_holder = follows and self.earlier.verdict(before, evidence.follows).is_in_order
            decision = _recompute(amended, evidence, credential, content, follows_holder=follows_holder)
        except (CredentialMalformed, ServiceUnknown):
            return Examination(Proof.INVALID, Reason.AMENDS_NOTHING)
        return Examination(Proof.NONE, Reason.FINE, agrees=True, due=_due(event.fare, decision))


def _is_continued(
    event: UsageEvent, credential: TapCredential, before: UsageEvent, earlier: TapCredential
) -> bool:
    """Whether a tap can rest on, or take the place of, the one before, by what both say."""
    asks_no_more = event.fare <= before.fare and event.companions <= before.companions
    return (
        before.kind is EventKind.TAP
        # A transfer is taken for its own journey's last tap, but starts none.
        and (before.outcome.granted or (before.outcome, event.outcome) in _AFTER_TRANSFER)
        and (asks_no_more or not event.outcome.settled_before)
        and (before.service, before.ticket) == (event.service, event.ticket)
        and (earlier.issuer_key_id, earlier.card_id) == (credential.issuer_key_id, credential.card_id)
        and local_date(before.time_ms) == local_date(event.time_ms)
        and can_continue(event.outcome, before.time_ms, event.time_ms)
    )


def _recompute(
    event: UsageEvent,
    evidence: SealedEvidence,
    credential: TapCredential,
    content: Content,
    *,
    follows_holder: bool,
) -> Decision:
    """The decision under the publication that the event names."""
    return decide(
        CardFacts.from_credential(credential),
        content.catalogue.item(event.service),
        event.time_ms,
        event.fare,
        Party(event.companions),
        content.rules,
        hotlist_age=content.hotlist.age(local_date(event.time_ms)),
        standing=Standing(
            lists=content.standing_lists(credential.card_id, credential.issued),
            uses={one.quota: one.uses for one in evidence.uses},
            follows_holder=follows_holder,
        ),
        ticket=event.ticket,
    )


def judge_credential(  # noqa: PLR0911  a reason each
    event: UsageEvent, evidence: SealedEvidence, trust: TrustStore, grace_days: int = 0
) -> TapCredential | Reason:
    """The credential, if card and issuer both stand behind the event; else why not.

    `grace_days`: how long after its last day a card is still served.
    """
    try:
        credential = TapCredential.from_bytes(evidence.credential)
    except CredentialMalformed:
        return Reason.CREDENTIAL_MALFORMED
    issuer = trust.issuer(credential.issuer_key_id)
    if issuer is None or not issuer.covers(credential.issued):
        return Reason.ISSUER_UNKNOWN
    if issuer.is_revoked:
        return Reason.ISSUER_REVOKED
    if not credential.verify_signature(issuer.public_key):
        return Reason.CREDENTIAL_FORGED
    proof = TapProof(evidence.counter, evidence.signature)
    if not proof.verify(event.challenge().to_bytes(), credential.card_key):
        return Reason.PROOF_WRONG
    last = credential.expires + timedelta(days=grace_days)
    if not credential.issued <= local_date(event.time_ms) <= last:
        return Reason.CREDENTIAL_NOT_IN_FORCE
    return credential


def _grace_days(event: UsageEvent, content: Content) -> int:
    try:
        service = content.catalogue.item(event.service)
    except ServiceUnknown:
        return 0
    return content.rules.expiry_grace_days(service, local_date(event.time_ms))


def _objection(
    stored: StoredEvent,
    event: UsageEvent,
    credential: TapCredential,
    content: Content,
    strictest: Content,
) -> Reason | None:
    """What speaks against a proven tap before its decision is looked at."""
    try:
        service = content.catalogue.item(event.service)
    except ServiceUnknown:
        return Reason.SERVICE_UNKNOWN
    if service.operator != stored.operator:
        return Reason.OPERATOR_DIFFERS
    # Below it lies many a fare by distance; above it lies only what the state would overpay.
    if event.fare > service.list_fare(event.ticket):
        return Reason.FARE_ABOVE_LIST
    if strictest.hotlist.status(credential.card_id, credential.issued) is not None:
        return Reason.CARD_HOTLISTED
    # What was here by then was recorded by then, however fast the terminal's clock is.
    if stored.revoked_ms is not None and min(event.time_ms, stored.received_ms) >= stored.revoked_ms:
        return Reason.TERMINAL_REVOKED
    return None


def _gone_back(
    event: UsageEvent,
    evidence: SealedEvidence,
    credential: TapCredential,
    newer: Content,
    result: Examination,
    *,
    follows_holder: bool,
) -> Examination:
    """A decision by an older publication than its terminal had once; in order if the newer gives no less.

    A terminal whose newest publication is damaged falls back on the one before (terminal.content.live), so
    going back alone proves nothing; but nobody gains by it.
    """
    try:
        decision = _recompute(event, evidence, credential, newer, follows_holder=follows_holder)
        due = _due(event.fare, decision)
    except ServiceUnknown:
        due = 0
    return replace(result, reason=Reason.CONTENT_WENT_BACK, agrees=result.due <= due)


def _compare(event: UsageEvent, decision: Decision, proven: Examination) -> Examination:
    agrees = (event.outcome, event.holder_pays, event.companion_pays, event.companions_admitted) == (
        decision.outcome,
        decision.holder_pays,
        decision.companion_pays,
        decision.companions_admitted,
    )
    result = replace(
        proven,
        reason=Reason.FINE if agrees else Reason.DECISION_DIFFERS,
        agrees=agrees,
        due=_due(event.fare, decision),
    )
    if agrees and not event.outcome.granted:
        return result
    return _face_value(event, result)


def _claims_nothing(event: UsageEvent) -> bool:
    """Whether the sums are those of a tap that rests on an earlier one."""
    paid = (0, 0, event.companions) if event.outcome.settled_before else (event.fare, event.fare, 0)
    return (event.holder_pays, event.companion_pays, event.companions_admitted) == paid


def _due(fare: int, decision: Decision) -> int:
    if not decision.outcome.granted:
        return 0
    due = fare - decision.holder_pays
    return due + decision.companions_admitted * (fare - decision.companion_pays)


def _face_value(event: UsageEvent, result: Examination) -> Examination:
    """The result with the claim as the event states it."""
    if event.kind is not EventKind.TAP or not event.outcome.granted:
        return result
    return _claim(event, min(event.companions, event.companions_admitted), result)


def _claim(event: UsageEvent, companions: int, result: Examination) -> Examination:
    list_fare = event.fare * (1 + companions)
    paid = event.holder_pays + event.companion_pays * companions
    return replace(result, list_fare=list_fare, paid=paid, claimed=max(0, list_fare - paid))


def _parse(stored: StoredEvent) -> UsageEvent | None:
    """The event, if the stored bytes are still what was received and can be dated."""
    if sm3(stored.data) != stored.hash:
        return None
    try:
        event = UsageEvent.from_bytes(stored.data)
        local_date(event.time_ms)
    except (EventMalformed, DecisionInputInvalid):
        return None
    return event
