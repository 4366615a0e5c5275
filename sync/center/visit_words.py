"""Judging what a desk wrote down about a visit: did the card sign for it, and was its holder there?"""

from __future__ import annotations

from typing import Final

from crypto.credential import TapCredential
from sync.center.examination import Reason
from sync.center.same_card import is_same_card_that_day
from terminal.events.errors import EventMalformed
from terminal.events.event import SealedEvidence, UsageEvent
from terminal.events.kind import EventKind
from terminal.modes.attendance_answer import Attendance
from terminal.modes.counter_note import CounterNote

# Why a tap at an attendance desk changed nothing. It claims nothing and names no service.
_UNCHANGED: Final = frozenset(answer.value for answer in Attendance if answer.changes_nothing)


def judge_visit(
    event: UsageEvent,
    evidence: SealedEvidence,
    credential: TapCredential,
    visit: tuple[UsageEvent, SealedEvidence] | None,
) -> Reason:
    """FINE for words beside a visit, a coming or a going as an honest desk records them.

    `credential` is the one that stands behind it; `visit` the earlier event that it refers to, opened.
    """
    if event.kind is not EventKind.VISIT:
        return Reason.WORDS_DIFFER
    if evidence.words in _UNCHANGED:
        return Reason.FINE
    try:
        note = CounterNote.from_words(evidence.words)
    except EventMalformed:
        return Reason.WORDS_DIFFER
    if note.commitment(event.refers_to) != event.nonce:
        return Reason.WORDS_DIFFER
    is_there = visit is not None and _is_visit_of(event, credential, *visit)
    return Reason.FINE if is_there else Reason.REGISTERED_FOR_NOBODY


def _is_visit_of(
    event: UsageEvent, credential: TapCredential, visit: UsageEvent, shown: SealedEvidence
) -> bool:
    """Whether the earlier event is a visit of this very card to the same counter, on the same day."""
    return (
        visit.kind is EventKind.VISIT
        and visit.service == event.service
        and is_same_card_that_day(event, credential, visit, shown)
    )
