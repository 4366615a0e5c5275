"""What the centre finds out of one event: whether a card stands behind it, and what it claims and is due."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from crypto.credential import TapCredential
from crypto.sm3 import hmac_sm3
from sync.reconcile.findings import FindingKind
from terminal.decisions.window import Window

_PSEUDONYM_BYTES: Final = 16


class Proof(StrEnum):
    """Whether a card's own signature stands behind an event."""

    VALID = "valid"
    INVALID = "invalid"
    NONE = "none"  # a refused tap, which claims nothing and need not prove anything


class Reason(StrEnum):
    """Why a proof is invalid or a decision does not agree; or what to look into though it does."""

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
    AMENDS_NOTHING = "amends_nothing"
    AMENDS_UPWARDS = "amends_upwards"
    CONTINUES_NOTHING = "continues_nothing"
    HOLDER_NOT_VALID = "holder_not_valid"  # a companion card behind a holder's tap that nothing stands behind
    WORDS_DIFFER = "words_differ"  # the card did not sign for what was left or registered with it
    RATES_NOTHING = "rates_nothing"  # no service of the same card on the same day
    REGISTERED_FOR_NOBODY = "registered_for_nobody"  # no visit of the same card on the same day
    REFUSED_THOUGH_VALID = FindingKind.REFUSED_THOUGH_VALID.value
    CARD_HOTLISTED = FindingKind.CARD_HOTLISTED.value
    CONTENT_WENT_BACK = FindingKind.CONTENT_WENT_BACK.value
    TERMINAL_REVOKED = FindingKind.TERMINAL_REVOKED.value


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
    revoked_ms: int | None
    received_ms: int


@dataclass(frozen=True)
class QuotaUse:
    """What one tap says of one card's count of one quota in one window, which `tally` (a pseudonym) names.

    `most`: the uses that the rules give; `said`: how many the terminal says there were before; `used`:
    whether this tap is one.
    """

    tally: bytes
    most: int
    said: int
    used: bool


@dataclass(frozen=True)
class Examination:
    """The result for one event; money in fen.

    `list_fare`: of holder and admitted companions; `paid`: what they were left to pay; `claimed`: the rest,
    as the terminal has it; `due`: as the rules have it. All zero for a refused tap. `agrees`: the terminal's
    decision is the recomputed one. `content` is the publication that it was judged by. `card` (a pseudonym)
    and `proof_digest` are empty where there was none. `goes_with`: of a companion card's tap the sequence of
    its holder's, behind which it came; 0 else. `journey`: the sequence of the first granted tap of those that
    continue or replace one another; of a tap that stands alone its own, and 0 where nothing was granted.
    `uses`: what it says of quotas.
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
    goes_with: int = 0
    journey: int = 0
    uses: tuple[QuotaUse, ...] = ()


class Pseudonyms:
    """Names for cards and proofs that only this centre can link to them."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def card(self, credential: TapCredential) -> bytes:
        """The same for every tap of a card."""
        return hmac_sm3(self._key, b"card" + credential.issuer_key_id + credential.card_id)[:_PSEUDONYM_BYTES]

    def tally(self, credential: TapCredential, quota: str, window: Window) -> bytes:
        """The same for every tap of a card that counts under a quota in one window.

        Of two cards it differs, so that nobody sees which of them share a quota.
        """
        text = f"{quota} {window.first.isoformat()} {window.last.isoformat()}".encode()
        return hmac_sm3(self._key, b"tally" + credential.card_id + text)[:_PSEUDONYM_BYTES]

    def proof(self, signature: bytes) -> bytes:
        """The same for every appearance of a proof; empty for none."""
        return hmac_sm3(self._key, b"proof" + signature)[:_PSEUDONYM_BYTES] if signature else b""
