"""Taking back what was recorded: new events, smaller claims, quotas given back, and no way to claim more."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.contents import ChipContents
from terminal.amendment_errors import AmendsUpwards, CancelledAlready, NothingToAmend
from terminal.amendments import cancel, correct
from terminal.assembly import Terminal, open_terminal
from terminal.data_directory import TERMINAL_KEY
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome
from terminal.journal.reader import JournalReader
from terminal.journal.uses import QuotaCount
from terminal.journal.verification import verify_journal
from terminal.quota_counter import REMEMBERED
from terminal.tap import TapResult, tap
from tests.terminal.enrolled import NOON, Enrolled, SetClock, chip, enrol

QUOTA_PACK = """
name = "two-a-month"
version = "2026.1"
region = "5001"
effective_from = 2026-01-01

[[quotas]]
id = "rides"
uses = 2
per = "month"

[[rules]]
id = "free"
applies_to = { kinds = ["transit"] }
condition = "grade <= 4"
quota = "rides"
benefit = { kind = "free" }
legal_basis = { zh = "测试办法", en = "test rules" }
holder_text = { zh = "免费", en = "free" }
staff_text = { zh = "免费", en = "free" }
source = { cites = "test", mark = "G" }
"""


@pytest.fixture
def bus(tmp_path: Path) -> Enrolled:
    """A bus terminal of a city with one rule: two free rides a month."""
    enrolled = enrol(tmp_path / "bus")
    enrolled.put_only_rules("two-a-month", QUOTA_PACK)
    return enrolled


@contextmanager
def opened(bus: Enrolled, clock: SetClock | None = None) -> Iterator[Terminal]:
    """The terminal, running."""
    with open_terminal(bus.directory, clock or SetClock()) as terminal:
        yield terminal


def ride(terminal: Terminal, card: ChipContents, companions: int = 0) -> TapResult:
    """One tap of this card."""
    with InProcessConnection(chip(card)) as connection:
        return tap(terminal.desk, connection, terminal.request(companions))


def test_the_third_ride_of_a_month_is_paid_and_the_next_month_starts_anew(bus: Enrolled) -> None:
    card, clock = bus.card(), SetClock()
    with opened(bus, clock) as terminal:
        outcomes = [ride(terminal, card).outcome for _ in range(3)]
    assert outcomes == [Outcome.GRANTED, Outcome.GRANTED, Outcome.QUOTA_USED_UP]
    with opened(bus, clock) as terminal:
        assert ride(terminal, card).outcome is Outcome.QUOTA_USED_UP  # a restart forgets no count
        assert ride(terminal, bus.card()).outcome is Outcome.GRANTED  # each card has its own
        clock.now += 7 * 86_400_000  # 1 December
        clock.monotonic += 7 * 86_400_000
        assert ride(terminal, card).outcome is Outcome.GRANTED


def test_on_the_last_day_of_a_month_its_rides_still_count_after_a_restart(bus: Enrolled) -> None:
    card, clock = bus.card(), SetClock(NOON + 6 * 86_400_000)  # 30 November
    for expected in (Outcome.GRANTED, Outcome.GRANTED, Outcome.QUOTA_USED_UP):
        with opened(bus, clock) as terminal:
            assert ride(terminal, card).outcome is expected


def test_the_counts_of_a_month_that_has_ended_are_removed(bus: Enrolled) -> None:
    clock = SetClock()
    with opened(bus, clock) as terminal:
        for _ in range(3):
            ride(terminal, bus.card())
        clock.now += 7 * 86_400_000  # 1 December
        clock.monotonic += 7 * 86_400_000
        ride(terminal, bus.card())
        with terminal.desk.journal.transaction() as connection:
            found = connection.execute("SELECT last_day, uses FROM uses").fetchall()
    assert found == [("2026-12-31", 1)]


def test_of_the_last_taps_alone_it_is_known_whose_they_were(bus: Enrolled) -> None:
    with opened(bus) as terminal:
        quotas, count = terminal.desk.quotas, QuotaCount("two-a-month/rides", date(2026, 11, 30), bytes(16))
        for sequence in range(1, REMEMBERED + 2):
            quotas.note_used(sequence, count)
        assert [quotas.used_by(sequence) for sequence in (1, 2)] == [None, count]


def test_a_cancelled_ride_does_not_use_up_the_quota(bus: Enrolled) -> None:
    card = bus.card()
    with opened(bus) as terminal:
        first = ride(terminal, card)
        assert ride(terminal, card).outcome is Outcome.GRANTED
        event = cancel(terminal.desk, first.sequence)
        assert (event.kind, event.refers_to, event.outcome) == (EventKind.CANCELLATION, 1, Outcome.RECORDED)
        assert event.holder_pays == event.fare == 200
        assert ride(terminal, card).outcome is Outcome.GRANTED
        assert ride(terminal, card).outcome is Outcome.QUOTA_USED_UP
    key = bus.directory.keystore.load(TERMINAL_KEY).public_key
    assert verify_journal(bus.directory.journal, key).faults == ()


def test_what_was_cancelled_stays_cancelled_after_a_restart(bus: Enrolled) -> None:
    with opened(bus) as terminal:
        ride(terminal, bus.card())
        cancel(terminal.desk, 1)
    with opened(bus) as terminal:
        for amend in (cancel, lambda desk, sequence: correct(desk, sequence, 100, 0)):
            with pytest.raises(CancelledAlready):
                amend(terminal.desk, 1)
    with JournalReader(bus.directory.journal) as reader:
        assert reader.head() is not None
        assert len(reader.events(0, 10)) == 2


@pytest.mark.parametrize("sequence", [-1, 0, 2, 3, 2**48])
def test_only_an_event_of_this_journal_can_be_amended(bus: Enrolled, sequence: int) -> None:
    with opened(bus) as terminal:
        ride(terminal, bus.card())
        cancel(terminal.desk, 1)  # event 2: an amendment can't be amended
        with pytest.raises(NothingToAmend):
            cancel(terminal.desk, sequence)


@pytest.mark.parametrize(("fare", "companions"), [(201, 0), (200, 2), (-1, 0), (200, -1)])
def test_a_correction_never_raises_anything(bus: Enrolled, fare: int, companions: int) -> None:
    with opened(bus) as terminal:
        ride(terminal, bus.card(), companions=1)
        with pytest.raises(AmendsUpwards):
            correct(terminal.desk, 1, fare, companions)
        event = correct(terminal.desk, 1, 150, 0)
    assert (event.kind, event.refers_to, event.fare, event.companions) == (EventKind.CORRECTION, 1, 150, 0)


def test_a_correction_is_measured_against_the_last_one(bus: Enrolled) -> None:
    with opened(bus) as terminal:
        ride(terminal, bus.card(), companions=2)
        ride(terminal, bus.card(), companions=2)
        correct(terminal.desk, 1, 150, 1)
        correct(terminal.desk, 2, 100, 0)  # another's
        correct(terminal.desk, 1, 120, 1)
    with opened(bus) as terminal:
        for fare, companions in ((150, 1), (121, 1), (120, 2)):
            with pytest.raises(AmendsUpwards):
                correct(terminal.desk, 1, fare, companions)
        assert correct(terminal.desk, 1, 120, 0).fare == 120
