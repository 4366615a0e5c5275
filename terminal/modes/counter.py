"""The counter: who came, shown to staff alone for a minute, and what they came for, registered with the card.

    counter = Counter(terminal, reader, display, typed_order, psam)
    DeskLoop(terminal.desk.contents, reader, entries, counter).run()

Putting the card down records a visit with the card's proof. Where the terminal has a PSAM, staff then see
name, photo and guardian, which are wiped when the card leaves, or sooner. What staff saw and what is
registered are further events; the card signs anew for each, note included: so nobody can register anything
for a holder who is not there, nor exchange it afterwards. Without a PSAM the counter works by the tap
credential alone, and says so.

A companion card may be tapped within a minute after its holder's was taken away, and the holder's put back:
that is one visit.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, Protocol

from card.connection import CardConnection
from card.errors import CardError, NoCardInTime
from card.reader import CardReader
from card.verification import Refusal, VerifiedCard
from crypto.explained import ExplainedError, Text
from terminal.assembly import Terminal
from terminal.decisions.card_facts import Party
from terminal.decisions.catalogue import ServiceItem
from terminal.events.kind import EventKind
from terminal.modes.counter_errors import EntryRefused, NobodyAtCounter
from terminal.modes.counter_note import CounterNote, EyeCheck, Purpose, new_salt
from terminal.modes.counter_orders import Check, CounterOrder, ListDocuments, Register
from terminal.modes.entries import NOT_NOW
from terminal.modes.holder_data import HolderData
from terminal.modes.recording import record_presence
from terminal.modes.visit import LeftVisit, Visit
from terminal.presence import Presented, TapRequest, present, record_refusal
from terminal.tap import TapResult

SHOWN_MS: Final = 60_000
# The card lies there; this is for the reader to notice it.
RECONNECT_SECONDS: Final = 2.0
_A_STRANGER: Final = Text(
    zh="照片不符时只核对、不登记；持卡人或陪护人到场核对相符后再登记",
    en="nothing but comparisons while the photo differs; register when the holder, or a companion, was seen "
    "to match",
)

PsamOpener = Callable[[], AbstractContextManager[CardConnection]]


class CounterDisplay(Protocol):
    """What staff see, and what bystanders may; called from the loop's thread."""

    def ready(self) -> None:
        """A card is awaited."""

    def reading(self) -> None:
        """A card is being read."""

    def result(self, result: TapResult) -> None:
        """A card was refused."""

    def visit(self, visit: Visit) -> None:
        """A holder is here; data for the eyes of staff alone."""

    def companion(self, sequence: int, visit: int) -> None:
        """A companion card was tapped behind the visit of this number; 0: behind nobody's."""

    def registered(self, sequence: int, visit: int, service: ServiceItem, note: CounterNote) -> None:
        """Something was registered about `visit`, if only what staff saw; what, is for staff alone."""

    def documents(self, service: ServiceItem) -> None:
        """Which papers a service asks for."""

    def wiped(self) -> None:
        """Nothing of the holder may be seen any more."""

    def without_psam(self) -> None:
        """Names and photos can't be read here."""

    def trouble(self, error: ExplainedError) -> None:
        """Something is wrong that is not the card's doing."""


class Counter:
    """A `Desk` for visits; `read_order` turns an entry into an order, `psam` opens the PSAM's slot.

    `shown_ms`: how long a holder's data are kept while the card lies there.
    """

    def __init__(  # noqa: PLR0917  what it works with, each once
        self,
        terminal: Terminal,
        reader: CardReader,
        display: CounterDisplay,
        read_order: Callable[[str], CounterOrder],
        psam: PsamOpener | None,
        shown_ms: int = SHOWN_MS,
    ) -> None:
        self._terminal, self._reader = terminal, reader
        self._display, self._read_order, self._psam = display, read_order, psam
        self._shown_ms = shown_ms
        self._visit: Visit | None = None
        self._left: LeftVisit | None = None
        if psam is None:
            display.without_psam()

    def ready(self) -> None:
        """A card is awaited."""
        self._display.ready()

    def card(self, connection: CardConnection) -> None:
        """A holder came: record the visit, and read what staff may see. Raises as `present` does."""
        self._end_visit()
        self.turn()
        self._display.reading()
        presented = self._present(connection)
        card = presented.verification
        if isinstance(card, Refusal):
            self._refuse(presented, card)
        elif card.credential.is_companion_card:
            self._record_companion(presented, card)
        else:
            self._begin_visit(connection, presented, card)

    def card_left(self) -> None:
        """Nothing of the holder stays."""
        self._end_visit()

    def entry(self, line: str) -> None:
        """Carry out an order. Raises EntryRefused, ServiceUnknown, NobodyAtCounter and as `card` does."""
        match self._read_order(line):
            case Check() as order:
                self._compare(order)
            case ListDocuments(code):
                self._display.documents(self._service(code))
            case Register() as order:
                self._register(order)

    def turn(self) -> None:
        """Wipe what was shown long enough; forget who left long ago."""
        now_ms = self._monotonic_ms()
        visit = self._visit
        if visit is not None and visit.data is not None and now_ms - visit.begun_ms > self._shown_ms:
            visit.wipe()
            self._display.wiped()
        if self._left is not None and self._left.is_over(now_ms):
            self._left = None

    def trouble(self, error: ExplainedError) -> None:
        """Show what went wrong."""
        self._display.trouble(error)

    def close(self) -> None:
        """The counter closes: nothing of the holder stays."""
        self._end_visit()
        self._left = None

    def _begin_visit(self, connection: CardConnection, presented: Presented, card: VerifiedCard) -> None:
        """A new visit, or the one of a moment ago continued: the card was away, so staff look anew."""
        reference = self._terminal.desk.day_keys.reference(card.credential.card_id, presented.today)
        before, self._left = self._left, None
        if before is not None and not before.is_of(reference):
            before = None
        event = record_presence(
            self._terminal.desk, presented, card, refers_to=0 if before is None else before.sequence
        )
        self._visit = visit = Visit(
            event.sequence if before is None else before.sequence,
            reference,
            card.credential.card_id,
            self._monotonic_ms(),
            photo=EyeCheck.DIFFERS if before is not None and before.has_differed else EyeCheck.NOT_CHECKED,
            companion_tap=0 if before is None else before.companion_tap,
        )
        if self._psam is not None:
            try:
                with self._psam() as psam:
                    visit.data = HolderData.read(
                        connection,
                        psam,
                        self._terminal.desk.profile,
                        presented.content.trust,
                        card.credential,
                        presented.today,
                    )
                visit.assurance = visit.data.assurance
            except CardError as error:
                # The visit counts; what can't be read is compared with the printed card.
                self._display.trouble(error)
        self._display.visit(visit)

    def _record_companion(self, presented: Presented, card: VerifiedCard) -> None:
        """A companion card behind its holder's is part of that visit; by itself it is nobody's."""
        left = self._left
        if left is None or not left.has_companion(card.credential):
            self._left = None
            event = record_presence(self._terminal.desk, presented, card)
            self._display.companion(event.sequence, 0)
            return
        event = record_presence(self._terminal.desk, presented, card, refers_to=left.sequence)
        left.companion_tap, left.left_ms = event.sequence, self._monotonic_ms()
        self._display.companion(event.sequence, left.sequence)

    def _compare(self, order: Check) -> None:
        """What staff saw is recorded at once, be it that nothing is registered afterwards."""
        visit = self._present_visit(order.visit)
        note = CounterNote(
            salt=new_salt(),
            purpose=Purpose.COMPARISON,
            photo=order.photo or visit.photo,
            companion=order.companion or visit.companion,
            companion_tap=visit.companion_tap,
            data=visit.assurance,
        )
        if self._record(visit, self._terminal.service, note):
            visit.photo, visit.companion = note.photo, note.companion

    def _register(self, order: Register) -> None:
        visit, service = self._present_visit(order.visit), self._service(order.service)
        if visit.is_a_stranger:
            raise EntryRefused(wrong=NOT_NOW, write=_A_STRANGER)
        documents = tuple(sorted(set(order.documents)))
        known = len(service.guide.documents)
        if documents and documents[-1] >= known:
            raise EntryRefused(
                wrong=Text(zh="材料的号码", en="the numbers of documents"),
                write=Text(zh=f"该事项的材料 1 至 {known}", en=f"documents 1 to {known} of this service"),
            )
        note = CounterNote(
            salt=new_salt(),
            purpose=order.purpose,
            service=service.code,
            documents=documents,
            photo=visit.photo,
            companion=visit.companion,
            companion_tap=visit.companion_tap,
            data=visit.assurance,
        )
        self._record(visit, service, note)

    def _record(self, visit: Visit, service: ServiceItem, note: CounterNote) -> bool:
        """Let the holder's card sign once more; whether it did. Raises NobodyAtCounter.

        The event is at the counter's own service, whatever `service` it is about: that is in the sealed note.
        Where the card on the reader is not the holder's any more, nothing of the holder stays.
        """
        try:
            connection = self._reader.wait_for_card(RECONNECT_SECONDS)
        except NoCardInTime as error:
            self._end_visit()
            raise NobodyAtCounter from error
        with connection:
            presented = self._present(connection, visit.sequence, note.commitment(visit.sequence))
            card = presented.verification
            if isinstance(card, Refusal):
                self._end_visit()
                self._refuse(presented, card)
                return False
            # Over midnight the reference is another as well: then the card is put down anew.
            reference = self._terminal.desk.day_keys.reference(card.credential.card_id, presented.today)
            if reference != visit.reference:
                self._end_visit()
                raise NobodyAtCounter
            event = record_presence(
                self._terminal.desk, presented, card, refers_to=visit.sequence, words=note.to_words()
            )
        self._display.registered(event.sequence, visit.sequence, service, note)
        return True

    def _present(self, connection: CardConnection, refers_to: int = 0, commitment: bytes = b"") -> Presented:
        request = TapRequest(
            self._terminal.service,
            0,
            Party(),
            kind=EventKind.VISIT,
            refers_to=refers_to,
            commitment=commitment,
        )
        return present(self._terminal.desk, connection, request)

    def _refuse(self, presented: Presented, refusal: Refusal) -> None:
        event = record_refusal(self._terminal.desk, presented, refusal)
        self._display.result(
            TapResult.of_refusal(event.sequence, presented.request, event.outcome, 0, refusal.error)
        )

    def _present_visit(self, sequence: int | None) -> Visit:
        visit = self._visit
        if visit is None or sequence not in (None, visit.sequence):
            raise NobodyAtCounter
        return visit

    def _service(self, code: str) -> ServiceItem:
        return self._terminal.desk.contents.current().catalogue.item(code)

    def _end_visit(self) -> None:
        visit, self._visit = self._visit, None
        if visit is not None:
            self._left = LeftVisit.of(visit, self._monotonic_ms())
            visit.wipe()
            self._display.wiped()

    def _monotonic_ms(self) -> int:
        return self._terminal.desk.journal.timekeeper.now().reading.monotonic_ms
