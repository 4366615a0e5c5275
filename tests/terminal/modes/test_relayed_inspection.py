"""Inspection by a handheld: the terminal looks up the card on its reader, and neither trusts the other."""

from __future__ import annotations

import shlex
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from card.apdu import CommandApdu, Instruction, ResponseApdu
from card.connection import CardConnection
from card.errors import CardTorn
from card.simulator.boards.link import InProcessConnection
from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from card.simulator.chips.faults import TearingChip
from card.simulator.chips.foreign import ForeignCardChip
from terminal.commands import app
from terminal.events.challenge import CHALLENGE_BYTES, TapChallenge
from terminal.events.kind import EventKind
from terminal.modes.errors import NothingToInspect, RelayFailed, RelayRefused
from terminal.modes.inspect_command import inspect_cards
from terminal.modes.inspection import MAGIC, Inspector
from terminal.modes.relayed_card import RelayedDisplay, RelayedReader
from terminal.modes.relayed_line import RelayedLine
from terminal.modes.relayed_messages import (
    MAX_LINE_BYTES,
    CardAnswered,
    CardGone,
    CardLaid,
    Inspected,
    NotInspected,
    SendCommand,
    from_handheld,
    from_terminal,
    to_line,
)
from terminal.modes.relaying import RelayedInspector, terminal_behind
from tests.demo.processes import Running
from tests.fuzz.relay_targets import FROM_HANDHELD, FROM_TERMINAL
from tests.terminal.enrolled import Enrolled, SetClock, chip
from tests.terminal.modes.gate import Gate, gate, opened


@pytest.fixture
def bus(tmp_path: Path) -> Enrolled:
    """A bus terminal."""
    return gate(tmp_path / "bus")


@contextmanager
def line_pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends of a line."""
    near, far = socket.socketpair()
    with near, far:
        yield near, far


@contextmanager
def beside(work: Callable[[], None]) -> Iterator[None]:
    """Something that goes on in another thread, and has ended with the block."""
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join(30)
        assert not thread.is_alive()


@contextmanager
def handheld_at(here: Gate) -> Iterator[RelayedInspector]:
    """A handheld at this terminal, which answers in a thread of its own."""
    inspector = Inspector.at(here.terminal.desk, here.terminal.configuration.service)
    with line_pair() as (near, far):
        line = RelayedLine(far.fileno(), far.fileno())

        def answer() -> None:
            inspect_cards(inspector, RelayedReader(line), RelayedDisplay(line), once=False)

        with beside(answer):
            try:
                yield RelayedInspector(RelayedLine(near.fileno(), near.fileno()))
            finally:
                near.shutdown(socket.SHUT_RDWR)


def test_a_handheld_learns_what_the_terminal_knows(bus: Enrolled) -> None:
    card = bus.card()
    with opened(bus, SetClock()) as here:
        tapped = here.tap(card, companions=1)
        with handheld_at(here) as handheld:
            with InProcessConnection(chip(card)) as connection:
                found = handheld.look(connection)
            with InProcessConnection(chip(bus.card())) as connection:
                assert handheld.look(connection) is None
            # Another card is the next question, after one that is refused too.
            with InProcessConnection(ForeignCardChip()) as connection, pytest.raises(NothingToInspect):
                handheld.look(connection)
            torn = TearingChip(chip(card), after_apdus=1)
            with InProcessConnection(torn) as connection, pytest.raises(NothingToInspect):
                handheld.look(connection)
            with InProcessConnection(chip(card)) as connection:
                assert handheld.look(connection) == found
    assert found is not None
    assert (found.sequence, found.is_valid, found.party_pays) == (tapped.sequence, True, 50)
    assert len(bus.events()) == 1


def test_a_copied_card_tells_a_handheld_nothing(bus: Enrolled) -> None:
    card, other = bus.card(), bus.card()
    clone = type(card)(**{**vars(other), "credential": card.credential})
    with opened(bus, SetClock()) as here:
        here.tap(card)
        with (
            handheld_at(here) as handheld,
            InProcessConnection(chip(clone)) as connection,
            pytest.raises(NothingToInspect),
        ):
            handheld.look(connection)


@contextmanager
def terminal_that_asks(*commands: bytes) -> Iterator[tuple[RelayedInspector, list[object]]]:
    """A terminal in the wrong hands: it asks for these commands; what the handheld answered."""
    answers: list[object] = []
    with line_pair() as (near, far):
        line = RelayedLine(far.fileno(), far.fileno())

        def ask() -> None:
            with suppress(RelayFailed):
                assert isinstance(from_handheld(line.receive()), CardLaid)
                for apdu in commands:
                    line.send(SendCommand(apdu))
                    answers.append(from_handheld(line.receive()))
                line.send(Inspected(None))

        with beside(ask):
            yield RelayedInspector(RelayedLine(near.fileno(), near.fileno())), answers


def authenticate(challenge: bytes, cla: int = 0) -> bytes:
    """INTERNAL AUTHENTICATE as the reference card takes it."""
    return CommandApdu(cla, Instruction.INTERNAL_AUTHENTICATE, 0, 0, challenge, le=256).to_bytes()


TAP: Final = TapChallenge(bytes(8), 1, 1, 1, "BUS-1", 200, 0, EventKind.TAP, bytes(3), bytes(8)).to_bytes()
OWN: Final = MAGIC + bytes(CHALLENGE_BYTES - len(MAGIC))


@pytest.mark.parametrize(
    "apdu",
    [
        authenticate(TAP),
        authenticate(OWN + TAP),
        authenticate(OWN[:-1]),
        authenticate(OWN, cla=0x10),
        CommandApdu(0, Instruction.EXTERNAL_AUTHENTICATE, 0, 0, bytes(8)).to_bytes(),
        CommandApdu(0, Instruction.READ_BINARY, 0x81, 0, le=256).to_bytes(),
        CommandApdu(0, Instruction.UPDATE_BINARY, 0x81, 0, b"\x00").to_bytes(),
        CommandApdu(0, Instruction.TERMINATE_DF, 0, 0).to_bytes(),
        b"\x00\x88",
    ],
)
def test_a_terminal_gets_no_tap_s_proof_through_a_handheld(bus: Enrolled, apdu: bytes) -> None:
    class Untouched(InProcessConnection):
        def transmit(self, command: CommandApdu) -> ResponseApdu:
            raise AssertionError("this must not reach the card")

    with (
        terminal_that_asks(apdu) as (handheld, answers),
        Untouched(chip(bus.card())) as connection,
        pytest.raises(RelayRefused),
    ):
        handheld.look(connection)
    assert answers == [CardGone()]


def test_an_inspection_s_own_commands_reach_the_card(bus: Enrolled) -> None:
    class Echo(InProcessConnection):
        def transmit(self, command: CommandApdu) -> ResponseApdu:
            return ResponseApdu(command.data, 0x9000)

    with terminal_that_asks(authenticate(OWN)) as (handheld, answers), Echo(chip(bus.card())) as connection:
        assert handheld.look(connection) is None
    assert answers == [CardAnswered(OWN + b"\x90\x00")]


def serve(received: bytes) -> None:
    """Let a terminal's side read these bytes from a handheld, as far as it will."""
    with line_pair() as (near, far):
        near.sendall(received)
        near.shutdown(socket.SHUT_WR)
        line = RelayedLine(far.fileno(), far.fileno())
        connection: CardConnection = RelayedReader(line).wait_for_card(None)
        connection.transmit(CommandApdu(0, Instruction.SELECT, 4, 0))


@pytest.mark.parametrize(
    "received",
    [
        b"\n",
        b"nonsense\n",
        to_line(CardGone()),
        to_line(CardLaid(b"")) * 2,
        to_line(CardLaid(b"")) + b'{"is":"answer","apdu":"kAA="} \n',
        to_line(CardLaid(b"")),  # and then it is gone
        b"x" * (MAX_LINE_BYTES + 1),
    ],
)
def test_a_handheld_that_speaks_nonsense_is_told_from_one_that_has_ended(received: bytes) -> None:
    with pytest.raises(RelayFailed):
        serve(received)


def test_a_card_that_leaves_the_handheld_is_torn() -> None:
    with pytest.raises(CardTorn):
        serve(to_line(CardLaid(b"")) + to_line(CardGone()))


def test_the_side_that_waits_does_not_wait_for_ever() -> None:
    with line_pair() as (near, _far), pytest.raises(RelayFailed):
        RelayedLine(near.fileno(), near.fileno()).receive(0.01)


def test_a_side_that_has_gone_is_said_to_have_gone() -> None:
    with line_pair() as (near, far):
        far.close()
        line = RelayedLine(near.fileno(), near.fileno())
        with pytest.raises(RelayFailed):
            line.send(CardGone())
        with pytest.raises(RelayFailed):
            line.receive()


@given(st.binary(max_size=200))
def test_foreign_lines_are_refused_and_nothing_else(line: bytes) -> None:
    for parse in (from_handheld, from_terminal):
        with suppress(RelayFailed):
            parse(line)


@pytest.mark.parametrize(
    "message", (*FROM_HANDHELD, *FROM_TERMINAL), ids=lambda message: type(message).__name__
)
def test_what_is_written_is_read_back(message: object) -> None:
    line = to_line(message)[:-1]  # type: ignore[arg-type]
    parse = from_handheld if isinstance(message, CardLaid | CardAnswered | CardGone) else from_terminal
    assert parse(line) == message


def test_nothing_that_a_terminal_says_steers_the_handheld_s_screen() -> None:
    with pytest.raises(RelayFailed):
        from_terminal(to_line(NotInspected("\x1b[2J", "x"))[:-1])


def test_a_command_that_can_not_be_run_is_said() -> None:
    for command in ("/no/such/program", "'", ""):
        with pytest.raises(RelayFailed), terminal_behind(command):
            pass


def test_a_terminal_that_hangs_does_not_keep_the_handheld(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("terminal.modes.relaying._END_SECONDS", 0.1)
    with terminal_behind("sleep 600"):
        pass


@pytest.mark.parametrize("arguments", [[], ["--relayed"], ["--receipt", "x"], ["--via", "x", "--data", "y"]])
def test_wrong_use_is_said(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, ["inspect", *arguments]).exit_code == 2


def test_a_handheld_of_its_own_asks_the_vehicle_s_terminal(
    bus: Enrolled, private_pcscd: PrivatePcscd, tmp_path: Path
) -> None:
    """Three processes and the genuine pcscd; where one starts another here, `ssh` does on the road."""
    card = bus.card(issued=date.today())
    environment = private_pcscd.environment()
    data = ("--data", bus.directory.path)
    answering = ("-m", "terminal.command_line", "terminal", "inspect", "--relayed", *data)
    command = shlex.join([sys.executable, *map(str, answering)])
    validating = ("terminal", "run", "--json", "--reader", private_pcscd.readers[0], *data)
    asking = ("terminal", "inspect", "--json", "--reader", private_pcscd.readers[1], "--via", command)
    with Running(tmp_path / "vehicle", *validating, environment=environment) as vehicle:
        vehicle.message("ready")
        with Running(tmp_path / "handheld", *asking, environment=environment) as handheld:
            handheld.message("ready")
            with VpcdLink(chip(card), private_pcscd.ports[1]):
                assert handheld.message("inspected") == {"state": "inspected", "found": False}
            handheld.message("ready")
            with VpcdLink(chip(card), private_pcscd.ports[0]):
                sequence = vehicle.message("result")["sequence"]
            with VpcdLink(chip(card), private_pcscd.ports[1]):
                found = handheld.message("inspected")
            assert (found["found"], found["sequence"], found["is_valid"]) == (True, sequence, True)
            assert handheld.end() == 0
        assert vehicle.end() == 0
    assert len(bus.events()) == 1
