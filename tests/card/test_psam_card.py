"""The card of docs/reference-psam-card.md: each check of its tables; and nothing outlives its session."""

from __future__ import annotations

from dataclasses import replace

import pytest

from card.apdu import CommandApdu, Instruction, StatusWord
from card.application import CardApplication, Role
from card.cipher_psam import CipherPsam, CipherPsamInstruction
from card.connection import CardConnection
from card.errors import AnswerMalformed, AuthenticationRefused, SecureMessagingBroken
from card.psam_cipher import diversifier
from card.psam_cipher_mac import mac_message
from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.wrapped_chip import WrappedChip
from tests.card.full_cards import Tap
from tests.card.psam_cards import (
    PSAM_CARD,
    PSAM_PROFILE,
    RECORDS,
    cipher_psam,
    opened_with_psam,
    psam_card,
)

SELECT = CommandApdu(0x00, Instruction.SELECT, 0x04, 0x00, PSAM_PROFILE.aid_bytes, le=256)
SELECT_FILE = CommandApdu(0x00, Instruction.SELECT, 0x02, 0x00, b"\xef\x05")
CHALLENGE = CommandApdu(0x00, Instruction.GET_CHALLENGE, 0, 0, le=8)
EXTERNAL = CommandApdu(0x00, Instruction.EXTERNAL_AUTHENTICATE, 0, 0x02, bytes(16))
INTERNAL = CommandApdu(0x00, Instruction.INTERNAL_AUTHENTICATE, 0, 0x03, bytes(8), le=256)
READ = CommandApdu(0x00, Instruction.READ_RECORD, 7, 0x2C, le=256)
PROTECTED_READ = CommandApdu(0x04, Instruction.READ_RECORD, 0x10, 0x3C, bytes(8), le=256)
UPDATE = CommandApdu(0x04, Instruction.UPDATE_RECORD, 0x10, 0x3C, bytes(12), le=256)

ERASE = CommandApdu(0x04, Instruction.ERASE_RECORD, 0x10, 0x3C, bytes(8), le=256)


def status(line: CardConnection, *commands: CommandApdu) -> int:
    """The status word of the last of these; none of a refusal has data."""
    answers = [line.transmit(command) for command in commands]
    assert answers[-1].data == b"" or answers[-1].sw == StatusWord.NO_ERROR
    return answers[-1].sw


# --- the tables ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        (replace(SELECT, cla=0x80), StatusWord.CLASS_NOT_SUPPORTED),
        (replace(READ, ins=0xB0), StatusWord.INSTRUCTION_NOT_SUPPORTED),
        (replace(SELECT, cla=0x04), StatusWord.INSTRUCTION_NOT_SUPPORTED),
        (replace(SELECT, p2=0x0C), StatusWord.INCORRECT_P1_P2),
        (replace(SELECT, p1=0x00), StatusWord.INCORRECT_P1_P2),
        (replace(SELECT_FILE, p2=0x0C), StatusWord.INCORRECT_P1_P2),
        (replace(SELECT, data=PSAM_PROFILE.aid_bytes[:-1]), StatusWord.FILE_NOT_FOUND),
        (SELECT_FILE, StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED),
        (CHALLENGE, StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED),
        (EXTERNAL, StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED),
        (READ, StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED),
        (replace(READ, p2=0x2D), StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED),
        (SELECT, StatusWord.NO_ERROR),
    ],
    ids=str,
)
def test_before_it_is_selected_it_answers_select_alone(command: CommandApdu, sw: int) -> None:
    with InProcessConnection(psam_card()) as line:
        assert status(line, command) == sw


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        (replace(SELECT, le=1), 0x6C0B),
        (replace(SELECT_FILE, data=b"\xef\x15"), StatusWord.FILE_NOT_FOUND),
        (replace(SELECT_FILE, data=b""), StatusWord.FILE_NOT_FOUND),
        (replace(CHALLENGE, p1=1), StatusWord.INCORRECT_P1_P2),
        (replace(CHALLENGE, p2=1), StatusWord.INCORRECT_P1_P2),
        (replace(CHALLENGE, data=b"\x00"), StatusWord.WRONG_LENGTH),
        (replace(CHALLENGE, le=4), 0x6C08),
        (replace(EXTERNAL, p1=1), StatusWord.INCORRECT_P1_P2),
        (replace(EXTERNAL, p2=3), StatusWord.REFERENCED_DATA_NOT_FOUND),
        (EXTERNAL, StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED),
        (replace(INTERNAL, p1=1), StatusWord.INCORRECT_P1_P2),
        (replace(INTERNAL, p2=2), StatusWord.REFERENCED_DATA_NOT_FOUND),
        (INTERNAL, StatusWord.SECURITY_CONDITION_NOT_SATISFIED),
        (replace(READ, p2=0x2D), StatusWord.INCORRECT_P1_P2),
        (replace(READ, p2=0x0C), StatusWord.FILE_NOT_FOUND),
        (replace(READ, p2=0x04), StatusWord.COMMAND_NOT_ALLOWED),
        (replace(READ, p1=0), StatusWord.RECORD_NOT_FOUND),
        (replace(READ, p1=8), StatusWord.RECORD_NOT_FOUND),
        (replace(READ, p1=2), StatusWord.RECORD_NOT_FOUND),
        (replace(READ, data=bytes(8)), StatusWord.WRONG_LENGTH),
        (replace(READ, p1=9, p2=0x34), StatusWord.SECURITY_CONDITION_NOT_SATISFIED),
        (PROTECTED_READ, StatusWord.SECURITY_CONDITION_NOT_SATISFIED),
        (replace(PROTECTED_READ, p1=7, p2=0x2C), StatusWord.SECURITY_CONDITION_NOT_SATISFIED),
        (UPDATE, StatusWord.SECURITY_CONDITION_NOT_SATISFIED),
        (READ, StatusWord.NO_ERROR),
    ],
    ids=str,
)
def test_a_stranger_is_answered_as_the_tables_say(command: CommandApdu, sw: int) -> None:
    with InProcessConnection(psam_card()) as line:
        assert status(line, SELECT, command) == sw


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        (INTERNAL, StatusWord.NO_ERROR),
        (replace(INTERNAL, data=bytes(7)), StatusWord.WRONG_LENGTH),
        (replace(INTERNAL, data=bytes(9)), StatusWord.WRONG_LENGTH),
        (PROTECTED_READ, StatusWord.NO_ERROR),
        (replace(PROTECTED_READ, data=bytes(7)), StatusWord.WRONG_LENGTH),
        (replace(PROTECTED_READ, data=bytes(9)), StatusWord.WRONG_LENGTH),
        (replace(PROTECTED_READ, data=b""), StatusWord.WRONG_LENGTH),
        (replace(PROTECTED_READ, p1=0), StatusWord.RECORD_NOT_FOUND),
        (replace(PROTECTED_READ, p1=0x13), StatusWord.RECORD_NOT_FOUND),
        (UPDATE, StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED),
        (replace(UPDATE, p1=0x13), StatusWord.RECORD_NOT_FOUND),
        (ERASE, StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED),
        (replace(ERASE, p1=0x13), StatusWord.RECORD_NOT_FOUND),
    ],
    ids=str,
)
def test_an_issuer_is_answered_as_the_tables_say(command: CommandApdu, sw: int) -> None:
    with opened_with_psam(psam_card(), role=Role.ISSUER) as visit:
        assert status(visit.line, command) == sw


@pytest.mark.parametrize(("record", "sw"), [(b"", 0x6A84), (bytes(9), 0x6A84), (bytes(8), 0x9000)], ids=str)
def test_a_record_has_a_byte_to_the_file_s_longest(record: bytes, sw: int) -> None:
    update = replace(UPDATE, data=record)
    with opened_with_psam(psam_card(), role=Role.ISSUER) as visit:
        random = visit.line.transmit(CHALLENGE).data
        module = CipherPsam(visit.slot, PSAM_PROFILE.full_data_path.psam_aid_bytes)
        module.load_mac_key(0x05, diversifier(PSAM_PROFILE, RECORDS["card"]), random)
        mac = module.mac(mac_message(random, update, record))
        assert status(visit.line, replace(update, data=record + mac)) == sw


@pytest.mark.parametrize("command", [UPDATE, ERASE], ids=str)
def test_a_reader_changes_nothing_and_a_wrong_mac_of_the_issuer_s_neither(command: CommandApdu) -> None:
    for role, sw in (
        (Role.READER, StatusWord.SECURITY_CONDITION_NOT_SATISFIED),
        (Role.ISSUER, StatusWord.SECURE_MESSAGING_INCORRECT),
    ):
        chip = psam_card()
        with opened_with_psam(chip, role=role) as visit:
            assert status(visit.line, CHALLENGE, command) == sw
        assert chip.contents.files == PSAM_CARD.files


# --- nothing outlives its session ---------------------------------------------------------------------


def is_stranger(line: CardConnection) -> bool:
    """Whether the card takes the other end for nobody."""
    refused = StatusWord.SECURITY_CONDITION_NOT_SATISFIED
    answers = {status(line, INTERNAL), status(line, PROTECTED_READ)}
    assert answers in ({refused}, {StatusWord.NO_ERROR})
    return answers == {refused}


@pytest.mark.parametrize("role", [Role.READER, Role.ISSUER])
@pytest.mark.parametrize("key", [0x02, 0x06])
def test_a_failed_authentication_ends_the_session_before_it(role: Role, key: int) -> None:
    with opened_with_psam(psam_card(), role=role) as visit:
        assert not is_stranger(visit.line)
        tried = status(visit.line, CHALLENGE, replace(EXTERNAL, p2=key))
        assert tried == StatusWord.VERIFICATION_FAILED
        assert is_stranger(visit.line)


def test_an_authentication_without_a_random_ends_the_session_too() -> None:
    with opened_with_psam(psam_card()) as visit:
        assert status(visit.line, EXTERNAL) == StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED
        assert is_stranger(visit.line)


@pytest.mark.parametrize("with_reset", [False, True])
def test_select_and_reset_end_the_session_and_forget_random_and_file(with_reset: bool) -> None:
    chip = psam_card()
    with opened_with_psam(chip) as visit:
        visit.line.transmit(CHALLENGE)
        visit.line.transmit(SELECT_FILE)
        if with_reset:
            chip.power_on()
            assert status(visit.line, READ) == StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED
        assert status(visit.line, SELECT) == StatusWord.NO_ERROR
        assert status(visit.line, replace(READ, p2=0x04)) == StatusWord.COMMAND_NOT_ALLOWED
        assert is_stranger(visit.line)
        assert status(visit.line, EXTERNAL) == StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED


# --- replays ------------------------------------------------------------------------------------------


def recorded(visit_line: Tap, ins: Instruction) -> CommandApdu:
    """The last command of this instruction that passed."""
    return next(command for command in reversed(visit_line.commands) if command.ins == ins)


def test_a_terminal_s_cryptogram_opens_the_card_once() -> None:
    chip = psam_card()
    with opened_with_psam(chip) as visit:
        cryptogram = recorded(visit.line, Instruction.EXTERNAL_AUTHENTICATE)
        assert status(visit.line, cryptogram) == StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED
        assert status(visit.line, CHALLENGE, cryptogram) == StatusWord.VERIFICATION_FAILED
        assert is_stranger(visit.line)


def test_a_cryptogram_for_the_reader_s_key_is_none_for_the_issuer_s() -> None:
    class AsIssuer(WrappedChip):
        def process(self, command: bytes) -> bytes:
            parsed = CommandApdu.from_bytes(command)
            if parsed.ins == Instruction.EXTERNAL_AUTHENTICATE:
                command = replace(parsed, p2=0x06).to_bytes()
            return super().process(command)

    with Tap(InProcessConnection(AsIssuer(psam_card()))) as line, InProcessConnection(cipher_psam()) as slot:
        application = CardApplication(line, PSAM_PROFILE)
        application.select()
        with pytest.raises(AuthenticationRefused):
            application.authenticate(slot)
        assert line.answers[-1].sw == StatusWord.VERIFICATION_FAILED


def test_an_update_is_not_taken_again_with_another_random_or_in_another_session() -> None:
    chip = psam_card()
    with opened_with_psam(chip, role=Role.ISSUER) as visit:
        visit.application.write_file("disability", (RECORDS["disability"],))
        update = recorded(visit.line, Instruction.UPDATE_RECORD)
        assert status(visit.line, CHALLENGE, update) == StatusWord.SECURE_MESSAGING_INCORRECT
    with opened_with_psam(chip, role=Role.ISSUER) as visit:
        assert status(visit.line, CHALLENGE, update) == StatusWord.SECURE_MESSAGING_INCORRECT
        assert status(visit.line, update) == StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED


def test_an_update_for_one_record_is_none_for_another() -> None:
    class Misdirecting(WrappedChip):
        def process(self, command: bytes) -> bytes:
            parsed = CommandApdu.from_bytes(command)
            if parsed.ins == Instruction.UPDATE_RECORD:
                command = replace(parsed, p1=0x11).to_bytes()
            return super().process(command)

    chip = psam_card()
    with (
        opened_with_psam(Misdirecting(chip), role=Role.ISSUER) as visit,
        pytest.raises(SecureMessagingBroken, match="6988"),
    ):
        visit.application.write_file("disability", (RECORDS["disability"],))
    assert chip.contents.files == PSAM_CARD.files


# --- what a terminal does not take from it ------------------------------------------------------------


@pytest.mark.parametrize("length", [0, 7, 9, 15])
def test_a_random_of_another_length_is_no_answer_and_the_psam_is_not_asked(length: int) -> None:
    class OddRandom(WrappedChip):
        def process(self, command: bytes) -> bytes:
            if command[1] == Instruction.GET_CHALLENGE:
                return bytes(length) + b"\x90\x00"
            return super().process(command)

    with (
        InProcessConnection(OddRandom(psam_card())) as line,
        Tap(InProcessConnection(cipher_psam())) as slot,
    ):
        application = CardApplication(line, PSAM_PROFILE)
        application.select()
        with pytest.raises(AnswerMalformed):
            application.authenticate(slot)
        assert not any(command.ins == CipherPsamInstruction.CIPHER for command in slot.commands)


def test_the_longest_field_is_written_and_read_with_its_mac() -> None:
    [longest] = [field for field in PSAM_PROFILE.file_named("holder").field if field.name == "address"]
    moved = {**RECORDS["holder"], "address": "A" * longest.max_bytes}
    chip = psam_card()
    with opened_with_psam(chip, role=Role.ISSUER) as visit:
        visit.application.write_file("holder", (moved,))
        assert visit.application.read_file("holder") == (moved,)


def test_reading_goes_on_after_writing_in_the_same_session() -> None:
    """Writing loads another key into the PSAM; the next record is read under its own again."""
    with opened_with_psam(psam_card(), role=Role.ISSUER) as visit:
        for _ in range(2):
            assert visit.application.read_file("disability") == (RECORDS["disability"],)
            visit.application.write_file("disability", (RECORDS["disability"],))
