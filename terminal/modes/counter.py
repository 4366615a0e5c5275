"""The counter: who came, shown to staff alone for a minute, and what they came for, registered with the card.

    counter = Counter(terminal, reader, display, typed_order, psam)
    DeskLoop(terminal.desk.contents, reader, entries, counter).run()

Putting the card down records a visit with the card's proof. Where the terminal has a PSAM, staff then see
name, photo and guardian, which are wiped when the card leaves, or sooner. What is registered is a second
event that the card signs once more, so that nobody can register anything for a holder who is not there.
Without a PSAM the counter works by the tap credential alone, and says so.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final, Protocol

from card.card_reading import Assurance
from card.connection import CardConnection
from card.errors import CardError, NoCardInTime
from card.reader import CardReader
from card.verification import Refusal
from crypto.explained import ExplainedError, Text
from terminal.assembly import Terminal
from terminal.decisions.card_facts import Party
from terminal.decisions.catalogue import ServiceItem
from terminal.events.kind import EventKind
from terminal.modes.counter_errors import EntryRefused, NobodyAtCounter
from terminal.modes.counter_note import CounterNote, EyeCheck
from terminal.modes.counter_orders import Check, CounterOrder, ListDocuments, Register
from terminal.modes.holder_data import HolderData
from terminal.modes.recording import record_presence
from terminal.presence import Presented, TapRequest, present, record_refusal
from terminal.tap import TapResult

SHOWN_MS: Final = 60_000
# The card lies there; this is for the reader to notice it.
RECONNECT_SECONDS: Final = 2.0

PsamOpener = Callable[[], AbstractContextManager[CardConnection]]


@dataclass(repr=False)
class Visit:
    """The holder at the counter. No `repr`: the data are the holder's.

    `sequence`: the event of the visit. `data`: None where none could be read, or they were wiped. `photo` and
    `companion`: what staff saw by eye. `assurance`: what showed that the data read were the card's.
    """

    sequence: int
    reference: bytes
    begun_ms: int
    data: HolderData | None = None
    assurance: Assurance = Assurance.NONE
    photo: EyeCheck = EyeCheck.NOT_CHECKED
    companion: EyeCheck = EyeCheck.NOT_CHECKED
    registered: list[int] = field(default_factory=list)

    def wipe(self) -> None:
        """Overwrite and drop what was read."""
        if self.data is not None:
            self.data.wipe()
            self.data = None


class CounterDisplay(Protocol):
    """What staff see; called from the loop's thread."""

    def ready(self) -> None:
        """A card is awaited."""

    def reading(self) -> None:
        """A card is being read."""

    def result(self, result: TapResult) -> None:
        """A card was refused."""

    def visit(self, visit: Visit) -> None:
        """A holder is here, or staff noted what they saw; for the eyes of staff alone."""

    def documents(self, service: ServiceItem) -> None:
        """Which papers a service asks for."""

    def registered(self, sequence: int, service: ServiceItem, note: CounterNote) -> None:
        """Something was registered."""

    def wiped(self) -> None:
        """Nothing of the holder may be seen any more."""

    def without_psam(self) -> None:
        """Names and photos can't be read here."""

    def trouble(self, error: ExplainedError) -> None:
        """Something is wrong that is not the card's doing."""


class Counter:
    """A `Desk` for visits; `read_order` turns an entry into an order, `psam` opens the PSAM's slot."""

    def __init__(
        self,
        terminal: Terminal,
        reader: CardReader,
        display: CounterDisplay,
        read_order: Callable[[str], CounterOrder],
        psam: PsamOpener | None,
    ) -> None:
        self._terminal, self._reader = terminal, reader
        self._display, self._read_order, self._psam = display, read_order, psam
        self._visit: Visit | None = None
        if psam is None:
            display.without_psam()

    def ready(self) -> None:
        """A card is awaited."""
        self._display.ready()

    def card(self, connection: CardConnection) -> None:
        """A holder came: record the visit, and read what staff may see."""
        self._end_visit()
        self._display.reading()
        desk = self._terminal.desk
        presented = self._present(connection, self._terminal.service, 0)
        card = presented.verification
        if isinstance(card, Refusal):
            self._refuse(presented, card)
            return
        event = record_presence(desk, presented, card)
        self._visit = visit = Visit(event.sequence, event.holder_ref, self._monotonic_ms())
        if self._psam is not None:
            try:
                with self._psam() as psam:
                    visit.data = HolderData.read(connection, psam, desk.profile, presented.content.trust)
                visit.assurance = visit.data.assurance
            except CardError as error:
                # The visit counts; what can't be read is compared with the printed card.
                self._display.trouble(error)
        self._display.visit(visit)

    def card_left(self) -> None:
        """Nothing of the holder stays."""
        self._end_visit()

    def entry(self, line: str) -> None:
        """Carry out an order. Raises EntryRefused, ServiceUnknown, NobodyAtCounter and as card()."""
        match self._read_order(line):
            case Check(photo, companion):
                visit = self._present_visit()
                visit.photo = photo or visit.photo
                visit.companion = companion or visit.companion
                self._display.visit(visit)
            case ListDocuments(code):
                self._display.documents(self._service(code))
            case Register() as order:
                self._register(order)

    def turn(self) -> None:
        """Wipe what was shown long enough."""
        visit = self._visit
        if visit is None or visit.data is None or self._monotonic_ms() - visit.begun_ms <= SHOWN_MS:
            return
        visit.wipe()
        self._display.wiped()

    def trouble(self, error: ExplainedError) -> None:
        """Show what went wrong."""
        self._display.trouble(error)

    def close(self) -> None:
        """The counter closes: nothing of the holder stays."""
        self._end_visit()

    def _register(self, order: Register) -> None:
        visit, service = self._present_visit(), self._service(order.service)
        documents = tuple(sorted(set(order.documents)))
        known = len(service.guide.documents)
        if documents and documents[-1] >= known:
            raise EntryRefused(
                write=Text(zh=f"该事项的材料 1 至 {known}", en=f"documents 1 to {known} of this service")
            )
        note = CounterNote(
            purpose=order.purpose,
            documents=documents,
            photo=visit.photo,
            companion=visit.companion,
            data=visit.assurance,
        )
        try:
            connection = self._reader.wait_for_card(RECONNECT_SECONDS)
        except NoCardInTime as error:
            raise NobodyAtCounter from error
        with connection:
            presented = self._present(connection, service, visit.sequence)
            card = presented.verification
            if isinstance(card, Refusal):
                self._refuse(presented, card)
                return
            # Over midnight the reference is another as well: then the card is put down anew.
            reference = self._terminal.desk.day_keys.reference(card.credential.card_id, presented.today)
            if reference != visit.reference:
                raise NobodyAtCounter
            event = record_presence(
                self._terminal.desk, presented, card, refers_to=visit.sequence, words=note.to_words()
            )
        visit.registered.append(event.sequence)
        self._display.registered(event.sequence, service, note)

    def _present(self, connection: CardConnection, service: ServiceItem, refers_to: int) -> Presented:
        request = TapRequest(service, 0, Party(), kind=EventKind.VISIT, refers_to=refers_to)
        return present(self._terminal.desk, connection, request)

    def _refuse(self, presented: Presented, refusal: Refusal) -> None:
        event = record_refusal(self._terminal.desk, presented, refusal)
        self._display.result(
            TapResult.of_refusal(event.sequence, presented.request, event.outcome, 0, refusal.error)
        )

    def _present_visit(self) -> Visit:
        if self._visit is None:
            raise NobodyAtCounter
        return self._visit

    def _service(self, code: str) -> ServiceItem:
        return self._terminal.desk.contents.current().catalogue.item(code)

    def _end_visit(self) -> None:
        visit, self._visit = self._visit, None
        if visit is not None:
            visit.wipe()
            self._display.wiped()

    def _monotonic_ms(self) -> int:
        return self._terminal.desk.journal.timekeeper.now().reading.monotonic_ms
