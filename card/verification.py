"""Whether the card on the reader is genuine, valid and present: small named steps, each with evidence.

`verify()` runs SELECT, then checks the credential's form and issuer, lets the chip prove its key on a fresh
challenge, checks both signatures, and looks at validity and hotlist. Every step leaves an EvidenceStep; the
first that fails ends the tap with a typed Refusal. A foreign card is known after SELECT, and named after one
command more.

    with reader.wait_for_card(timeout=None) as connection:
        result = verify(connection, reference_profile(), trust, challenge.to_bytes(), today, hotlist)
    if isinstance(result, VerifiedCard): …
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import TracebackType
from typing import Final, Protocol

from card.answer_time import TimelyConnection
from card.connection import CardConnection
from card.errors import (
    CardCloned,
    CardHotlisted,
    CredentialExpired,
    CredentialForged,
    CredentialNotYetValid,
    IssuerRevoked,
    ProofReplayed,
    RefusalReason,
    TapRefused,
    UnknownIssuer,
)
from card.identity import IdentitySession
from card.profile import CardProfile
from card.recognition import naming_foreign_cards
from card.seen_proofs import SeenProofs
from crypto.credential import TapCredential
from crypto.tap_proof import TapProof
from crypto.trust import IssuerKey, TrustStore

# All answers of one tap together; a card may not hold up those behind it by being a little late each time.
TAP_SECONDS: Final = 5.0


class StepName(StrEnum):
    """The steps, in the order in which they run."""

    SELECT = "select"
    PARSE_CREDENTIAL = "parse_credential"
    ISSUER_KNOWN = "issuer_known"
    INTERNAL_AUTHENTICATE = "internal_authenticate"
    ISSUER_SIGNATURE = "issuer_signature"
    TAP_PROOF = "tap_proof"
    VALIDITY = "validity"
    HOTLIST = "hotlist"


class StepResult(StrEnum):
    """How a step ended."""

    PASSED = "passed"
    REFUSED = "refused"


@dataclass(frozen=True)
class EvidenceStep:
    """One step, its result and the time it took in microseconds. Holds nothing of the card's contents."""

    name: StepName
    result: StepResult
    microseconds: int


class CardStatusList(Protocol):
    """A hotlist: knows which cards must not be accepted."""

    def status(self, card_id: bytes, issued: date) -> str | None:
        """The status of the card issued on that day, or None when it is not listed."""


@dataclass(frozen=True)
class VerifiedCard:
    """A card that passed every step: what it says of itself is the issuer's word, and its chip is present."""

    credential: TapCredential
    proof: TapProof
    evidence: tuple[EvidenceStep, ...]


@dataclass(frozen=True)
class Refusal:
    """Why a card is not accepted.

    `credential` and `proof` hold what was read before the refusal, for the journal alone: before
    ISSUER_SIGNATURE passed, anybody may have written them.
    """

    reason: RefusalReason
    error: TapRefused
    credential: TapCredential | None
    proof: TapProof | None
    evidence: tuple[EvidenceStep, ...]


Verification = VerifiedCard | Refusal


def verify(  # noqa: PLR0917  in the order in which they come into play
    connection: CardConnection,
    profile: CardProfile,
    trust: TrustStore,
    challenge: bytes,
    today: date,
    hotlist: CardStatusList,
    aside: Executor | None = None,
    seen: SeenProofs | None = None,
    grace_days: int = 0,
) -> Verification:
    """Verify the card on `connection` against the trust store, on this challenge and day.

    `aside` checks the issuer's signature while the chip makes its own, which takes the chip a hundred
    milliseconds; without it the one comes after the other. `seen` are the terminal's earlier proofs, by which
    a replayed answer is told from a clone's. A card is taken for `grace_days` after its last day, where the
    rules of a service say so. Raises only what is not the card's doing: ReaderGone,
    PcscServiceGone and PcscFailed from the reader, and ValueError for a challenge of the wrong length.
    """
    timely = TimelyConnection(connection, together=TAP_SECONDS)
    session = IdentitySession(timely, profile)
    record = _Record()
    try:
        with record.step(StepName.SELECT), naming_foreign_cards(timely):
            fci = session.select()
        with record.step(StepName.PARSE_CREDENTIAL):
            record.credential = credential = fci.tap_credential()
        with record.step(StepName.ISSUER_KNOWN):
            issuer = known_issuer(credential, trust)
        with _issuer_signature(credential, issuer, aside) as is_signed:
            with record.step(StepName.INTERNAL_AUTHENTICATE):
                record.proof = proof = session.internal_authenticate(challenge)
            with record.step(StepName.ISSUER_SIGNATURE):
                require_issuer_signature(is_signed())
        with record.step(StepName.TAP_PROOF):
            require_tap_proof(proof, challenge, credential, seen)
        with record.step(StepName.VALIDITY):
            _require_validity(credential, today, grace_days)
        with record.step(StepName.HOTLIST):
            _require_unlisted(credential, hotlist)
    except TapRefused as error:
        return Refusal(error.reason, error, record.credential, record.proof, tuple(record.evidence))
    return VerifiedCard(credential, proof, tuple(record.evidence))


class _Record:
    """What has been read of the card so far, and how each step ended."""

    def __init__(self) -> None:
        self.credential: TapCredential | None = None
        self.proof: TapProof | None = None
        self.evidence: list[EvidenceStep] = []

    def step(self, name: StepName) -> _Step:
        """Time one step and note its result."""
        return _Step(self.evidence, name)


class _Step:
    """One step under way."""

    def __init__(self, evidence: list[EvidenceStep], name: StepName) -> None:
        self._evidence, self._name = evidence, name
        self._started = 0

    def __enter__(self) -> None:
        self._started = time.perf_counter_ns()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        result = StepResult.PASSED if kind is None else StepResult.REFUSED
        taken = (time.perf_counter_ns() - self._started) // 1000
        self._evidence.append(EvidenceStep(self._name, result, taken))


def known_issuer(credential: TapCredential, trust: TrustStore) -> IssuerKey:
    """The issuer's key for the credential's day of issue. Raises UnknownIssuer, IssuerRevoked."""
    issuer = trust.issuer(credential.issuer_key_id)
    if issuer is None or not issuer.covers(credential.issued):
        raise UnknownIssuer
    if issuer.is_revoked:
        raise IssuerRevoked
    return issuer


@contextmanager
def _issuer_signature(
    credential: TapCredential, issuer: IssuerKey, aside: Executor | None
) -> Iterator[Callable[[], bool]]:
    """Whether the issuer signed the credential, found out meanwhile where there is somebody to do so."""
    if aside is None:
        yield lambda: credential.verify_signature(issuer.public_key)
        return
    future = aside.submit(credential.verify_signature, issuer.public_key)
    try:
        yield future.result
    finally:
        future.cancel()


def require_issuer_signature(is_signed: bool) -> None:
    """The issuer signed the credential. Raises CredentialForged."""
    if not is_signed:
        raise CredentialForged


def require_tap_proof(
    proof: TapProof, challenge: bytes, credential: TapCredential, seen: SeenProofs | None = None
) -> None:
    """The chip holds the credential's private key. Raises CardCloned, ProofReplayed (seen before)."""
    is_old = seen is not None and proof in seen
    if seen is not None:
        # One that is wrong as well: a recording made elsewhere is known as such from the second time on.
        seen.add(proof)
    if not proof.verify(challenge, credential.card_key):
        raise ProofReplayed if is_old else CardCloned


def _require_validity(credential: TapCredential, today: date, grace_days: int) -> None:
    if today < credential.issued:
        raise CredentialNotYetValid(issued=credential.issued)
    if today > credential.expires + timedelta(days=grace_days):
        raise CredentialExpired(expires=credential.expires)


def _require_unlisted(credential: TapCredential, hotlist: CardStatusList) -> None:
    status = hotlist.status(credential.card_id, credential.issued)
    if status is not None:
        raise CardHotlisted(status)
