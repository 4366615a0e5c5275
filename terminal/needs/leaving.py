"""Leaving a need or a rating at a terminal, and asking for the answers: each with the card in hand.

    event = leave_need(terminal, connection, need("AIDS", "轮椅坏了"))
    event = rate(terminal, connection, sequence, rating(5))
    for answer in status_of(terminal, connection): …

In the clear an event says no more than that a need or a rating was left at this terminal's own service; what
it is about is sealed to the centre with the card's proof.
"""

from __future__ import annotations

from card.connection import CardConnection
from card.verification import Refusal, VerifiedCard
from terminal.assembly import Terminal
from terminal.decisions.card_facts import Party
from terminal.decisions.decide import local_date
from terminal.events.event import UsageEvent
from terminal.events.kind import EventKind
from terminal.events.voice import seal_voice
from terminal.modes.recording import record_presence
from terminal.needs.answers import Answer
from terminal.needs.contents import Left, Need, Rating, VoiceNote
from terminal.needs.errors import NoServiceToday, NothingToRate, RatedAlready, RatingOfAnother, RatingTooLate
from terminal.needs.recording_form import require_recording
from terminal.presence import Presented, TapDesk, TapRequest, present, record_refusal


def leave_need(terminal: Terminal, connection: CardConnection, need: Need, voice: bytes = b"") -> UsageEvent:
    """Record a need, with the recording that it names; both are on the disk, sealed, when this returns.

    In training the recording is thrown away. Raises ServiceUnknown for an item that the catalogue has not,
    VoiceRefused, DiskNearlyFull for a recording that would take the room of taps, the card's TapRefused (a
    refused tap is recorded without what was said), TapNotRecorded, and as `present`.
    """
    desk = terminal.desk
    require_leavable(desk, need, voice)
    presented, card = _presented(terminal, connection, EventKind.NEED, need)
    sealed = b""
    if voice and not desk.owner.is_training:
        place, key = presented.place.sequence, presented.content.trust.center_sealing_key
        sealed = seal_voice(desk.owner.terminal, desk.owner.epoch, place, voice, key).to_bytes()
    return record_presence(desk, presented, card, words=need.to_text(), voice=sealed)


def require_leavable(desk: TapDesk, need: Need, voice: bytes = b"") -> None:
    """Raise what stands against a need before anybody's card is read, as `leave_need` does."""
    desk.contents.current().catalogue.item(need.item)
    if need.voice != (VoiceNote.of(voice) if voice else None):
        raise ValueError("the need names another recording")
    if voice:
        require_recording(voice)
        if (trouble := desk.journal.disk.trouble()) is not None:
            raise trouble


def rate(terminal: Terminal, connection: CardConnection, sequence: int | None, rating: Rating) -> UsageEvent:
    """Record what a holder thinks of the service of event `sequence`: of today, of this card, once.

    None: this card's last one, for which the card signs twice. Raises NoServiceToday, NothingToRate,
    RatingTooLate, RatedAlready, RatingOfAnother, and as `leave_need`.
    """
    if sequence is None:
        sequence = last_service(terminal, connection, rating)
    rated = require_ratable(terminal.desk, sequence)
    presented, card = _presented(terminal, connection, EventKind.RATING, rating, sequence)
    # Only here is it known whose card it is. Nothing is recorded of a card that rates another's service.
    if presented.today != local_date(rated.time_ms):
        raise RatingTooLate(sequence=sequence)
    if terminal.desk.day_keys.reference(card.credential.card_id, presented.today) != rated.holder_ref:
        raise RatingOfAnother(sequence=sequence)
    return record_presence(terminal.desk, presented, card, sequence, rating.to_text())


def status_of(terminal: Terminal, connection: CardConnection) -> tuple[Answer, ...]:
    """How the needs of this card's holder stand, newest first, as the content in force has it.

    The card has to prove itself, and nothing is recorded: that somebody asked is nobody's business. Raises
    TapRefused, AnswersMalformed, and as `present`.
    """
    request = TapRequest(terminal.service, 0, Party(), kind=EventKind.VISIT)
    presented = present(terminal.desk, connection, request)
    if isinstance(presented.verification, Refusal):
        raise presented.verification.error
    return presented.content.answers.of_card(presented.verification.credential)


def last_service(terminal: Terminal, connection: CardConnection, rating: Rating) -> int:
    """The sequence of this card's newest service of today that was not cancelled, for `rating` to be about.

    The card has to prove itself for it, and does so again when the rating is recorded: what it signs then
    names the service. Raises NoServiceToday, and as `leave_need`.
    """
    desk = terminal.desk
    presented, card = _presented(terminal, connection, EventKind.RATING, rating)
    reference = desk.day_keys.reference(card.credential.card_id, presented.today)
    for sequence in range(presented.place.sequence - 1, 0, -1):
        event = desk.journal.event(sequence)
        if event is None or local_date(event.time_ms) != presented.today:
            break
        if (
            event.kind.is_service
            and event.holder_ref == reference
            and not desk.journal.is_cancelled(sequence)
        ):
            return sequence
    raise NoServiceToday


def require_ratable(desk: TapDesk, sequence: int) -> UsageEvent:
    """The event, if it can still be rated by somebody. Raises as `rate` does then."""
    event = desk.journal.event(sequence)
    # A refused tap has no holder reference: nothing here tells whose it was.
    if event is None or not event.kind.is_service or not event.holder_ref:
        raise NothingToRate(sequence=sequence)
    if desk.journal.is_cancelled(sequence):
        raise NothingToRate(sequence=sequence)
    place = desk.journal.next_place()
    # The key of the references is destroyed with its day (terminal.holder_reference).
    if local_date(event.time_ms) != local_date(place.time_ms):
        raise RatingTooLate(sequence=sequence)
    rated_by = (EventKind.RATING, sequence)
    for later in range(sequence + 1, place.sequence):
        found = desk.journal.event(later)
        # One by a card that was refused has no holder reference, and rates nothing.
        if found is not None and found.holder_ref and (found.kind, found.refers_to) == rated_by:
            raise RatedAlready(sequence=sequence)
    return event


def _presented(
    terminal: Terminal, connection: CardConnection, kind: EventKind, left: Left, refers_to: int = 0
) -> tuple[Presented, VerifiedCard]:
    """The card, once it has proved itself and signed for what is left."""
    request = TapRequest(
        terminal.service,
        0,
        Party(),
        kind=kind,
        refers_to=refers_to,
        commitment=left.commitment(refers_to),
    )
    presented = present(terminal.desk, connection, request)
    if isinstance(presented.verification, Refusal):
        record_refusal(terminal.desk, presented, presented.verification)
        raise presented.verification.error
    return presented, presented.verification
