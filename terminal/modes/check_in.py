"""The attendance desk of a training, a day care or an event: the first tap comes in, the next one goes out.

    book = read_book(directory.journal, service, today, boot)
    check_in = CheckIn(terminal, book, AttendanceRules(capacity=30), display, typed_order)
    DeskLoop(terminal.desk.contents, reader, entries, check_in).run()

Every tap is recorded: as CHECK_IN or CHECK_OUT, which refers to its check-in; and one that changes nothing
(tapped twice, no room, a companion card by itself) as a VISIT whose sealed words say why. Where a guardian is
needed, a coming or going is withdrawn by a cancellation unless the companion card is tapped within a minute,
or staff say that the guardian is here. Until then the journal notes it as unconfirmed: where the process is
killed, it is withdrawn when the terminal starts again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

from card.answer_time import TimelyConnection
from card.connection import CardConnection
from card.errors import CardTorn, TapRefused
from card.identity import IdentitySession
from card.profile import CardProfile
from card.verification import Refusal, VerifiedCard
from crypto.credential import TapCredential
from crypto.explained import ExplainedError, Text
from terminal.amendments import cancel
from terminal.assembly import Terminal
from terminal.decisions.card_facts import Party
from terminal.decisions.decide import local_date
from terminal.events.event import ClockTrust, UsageEvent
from terminal.events.kind import EventKind
from terminal.modes.attendance import AttendanceBook
from terminal.modes.attendance_answer import Attendance
from terminal.modes.check_in_orders import CheckInOrder, Guardian, ListPresent
from terminal.modes.counter_errors import EntryRefused
from terminal.modes.entries import NOT_NOW
from terminal.modes.recording import record_presence
from terminal.modes.todays_events import todays_events
from terminal.presence import Presented, TapRequest, present, record_refusal
from terminal.succession import together
from terminal.tap import TapResult
from terminal.timekeeping import Moment

# Longer than a card is held to a reader, shorter than anybody stays.
REPEAT_MS: Final = 10_000
# Whom a guardian has to come along with.
_ALONE: Final = frozenset((Attendance.CAME, Attendance.LEFT))
_NOBODY_WAITS: Final = Text(
    zh="列出在场；现在没有人等监护人", en="the list of who is present; nobody waits for a guardian now"
)


@dataclass(frozen=True)
class AttendanceRules:
    """`capacity`: how many may be here, None for any number. `guardian`: whether one must come along.

    `repeat_ms`: for how long after coming or going the same card changes nothing.
    """

    capacity: int | None = None
    guardian: bool = False
    repeat_ms: int = REPEAT_MS


class CheckInDisplay(Protocol):
    """What people see; called from the loop's thread. Nothing in it says who."""

    def ready(self) -> None:
        """A card is awaited."""

    def reading(self) -> None:
        """A card is being read."""

    def result(self, result: TapResult) -> None:
        """A card was refused."""

    def attendance(self, answer: Attendance, sequence: int, present: int, needs_guardian: bool) -> None:
        """A tap was recorded; so many are here now."""

    def guardian(self, sequence: int, is_here: bool, present: int) -> None:
        """A coming or going that waited for a guardian is settled: it stands, or was withdrawn."""

    def presences(self, book: AttendanceBook) -> None:
        """Who is here."""

    def interrupted(self, withdrawn: int) -> None:
        """The desk before was broken off with the program; so many unconfirmed taps were withdrawn."""

    def day_closed(self, day: date, still_present: int) -> None:
        """Midnight: so many had not left."""

    def trouble(self, error: ExplainedError) -> None:
        """Something is wrong that is not the card's doing."""


@dataclass(frozen=True)
class _Plan:
    """What the card's next event will be, if it turns out to be the card that it says it is."""

    answer: Attendance
    kind: EventKind
    refers_to: int
    card_id: bytes


@dataclass(frozen=True)
class _Moved:
    """The coming or going before this tap; in memory alone, until the next one."""

    sequence: int
    kind: EventKind
    time_ms: int
    card_id: bytes


class CheckIn:
    """A `Desk` that keeps attendance; `read_order` turns an entry into an order."""

    def __init__(
        self,
        terminal: Terminal,
        book: AttendanceBook,
        rules: AttendanceRules,
        display: CheckInDisplay,
        read_order: Callable[[str], CheckInOrder],
    ) -> None:
        self._terminal, self._book, self._rules = terminal, book, rules
        self._display, self._read_order = display, read_order
        self._date_book(terminal.desk.journal.timekeeper.now())
        self._last: _Moved | None = None
        self._waiting: _Moved | None = None  # for a guardian
        if terminal.cancelled_at_start:
            display.interrupted(terminal.cancelled_at_start)
        display.presences(book)

    def ready(self) -> None:
        """A card is awaited."""
        self._display.ready()

    def card(self, connection: CardConnection) -> None:
        """Somebody comes or goes. Raises CardTorn where it was not one card throughout, and as `tap` does."""
        self.turn()
        self._display.reading()
        self._withdraw_others(0 if self._waiting is None else self._waiting.sequence)
        desk = self._terminal.desk
        plan = self._plan(_look_at(connection, desk.profile))
        request = TapRequest(
            self._terminal.service,
            0,
            Party(),
            kind=plan.kind,
            refers_to=plan.refers_to,
            is_unconfirmed=self._rules.guardian and plan.answer in _ALONE,
        )
        presented = present(desk, connection, request)
        card = presented.verification
        if isinstance(card, Refusal):
            self._refuse(presented, card)
        elif card.credential.card_id != plan.card_id or presented.today != self._book.day:
            # What was looked at was another card, or another day's: the holder taps once more.
            raise CardTorn
        else:
            self._record(presented, card, plan)

    def card_left(self) -> None:
        """Nothing to do: a tap is over when it is recorded."""

    def entry(self, line: str) -> None:
        """Carry out an order. Raises EntryRefused, also where nobody waits for a guardian."""
        match self._read_order(line):
            case Guardian(here):
                if self._waiting is None:
                    raise EntryRefused(wrong=NOT_NOW, write=_NOBODY_WAITS)
                self._settle(is_here=here)
            case ListPresent():
                self._display.presences(self._book)

    def turn(self) -> None:
        """Withdraw what waited too long for a guardian; close the day at midnight."""
        moment = self._terminal.desk.journal.timekeeper.now()
        now_ms = moment.time_ms
        if self._waiting is not None and not together(self._waiting.time_ms, now_ms):
            self._settle(is_here=False)
        today = local_date(now_ms)
        self._terminal.desk.day_keys.settle(local_date(moment.settled_ms))
        if today != self._book.day:
            closed, self._last = self._book, None
            self._book = self._opened(today)
            self._display.day_closed(closed.day, closed.present)
        self._date_book(moment)

    def trouble(self, error: ExplainedError) -> None:
        """Show what went wrong."""
        self._display.trouble(error)

    def close(self) -> None:
        """The desk closes: what still waits for a guardian is withdrawn."""
        if self._waiting is not None:
            self._settle(is_here=False)

    def _plan(self, credential: TapCredential | None) -> _Plan:
        """What this card is here for, by what it says of itself; it has still to prove it."""
        if credential is None:
            return _Plan(Attendance.CAME, EventKind.CHECK_IN, 0, b"")
        if credential.is_companion_card:
            return self._companion_plan(credential)
        card_id, now_ms = credential.card_id, self._now_ms()
        reference = self._terminal.desk.day_keys.reference(card_id, self._book.day)
        moved_ms, here = self._book.moved_ms(reference), self._book.presence(reference)
        # A move later than now is one while the clock stood ahead: by now it is long done.
        if moved_ms is not None and 0 <= now_ms - moved_ms < self._rules.repeat_ms:
            return _Plan(Attendance.AGAIN, EventKind.VISIT, 0, card_id)
        if here is not None:
            return _Plan(Attendance.LEFT, EventKind.CHECK_OUT, here.sequence, card_id)
        if self._rules.capacity is not None and self._book.present >= self._rules.capacity:
            return _Plan(Attendance.FULL, EventKind.VISIT, 0, card_id)
        return _Plan(Attendance.CAME, EventKind.CHECK_IN, 0, card_id)

    def _companion_plan(self, credential: TapCredential) -> _Plan:
        """A companion card does as its holder's card right before it."""
        last = self._last
        is_behind = (
            last is not None
            and together(last.time_ms, self._now_ms())
            and credential.is_companion_of(last.card_id)
        )
        if last is None or not is_behind:
            return _Plan(Attendance.COMPANION_ALONE, EventKind.VISIT, 0, credential.card_id)
        return _Plan(Attendance.ACCOMPANIED, last.kind, last.sequence, credential.card_id)

    def _record(self, presented: Presented, card: VerifiedCard, plan: _Plan) -> None:
        words = plan.answer.value if plan.answer.changes_nothing else ""
        event = record_presence(self._terminal.desk, presented, card, plan.refers_to, words)
        self._book.note(event)
        match plan.answer:
            case Attendance.ACCOMPANIED:
                is_guardian = self._waiting is not None and self._waiting.sequence == plan.refers_to
                if is_guardian:
                    self._confirm(plan.refers_to)
                self._show(plan.answer, event)
                self._last = None
                if is_guardian:
                    self._end_waiting(plan.refers_to)
            case Attendance.CAME | Attendance.LEFT:
                self._last = _Moved(event.sequence, event.kind, event.time_ms, plan.card_id)
                if self._rules.guardian:
                    self._waiting = self._last
                self._show(plan.answer, event)
                self._withdraw_others(event.sequence)
            case _:
                self._show(plan.answer, event)

    def _refuse(self, presented: Presented, refusal: Refusal) -> None:
        event = record_refusal(self._terminal.desk, presented, refusal)
        self._display.result(
            TapResult.of_refusal(event.sequence, presented.request, event.outcome, 0, refusal.error)
        )

    def _settle(self, is_here: bool) -> None:
        """The guardian of whoever waits is here, or is not."""
        waiting = self._waiting
        if waiting is None:
            return
        if is_here:
            self._confirm(waiting.sequence)
            self._end_waiting(waiting.sequence)
        else:
            self._withdraw_others(waiting.sequence)
            self._withdraw(waiting.sequence)
            self._waiting = None

    def _confirm(self, sequence: int) -> None:
        """Whoever waits has come, or has left; on the disk before it is said. Raises as the journal does."""
        self._withdraw_others(sequence)
        self._terminal.desk.journal.confirm()

    def _end_waiting(self, sequence: int) -> None:
        self._waiting = None
        self._display.guardian(sequence, True, self._book.present)

    def _withdraw_others(self, sequence: int) -> None:
        """Whoever waited before this one; mostly one, more where the disk did not take it at the time."""
        for one in self._terminal.desk.journal.unconfirmed():
            if one != sequence:
                self._withdraw(one)

    def _withdraw(self, sequence: int) -> None:
        """Whoever had no guardian has not come, or has not left. Raises as `cancel` does."""
        self._book.note(cancel(self._terminal.desk, sequence))
        if self._last is not None and self._last.sequence == sequence:
            self._last = None
        self._display.guardian(sequence, False, self._book.present)

    def _show(self, answer: Attendance, event: UsageEvent) -> None:
        needs_guardian = self._waiting is not None and self._waiting.sequence == event.sequence
        self._display.attendance(answer, event.sequence, self._book.present, needs_guardian)

    def _opened(self, today: date) -> AttendanceBook:
        """The day's book: empty at midnight, and not where a clock that was wrong comes back to the day."""
        book = AttendanceBook(self._terminal.service.code, today, self._boot())
        journal = self._terminal.desk.journal
        for event in todays_events(journal.event, journal.next_place().sequence - 1, today):
            book.note(event)
        return book

    def _date_book(self, moment: Moment) -> None:
        """Nobody is here who came on this day only by a clock that was wrong."""
        if moment.trust is not ClockTrust.STEPPED:
            self._book.date_by(moment.time_ms, moment.reading.boot, moment.reading.monotonic_ms)

    def _now_ms(self) -> int:
        return self._terminal.desk.journal.timekeeper.now().time_ms

    def _boot(self) -> bytes:
        return self._terminal.desk.journal.timekeeper.now().reading.boot


def _look_at(connection: CardConnection, profile: CardProfile) -> TapCredential | None:
    """What the card says of itself, before it has proved anything; None where it says nothing of ours.

    The challenge that it signs next says whether its holder comes or goes, so that must be known before.
    """
    try:
        return IdentitySession(TimelyConnection(connection), profile).select().tap_credential()
    except TapRefused:
        return None
