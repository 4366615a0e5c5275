"""The PSAM of the reference profile: a session for one run with one card, and for nothing recorded."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace

import pytest

from card.apdu import CommandApdu, Instruction, ResponseApdu, StatusWord
from card.application import Role
from card.connection import CardConnection
from card.errors import AuthenticationRefused, PsamRefused
from card.mutual_authentication import (
    RANDOM_BYTES,
    SECRET_BYTES,
    TOKEN_BYTES,
    AuthenticationToken,
    StaticKeys,
    shared_secret,
)
from card.profile import reference_profile
from card.psam import PSAM_CLA, Psam, PsamIdentity, PsamInstruction, PsamTag
from card.secure_messaging import SessionKeys
from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.psam import PsamChip
from crypto.tlv import Tlv
from tests.card.cards import ISSUER, ScriptedChip
from tests.card.full_cards import psam_slot

AID = reference_profile().full_data_path.psam_aid_bytes
KEY = 1
CARD_ID = bytes(range(8))
RANDOM = bytes(range(RANDOM_BYTES))


def keys_of(card_id: bytes) -> StaticKeys:
    return ISSUER.psam.masters[KEY].diversified(card_id)


def answer_of_card(
    prepared: bytes, random: bytes = RANDOM, keys: StaticKeys | None = None
) -> AuthenticationToken:
    """What the card says to the PSAM's token."""
    asked = AuthenticationToken.from_bytes(prepared, keys or keys_of(CARD_ID))
    return AuthenticationToken(random, asked.own_random, secrets.token_bytes(SECRET_BYTES))


@pytest.fixture
def slot() -> Iterator[CardConnection]:
    """A reader's PSAM, its application selected."""
    with psam_slot(Role.READER) as connection:
        Psam(connection, AID).select()
        yield connection


def finish(slot: CardConnection, token: bytes) -> int:
    """The status word of FINISH AUTHENTICATION."""
    command = CommandApdu(PSAM_CLA, PsamInstruction.FINISH_AUTHENTICATION, 0, 0, token, le=256)
    answer = slot.transmit(command)
    assert answer.data == b"" or answer.sw == StatusWord.NO_ERROR
    return answer.sw


# --- a run and its replays ----------------------------------------------------------------------------


def test_a_run_gives_the_keys_that_the_card_has(slot: CardConnection) -> None:
    psam = Psam(slot, AID)
    prepared = psam.prepare_authentication(KEY, CARD_ID, RANDOM)
    said = answer_of_card(prepared)
    asked = AuthenticationToken.from_bytes(prepared, keys_of(CARD_ID))
    session = psam.finish_authentication(said.to_bytes(keys_of(CARD_ID)))
    expected = SessionKeys.derive(shared_secret(said, asked))
    assert (session.cipher, session.mac) == (expected.cipher, expected.mac)


def test_a_token_of_another_run_is_refused_though_the_card_s_random_is_the_same(slot: CardConnection) -> None:
    psam = Psam(slot, AID)
    recorded = answer_of_card(psam.prepare_authentication(KEY, CARD_ID, RANDOM)).to_bytes(keys_of(CARD_ID))
    psam.prepare_authentication(KEY, CARD_ID, RANDOM)
    with pytest.raises(AuthenticationRefused):
        psam.finish_authentication(recorded)


def test_a_token_with_another_random_of_the_card_is_refused(slot: CardConnection) -> None:
    psam = Psam(slot, AID)
    prepared = psam.prepare_authentication(KEY, CARD_ID, RANDOM)
    with pytest.raises(AuthenticationRefused):
        psam.finish_authentication(answer_of_card(prepared, RANDOM[::-1]).to_bytes(keys_of(CARD_ID)))


def test_a_token_of_another_card_is_refused(slot: CardConnection) -> None:
    psam = Psam(slot, AID)
    said = answer_of_card(psam.prepare_authentication(KEY, CARD_ID, RANDOM))
    with pytest.raises(AuthenticationRefused):
        psam.finish_authentication(said.to_bytes(keys_of(CARD_ID[::-1])))


def test_the_psam_s_own_token_does_not_pass_for_the_card_s(slot: CardConnection) -> None:
    prepared = Psam(slot, AID).prepare_authentication(KEY, CARD_ID, RANDOM)
    assert finish(slot, prepared) == StatusWord.SECURITY_CONDITION_NOT_SATISFIED


@pytest.mark.parametrize("first_is_right", [True, False])
def test_a_run_is_finished_once(slot: CardConnection, first_is_right: bool) -> None:
    said = answer_of_card(Psam(slot, AID).prepare_authentication(KEY, CARD_ID, RANDOM))
    right = said.to_bytes(keys_of(CARD_ID))
    first = right if first_is_right else right[:-1] + bytes((right[-1] ^ 1,))
    expected = StatusWord.NO_ERROR if first_is_right else StatusWord.SECURITY_CONDITION_NOT_SATISFIED
    assert finish(slot, first) == expected
    assert finish(slot, right) == StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED


def test_a_run_ends_with_select(slot: CardConnection) -> None:
    psam = Psam(slot, AID)
    said = answer_of_card(psam.prepare_authentication(KEY, CARD_ID, RANDOM))
    psam.select()
    assert finish(slot, said.to_bytes(keys_of(CARD_ID))) == StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED


def test_a_run_and_the_selection_end_with_a_reset() -> None:
    chip = PsamChip(ISSUER.psam_for(Role.READER))
    with InProcessConnection(chip) as slot:
        psam = Psam(slot, AID)
        psam.select()
        said = answer_of_card(psam.prepare_authentication(KEY, CARD_ID, RANDOM))
    with InProcessConnection(chip) as slot:
        assert finish(slot, said.to_bytes(keys_of(CARD_ID))) == StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED
        with pytest.raises(PsamRefused, match="6985"):
            Psam(slot, AID).prepare_authentication(KEY, CARD_ID, RANDOM)


# --- what it does not take ----------------------------------------------------------------------------

SELECT = CommandApdu(0x00, Instruction.SELECT, 4, 0, AID, le=256)
PREPARE = CommandApdu(PSAM_CLA, PsamInstruction.PREPARE_AUTHENTICATION, 0, KEY, CARD_ID + RANDOM, le=256)
FINISH = CommandApdu(PSAM_CLA, PsamInstruction.FINISH_AUTHENTICATION, 0, 0, bytes(TOKEN_BYTES), le=256)


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        (replace(SELECT, p1=0x02), StatusWord.INCORRECT_P1_P2),
        (replace(SELECT, p2=0x0C), StatusWord.INCORRECT_P1_P2),
        (replace(SELECT, data=AID[:-1]), StatusWord.FILE_NOT_FOUND),
        (replace(PREPARE, p1=0x01), StatusWord.INCORRECT_P1_P2),
        (replace(PREPARE, p2=0x02), StatusWord.REFERENCED_DATA_NOT_FOUND),  # the issuer's pair
        (replace(PREPARE, data=PREPARE.data[:-1]), StatusWord.WRONG_LENGTH),
        (replace(PREPARE, data=PREPARE.data + b"\x00"), StatusWord.WRONG_LENGTH),
        (replace(FINISH, p1=0x01), StatusWord.INCORRECT_P1_P2),
        (replace(FINISH, p2=0x01), StatusWord.INCORRECT_P1_P2),
        (FINISH, StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED),
        (replace(FINISH, ins=0x8C), StatusWord.INSTRUCTION_NOT_SUPPORTED),
        (replace(FINISH, cla=0x90), StatusWord.CLASS_NOT_SUPPORTED),
    ],
    ids=str,
)
def test_a_command_of_another_form_is_refused(slot: CardConnection, command: CommandApdu, sw: int) -> None:
    assert slot.transmit(command) == ResponseApdu(b"", sw)


@pytest.mark.parametrize("length", [0, TOKEN_BYTES - 1, TOKEN_BYTES + 1])
def test_a_token_of_another_length_is_refused(slot: CardConnection, length: int) -> None:
    Psam(slot, AID).prepare_authentication(KEY, CARD_ID, RANDOM)
    assert finish(slot, bytes(length)) == StatusWord.SECURITY_CONDITION_NOT_SATISFIED


# --- what the terminal does not take from it ----------------------------------------------------------


def terminal_with(answer: bytes) -> Psam:
    """A terminal whose PSAM says this to everything."""
    return Psam(InProcessConnection(ScriptedChip(lambda command: answer + b"\x90\x00")), AID)


@pytest.mark.parametrize("length", [0, TOKEN_BYTES - 1, TOKEN_BYTES + 1])
def test_a_psam_s_token_of_another_length_is_no_answer(length: int) -> None:
    with pytest.raises(PsamRefused):
        terminal_with(bytes(length)).prepare_authentication(KEY, CARD_ID, RANDOM)


@pytest.mark.parametrize("length", [0, 31, 33, 48])
def test_session_keys_of_another_length_are_no_answer(length: int) -> None:
    with pytest.raises(PsamRefused):
        terminal_with(bytes(length)).finish_authentication(bytes(TOKEN_BYTES))


def test_more_than_a_psam_can_say_is_no_answer() -> None:
    with pytest.raises(PsamRefused):
        terminal_with(bytes(60_000)).prepare_authentication(KEY, CARD_ID, RANDOM)
    with pytest.raises(PsamRefused):
        terminal_with(bytes(60_000)).finish_authentication(bytes(TOKEN_BYTES))


def test_a_psam_that_can_not_finish_says_nothing_of_the_card() -> None:
    chip = ScriptedChip(lambda command: StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED.to_bytes(2, "big"))
    with pytest.raises(PsamRefused, match="6985"):
        Psam(InProcessConnection(chip), AID).finish_authentication(bytes(TOKEN_BYTES))


def identity(*proprietary: tuple[int, bytes], name: bytes = AID) -> bytes:
    """An answer to SELECT."""
    inside = b"".join(Tlv(tag, value) for tag, value in proprietary)
    return bytes(Tlv(PsamTag.FCI, Tlv(PsamTag.DF_NAME, name) + Tlv(PsamTag.PROPRIETARY, inside)))


ID, VERSION = (PsamTag.PSAM_ID.value, bytes(8)), (PsamTag.KEY_VERSION.value, b"\x01")


def test_a_psam_is_known_by_its_answer_to_select() -> None:
    assert PsamIdentity.from_bytes(identity(ID, VERSION), AID) == PsamIdentity(bytes(8), 1)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        identity(ID),
        identity(VERSION, ID),
        identity(ID, VERSION, VERSION),
        identity((0xC3, bytes(8)), VERSION),
        identity(ID, (0xC3, b"\x01")),
        identity(ID, VERSION).replace(b"\x84\x07", b"\x85\x07"),
        identity((PsamTag.PSAM_ID, bytes(7)), VERSION),
        identity((PsamTag.PSAM_ID, bytes(9)), VERSION),
        identity(ID, (PsamTag.KEY_VERSION, b"")),
        identity(ID, (PsamTag.KEY_VERSION, b"\x00\x01")),
        identity(ID, VERSION, name=AID[:-1]),
    ],
)
def test_another_answer_to_select_is_no_psam_s(answer: bytes) -> None:
    with pytest.raises(PsamRefused):
        terminal_with(answer).select()
