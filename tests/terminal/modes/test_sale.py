"""Sales: several persons and companions, confirmed or cancelled together, whatever happens in between."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from card.apdu import CommandApdu, ResponseApdu
from card.errors import ReaderGone
from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.contents import ChipContents
from card.simulator.chips.faults import TearingChip
from card.simulator.issuing.personalisation import Holder
from crypto.credential import TapCredential
from terminal.amendments import cancel
from terminal.assembly import open_terminal
from terminal.data_directory import TERMINAL_KEY
from terminal.decisions.errors import DecisionInputInvalid
from terminal.events.event import UsageEvent
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome
from terminal.journal.errors import JournalUnavailable, TapNotRecorded
from terminal.journal.row_digest import row_digest
from terminal.journal.schema import open_for_reading
from terminal.journal.verification import verify_journal
from terminal.modes.counter_errors import (
    CardInSaleAlready,
    NotInSale,
    SaleFull,
    SaleMoveRefused,
    SaleStillOpen,
    SaleTimedOut,
    TicketUnknown,
)
from terminal.modes.sale import IDLE_MS
from terminal.modes.sale_state import SaleItem, SaleMove, SalePhase, SaleTotals
from terminal.open_sale import MAX_TAPS
from terminal.tap import tap
from tests.card.full_cards import Tap
from tests.terminal.enrolled import Enrolled, SetClock, chip
from tests.terminal.modes.sale_cast import journal_of, locked, park, selling, tap_in
from tests.terminal.own_mount import SMALL_DISK, run_on_mount


@pytest.fixture
def office(tmp_path: Path) -> Enrolled:
    """A ticket office."""
    return park(tmp_path / "park")


def cancelled_by(events: list[UsageEvent]) -> list[int]:
    """Which events were cancelled, in the order of the cancellations."""
    return [event.refers_to for event in events if event.kind is EventKind.CANCELLATION]


def test_a_family_is_sold_its_tickets_and_the_sum_is_the_taps_sum(office: Enrolled) -> None:
    with selling(office) as (terminal, sales):
        sale = sales.begin()
        results = [
            tap_in(terminal, sale, office.card(grade=1), companions=3),
            tap_in(terminal, sale, office.card(grade=4), companions=1),
        ]
        with InProcessConnection(chip(office.card(grade=3))) as connection:
            results.append(sale.tap(connection, SaleItem.of(terminal.service, "half")))
        totals = sale.confirm().totals
    # One rides free with one of three companions at half price; two others and a companion pay their fares.
    assert totals == SaleTotals(
        holders=3,
        holders_pay=0 + 9000 + 4500,
        admitted=1,
        admitted_pay=4500,
        further=2 + 1,
        further_pay=3 * 9000,
    )
    assert totals.to_pay == sum(result.party_pays for result in results)
    assert [event.kind for event in journal_of(office)] == [EventKind.TAP] * 3
    assert [event.ticket for event in journal_of(office)] == ["", "", "half"]


def test_a_cancelled_sale_gives_every_quota_back(office: Enrolled) -> None:
    first, second = office.card(), office.card(grade=4)
    with selling(office) as (terminal, sales):
        for _ in range(3):
            sale = sales.begin()
            assert tap_in(terminal, sale, first).outcome is Outcome.GRANTED
            assert tap_in(terminal, sale, second).outcome is Outcome.NOT_ELIGIBLE
            assert sale.cancel().phase is SalePhase.CANCELLED
        for expected in (Outcome.GRANTED, Outcome.GRANTED, Outcome.QUOTA_USED_UP):
            sale = sales.begin()
            assert tap_in(terminal, sale, first).outcome is expected
            sale.confirm()
    # The refused ones claimed nothing, so there is nothing to take back.
    assert cancelled_by(journal_of(office)) == [1, 4, 7]
    key = office.directory.keystore.load(TERMINAL_KEY).public_key
    assert verify_journal(office.directory.journal, key).faults == ()


def test_a_card_that_was_tapped_twice_counts_once(office: Enrolled) -> None:
    card = office.card()
    with selling(office) as (terminal, sales):
        sale = sales.begin()
        tap_in(terminal, sale, card)
        with pytest.raises(CardInSaleAlready):
            tap_in(terminal, sale, card)
        assert [line.number for line in sale.state.lines] == [1]
        sale.confirm()
        assert cancelled_by(journal_of(office)) == [2]
        # Another sale may have it again, and the second use of the month is still there.
        assert tap_in(terminal, sales.begin(), card).outcome is Outcome.GRANTED


def test_a_removed_line_is_cancelled_alone_and_its_card_may_come_back(office: Enrolled) -> None:
    card, other = office.card(), office.card()
    with selling(office) as (terminal, sales):
        sale = sales.begin()
        tap_in(terminal, sale, card, companions=1)
        tap_in(terminal, sale, other)
        assert [line.number for line in sale.remove(1).lines] == [2]
        for missing in (1, 3, 0, -1):
            with pytest.raises(NotInSale):
                sale.remove(missing)
        tap_in(terminal, sale, card)
        assert sale.confirm().totals.to_pay == 0
    assert cancelled_by(journal_of(office)) == [1]


def companion_to(office: Enrolled, card: ChipContents) -> ChipContents:
    """The companion card to a holder's card."""
    card_id = TapCredential.from_bytes(card.credential).card_id.hex()
    days = date(2026, 1, 1), date(2035, 12, 31)
    return office.issuer.personalise(Holder((), 0, "500103", *days, companion_of=card_id))


def test_a_companion_card_is_sold_behind_its_holder_s_and_leaves_the_sale_with_it(office: Enrolled) -> None:
    first, second = office.card(), office.card()
    with selling(office) as (terminal, sales):
        sale = sales.begin()
        for card in (first, second):
            tap_in(terminal, sale, card)
            assert tap_in(terminal, sale, companion_to(office, card)).outcome is Outcome.GRANTED
        late = tap_in(terminal, sale, companion_to(office, office.card()))
        assert (late.outcome, late.party_pays) == (Outcome.NOT_ELIGIBLE, 9000)
        # Without the holder nobody accompanies; a companion may stay away alone.
        assert [line.number for line in sale.remove(1).lines] == [3, 4, 5]
        assert [line.number for line in sale.remove(4).lines] == [3, 5]
        assert [line.number for line in sale.remove(3).lines] == [5]
        assert sale.confirm().totals.to_pay == 9000
    assert cancelled_by(journal_of(office)) == [2, 1, 4, 3]


def test_the_uses_of_a_quota_are_counted_within_one_sale(office: Enrolled) -> None:
    card, others = office.card(), [office.card() for _ in range(3)]
    with selling(office) as (terminal, sales):
        sale = sales.begin()
        tap_in(terminal, sale, card)
        sale.confirm()
        sale = sales.begin()
        # The last use of the month: taken, given back, taken again; each holder has a quota of their own.
        number = tap_in(terminal, sale, card).sequence
        sale.remove(number)
        results = [tap_in(terminal, sale, one) for one in (card, *others)]
        assert {result.outcome for result in results} == {Outcome.GRANTED}
        sale.confirm()
        assert tap_in(terminal, sales.begin(), card).outcome is Outcome.QUOTA_USED_UP


def test_a_card_that_was_torn_away_is_recorded_and_adds_nothing(office: Enrolled) -> None:
    card = office.card()
    with selling(office) as (terminal, sales):
        sale = sales.begin()
        with InProcessConnection(TearingChip(chip(card), after_apdus=1)) as connection:
            result = sale.tap(connection, SaleItem.of(terminal.service))
        assert (result.outcome, result.party_pays) == (Outcome.UNREADABLE, 9000)
        assert sale.state.lines == ()
        tap_in(terminal, sale, card)
        assert sale.confirm().totals.holders == 1
    assert [event.outcome for event in journal_of(office)] == [Outcome.UNREADABLE, Outcome.GRANTED]


def test_there_is_one_open_sale_at_a_time_and_a_closed_one_does_not_move(office: Enrolled) -> None:
    with selling(office) as (terminal, sales):
        assert sales.current is None
        for end in ("confirm", "cancel"):
            sale = sales.begin()
            assert sales.current is sale
            with pytest.raises(SaleStillOpen):
                sales.begin()
            tap_in(terminal, sale, office.card())
            getattr(sale, end)()
            assert sales.current is None
            before = journal_of(office)
            with pytest.raises(SaleMoveRefused):
                tap_in(terminal, sale, office.card())
            with pytest.raises(SaleMoveRefused):
                sale.remove(1)
            for again in (sale.confirm, sale.cancel):
                with pytest.raises(SaleMoveRefused):
                    again()
            assert journal_of(office) == before


@pytest.mark.parametrize("move", list(SaleMove))
def test_a_sale_that_was_left_alone_is_cancelled(office: Enrolled, move: SaleMove) -> None:
    clock = SetClock()
    with selling(office, clock) as (terminal, sales):
        sale = sales.begin()
        tap_in(terminal, sale, office.card())
        clock.now, clock.monotonic = clock.now + IDLE_MS - 1000, clock.monotonic + IDLE_MS - 1000
        assert not sale.cancel_if_late()
        clock.now, clock.monotonic = clock.now + 1000, clock.monotonic + 1000
        if move is SaleMove.CANCEL:
            sale.cancel()
        else:
            moves = {
                SaleMove.TAP: lambda: tap_in(terminal, sale, office.card()),
                SaleMove.REMOVE: lambda: sale.remove(1),
                SaleMove.CONFIRM: sale.confirm,
            }
            with pytest.raises(SaleTimedOut):
                moves[move]()
        assert sale.state.phase is SalePhase.CANCELLED
        assert not sale.cancel_if_late()
        sales.begin()
    assert cancelled_by(journal_of(office)) == [1]


def test_the_next_sale_begins_where_the_last_one_was_left_alone(office: Enrolled) -> None:
    clock = SetClock()
    with selling(office, clock) as (terminal, sales):
        left = sales.begin()
        tap_in(terminal, left, office.card())
        clock.now, clock.monotonic = clock.now + IDLE_MS + 1000, clock.monotonic + IDLE_MS + 1000
        assert sales.begin() is sales.current
        assert left.state.phase is SalePhase.CANCELLED
    assert cancelled_by(journal_of(office)) == [1]


def test_every_move_gives_a_sale_its_time_again(office: Enrolled) -> None:
    clock = SetClock()
    with selling(office, clock) as (terminal, sales):

        def almost_too_late() -> None:
            clock.now, clock.monotonic = clock.now + IDLE_MS - 1000, clock.monotonic + IDLE_MS - 1000

        sale = sales.begin()
        for _ in range(2):
            almost_too_late()
            tap_in(terminal, sale, office.card())
        almost_too_late()
        sale.remove(1)
        almost_too_late()
        assert sale.confirm().phase is SalePhase.CONFIRMED


def test_a_sale_does_not_outlast_its_day(office: Enrolled) -> None:
    """Cards are known again by references of one day: over midnight one could be sold to twice."""
    clock = SetClock()
    to_midnight = 12 * 3_600_000 - 60_000
    clock.now, clock.monotonic = clock.now + to_midnight, clock.monotonic + to_midnight
    card = office.card()
    with selling(office, clock) as (terminal, sales):
        sale = sales.begin()
        tap_in(terminal, sale, card)
        clock.now, clock.monotonic = clock.now + 60_000, clock.monotonic + 60_000
        with pytest.raises(SaleTimedOut):
            tap_in(terminal, sale, card)
    assert cancelled_by(journal_of(office)) == [1]


def test_closing_the_desk_cancels_what_is_open(office: Enrolled) -> None:
    with selling(office) as (terminal, sales):
        sale = sales.begin()
        tap_in(terminal, sale, office.card())
    assert sale.state.phase is SalePhase.CANCELLED
    assert cancelled_by(journal_of(office)) == [1]


def test_a_sale_has_room_for_as_many_taps_as_can_be_given_back(office: Enrolled) -> None:
    with selling(office) as (terminal, sales):
        sale = sales.begin()
        cards = [office.card() for _ in range(MAX_TAPS)]
        for card in cards:
            tap_in(terminal, sale, card)
        with pytest.raises(SaleFull):
            tap_in(terminal, sale, office.card())
        sale.cancel()
        assert tap_in(terminal, sales.begin(), cards[0]).outcome is Outcome.GRANTED
        sales.close()
    assert cancelled_by(journal_of(office)) == [*range(1, MAX_TAPS + 1), 2 * MAX_TAPS + 1]


def test_items_that_no_tap_can_carry_are_refused(office: Enrolled) -> None:
    with selling(office) as (terminal, _sales):
        service = terminal.service
        with pytest.raises(TicketUnknown):
            SaleItem.of(service, "first-class")
        for companions, fare in ((256, 0), (-1, 0), (0, -1), (0, 2**32)):
            with pytest.raises(DecisionInputInvalid):
                SaleItem.of(service, companions=companions, fare=fare)
        assert SaleItem.of(service, "half", fare=100).request.fare == 100


class LosingReader(Tap):
    """A reader that is pulled out during the tap."""

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """Never an answer."""
        raise ReaderGone(reader="gone")


def test_a_place_that_the_sale_did_not_take_is_not_the_sales(office: Enrolled) -> None:
    """The reader was lost in a sale's tap; the place in the journal then went to somebody else's."""
    with selling(office) as (terminal, sales):
        sale = sales.begin()
        with pytest.raises(ReaderGone), LosingReader(InProcessConnection(chip(office.card()))) as connection:
            sale.tap(connection, SaleItem.of(terminal.service))
        with InProcessConnection(chip(office.card())) as connection:
            assert tap(terminal.desk, connection, terminal.request()).sequence == 1
        tap_in(terminal, sale, office.card())
        sale.cancel()
    assert cancelled_by(journal_of(office)) == [2]


def counted_uses(office: Enrolled) -> int:
    """How many uses of quotas are on the disk."""
    with closing(open_for_reading(office.directory.journal)) as connection:
        (uses,) = connection.execute("SELECT total(uses) FROM uses").fetchone()
    return int(uses)


def test_a_tap_that_the_disk_did_not_take_is_not_made(office: Enrolled) -> None:
    card = office.card()
    with selling(office) as (terminal, sales):
        sale = sales.begin()
        with locked(office, terminal), pytest.raises(TapNotRecorded):
            tap_in(terminal, sale, card)
        assert journal_of(office) == []
        assert (sale.state.lines, terminal.desk.journal.unconfirmed()) == ((), ())
        tap_in(terminal, sale, card)
        sale.confirm()
    assert counted_uses(office) == 1


def test_a_confirmation_that_the_disk_did_not_take_is_none(office: Enrolled) -> None:
    card = office.card()
    with selling(office) as (terminal, sales):
        sale = sales.begin()
        for one in (card, office.card()):
            tap_in(terminal, sale, one)
        with locked(office, terminal), pytest.raises(JournalUnavailable):
            sale.confirm()
        assert (sale.state.phase, counted_uses(office)) == (SalePhase.OPEN, 0)
        assert terminal.desk.journal.unconfirmed() == (1, 2)
        sale.remove(2)
        assert sale.confirm().phase is SalePhase.CONFIRMED
        assert (terminal.desk.journal.unconfirmed(), counted_uses(office)) == ((), 1)
    assert cancelled_by(journal_of(office)) == [2]


def test_a_cancellation_that_the_disk_broke_off_is_finished_later(office: Enrolled) -> None:
    with selling(office) as (terminal, sales):
        sale = sales.begin()
        for _ in range(2):
            tap_in(terminal, sale, office.card())
        with locked(office, terminal), pytest.raises(TapNotRecorded):
            sale.cancel()
        assert sale.state.phase is SalePhase.CANCELLING
        with pytest.raises(SaleMoveRefused):
            sale.confirm()
        with pytest.raises(SaleStillOpen):
            sales.begin()
        assert sale.cancel().phase is SalePhase.CANCELLED
    assert cancelled_by(journal_of(office)) == [1, 2]


def test_a_line_that_gave_nothing_leaves_nothing_to_cancel(office: Enrolled) -> None:
    with selling(office) as (terminal, sales):
        sale = sales.begin()
        assert tap_in(terminal, sale, office.card(grade=4)).outcome is Outcome.NOT_ELIGIBLE
        assert sale.remove(1).lines == ()
        sale.confirm()
    assert cancelled_by(journal_of(office)) == []


def test_a_second_tap_that_could_not_be_cancelled_at_once_is_before_the_sale_counts(office: Enrolled) -> None:
    card = office.card()
    with selling(office) as (terminal, sales):
        sale = sales.begin()
        tap_in(terminal, sale, card)
        connection = terminal.desk.journal._connection
        connection.execute(
            "CREATE TEMP TRIGGER stop BEFORE INSERT ON amended BEGIN SELECT RAISE(FAIL, 'no'); END"
        )
        with pytest.raises(TapNotRecorded):
            tap_in(terminal, sale, card)
        connection.execute("DROP TRIGGER stop")
        assert [line.number for line in sale.confirm().lines] == [1]
    assert (cancelled_by(journal_of(office)), counted_uses(office)) == ([2], 1)


def test_the_uses_of_a_confirmed_sale_are_given_back_where_its_tap_is_cancelled(office: Enrolled) -> None:
    card = office.card()
    with selling(office) as (terminal, sales):
        sale = sales.begin()
        number = tap_in(terminal, sale, card).sequence
        assert counted_uses(office) == 0
        sale.confirm()
        assert counted_uses(office) == 1
        cancel(terminal.desk, number)
        assert counted_uses(office) == 0


def test_a_card_outside_an_open_sale_has_what_the_sale_leaves_it(office: Enrolled) -> None:
    """The last use of a quota can't be had twice because it is not paid yet."""
    card = office.card()
    with selling(office) as (terminal, sales):

        def outside() -> Outcome:
            with InProcessConnection(chip(card)) as connection:
                return tap(terminal.desk, connection, terminal.request()).outcome

        assert outside() is Outcome.GRANTED
        sale = sales.begin()
        assert tap_in(terminal, sale, card).quota_left == 0
        assert outside() is Outcome.QUOTA_USED_UP
        sale.cancel()
        assert outside() is Outcome.GRANTED
        assert outside() is Outcome.QUOTA_USED_UP


def test_the_state_may_be_read_from_another_thread(office: Enrolled) -> None:
    with selling(office) as (terminal, sales):
        sale = sales.begin()
        seen: list[int] = []
        done = threading.Event()

        def look() -> None:
            while not done.is_set():
                seen.append(sale.state.totals.holders)

        reader = threading.Thread(target=look)
        reader.start()
        for _ in range(5):
            tap_in(terminal, sale, office.card())
        done.set()
        reader.join()
        assert seen == sorted(seen)
        sale.confirm()


@pytest.mark.parametrize("lines_read", [1, 2, 3, 5, 8, 13])
def test_a_killed_office_has_sold_nothing_that_was_not_confirmed(tmp_path: Path, lines_read: int) -> None:
    """SIGKILL in the middle: acknowledged is journaled, confirmed stays, and the rest is cancelled once."""
    folder = tmp_path / "park"
    with subprocess.Popen(
        [sys.executable, "-m", "tests.terminal.modes.selling_process", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = [process.stdout.readline().split() for _ in range(lines_read)]
        time.sleep(random.random() / 50)
        process.kill()
        said += [line.split() for line in process.stdout if line.endswith("\n")]
    acknowledged = {int(numbers[0]) for what, *numbers in said if what == "tapped"}
    confirmed = {int(one) for what, *numbers in said if what == "confirmed" for one in numbers}
    office = reopened(folder)
    before = journal_of(office)
    assert acknowledged <= {event.sequence for event in before if event.kind is EventKind.TAP}
    with open_terminal(office.directory, SetClock()) as terminal:
        again = terminal.cancelled_at_start
    events = journal_of(office)
    assert events[: len(before)] == before
    assert len(events) == len(before) + again
    cancelled = cancelled_by(events)
    assert len(cancelled) == len(set(cancelled))
    taps = {event.sequence for event in events if event.kind is EventKind.TAP}
    left = taps - set(cancelled)
    assert confirmed <= left
    # The kill may have fallen between a confirmation and its announcement: then a whole sale of two stands.
    assert len(left - confirmed) in (0, 2)
    key = office.directory.keystore.load(TERMINAL_KEY).public_key
    assert verify_journal(office.directory.journal, key).faults == ()
    with open_terminal(office.directory, SetClock()) as terminal:
        assert terminal.cancelled_at_start == 0


def reopened(folder: Path) -> Enrolled:
    """The directory that another process enrolled; its keys went with that."""
    made = park(folder.parent / "another")
    return replace(made, directory=replace(made.directory, path=folder))


def test_no_instant_at_which_an_office_is_killed_costs_or_gives_a_use(tmp_path: Path) -> None:
    """Before each statement that the database is given, in a sale and at the start after it."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.terminal.modes.killed_sales", str(tmp_path / "park")],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    # The first one when all of it was carried out, and the one that is killed right behind its COMMIT.
    assert (found["sold"], found["said"], found["untold"]) == (2, 1, 1)
    assert found["cancelled"] > found["starts"] > 10


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("INSERT INTO unconfirmed VALUES (1, row_digest(1))", 1),
        ("INSERT INTO unconfirmed VALUES (1, zeroblob(8))", 0),  # damaged: it may have been another's
        ("INSERT INTO unconfirmed VALUES (2, row_digest(2))", 0),  # of no event
    ],
)
def test_a_start_cancels_what_is_noted_and_nothing_else(office: Enrolled, row: str, expected: int) -> None:
    with selling(office) as (terminal, sales):
        sale = sales.begin()
        tap_in(terminal, sale, office.card())
        sale.confirm()
        with terminal.desk.journal.transaction() as connection:
            connection.execute(row)
    with open_terminal(office.directory, SetClock()) as terminal:
        assert terminal.cancelled_at_start == expected
    assert cancelled_by(journal_of(office)) == [1] * expected


ON_A_FULL_DISK = """
import os, sys
from pathlib import Path
from terminal.assembly import open_terminal
from terminal.journal.disk import MIB
from terminal.journal.errors import JournalDiskFull
from terminal.modes.sale import Sale
from tests.terminal.enrolled import SetClock
from tests.terminal.modes.sale_cast import journal_of, park, tap_in

folder = Path(sys.argv[1])
office, clock = park(folder / "park"), SetClock()
card = office.card()
with open_terminal(office.directory, clock) as terminal:
    tap_in(terminal, Sale(terminal.desk), card)
with open(folder / "ballast", "wb") as ballast:
    os.posix_fallocate(ballast.fileno(), 0, os.statvfs(folder).f_bavail * 4096 - 15 * MIB)
with open_terminal(office.directory, clock) as terminal:
    sale = Sale(terminal.desk)
    try:
        tap_in(terminal, sale, card)
    except JournalDiskFull as error:
        print(error.code, terminal.cancelled_at_start, len(journal_of(office)))
    (folder / "ballast").unlink()
    clock.pass_time(1000)
    print(tap_in(terminal, sale, card).quota_left)
    sale.confirm()
for event in journal_of(office):
    print(event.kind.name, event.refers_to)
"""


def test_a_full_disk_at_the_start_keeps_no_terminal_from_running(tmp_path: Path) -> None:
    """What was left unconfirmed is cancelled once the disk takes it, before the next tap is recorded."""
    output = run_on_mount(tmp_path / "disk", SMALL_DISK, ON_A_FULL_DISK)
    assert output.splitlines() == ["TRM-420 1 1", "1", "TAP 0", "CANCELLATION 1", "TAP 0"]


def test_what_is_kept_of_an_open_sale_names_nobody(office: Enrolled) -> None:
    with selling(office) as (terminal, sales):
        tap_in(terminal, sales.begin(), office.card())
        with closing(open_for_reading(office.directory.journal)) as connection:
            assert connection.execute("SELECT * FROM unconfirmed").fetchall() == [(1, row_digest(1))]
            # The references that a quota counts by outlast the day of the tap.
            assert connection.execute("SELECT * FROM uses").fetchall() == []
