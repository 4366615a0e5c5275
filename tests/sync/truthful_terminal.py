"""A terminal that tells the truth, whatever happens to it, and what the centre would make of each event.

The journal, its judging of clocks and its counts of quotas are the product's own; cards are numbers, and what
the centre finds out with keys (whose card it was, that its proof is valid) is simply known.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from sync.reconcile.ledger import SCHEMAS, Ledger
from terminal.clock import ClockSource
from terminal.decisions.decide import local_date
from terminal.decisions.window import Window
from terminal.events.event import UsageEvent
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome
from terminal.journal.errors import TapNotRecorded
from terminal.journal.uses import QuotaCount
from terminal.journal.writer import JournalWriter
from tests.terminal.enrolled import SetClock
from tests.terminal.journal.journals import DRAFT, EVIDENCE, unsynced, writer

Row = tuple[object, ...]
USES: Final = 2  # of the quota, a month
# How long it takes to tap a card, put it away and tap it again.
HANDLING_MS: Final = 7_000
DAY_MS: Final = 86_400_000


def rows_of(name: str, **columns: object) -> Row:
    """One row of a ledger's table; what is not named is zero, empty or false."""
    blank: dict[str, object] = {"int64": 0, "string": "", "bool": False}
    schema = SCHEMAS[name]
    assert set(columns) <= set(schema.names)
    return tuple(columns.get(field.name, blank[str(field.type)]) for field in schema)


@dataclass
class Books:
    """Rows of a ledger, as they come together."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in SCHEMAS})

    def add(self, name: str, **columns: object) -> None:
        """One more row."""
        self.rows[name].append(rows_of(name, **columns))

    def without(self, missing: frozenset[int]) -> Books:
        """The same, as if these sequences had not been sent."""
        left = {name: [row for row in rows if row[2] not in missing] for name, rows in self.rows.items()}
        return Books(left)

    def ledger(self) -> Ledger:
        """All of it as a ledger."""
        return Ledger(self.rows)


@dataclass
class TruthfulTerminal:
    """One terminal with its journal in `path`, that fills the centre's books as it goes."""

    path: Path
    clock: SetClock = field(default_factory=SetClock)
    books: Books = field(default_factory=Books)

    def __post_init__(self) -> None:
        self._start()
        self._true_ms = self.clock.now
        #: Its granted taps that are dated over a day ahead, for its clock was.
        self.dated_ahead: set[int] = set()
        self._proofs = 0
        self._granted: dict[int, tuple[int, UsageEvent]] = {}

    def _start(self) -> None:
        self._journal: JournalWriter = unsynced(writer(self.path, self.clock))
        self._used: dict[int, QuotaCount] = {}

    def close(self) -> None:
        """Let go of the journal."""
        self._journal.close()

    def restart(self, *, is_reboot: bool) -> None:
        """What was in memory is gone."""
        self.close()
        if is_reboot:
            self.clock.boot, self.clock.monotonic = self.clock.boot[1:] + self.clock.boot[:1], 1
        self._start()

    def set_clock(self, by_ms: int, source: ClockSource) -> None:
        """Somebody, or a time service, sets the wall clock."""
        self.clock.now = max(0, self.clock.now + by_ms)
        self.clock.source = source

    def wait(self, milliseconds: int) -> None:
        """Time passes."""
        self.clock.now += milliseconds
        self.clock.monotonic += milliseconds
        self._true_ms += milliseconds

    def tap(self, card: int, *, again: bool = False) -> None:
        """A card is tapped; `again`: for a larger party, in place of its last granted tap if there is one."""
        self.wait(HANDLING_MS)
        place = self._journal.next_place()
        today = local_date(place.time_ms)
        window = Window.month_of(today)
        count = QuotaCount("p/rides", window.last, f"{card} {window.first}".encode())
        before = self._last_of(card) if again else None
        is_same_day = before is not None and local_date(before.time_ms) == today
        instead_of = before.sequence if before is not None and is_same_day else 0
        given_back = self._used.get(instead_of)
        said = self._journal.uses(count) - (given_back == count)
        granted = said < USES
        outcome = Outcome.GRANTED if granted else Outcome.QUOTA_USED_UP
        draft = replace(DRAFT, outcome=outcome, refers_to=instead_of if granted else 0)
        event = self._journal.append(
            place,
            draft,
            EVIDENCE,
            counted=count if granted else None,
            given_back=given_back if granted else None,
        )
        if granted:
            self._used.pop(instead_of, None)
            self._granted.pop(instead_of, None)
            self._used[event.sequence] = count
            self._granted[event.sequence] = (card, event)
        self._proofs += 1
        self._note(
            event,
            card=str(card),
            counter=self._proofs,
            proof_digest=str(self._proofs),
            proof="valid",
            due=200,
        )
        if granted or said:
            self._add("quota_uses", event, tally=str(count), most=USES, said=said, used=granted)

    def refuse(self) -> None:
        """A foreign card is tapped."""
        draft = replace(DRAFT, outcome=Outcome.FOREIGN_CARD)
        self._note(self._journal.append(self._journal.next_place(), draft, EVIDENCE), proof="none")

    def amend(self, kind: EventKind, number: int) -> None:
        """Take back or correct one of the taps that still count."""
        if not self._granted:
            return
        sequence = sorted(self._granted)[number % len(self._granted)]
        draft = replace(DRAFT, kind=kind, outcome=Outcome.RECORDED, refers_to=sequence)
        given_back = None
        if kind is EventKind.CANCELLATION:
            del self._granted[sequence]
            given_back = self._used.pop(sequence, None)
        place = self._journal.next_place()
        self._note(self._journal.append(place, draft, EVIDENCE, given_back=given_back), proof="none", due=100)

    def fail(self) -> None:
        """The disk does not take a tap."""
        self._journal._connection.execute(
            "CREATE TEMP TRIGGER full BEFORE INSERT ON main.events BEGIN SELECT RAISE(FAIL, 'full'); END"
        )
        with suppress(TapNotRecorded):
            self._journal.append(self._journal.next_place(), DRAFT, EVIDENCE)
        self._journal._connection.execute("DROP TRIGGER full")

    def _last_of(self, card: int) -> UsageEvent | None:
        taps = [event for whose, event in self._granted.values() if whose == card]
        return max(taps, key=lambda event: event.sequence, default=None)

    def _note(self, event: UsageEvent, **found: object) -> None:
        # Each is sent at once: what is sent later is less ahead.
        received_ms = self._true_ms
        self._add(
            "events", event, hash=event.hash.hex(), previous=event.previous.hex(), received_ms=received_ms
        )
        if event.outcome.granted and event.time_ms - received_ms > DAY_MS:
            self.dated_ahead.add(event.sequence)
        self._add(
            "examined",
            event,
            service=event.service,
            operator="bus",
            day=local_date(event.time_ms).isoformat(),
            kind=event.kind.value,
            refers_to=event.refers_to,
            outcome=event.outcome.value,
            granted=event.outcome.granted,
            agrees=True,
            time_ms=event.time_ms,
            clock=event.clock.value,
            **found,
        )

    def _add(self, name: str, event: UsageEvent, **columns: Any) -> None:
        place = {"terminal": event.terminal.hex(), "epoch": event.epoch, "sequence": event.sequence}
        self.books.add(name, **place, **columns)
