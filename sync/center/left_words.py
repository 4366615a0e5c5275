"""Judging what was left with a card: did it sign for these words, and did its holder have the service?"""

from __future__ import annotations

from typing import Final

from crypto.credential import TapCredential
from sync.center.examination import Reason
from sync.center.same_card import is_same_card_that_day
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
    is_had = (
        rated is not None and rated[0].kind.is_service and is_same_card_that_day(event, credential, *rated)
    )
    return Reason.FINE if is_had else Reason.RATES_NOTHING
