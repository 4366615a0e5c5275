"""Examining what stands behind each event: does a card's proof bear the claim, and was the decision right?

Each event is examined once, as soon as its sealed part can be opened; the result is a row that holds no card
id, category, grade or rule. An event whose segment's header is hidden in a gap waits until the gap is filled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final

from crypto.credential import TapCredential
from crypto.errors import CredentialMalformed, SealBroken
from crypto.sealing import SegmentOpener, segment_id
from crypto.sm3 import hmac_sm3, sm3
from crypto.tap_proof import TapProof
from crypto.trust import TrustStore
from sync.center.directory import Center
from sync.center.publication import Publications
from sync.center.store import CenterStore
from sync.errors import ContentInvalid
from sync.reconcile.findings import FindingKind
from terminal.content.content import Content
from terminal.decisions.card_facts import CardFacts, Party
from terminal.decisions.decide import Decision, decide, local_date
from terminal.errors import DecisionInputInvalid, ServiceUnknown
from terminal.events.errors import EventMalformed
from terminal.events.event import SealedEvidence, UsageEvent
from terminal.events.outcome import Outcome

PAGE: Final = 500
# A record that was sealed but could not be written leaves its index unused; a few such are nothing unusual,
# but an index far ahead would make the centre turn the ratchet for seconds.
MAX_UNUSED_INDEXES: Final = 1000
CLOCK_LEEWAY_MS: Final = 86_400_000
_PSEUDONYM_BYTES: Final = 16
_JUDGED_BY_RULES: Final = (Outcome.GRANTED, Outcome.GRANTED_WITH_COMPANION, Outcome.NOT_ELIGIBLE)


class Proof(StrEnum):
    """Whether a card's own signature stands behind an event."""

    VALID = "valid"
    INVALID = "invalid"
    NONE = "none"  # a refused tap, which claims nothing and need not prove anything


class Reason(StrEnum):
    """Why a proof is invalid or a decision does not agree."""

    FINE = ""
    BYTES_ALTERED = "bytes_altered"
    SEAL_BROKEN = "seal_broken"
    EVIDENCE_MALFORMED = "evidence_malformed"
    CREDENTIAL_MALFORMED = "credential_malformed"
    ISSUER_UNKNOWN = "issuer_unknown"
    ISSUER_REVOKED = "issuer_revoked"
    CREDENTIAL_FORGED = "credential_forged"
    CREDENTIAL_NOT_IN_FORCE = "credential_not_in_force"
    CONTENT_FROM_FUTURE = "content_from_future"
    PROOF_WRONG = "proof_wrong"
    SERVICE_UNKNOWN = "service_unknown"
    OPERATOR_DIFFERS = "operator_differs"
    RULES_UNKNOWN = "rules_unknown"
    DECISION_DIFFERS = FindingKind.DECISION_DIFFERS.value
    FARE_ABOVE_LIST = FindingKind.FARE_ABOVE_LIST.value
    CARD_HOTLISTED = FindingKind.CARD_HOTLISTED.value


@dataclass(frozen=True)
class Progress:
    """What one run did: events examined, and events that wait for a gap to be filled."""

    examined: int
    pending: int


@dataclass(frozen=True)
class StoredEvent:
    """An event as stored, with what the centre knows of its terminal."""

    terminal: bytes
    epoch: int
    sequence: int
    data: bytes
    hash: bytes
    operator: str
    watermark: int


@dataclass(frozen=True)
class Examination:
    """The result for one event; money in fen.

    `list_fare`: of holder and admitted companions; `paid`: what they were left to pay; `claimed`: the rest,
    as the terminal has it; `due`: as the rules have it. All zero for a refused tap. `agrees`: the terminal's
    decision is the recomputed one. `content` is the publication that it was judged by. `card` (a pseudonym)
    and `proof_digest` are empty where there was none.
    """

    proof: Proof
    reason: Reason
    agrees: bool = False
    card: bytes = b""
    counter: int = 0
    proof_digest: bytes = b""
    list_fare: int = 0
    paid: int = 0
    claimed: int = 0
    due: int = 0
    content: int = 0


class Pseudonyms:
    """Names for cards and proofs that only this centre can link to them."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def card(self, credential: TapCredential) -> bytes:
        """The same for every tap of a card."""
        return hmac_sm3(self._key, b"card" + credential.issuer_key_id + credential.card_id)[:_PSEUDONYM_BYTES]

    def proof(self, signature: bytes) -> bytes:
        """The same for every appearance of a proof; empty for none."""
        return hmac_sm3(self._key, b"proof" + signature)[:_PSEUDONYM_BYTES] if signature else b""


class Unsealer:
    """Opens the sealed parts of events, remembering the segment it is in."""

    def __init__(self, center: Center) -> None:
        self._store, self._key = center.store, center.keys.sealing
        self._place: tuple[bytes, int, bytes] | None = None
        self._opener: SegmentOpener | None = None
        self._first_sequence = 0
        self._next_index = 0

    def knows(self, event: UsageEvent) -> bool:
        """Whether the header of the event's segment is here."""
        place = (event.terminal, event.epoch, event.segment)
        if self._place == place:
            return True
        if event.segment_header and segment_id(event.segment_header) == event.segment:
            self._remember(place, event)
        with self._store.reading() as connection:
            row = connection.execute(
                "SELECT header, first_sequence FROM segments "
                "WHERE terminal = ? AND epoch = ? AND segment = ?",
                place,
            ).fetchone()
        if row is None:
            return False
        header, self._first_sequence = row
        try:
            self._opener = SegmentOpener(self._key, header)
        except SealBroken:
            self._opener = None
        self._place, self._next_index = place, 0
        return True

    def open(self, event: UsageEvent) -> SealedEvidence:
        """The sealed part of an event; later ones of a segment only after earlier ones.

        Raises SealBroken or EventMalformed.
        """
        if not self.knows(event) or self._opener is None:
            raise SealBroken(detail="its segment has no header for this centre")
        ahead = event.index - (event.sequence - self._first_sequence)
        if not 0 <= ahead <= MAX_UNUSED_INDEXES or event.index < self._next_index:
            raise SealBroken(detail="its index does not fit its place in the segment")
        self._next_index = event.index + 1
        return SealedEvidence.from_bytes(self._opener.open(event.index, event.sealed, event.seal_context()))

    def _remember(self, place: tuple[bytes, int, bytes], event: UsageEvent) -> None:
        with self._store.transaction() as connection:
            connection.execute(
                "INSERT INTO segments (terminal, epoch, segment, header, first_sequence) "
                "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (*place, event.segment_header, event.sequence),
            )


class NamedContent:
    """The newest publication that the earlier events of each chain were judged by; asked in their order."""

    def __init__(self, center: Center) -> None:
        self._store, self._publications = center.store, center.publications
        self._seen: dict[tuple[bytes, int], tuple[int, int]] = {}

    def before(self, stored: StoredEvent) -> Content | None:
        """What the chain had before this event; None at its beginning. Raises ContentInvalid."""
        chain = (stored.terminal, stored.epoch)
        after, newest = self._seen.get(chain, (0, 0))
        with self._store.reading() as connection:
            (found,) = connection.execute(
                "SELECT MAX(content) FROM examined WHERE terminal = ? AND epoch = ? "
                "AND sequence > ? AND sequence < ?",
                (*chain, after, stored.sequence),
            ).fetchone()
        newest = max(newest, found or 0)
        self._seen[chain] = (stored.sequence - 1, newest)
        return self._publications.numbered(newest) if newest else None

    def note(self, stored: StoredEvent, content: int) -> None:
        """This event, whose result is not stored yet, was judged by that publication."""
        _after, newest = self._seen.get((stored.terminal, stored.epoch), (0, 0))
        self._seen[stored.terminal, stored.epoch] = (stored.sequence, max(newest, content))


def examine_events(center: Center) -> Progress:
    """Examine every event that was not yet; safe to stop and to repeat at any time."""
    unsealer, pseudonyms = Unsealer(center), Pseudonyms(center.keys.pseudonym)
    named = NamedContent(center)
    examined = pending = 0
    for page in _unexamined(center.store):
        results: list[tuple[StoredEvent, UsageEvent | None, Examination]] = []
        for stored in page:
            event = _parse(stored)
            if event is None:
                results.append((stored, None, Examination(Proof.INVALID, Reason.BYTES_ALTERED)))
            elif stored.sequence > stored.watermark and not unsealer.knows(event):
                # Its segment's header may be in a gap below; once there is none, it will never open.
                pending += 1
            else:
                try:
                    result = _examine(stored, event, unsealer, pseudonyms, center.publications, named)
                except ContentInvalid:
                    # The centre's own copy is damaged: no fault of whoever tapped, and no reason to stop.
                    pending += 1
                    continue
                named.note(stored, result.content)
                results.append((stored, event, result))
        _keep(center.store, results)
        examined += len(results)
    return Progress(examined, pending)


def judge_credential(  # noqa: PLR0911  a reason each
    event: UsageEvent, evidence: SealedEvidence, trust: TrustStore
) -> TapCredential | Reason:
    """The credential, if card and issuer both stand behind the event; else why not."""
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
    if not credential.issued <= local_date(event.time_ms) <= credential.expires:
        return Reason.CREDENTIAL_NOT_IN_FORCE
    return credential


def _examine(  # noqa: PLR0911, PLR0917  a result each, and what it takes
    stored: StoredEvent,
    event: UsageEvent,
    unsealer: Unsealer,
    pseudonyms: Pseudonyms,
    publications: Publications,
    named: NamedContent,
) -> Examination:
    try:
        evidence = unsealer.open(event)
    except SealBroken:
        return _face_value(event, Examination(Proof.INVALID, Reason.SEAL_BROKEN))
    except EventMalformed:
        return _face_value(event, Examination(Proof.INVALID, Reason.EVIDENCE_MALFORMED))
    digest = pseudonyms.proof(evidence.signature)
    if event.outcome not in _JUDGED_BY_RULES:
        return Examination(Proof.NONE, Reason.FINE, agrees=True, proof_digest=digest)
    content = publications.numbered(event.content)
    if content is None or content.rules.version != event.pack_version:
        return _face_value(event, Examination(Proof.INVALID, Reason.RULES_UNKNOWN, proof_digest=digest))
    # No honest terminal judges by a time before what the centre signed (terminal.timekeeping).
    if content.made_ms > event.time_ms + CLOCK_LEEWAY_MS:
        return _face_value(event, Examination(Proof.INVALID, Reason.CONTENT_FROM_FUTURE, proof_digest=digest))
    # Whoever had a newer list once has it still, whatever older one an event names.
    strictest = max(content, named.before(stored) or content, key=lambda one: one.version)
    judged = judge_credential(event, evidence, strictest.trust)
    if isinstance(judged, Reason):
        return _face_value(event, Examination(Proof.INVALID, judged, proof_digest=digest))
    proven = Examination(
        Proof.VALID,
        Reason.FINE,
        content=content.version,
        card=pseudonyms.card(judged),
        counter=evidence.counter,
        proof_digest=digest,
    )
    decision = _recompute(stored, event, judged, content, strictest)
    if isinstance(decision, Reason):
        return _face_value(event, replace(proven, reason=decision))
    return _compare(event, decision, proven)


def _recompute(
    stored: StoredEvent,
    event: UsageEvent,
    credential: TapCredential,
    content: Content,
    strictest: Content,
) -> Decision | Reason:
    """The decision under the publication that the event names; or what speaks against the event."""
    try:
        service = content.catalogue.item(event.service)
    except ServiceUnknown:
        return Reason.SERVICE_UNKNOWN
    if service.operator != stored.operator:
        return Reason.OPERATOR_DIFFERS
    # Below it lies many a fare by distance; above it lies only what the state would overpay.
    if event.fare > service.fare:
        return Reason.FARE_ABOVE_LIST
    if strictest.hotlist.status(credential.card_id, credential.issued) is not None:
        return Reason.CARD_HOTLISTED
    return decide(
        CardFacts.from_credential(credential),
        service,
        event.time_ms,
        event.fare,
        Party(event.companions),
        content.rules,
        hotlist_age=content.hotlist.age(local_date(event.time_ms)),
    )


def _compare(event: UsageEvent, decision: Decision, proven: Examination) -> Examination:
    agrees = (event.outcome, event.holder_pays, event.companion_pays) == (
        decision.outcome,
        decision.holder_pays,
        decision.companion_pays,
    )
    due = 0
    if decision.outcome.granted:
        due = event.fare - decision.holder_pays
        due += decision.companions_admitted * (event.fare - decision.companion_pays)
    result = replace(
        proven, reason=Reason.FINE if agrees else Reason.DECISION_DIFFERS, agrees=agrees, due=due
    )
    if agrees and not event.outcome.granted:
        return result
    if agrees:
        return _claim(event, decision.companions_admitted, result)
    return _face_value(event, result)


def _face_value(event: UsageEvent, result: Examination) -> Examination:
    """The result with the claim as the event states it, with every companion counted as admitted."""
    if not event.outcome.granted:
        return result
    companions = event.companions if event.outcome is Outcome.GRANTED_WITH_COMPANION else 0
    return _claim(event, companions, result)


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


def _unexamined(store: CenterStore) -> Iterator[list[StoredEvent]]:
    """Pages of unexamined events in the order of their chains, past those that have to wait."""
    after = (b"", 0, 0)
    while True:
        with store.reading() as connection:
            rows = connection.execute(
                "SELECT terminal, epoch, sequence, bytes, hash, operator, watermark "
                "FROM events JOIN terminals USING (terminal, epoch) "
                "WHERE (terminal, epoch, sequence) > (?, ?, ?) AND NOT EXISTS ("
                "  SELECT 1 FROM examined WHERE examined.terminal = events.terminal"
                "  AND examined.epoch = events.epoch AND examined.sequence = events.sequence) "
                "ORDER BY terminal, epoch, sequence LIMIT ?",
                (*after, PAGE),
            ).fetchall()
        if not rows:
            return
        page = [StoredEvent(*row) for row in rows]
        after = (page[-1].terminal, page[-1].epoch, page[-1].sequence)
        yield page


def _keep(store: CenterStore, results: list[tuple[StoredEvent, UsageEvent | None, Examination]]) -> None:
    with store.transaction() as connection:
        connection.executemany(
            "INSERT INTO examined (terminal, epoch, sequence, operator, service, day, outcome, granted, "
            "proof, reason, card, counter, proof_digest, list_fare, paid, claimed, due, agrees, content) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [_row(stored, event, result) for stored, event, result in results],
        )


def _row(stored: StoredEvent, event: UsageEvent | None, result: Examination) -> tuple[object, ...]:
    return (
        stored.terminal,
        stored.epoch,
        stored.sequence,
        stored.operator,
        event.service if event else "",
        (local_date(event.time_ms) if event else date.min).isoformat(),
        event.outcome.value if event else "",
        event.outcome.granted if event else False,
        result.proof.value,
        result.reason.value,
        result.card,
        result.counter,
        result.proof_digest,
        result.list_fare,
        result.paid,
        result.claimed,
        result.due,
        result.agrees,
        result.content,
    )
