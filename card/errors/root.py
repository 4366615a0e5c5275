"""The roots of the exception tree, and the reasons why a card may not be accepted."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from crypto.explained import ExplainedError


class RefusalReason(StrEnum):
    """Why a card is not accepted."""

    FOREIGN_CARD = "foreign_card"
    TORN = "torn"
    TOO_SLOW = "too_slow"
    UNREADABLE = "unreadable"
    UNKNOWN_ISSUER = "unknown_issuer"
    FORGED = "forged"
    CLONED = "cloned"
    REPLAYED = "replayed"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    HOTLISTED = "hotlisted"
    ISSUER_REVOKED = "issuer_revoked"
    DEACTIVATED = "deactivated"


class CardError(ExplainedError):
    """Root of everything that `card` raises."""


class TapRefused(CardError):
    """Root of the errors that are a finding about the card itself."""

    reason: ClassVar[RefusalReason]
