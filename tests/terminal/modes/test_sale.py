"""Sales: several persons and companions, confirmed or cancelled together, whatever happens in between."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from card.apdu import CommandApdu, ResponseApdu
from card.errors import ReaderGone
from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.contents import ChipContents
from card.simulator.chips.faults import TearingChip
from card.simulator.issuing.personalisation import Holder
from crypto.credential import TapCredential
from terminal.assembly import open_terminal
from terminal.data_directory import TERMINAL_KEY
from terminal.decisions.errors import DecisionInputInvalid
from terminal.errors import FileNotWritten
from terminal.events.event import UsageEvent
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome
from terminal.journal.schema import JournalOwner
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
from terminal.open_sale import MAX_TAPS, OpenSale, OpenSaleFile
from terminal.open_sale_errors import OpenSaleUnreadable
from terminal.tap import tap
from tests.card.full_cards import Tap
from tests.terminal.enrolled import TERMINAL_ID, Enrolled, SetClock, chip
from tests.terminal.modes.sale_cast import journal_of, park, selling, tap_in


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
    assert not office.directory.open_sale.exists()


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
    assert not office.directory.open_sale.exists()


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


def test_a_tap_that_can_not_be_noted_as_unconfirmed_is_not_made(office: Enrolled) -> None:
    with selling(office) as (terminal, sales):
        sale = sales.begin()
        office.directory.open_sale.mkdir()
        with pytest.raises(FileNotWritten):
            tap_in(terminal, sale, office.card())
        assert journal_of(office) == []
        office.directory.open_sale.rmdir()
        tap_in(terminal, sale, office.card())
        sale.confirm()


def test_a_cancellation_that_the_disk_broke_off_is_finished_later(office: Enrolled) -> None:
    with selling(office) as (terminal, sales):
        sale = sales.begin()
        for _ in range(2):
            tap_in(terminal, sale, office.card())
        note = office.directory.open_sale
        saved = note.read_bytes()
        note.unlink()
        note.mkdir()
        with pytest.raises(FileNotWritten):
            sale.cancel()
        assert sale.state.phase is SalePhase.CANCELLING
        with pytest.raises(SaleMoveRefused):
            sale.confirm()
        with pytest.raises(SaleStillOpen):
            sales.begin()
        note.rmdir()
        note.write_bytes(saved)
        assert sale.cancel().phase is SalePhase.CANCELLED
    assert cancelled_by(journal_of(office)) == [1, 2]


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
    assert not office.directory.open_sale.exists()
    key = office.directory.keystore.load(TERMINAL_KEY).public_key
    assert verify_journal(office.directory.journal, key).faults == ()
    with open_terminal(office.directory, SetClock()) as terminal:
        assert terminal.cancelled_at_start == 0


def reopened(folder: Path) -> Enrolled:
    """The directory that another process enrolled; its keys went with that."""
    made = park(folder.parent / "another")
    return replace(made, directory=replace(made.directory, path=folder))


def test_only_a_sale_of_this_journal_is_cancelled_at_a_start(office: Enrolled) -> None:
    with selling(office) as (terminal, sales):
        sale = sales.begin()
        tap_in(terminal, sale, office.card())
        sale.confirm()
    for owner, sequences, expected in (
        (JournalOwner(TERMINAL_ID, 2), (1,), 0),
        (JournalOwner(bytes(8), 1), (1,), 0),
        (JournalOwner(TERMINAL_ID, 1), (2, 3, 2**48 - 1), 0),  # written before a tap that never came
        (JournalOwner(TERMINAL_ID, 1), (1, 1, 2), 1),
        (JournalOwner(TERMINAL_ID, 1), (1, 2), 0),
    ):
        OpenSaleFile(office.directory.open_sale, owner).write(sequences)
        with open_terminal(office.directory, SetClock()) as terminal:
            assert terminal.cancelled_at_start == expected
        assert not office.directory.open_sale.exists()


def test_the_note_of_an_open_sale_names_nobody(office: Enrolled) -> None:
    with selling(office) as (terminal, sales):
        tap_in(terminal, sales.begin(), office.card())
        note = office.directory.open_sale
        assert note.stat().st_mode & 0o777 == 0o600
        told = {"terminal": TERMINAL_ID.hex(), "epoch": 1, "sequences": [1]}
        assert note.read_bytes() == msgspec.json.encode(told)


def test_a_note_that_can_not_be_read_is_told(office: Enrolled) -> None:
    office.directory.open_sale.write_bytes(b"{}")
    with pytest.raises(OpenSaleUnreadable), open_terminal(office.directory, SetClock()):
        pass


@given(st.binary(max_size=300))
def test_any_bytes_are_a_note_or_refused(data: bytes) -> None:
    try:
        sale = OpenSale.from_bytes(data)
    except OpenSaleUnreadable:
        return
    assert OpenSale.from_bytes(sale.to_bytes()) == sale


@given(st.lists(st.integers(1, 2**48 - 1), max_size=MAX_TAPS))
def test_a_note_comes_back_as_it_was_written(sequences: list[int]) -> None:
    sale = OpenSale(TERMINAL_ID.hex(), 1, tuple(sequences))
    assert OpenSale.from_bytes(sale.to_bytes()) == sale
