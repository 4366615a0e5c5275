"""The PSAM of the profile `reference-psam`: each check of the table in docs/reference-psam-card.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from card.apdu import CommandApdu, Instruction, ResponseApdu, StatusWord
from card.application import Role
from card.cipher_psam import CipherMode, CipherPsam, CipherPsamInstruction, Diversification
from card.connection import CardConnection
from card.errors import PsamRefused
from card.psam import PSAM_CLA
from card.simulator.boards.link import InProcessConnection
from card.status_word import StatusClass
from tests.card.cards import ScriptedChip
from tests.card.psam_cards import PSAM_PROFILE, cipher_psam

AID = PSAM_PROFILE.full_data_path.psam_aid_bytes
SELECT = CommandApdu(0x00, Instruction.SELECT, 4, 0, AID)
GET_RESPONSE = CommandApdu(0x00, Instruction.GET_RESPONSE, 0, 0, le=16)
LOAD_KEY = CommandApdu(
    PSAM_CLA, CipherPsamInstruction.DIVERSIFY, Diversification.FOR_AUTHENTICATION, 2, bytes(16)
)
LOAD_MAC_KEY = CommandApdu(PSAM_CLA, CipherPsamInstruction.DIVERSIFY, Diversification.FOR_MAC, 4, bytes(24))
ENCIPHER = CommandApdu(PSAM_CLA, CipherPsamInstruction.CIPHER, CipherMode.ENCIPHER, 0, bytes(16))
MAC = CommandApdu(PSAM_CLA, CipherPsamInstruction.CIPHER, CipherMode.MAC, 0, bytes(32))
ANNOUNCED = StatusClass.BYTES_AVAILABLE << 8 | 16


@pytest.fixture
def slot() -> Iterator[CardConnection]:
    """A reader's PSAM, its application selected."""
    with InProcessConnection(cipher_psam(Role.READER)) as connection:
        connection.transmit(SELECT)
        yield connection


def said(slot: CardConnection, *commands: CommandApdu) -> int:
    """The status word of the last of these; on T=0 no answer but GET RESPONSE's has data."""
    answers = [slot.transmit(command) for command in commands]
    assert not any(answer.data for answer in answers)
    return answers[-1].sw


@pytest.mark.parametrize(
    ("commands", "sw"),
    [
        ((replace(SELECT, p1=2),), StatusWord.INCORRECT_P1_P2),
        ((replace(SELECT, p2=1),), StatusWord.INCORRECT_P1_P2),
        ((replace(SELECT, data=AID[:-1]),), StatusWord.FILE_NOT_FOUND),
        ((replace(LOAD_KEY, p1=0x18),), StatusWord.INCORRECT_P1_P2),
        ((replace(LOAD_KEY, data=bytes(15)),), StatusWord.WRONG_LENGTH),
        ((replace(LOAD_KEY, data=bytes(24)),), StatusWord.WRONG_LENGTH),
        ((replace(LOAD_MAC_KEY, data=bytes(16)),), StatusWord.WRONG_LENGTH),
        ((replace(LOAD_MAC_KEY, data=bytes(25)),), StatusWord.WRONG_LENGTH),
        ((replace(LOAD_KEY, p2=6),), StatusWord.REFERENCED_DATA_NOT_FOUND),  # the issuer's
        ((replace(LOAD_MAC_KEY, p2=5),), StatusWord.REFERENCED_DATA_NOT_FOUND),
        ((ENCIPHER,), StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED),
        ((LOAD_KEY,), StatusWord.NO_ERROR),
        ((LOAD_KEY, ENCIPHER), ANNOUNCED),
        ((LOAD_KEY, replace(ENCIPHER, p1=1)), StatusWord.INCORRECT_P1_P2),
        ((LOAD_KEY, replace(ENCIPHER, p2=1)), StatusWord.INCORRECT_P1_P2),
        ((LOAD_KEY, replace(ENCIPHER, data=bytes(15))), StatusWord.WRONG_LENGTH),
        ((LOAD_KEY, replace(ENCIPHER, data=bytes(32))), StatusWord.WRONG_LENGTH),
        ((LOAD_MAC_KEY, MAC), ANNOUNCED),
        ((LOAD_MAC_KEY, replace(MAC, data=bytes(16))), StatusWord.WRONG_LENGTH),
        ((LOAD_MAC_KEY, replace(MAC, data=bytes(33))), StatusWord.WRONG_LENGTH),
        ((LOAD_MAC_KEY, LOAD_KEY, MAC), StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED),
        ((LOAD_KEY, replace(LOAD_KEY, p2=6), ENCIPHER), StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED),
        ((LOAD_KEY, SELECT, ENCIPHER), StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED),
        ((GET_RESPONSE,), 0x6C1A),  # SELECT's answer is still held
        ((LOAD_KEY, GET_RESPONSE), StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED),
        ((LOAD_KEY, ENCIPHER, replace(GET_RESPONSE, p1=1)), StatusWord.INCORRECT_P1_P2),
        ((LOAD_KEY, ENCIPHER, replace(GET_RESPONSE, p2=1)), StatusWord.INCORRECT_P1_P2),
        ((LOAD_KEY, ENCIPHER, SELECT, replace(GET_RESPONSE, le=16)), 0x6C1A),
        ((replace(ENCIPHER, ins=0xFC),), StatusWord.INSTRUCTION_NOT_SUPPORTED),
        ((replace(ENCIPHER, cla=0x90),), StatusWord.CLASS_NOT_SUPPORTED),
    ],
    ids=str,
)
def test_it_answers_as_the_table_says(
    slot: CardConnection, commands: tuple[CommandApdu, ...], sw: int
) -> None:
    assert said(slot, *commands) == sw


@pytest.mark.parametrize("command", [LOAD_KEY, LOAD_MAC_KEY, ENCIPHER, MAC], ids=str)
def test_a_reset_unloads_the_key_and_ends_the_selection(command: CommandApdu) -> None:
    chip = cipher_psam(Role.READER)
    for key in (LOAD_KEY, LOAD_MAC_KEY):
        with InProcessConnection(chip) as slot:
            said(slot, SELECT, key, ENCIPHER if key is LOAD_KEY else MAC)
        with InProcessConnection(chip) as slot:
            assert said(slot, GET_RESPONSE) == StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED
            assert said(slot, command) == StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED


@pytest.mark.parametrize("length", [0, 8, 15, 17, 32])
def test_a_cryptogram_or_mac_of_another_length_is_no_answer(length: int) -> None:
    answer = ResponseApdu(bytes(length), StatusWord.NO_ERROR).to_bytes()
    psam = CipherPsam(InProcessConnection(ScriptedChip(lambda command: answer)), AID)
    with pytest.raises(PsamRefused):
        psam.encipher(bytes(16))
    with pytest.raises(PsamRefused):
        psam.mac(bytes(16))
