"""The validator's tap: as any tap, but that a card which was just served here is known when it comes back."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace

from card.connection import CardConnection
from card.verification import VerifiedCard
from terminal.decisions.card_facts import Party
from terminal.decisions.decide import local_date
from terminal.events.event import UsageEvent
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome
from terminal.journal.writer import EventDraft
from terminal.modes.journeys import Asked, Journeys, Returned
from terminal.modes.todays_events import todays_events
from terminal.presence import Presented, TapDesk, TapRequest, evidence_of, present
from terminal.return_windows import ReturnWindows
from terminal.tap import TapResult, conclude, microseconds_since
from terminal.wording import LEFT, RETURNED


class ValidatorTaps:
    """Taps at one terminal, one thread's. Raises what `tap` does, when made and at each tap."""

    def __init__(self, desk: TapDesk, windows: ReturnWindows) -> None:
        self._desk, self._journeys = desk, Journeys(windows)
        place = desk.journal.next_place()
        self._heard = place.sequence - 1
        self._open: list[int] = []  # of a sale that is open
        self._take_up(todays_events(desk.journal.event, self._heard, local_date(place.time_ms)))

    def tap(self, connection: CardConnection, request: TapRequest) -> TapResult:
        """One whole tap; when this returns, its event is durable."""
        started = time.perf_counter_ns()
        presented = present(self._desk, connection, request)
        card = presented.verification
        self._hear(presented.place.sequence - 1)
        returned = self._returned(presented, card) if isinstance(card, VerifiedCard) else None
        if isinstance(card, VerifiedCard) and returned is not None and returned.outcome is not None:
            event = self._record(presented, card, returned.outcome, returned.refers_to)
            result = TapResult.of_event(event, RETURNED[event.outcome], microseconds_since(started))
        else:
            instead_of = 0 if returned is None else returned.refers_to
            result, event = conclude(self._desk, presented, started, instead_of)
        self._note(event)
        return result

    def leave(self, connection: CardConnection, request: TapRequest) -> TapResult:
        """One tap at the exit: recorded, and nothing is due; whoever leaves is let out, whatever the card."""
        started = time.perf_counter_ns()
        leaving = replace(request, kind=EventKind.CHECK_OUT, fare=0, party=Party(0))
        presented = present(self._desk, connection, leaving)
        card = presented.verification
        if not isinstance(card, VerifiedCard):
            result, _event = conclude(self._desk, presented, started)
            return result
        self._hear(presented.place.sequence - 1)
        entered = self._journeys.rests_on(self._asked(presented, card), presented.place.time_ms)
        event = self._record(presented, card, Outcome.RECORDED, max(entered, default=0))
        self._note(event)
        return TapResult.of_event(event, LEFT, microseconds_since(started))

    def _note(self, event: UsageEvent) -> None:
        self._journeys.note(event)
        self._heard = event.sequence

    def _hear(self, last: int) -> None:
        """Take up what others recorded at this terminal since the tap before: who bought here may come in."""
        if last == self._heard and not self._open:
            return
        sequences = [*self._open, *range(self._heard + 1, last + 1)]
        found = [self._desk.journal.event(sequence) for sequence in sequences]
        self._heard = last
        self._take_up(event for event in found if event is not None)

    def _take_up(self, events: Iterable[UsageEvent]) -> None:
        """Those of an open sale wait for its end; what was cancelled by now never began anything."""
        journal = self._desk.journal
        unconfirmed, self._open = frozenset(journal.unconfirmed()), []
        for event in events:
            sequence, is_first = event.sequence, event.outcome.granted and not event.refers_to
            if sequence in unconfirmed:
                self._open.append(sequence)
            elif not (is_first and journal.is_cancelled(sequence)):
                self._journeys.note(event, is_sold=is_first and journal.is_sold(sequence))

    def _asked(self, presented: Presented, card: VerifiedCard) -> Asked:
        request = presented.request
        reference = self._desk.day_keys.reference(card.credential.card_id, presented.today)
        return Asked(reference, request.service.code, request.ticket, request.fare, request.party.companions)

    def _returned(self, presented: Presented, card: VerifiedCard) -> Returned | None:
        if presented.request.kind is not EventKind.TAP:
            return None
        asked, time_ms = self._asked(presented, card), presented.place.time_ms
        # The latest first: with its first tap the whole journey goes.
        for sequence in sorted(self._journeys.rests_on(asked, time_ms), reverse=True):
            if self._desk.journal.is_cancelled(sequence):
                self._journeys.take_out(asked, sequence)
        if resting := self._journeys.rests_on(asked, time_ms):
            left = self._desk.journal.last_correction(min(resting))
            if left is not None:
                self._journeys.correct(asked, left.fare, left.companions)
        return self._journeys.returned(asked, time_ms)

    def _record(
        self, presented: Presented, card: VerifiedCard, outcome: Outcome, refers_to: int
    ) -> UsageEvent:
        desk, request, content = self._desk, presented.request, presented.content
        is_free = outcome.settled_before
        draft = EventDraft(
            kind=request.kind,
            refers_to=refers_to,
            service=request.service.code,
            fare=request.fare,
            ticket=request.ticket,
            companions=request.party.companions,
            outcome=outcome,
            holder_pays=0 if is_free else request.fare,
            companion_pays=0 if is_free else request.fare,
            companions_admitted=request.party.companions if is_free else 0,
            pack_version=content.rules.version,
            content=content.version,
            nonce=presented.challenge.nonce,
            holder_ref=desk.day_keys.reference(card.credential.card_id, presented.today),
        )
        event = desk.journal.append(presented.place, draft, evidence_of(card.credential, card.proof))
        # Whoever goes with the holder taps behind this tap, as behind the first.
        desk.succession.note(event.sequence, event.time_ms, card.credential, outcome.admits)
        return event
