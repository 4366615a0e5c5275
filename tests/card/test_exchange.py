"""61xx and 6Cxx are followed, and not for ever."""

import pytest

from card.apdu import CommandApdu
from card.errors import AnswerMalformed, ApduRefused
from card.exchange import MAX_GET_RESPONSES, Exchange
from card.simulator.link import InProcessConnection
from tests.card.cards import ScriptedChip

SELECT = CommandApdu(0x00, 0xA4, 0x04, 0x00, b"\xf0\x01\x02\x03\x04", le=256)
GET_RESPONSE = 0xC0


def send(chip: ScriptedChip) -> bytes:
    with InProcessConnection(chip) as connection:
        return Exchange(connection).send(SELECT, "SELECT")


def test_get_response_collects_the_parts_in_order() -> None:
    parts = iter(["6103", "01020361FF", "0405069000"])
    chip = ScriptedChip(lambda command: bytes.fromhex(next(parts)))
    assert send(chip) == bytes.fromhex("010203040506")
    assert [command.hex() for command in chip.commands[1:]] == ["00c0000003", "00c00000ff"]


def test_get_response_of_6100_asks_for_256_bytes() -> None:
    parts = iter(["6100", "019000"])
    chip = ScriptedChip(lambda command: bytes.fromhex(next(parts)))
    assert send(chip) == b"\x01"
    assert chip.commands[1].hex() == "00c0000000"


def test_a_wrong_le_is_corrected_once() -> None:
    parts = iter(["6C02", "01029000"])
    chip = ScriptedChip(lambda command: bytes.fromhex(next(parts)))
    assert send(chip) == b"\x01\x02"
    assert chip.commands[1] == chip.commands[0][:-1] + b"\x02"


def test_a_card_that_never_accepts_le_is_refused_after_two_commands() -> None:
    chip = ScriptedChip(lambda command: b"\x6c\x02")
    with pytest.raises(ApduRefused) as refused:
        send(chip)
    assert refused.value.sw == 0x6C02
    assert len(chip.commands) == 2


def test_a_card_that_always_has_more_is_refused() -> None:
    chip = ScriptedChip(lambda command: b"\x00\x61\x01")
    with pytest.raises(ApduRefused):
        send(chip)
    assert len(chip.commands) == 1 + MAX_GET_RESPONSES


def test_an_answer_that_is_too_long_is_refused() -> None:
    chip = ScriptedChip(lambda command: bytes(5000) + b"\x90\x00")
    with pytest.raises(AnswerMalformed):
        send(chip)


def test_get_response_stays_on_the_commands_channel() -> None:
    chip = ScriptedChip(lambda command: b"\x90\x00" if command[1] == GET_RESPONSE else b"\x61\x05")
    with InProcessConnection(chip) as connection:
        Exchange(connection).send(CommandApdu(0x0E, 0xA4, 0x04, 0x00, b"\x01"), "SELECT")
    assert chip.commands[1][0] == 0x02
