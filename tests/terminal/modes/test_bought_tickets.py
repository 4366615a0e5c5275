"""A card that bought a ticket gets in at the gate of the same terminal, before and after a restart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from card.simulator.chips.contents import ChipContents
from terminal.amendments import cancel, correct
from terminal.events.outcome import Outcome
from terminal.modes.sale import Sale
from tests.terminal.enrolled import Enrolled, SetClock
from tests.terminal.modes.gate import MINUTE, SECOND, Gate, gate, opened
from tests.terminal.modes.sale_cast import tap_in

End = Callable[[Sale], object]


def buy(here: Gate, card: ChipContents, companions: int = 0, end: End = Sale.confirm) -> int:
    """A sale to this card alone; the sequence of its tap."""
    sale = Sale(here.terminal.desk)
    tapped = tap_in(here.terminal, sale, card, companions)
    assert tapped.outcome.granted
    end(sale)
    return tapped.sequence


@contextmanager
def after(enrolled: Enrolled, happens: Callable[[Gate], object], *, restart: bool) -> Iterator[Gate]:
    """The gate a minute after that happened, in the same process or in the next one."""
    clock = SetClock()
    with opened(enrolled, clock) as here:
        happens(here)
        clock.pass_time(MINUTE)
        if not restart:
            yield here
    if restart:
        with opened(enrolled, clock) as here:
            yield here


in_both = pytest.mark.parametrize("restart", [False, True], ids=["same process", "restarted"])


@in_both
@pytest.mark.parametrize(
    ("transfer", "passback"), [(60, 0), (0, 20), (60, 20)], ids=["transfers", "anti-passback", "both"]
)
def test_who_bought_gets_in_once_and_pays_no_more(
    tmp_path: Path, restart: bool, transfer: int, passback: int
) -> None:
    enrolled = gate(tmp_path / "bus", transfer_minutes=transfer, passback_minutes=passback)
    card = enrolled.card()
    with after(enrolled, lambda here: buy(here, card), restart=restart) as here:
        entered = here.tap(card)
        assert (entered.outcome, entered.party_pays) == (Outcome.TRANSFERRED, 0)
        here.pass_time(MINUTE)
        again = Outcome.ALREADY_INSIDE if passback else Outcome.TRANSFERRED
        assert here.tap(card).outcome is again


@in_both
def test_a_larger_party_than_was_bought_for_is_decided_anew_with_one_use(
    tmp_path: Path, restart: bool
) -> None:
    enrolled = gate(tmp_path / "bus", passback_minutes=20)
    card = enrolled.card()
    with after(enrolled, lambda here: buy(here, card), restart=restart) as here:
        entered = here.tap(card, companions=1)
        assert (entered.outcome, entered.quota_left) == (Outcome.GRANTED_WITH_COMPANION, 1)
        here.pass_time(MINUTE)
        assert here.tap(card).outcome is Outcome.ALREADY_INSIDE


@in_both
@pytest.mark.parametrize("minutes", [19, 20])
def test_a_ticket_lets_in_as_long_as_anti_passback_lasts(tmp_path: Path, restart: bool, minutes: int) -> None:
    enrolled = gate(tmp_path / "bus", passback_minutes=20)
    card = enrolled.card()
    with after(enrolled, lambda here: buy(here, card), restart=restart) as here:
        here.pass_time((minutes - 1) * MINUTE + (SECOND if minutes == 20 else 0))
        assert here.tap(card).outcome is (Outcome.TRANSFERRED if minutes == 19 else Outcome.GRANTED)


@in_both
def test_a_sale_that_was_cancelled_neither_lets_in_nor_ends_a_journey(tmp_path: Path, restart: bool) -> None:
    enrolled = gate(tmp_path / "bus", passback_minutes=20)
    card, other = enrolled.card(), enrolled.card()

    def happens(here: Gate) -> None:
        here.tap(other)
        for one in (card, other):
            buy(here, one, end=Sale.cancel)

    with after(enrolled, happens, restart=restart) as here:
        assert here.tap(card).outcome is Outcome.GRANTED
        assert here.tap(other).outcome is Outcome.ALREADY_INSIDE


@in_both
def test_a_ticket_that_was_cancelled_after_its_sale_lets_nobody_in(tmp_path: Path, restart: bool) -> None:
    enrolled = gate(tmp_path / "bus", passback_minutes=20)
    card = enrolled.card()
    with after(enrolled, lambda here: cancel(here.terminal.desk, buy(here, card)), restart=restart) as here:
        assert here.tap(card).outcome is Outcome.GRANTED


def test_an_entry_that_was_cancelled_leaves_the_ticket(tmp_path: Path) -> None:
    enrolled = gate(tmp_path / "bus", passback_minutes=20)
    card = enrolled.card()
    with opened(enrolled, SetClock()) as here:
        buy(here, card)
        entered = here.tap(card)
        assert entered.outcome is Outcome.TRANSFERRED
        cancel(here.terminal.desk, entered.sequence)
        assert here.tap(card).outcome is Outcome.TRANSFERRED


def test_a_tap_at_the_gate_while_a_sale_is_open_does_not_rest_on_it(tmp_path: Path) -> None:
    enrolled = gate(tmp_path / "bus", passback_minutes=20)
    card = enrolled.card()
    with opened(enrolled, SetClock()) as here:
        sale = Sale(here.terminal.desk)
        tap_in(here.terminal, sale, card)
        assert here.tap(card).outcome is Outcome.GRANTED
        sale.confirm()
        assert here.tap(card).outcome is Outcome.TRANSFERRED  # with the ticket
        here.pass_time(MINUTE)
        assert here.tap(card).outcome is Outcome.ALREADY_INSIDE


@in_both
def test_without_windows_the_same_tap_within_seconds_is_one(tmp_path: Path, restart: bool) -> None:
    enrolled = gate(tmp_path / "bus")
    card, clock = enrolled.card(), SetClock()
    with opened(enrolled, clock) as here:
        buy(here, card)
        if not restart:
            assert here.tap(card).outcome is Outcome.REPEATED
    if restart:
        with opened(enrolled, clock) as here:
            assert here.tap(card).outcome is Outcome.REPEATED


@in_both
def test_a_companion_who_was_refunded_does_not_ride_on(tmp_path: Path, restart: bool) -> None:
    enrolled = gate(tmp_path / "bus", transfer_minutes=60)
    card = enrolled.card()

    def happens(here: Gate) -> None:
        first = here.tap(card, companions=1)
        correct(here.terminal.desk, first.sequence, fare=first.fare, companions=0)

    with after(enrolled, happens, restart=restart) as here:
        alone = here.tap(card)
        assert (alone.outcome, alone.party_pays) == (Outcome.TRANSFERRED, 0)
        accompanied = here.tap(card, companions=1)
        assert (accompanied.outcome, accompanied.party_pays) == (Outcome.GRANTED_WITH_COMPANION, 50)
