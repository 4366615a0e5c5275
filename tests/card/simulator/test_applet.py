"""The reference applet answers every command with the status word that its documentation gives."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card.simulator.chips.applet import ReferenceApplet
from card.simulator.chips.contents import MAX_COUNTER
from crypto.tap_proof import TapProof
from tests.card.cards import CHALLENGE, applet, personalised

SELECT = bytes.fromhex("00A4040007F0544B5245463100")
AUTHENTICATE = bytes.fromhex("0088000037") + CHALLENGE + b"\x00"


def powered() -> ReferenceApplet:
    chip = applet()
    chip.power_on()
    return chip


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        ("00", "6700"),
        ("00A4040008F0544B52454631", "6700"),
        ("00A404000000F0544B52454631", "6700"),
        ("80A4040007F0544B5245463100", "6E00"),
        ("00B0000000", "6985"),
        ("00FE000000", "6D00"),
        ("04A4040007F0544B5245463100", "6882"),
        ("00C0000000", "6D00"),
        ("00A4000007F0544B5245463100", "6A86"),
        ("00A4040207F0544B5245463100", "6A86"),
        ("00A4040007F0544B5245463200", "6A82"),
        ("00A4040006F0544B52454600", "6A82"),
        ("00A4040000", "6A82"),
        ("00A4040007F0544B5245463110", "6CAE"),
    ],
)
def test_wrong_commands_get_their_status_word(command: str, sw: str) -> None:
    assert powered().process(bytes.fromhex(command)).hex().upper() == sw


def test_authentication_needs_a_selection_that_power_loss_ends() -> None:
    chip = powered()
    assert chip.process(AUTHENTICATE) == bytes.fromhex("6985")
    assert chip.process(SELECT)[-2:] == bytes.fromhex("9000")
    assert chip.process(AUTHENTICATE)[-2:] == bytes.fromhex("9000")
    chip.power_on()
    assert chip.process(AUTHENTICATE) == bytes.fromhex("6985")


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        (b"\x00\x88\x01\x00" + AUTHENTICATE[4:], "6A86"),
        (b"\x00\x88\x00\x01" + AUTHENTICATE[4:], "6A86"),
        (b"\x00\x88\x00\x00\x36" + CHALLENGE[1:] + b"\x00", "6700"),
        (b"\x00\x88\x00\x00\x38" + CHALLENGE + b"\x00\x00", "6700"),
        (b"\x00\x88\x00\x00\x00", "6700"),
    ],
)
def test_wrong_authentication_commands_cost_no_counter(command: bytes, sw: str) -> None:
    chip = powered()
    chip.process(SELECT)
    assert chip.process(command).hex().upper() == sw
    assert TapProof.from_bytes(chip.process(AUTHENTICATE)[:-2]).counter == 1


def test_the_counter_rises_with_every_proof_and_not_with_power() -> None:
    chip = applet()
    counters = []
    for _ in range(3):
        chip.power_on()
        chip.process(SELECT)
        counters += [TapProof.from_bytes(chip.process(AUTHENTICATE)[:-2]).counter for _ in range(2)]
    assert counters == [1, 2, 3, 4, 5, 6]


def test_a_used_up_counter_blocks_the_key() -> None:
    chip = applet(replace(personalised(), counter=MAX_COUNTER - 1))
    chip.power_on()
    chip.process(SELECT)
    assert TapProof.from_bytes(chip.process(AUTHENTICATE)[:-2]).counter == MAX_COUNTER
    assert chip.process(AUTHENTICATE) == bytes.fromhex("6983")


@given(st.binary(max_size=300))
def test_any_bytes_get_an_answer_with_a_status_word(command: bytes) -> None:
    chip = powered()
    assert len(chip.process(command)) >= 2
    chip.process(SELECT)
    assert len(chip.process(command)) >= 2
