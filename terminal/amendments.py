"""Taking back what was recorded: a new event that refers to the old one, which stays as it is.

A cancellation makes an event count for nothing, a correction for a smaller party or a lower fare. No card
takes part, so neither can ever claim more than the card once signed for; the centre sees to that, too.
"""

from __future__ import annotations

import secrets

from terminal.amendment_errors import AmendsUpwards, CancelledAlready, NothingToAmend
from terminal.events.challenge import NONCE_BYTES
from terminal.events.event import UsageEvent
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome
from terminal.journal.writer import EventDraft
from terminal.presence import TapDesk, evidence_of


def cancel(desk: TapDesk, sequence: int) -> UsageEvent:
    """Record that an event of this journal does not count; a quota that it used is given back.

    Only while this process runs is it known whose quota that was: later, the centre alone gives it back. What
    is of a sale that was never confirmed has used nothing.
    Raises NothingToAmend, CancelledAlready, TapNotRecorded, JournalUnavailable, JournalDamaged.
    """
    original = _original(desk, sequence)
    return _record(desk, original, EventKind.CANCELLATION, original.fare, original.companions)


def correct(desk: TapDesk, sequence: int, fare: int, companions: int) -> UsageEvent:
    """Record that a tap was for a lower fare (fen) or fewer companions.

    Never for more than the last correction left of it: raises also AmendsUpwards.
    """
    original = _original(desk, sequence)
    if original.kind is not EventKind.TAP:
        raise NothingToAmend(sequence=sequence)
    left = desk.journal.last_correction(sequence) or original
    if fare > left.fare or companions > left.companions or min(fare, companions) < 0:
        raise AmendsUpwards(sequence=sequence)
    return _record(desk, original, EventKind.CORRECTION, fare, companions)


def _original(desk: TapDesk, sequence: int) -> UsageEvent:
    original = desk.journal.event(sequence)
    if original is None or original.kind.amends:
        raise NothingToAmend(sequence=sequence)
    if desk.journal.is_cancelled(sequence):
        raise CancelledAlready(sequence=sequence)
    return original


def _record(desk: TapDesk, original: UsageEvent, kind: EventKind, fare: int, companions: int) -> UsageEvent:
    content = desk.contents.current()
    desk.journal.seal_to(content.trust.center_sealing_key)
    draft = EventDraft(
        kind=kind,
        refers_to=original.sequence,
        service=original.service,
        fare=fare,
        ticket=original.ticket,
        companions=companions,
        outcome=Outcome.RECORDED,
        holder_pays=fare,
        companion_pays=fare,
        pack_version=original.pack_version,
        content=content.version,
        nonce=secrets.token_bytes(NONCE_BYTES),
        holder_ref=b"",
    )
    given_back = desk.quotas.used_by(original.sequence) if kind is EventKind.CANCELLATION else None
    event = desk.journal.append(
        desk.journal.next_place(), draft, evidence_of(None, None), given_back=given_back
    )
    if kind is EventKind.CANCELLATION:
        desk.quotas.note_given_back(original.sequence)
    # A companion card rides free behind a tap that counts.
    desk.succession.forget()
    return event
