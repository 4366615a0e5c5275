"""Inspection: whether a card was tapped here today; nothing of whose it is or why, and nothing recorded."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from card.apdu import CommandApdu, ResponseApdu
from card.simulator.boards.link import InProcessConnection
from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from card.simulator.chips.contents import ChipContents
from card.simulator.chips.foreign import ForeignCardChip
from terminal.amendments import cancel
from terminal.events.challenge import TapChallenge
from terminal.events.errors import EventMalformed
from terminal.events.outcome import Outcome
from terminal.modes.errors import InspectorIsAnother, NothingToInspect
from terminal.modes.inspection import MAGIC, Inspection, Inspector, inspection_text, open_inspector
from terminal.modes.sale import Sale
from tests.category_words import CATEGORY_WORDS
from tests.demo.processes import Running
from tests.terminal.enrolled import Enrolled, SetClock, chip
from tests.terminal.modes.gate import MINUTE, Gate, gate, opened
from tests.terminal.modes.sale_cast import tap_in


@pytest.fixture
def bus(tmp_path: Path) -> Enrolled:
    """A bus terminal with a transfer window."""
    return gate(tmp_path / "bus", transfer_minutes=60)


def inspected(here: Gate, card: ChipContents) -> Inspection | None:
    """What the terminal says of this card when it is looked up."""
    inspector = Inspector.at(here.terminal.desk, here.terminal.configuration.service)
    with InProcessConnection(chip(card)) as connection:
        return inspector.look(connection)


def test_a_tap_of_today_is_found_and_nobody_else_s(bus: Enrolled) -> None:
    card, other = bus.card(), bus.card()
    with opened(bus, SetClock()) as here:
        assert inspected(here, card) is None
        tapped = here.tap(card, companions=1)
        here.tap(card)
        found = inspected(here, card)
        assert found is not None
        assert (found.sequence, found.is_valid, found.companions_admitted) == (tapped.sequence, True, 1)
        assert (found.service, found.holder_pays, found.party_pays) == ("BUS-1", 0, tapped.party_pays)
        assert tapped.party_pays == 50
        assert inspected(here, other) is None


def test_an_inspection_leaves_no_trace(bus: Enrolled) -> None:
    card, clock = bus.card(), SetClock()
    with opened(bus, clock) as here:
        here.tap(card)
        for _ in range(3):
            inspected(here, card)
            inspected(here, bus.card())
        clock.now += MINUTE
        assert here.tap(card).outcome is Outcome.TRANSFERRED
    assert [event.sequence for event in bus.events()] == [1, 2]


class Overheard(InProcessConnection):
    """A connection that keeps what the card was sent."""

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        self.sent = [*getattr(self, "sent", []), command.data]
        return super().transmit(command)


def test_the_proof_that_an_inspection_asks_for_is_no_tap_s(bus: Enrolled) -> None:
    with opened(bus, SetClock()) as here:
        inspector = Inspector.at(here.terminal.desk, "BUS-1")
        with Overheard(chip(bus.card())) as connection:
            inspector.look(connection)
    (challenge,) = [sent for sent in connection.sent if sent.startswith(MAGIC)]
    assert here.terminal.desk.owner.terminal not in challenge
    with pytest.raises(EventMalformed):
        TapChallenge.from_bytes(challenge)


def test_what_was_cancelled_or_replaced_counts_no_more(bus: Enrolled) -> None:
    card, clock = bus.card(), SetClock()
    with opened(bus, clock) as here:
        here.tap(card)
        larger = here.tap(card, companions=2)
        here.pass_time(MINUTE)
        transferred = here.tap(card)
        assert [found.sequence for found in [inspected(here, card)] if found] == [transferred.sequence]
        cancel(here.terminal.desk, transferred.sequence)
        assert [found.sequence for found in [inspected(here, card)] if found] == [larger.sequence]
        cancel(here.terminal.desk, larger.sequence)
        assert inspected(here, card) is None


def test_nothing_is_valid_before_its_sale_is_confirmed(bus: Enrolled) -> None:
    card, clock = bus.card(), SetClock()

    def beside() -> Inspection | None:
        with open_inspector(bus.directory, clock) as inspector, InProcessConnection(chip(card)) as connection:
            return inspector.look(connection)

    with opened(bus, clock) as here:
        tap_in(here.terminal, Sale(here.terminal.desk), card)
        assert (inspected(here, card), beside()) == (None, None)
    # The process was killed: whoever looks before the next start finds nothing sold.
    assert beside() is None
    with opened(bus, clock) as here:
        sale = Sale(here.terminal.desk)
        sold = tap_in(here.terminal, sale, card)
        sale.confirm()
        for found in (inspected(here, card), beside()):
            assert found is not None and (found.sequence, found.is_valid) == (sold.sequence, True)


def test_a_tap_without_a_benefit_is_told_without_the_reason(bus: Enrolled) -> None:
    card = bus.card(grade=4)
    with opened(bus, SetClock()) as here:
        here.tap(card)
        found = inspected(here, card)
    assert found is not None
    assert (found.is_valid, found.holder_pays) == (False, 200)


def test_yesterday_s_tap_is_not_today_s(bus: Enrolled) -> None:
    card, clock = bus.card(), SetClock()
    with opened(bus, clock) as here:
        here.tap(card)
        here.pass_time(24 * 60 * MINUTE)
        assert inspected(here, card) is None


def test_nobody_is_said_not_to_have_tapped_who_may_have_before_a_power_cut(bus: Enrolled) -> None:
    before, after, clock = bus.card(), bus.card(), SetClock()
    with opened(bus, clock) as here:
        here.tap(before)
        here.terminal.desk.day_keys.destroy()
    clock.boot = b"boot-two"
    with opened(bus, clock) as here:
        here.tap(after)
        assert inspected(here, after) is not None
        with pytest.raises(NothingToInspect, match="may well have been tapped"):
            inspected(here, before)


def test_only_the_terminal_s_own_user_can_inspect(bus: Enrolled, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SetClock()
    with opened(bus, clock):
        pass
    monkeypatch.setattr("terminal.modes.inspection.os.geteuid", lambda: 54_321)
    with pytest.raises(InspectorIsAnother), open_inspector(bus.directory, clock):
        pass


@pytest.mark.parametrize("category", range(1, 8))
def test_the_inspector_learns_no_category(bus: Enrolled, category: int) -> None:
    card = bus.card((category,))
    with opened(bus, SetClock()) as here:
        before = inspection_text(inspected(here, card))
        here.tap(card)
        after = inspection_text(inspected(here, card))
    said = f"{before.zh} {before.en} {after.zh} {after.en}".lower()
    assert not [word for word in CATEGORY_WORDS if word in said]


def test_a_card_that_is_not_ours_can_not_be_inspected(bus: Enrolled) -> None:
    with opened(bus, SetClock()) as here:
        inspector = Inspector.at(here.terminal.desk, "BUS-1")
        with InProcessConnection(ForeignCardChip()) as connection, pytest.raises(NothingToInspect):
            inspector.look(connection)


def test_a_handheld_looks_up_beside_the_running_terminal(bus: Enrolled) -> None:
    card, clock = bus.card(), SetClock()
    with opened(bus, clock) as here, open_inspector(bus.directory, clock) as inspector:
        with InProcessConnection(chip(card)) as connection:
            assert inspector.look(connection) is None
        tapped = here.tap(card)
        with InProcessConnection(chip(card)) as connection:
            found = inspector.look(connection)
    assert found is not None
    assert (found.sequence, found.is_valid) == (tapped.sequence, True)


def test_staff_inspects_at_the_running_terminal_and_by_a_command(
    bus: Enrolled, private_pcscd: PrivatePcscd, tmp_path: Path
) -> None:
    card = bus.card(issued=date.today())
    environment = private_pcscd.environment()
    place = ("--data", bus.directory.path, "--json", "--reader")
    with Running(
        tmp_path / "log", "terminal", "run", *place, private_pcscd.readers[0], environment=environment
    ) as terminal:
        terminal.message("ready")
        with VpcdLink(chip(card), private_pcscd.ports[0]):
            sequence = terminal.message("result")["sequence"]
        terminal.message("ready")
        terminal.type("?")
        with VpcdLink(chip(card), private_pcscd.ports[0]):
            found = terminal.message("inspected")
        assert (found["found"], found["sequence"], found["is_valid"]) == (True, sequence, True)
        with Running(
            tmp_path / "inspect",
            *("terminal", "inspect", "--once", *place, private_pcscd.readers[1]),
            environment=environment,
        ) as inspect:
            inspect.message("ready")
            with VpcdLink(chip(bus.card(issued=date.today())), private_pcscd.ports[1]):
                assert inspect.message("inspected") == {"state": "inspected", "found": False}
        assert terminal.end() == 0
    assert len(bus.events()) == 1
