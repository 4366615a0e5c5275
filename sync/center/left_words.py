"""Judging what was left with a card: did it sign for these words, and did its holder have the service?"""

from __future__ import annotations

from typing import Final

from crypto.credential import TapCredential
from crypto.errors import CredentialMalformed
from sync.center.examination import Reason
from terminal.decisions.decide import local_date
from terminal.events.event import SealedEvidence, UsageEvent
from terminal.events.kind import EventKind
from terminal.needs.contents import Need, Rating, left_from_text
from terminal.needs.errors import NeedMalformed

_SHAPES: Final = {EventKind.NEED: Need, EventKind.RATING: Rating}


def judge_left(
    event: UsageEvent,
    evidence: SealedEvidence,
    credential: TapCredential,
    rated: tuple[UsageEvent, SealedEvidence] | None,
) -> Reason:
    """FINE for a need or rating as an honest terminal records it.

    `credential` is the one that stands behind it; `rated` the earlier event that it refers to, opened.
    """
    try:
        left = left_from_text(evidence.words)
    except NeedMalformed:
        return Reason.WORDS_DIFFER
    if not isinstance(left, _SHAPES[event.kind]) or left.commitment(event.refers_to) != event.nonce:
        return Reason.WORDS_DIFFER
    if event.kind is EventKind.NEED:
        return Reason.FINE if event.refers_to == 0 else Reason.RATES_NOTHING
    return (
        Reason.FINE
        if rated is not None and _is_same_service(event, credential, *rated)
        else (Reason.RATES_NOTHING)
    )


def _is_same_service(
    event: UsageEvent, credential: TapCredential, rated: UsageEvent, shown: SealedEvidence
) -> bool:
    """Whether the rated event is a service of this very card, on the same day."""
    try:
        holder = TapCredential.from_bytes(shown.credential)
    except CredentialMalformed:
        return False
    return (
        rated.kind.is_service
        and holder == credential
        and local_date(rated.time_ms) == local_date(event.time_ms)
    )
