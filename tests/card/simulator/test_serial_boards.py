"""The simulated serial readers against conversations that manuals print, byte by byte."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import serial

from card.simulator.boards.serial_board import SerialBoard
from card.simulator.boards.serial_ccid_board import SerialCcidBoard
from card.simulator.boards.serial_command_response_board import SerialCommandResponseBoard
from tests.card.cards import ScriptedChip

SECONDS = 10.0


class SamOfTheManual(ScriptedChip):
    """The SAM of ACS's examples: its ATR, and its answer to GET CHALLENGE."""

    def __init__(self) -> None:
        super().__init__(lambda _command: bytes.fromhex("E3 51 B0 FC 88 AA 2D 18 90 00"))

    @property
    def atr(self) -> bytes:
        """As printed."""
        return bytes.fromhex("3B 2A 00 80 65 24 B0 00 02 00 82 90 00")


@pytest.fixture
def acs() -> Iterator[SerialBoard]:
    """A CCID board with the manual's SAM."""
    with SerialCcidBoard() as board:
        board.put(SamOfTheManual())
        yield board


@pytest.fixture
def stx_etx() -> Iterator[SerialBoard]:
    """A board of the made-up protocol, without a card."""
    with SerialCommandResponseBoard() as board:
        yield board


def converse(board: SerialBoard, *turns: tuple[str, str]) -> None:
    """Send each first half and read its second half, no byte more and none less."""
    with serial.Serial(board.path, timeout=SECONDS) as port:
        for sent, expected in turns:
            port.write(bytes.fromhex(sent))
            wanted = bytes.fromhex(expected)
            assert port.read(len(wanted)) == wanted
        assert port.in_waiting == 0


POWER_ON = "02 62 00 00 00 00 00 01 01 00 00 62 03"
ATR = "02 80 0D 00 00 00 00 01 00 00 00 3B 2A 00 80 65 24 B0 00 02 00 82 90 00 FC 03"
TAKEN = "02 00 00 03"


def test_the_conversations_of_the_acr122s_manual(acs: SerialBoard) -> None:
    # ACR122S communication protocol V2.01, §5.1, §5.3 and §5.2, with the checksums worked out by hand. It
    # prints a powered-off slot with bStatus 00; ours says 01, inactive, as CCID rev. 1.1 §6.2.6 has it.
    converse(
        acs,
        (POWER_ON, f"{TAKEN} {ATR}"),
        (
            "02 6F 05 00 00 00 00 03 00 00 00 80 84 00 00 08 65 03",
            f"{TAKEN} 02 80 0A 00 00 00 00 03 00 00 00 E3 51 B0 FC 88 AA 2D 18 90 00 F0 03",
        ),
        ("02 63 00 00 00 00 00 02 00 00 00 61 03", f"{TAKEN} 02 81 00 00 00 00 00 02 01 00 00 82 03"),
    )


def test_the_errors_of_the_acr122s_manual(acs: SerialBoard) -> None:
    # §4.1, flow B and C: a wrong checksum from the host, and NAK to have the last answer again.
    converse(
        acs,
        ("02 62 00 00 00 00 00 01 01 00 00 63 03", "02 FF FF 03"),
        (POWER_ON, f"{TAKEN} {ATR}"),
        ("02 00 00 00 00 00 00 00 00 00 00 00 03", ATR),
        ("02 62 00 00 00 00 00 01 01 00 00 62 04", "02 FD FD 03"),
        ("02 6F 06 01 00 00 00 01 00 00 00 00 03", "02 FE FE 03"),
    )


def test_the_frames_that_are_worked_out_in_the_guide(stx_etx: SerialBoard) -> None:
    # docs/add-a-reader-profile.md shows the same bytes.
    converse(
        stx_etx,
        ("02 00 00 03 01 20 52 70 03", "06 02 00 00 03 01 20 01 23 03"),
        ("02 00 00 03 01 20 52 71 03", "15"),
        ("15", "02 00 00 03 01 20 01 23 03"),
    )
    stx_etx.put(ScriptedChip(lambda _command: b"\x6a\x82"))
    converse(
        stx_etx,
        ("02 00 00 03 02 20 52 73 03", "06 02 00 00 03 02 20 00 21 03"),
        ("02 00 00 02 03 21 20 03", "06 02 00 00 08 03 21 00 05 72 00 40 02 1F 03"),
        ("02 00 00 07 04 22 00 A4 04 00 00 81 03", "06 02 00 00 05 04 22 00 6A 82 CB 03"),
        ("02 00 00 02 05 23 24 03", "06 02 00 00 03 05 23 00 25 03"),
    )


def test_a_command_that_comes_twice_is_done_once(stx_etx: SerialBoard) -> None:
    chip = ScriptedChip(lambda _command: b"\x90\x00")
    stx_etx.put(chip)
    exchange = "02 00 00 07 04 22 00 A4 04 00 00 81 03"
    answer = "06 02 00 00 05 04 22 00 90 00 B3 03"
    converse(stx_etx, ("02 00 00 02 03 21 20 03", "06 02 00 00 08 03 21 00 05 72 00 40 02 1F 03"))
    converse(stx_etx, (exchange, answer), (exchange, answer))
    assert len(chip.commands) == 1
