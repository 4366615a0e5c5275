"""Recording that a holder was here: a visit, a coming, a going. Nothing is decided, so nothing is claimed."""

from __future__ import annotations

from card.verification import VerifiedCard
from terminal.events.event import UsageEvent
from terminal.events.outcome import Outcome
from terminal.journal.writer import EventDraft
from terminal.presence import Presented, TapDesk, evidence_of


def record_presence(
    desk: TapDesk,
    presented: Presented,
    card: VerifiedCard,
    refers_to: int = 0,
    words: str = "",
    *,
    voice: bytes = b"",
) -> UsageEvent:
    """The event of a genuine card, on the disk; `words` are sealed to the centre with its proof.

    `voice` is a recording that was sealed already, kept beside it. Where the request is unconfirmed, so is
    the event (terminal.journal.unconfirmed).

    Raises TapNotRecorded, FileNotWritten.
    """
    request, content = presented.request, presented.content
    draft = EventDraft(
        kind=request.kind,
        refers_to=refers_to,
        service=request.service.code,
        fare=request.fare,
        ticket=request.ticket,
        companions=request.party.companions,
        outcome=Outcome.RECORDED,
        holder_pays=request.fare,
        companion_pays=request.fare,
        pack_version=content.rules.version,
        content=content.version,
        nonce=presented.challenge.nonce,
        holder_ref=desk.day_keys.reference(card.credential.card_id, presented.today),
    )
    evidence = evidence_of(card.credential, card.proof, words=words)
    event = desk.journal.append(
        presented.place, draft, evidence, voice=voice, is_unconfirmed=request.is_unconfirmed
    )
    # No tap: a companion card rides free behind a tap alone.
    desk.succession.forget()
    return event
