"""The chip of docs/reference-signing-card.md: each check of its tables; and no command gives a key away."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from card.apdu import CommandApdu, StatusWord
from card.connection import CardConnection
from card.errors import CardFileRefused, SigningCardPinUnfit, SigningCardRefused
from card.signing_card.data_objects import (
    AID,
    MAX_KEY_REFERENCE,
    MAX_LABEL_BYTES,
    MAX_PIN_CHARACTERS,
    MIN_PIN_CHARACTERS,
    PIN_TRIES,
    KeyDescription,
    KeyUse,
    SigningCardFci,
    is_pin_block,
    pin_block,
    public_key_from_bytes,
    public_key_to_bytes,
)
from card.signing_card.session import SigningCardSession
from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.signing_card import SigningCardChip
from card.simulator.issuing.signing_card_file import SigningCardFile
from crypto.sm2 import PrivateKey
from tests.card.signing_card.cards import KEY, PIN, PIN_BLOCK, WRONG_BLOCK, blank_card, signing_card

DOCUMENT = (Path(__file__).parents[3] / "docs" / "reference-signing-card.md").read_text()
SECOND = KeyDescription(2, "receipt", frozenset((KeyUse.SIGN,)))
SELECT = CommandApdu(0x00, 0xA4, 0x04, 0x00, AID, le=256)
TRIES = CommandApdu(0x00, 0x20, 0x00, 0x81)
VERIFY = replace(TRIES, data=PIN_BLOCK)
WRONG = replace(TRIES, data=WRONG_BLOCK)
SET_PIN = CommandApdu(0x00, 0x24, 0x01, 0x81, PIN_BLOCK)
CHANGE_PIN = CommandApdu(0x00, 0x24, 0x00, 0x81, PIN_BLOCK + WRONG_BLOCK)
GENERATE = CommandApdu(0x00, 0x46, 0x80, 0x00, SECOND.to_bytes(), le=256)
READ_KEY = CommandApdu(0x00, 0x46, 0x81, 0x00, bytes.fromhex("B603830101"), le=256)
LIST = CommandApdu(0x00, 0xCA, 0x01, 0x00, le=256)
CHOOSE = CommandApdu(0x00, 0x22, 0x41, 0xB6, bytes.fromhex("830101"))
CHOOSE_DECIPHER = replace(CHOOSE, p2=0xB8)
SIGN = CommandApdu(0x00, 0x2A, 0x9E, 0x9A, bytes(31) + b"\x01", le=256)
DECIPHER = CommandApdu(0x00, 0x2A, 0x80, 0x86, bytes(100), le=256)


def status(line: CardConnection, *commands: CommandApdu) -> int:
    """The status word of the last of these; none of a refusal has data."""
    answers = [line.transmit(command) for command in commands]
    assert answers[-1].data == b"" or answers[-1].sw == StatusWord.NO_ERROR
    return answers[-1].sw


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        (replace(SELECT, cla=0x80), StatusWord.CLASS_NOT_SUPPORTED),
        (replace(SELECT, ins=0xB0), StatusWord.INSTRUCTION_NOT_SUPPORTED),
        (replace(SELECT, extended=True), StatusWord.WRONG_LENGTH),
        (replace(SELECT, p1=0), StatusWord.INCORRECT_P1_P2),
        (replace(SELECT, p2=0x0C), StatusWord.INCORRECT_P1_P2),
        (replace(SELECT, data=AID[:-1]), StatusWord.FILE_NOT_FOUND),
        (replace(SELECT, le=1), 0x6C17),
        (VERIFY, StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED),
        (LIST, StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED),
        (SIGN, StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED),
    ],
    ids=str,
)
def test_before_it_is_selected_it_answers_select_alone(command: CommandApdu, sw: int) -> None:
    with InProcessConnection(signing_card()) as line:
        assert status(line, command) == sw


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        (TRIES, 0x63C5),
        (WRONG, 0x63C4),
        (replace(VERIFY, p1=1), StatusWord.INCORRECT_P1_P2),
        (replace(VERIFY, p2=0x80), StatusWord.INCORRECT_P1_P2),
        (replace(VERIFY, data=PIN.encode()), StatusWord.WRONG_LENGTH),
        (replace(SET_PIN, p1=2), StatusWord.INCORRECT_P1_P2),
        (SET_PIN, StatusWord.COMMAND_NOT_ALLOWED),
        (replace(CHANGE_PIN, data=PIN_BLOCK), StatusWord.WRONG_LENGTH),
        (replace(CHANGE_PIN, data=PIN_BLOCK[:5]), StatusWord.WRONG_LENGTH),
        (replace(CHANGE_PIN, data=PIN_BLOCK + bytes(12)), StatusWord.INCORRECT_DATA),
        (replace(CHANGE_PIN, data=WRONG_BLOCK * 2), 0x63C4),
        (replace(GENERATE, p1=0x82), StatusWord.INCORRECT_P1_P2),
        (GENERATE, StatusWord.SECURITY_CONDITION_NOT_SATISFIED),
        (replace(READ_KEY, data=b""), StatusWord.INCORRECT_DATA),
        (replace(READ_KEY, data=bytes.fromhex("B703830101")), StatusWord.INCORRECT_DATA),
        (replace(READ_KEY, data=bytes.fromhex("B603830110")), StatusWord.INCORRECT_DATA),
        (replace(READ_KEY, data=bytes.fromhex("B603830102")), StatusWord.REFERENCED_DATA_NOT_FOUND),
        (replace(READ_KEY, le=1), 0x6C46),
        (replace(LIST, p1=2), StatusWord.INCORRECT_P1_P2),
        (replace(LIST, p2=0x10), StatusWord.INCORRECT_P1_P2),
        (replace(LIST, data=b"\x00"), StatusWord.WRONG_LENGTH),
        (replace(LIST, p2=2), StatusWord.REFERENCED_DATA_NOT_FOUND),
        (replace(CHOOSE, p1=0x81), StatusWord.INCORRECT_P1_P2),
        (replace(CHOOSE, p2=0xA4), StatusWord.INCORRECT_P1_P2),
        (replace(CHOOSE, data=bytes.fromhex("84010101")), StatusWord.INCORRECT_DATA),
        (replace(CHOOSE, data=bytes.fromhex("830102")), StatusWord.REFERENCED_DATA_NOT_FOUND),
        (SIGN, StatusWord.SECURITY_CONDITION_NOT_SATISFIED),
        (DECIPHER, StatusWord.SECURITY_CONDITION_NOT_SATISFIED),
        (replace(SIGN, p2=0x9B), StatusWord.INCORRECT_P1_P2),
        (VERIFY, StatusWord.NO_ERROR),
        (CHOOSE, StatusWord.NO_ERROR),
    ],
    ids=str,
)
def test_a_stranger_is_answered_as_the_tables_say(command: CommandApdu, sw: int) -> None:
    with InProcessConnection(signing_card()) as line:
        assert status(line, SELECT, command) == sw


@pytest.mark.parametrize(
    ("commands", "sw"),
    [
        ((TRIES,), StatusWord.NO_ERROR),
        ((WRONG, SIGN), StatusWord.SECURITY_CONDITION_NOT_SATISFIED),
        ((CHANGE_PIN, SIGN), StatusWord.SECURITY_CONDITION_NOT_SATISFIED),
        ((CHANGE_PIN, VERIFY), 0x63C4),
        ((CHANGE_PIN, WRONG), StatusWord.NO_ERROR),
        ((CHOOSE, SELECT, SIGN), StatusWord.SECURITY_CONDITION_NOT_SATISFIED),
        ((SIGN,), StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED),
        ((CHOOSE_DECIPHER, SIGN), StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED),
        ((CHOOSE, DECIPHER), StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED),
        ((CHOOSE, replace(CHOOSE, data=b""), SIGN), StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED),
        ((CHOOSE, replace(SIGN, data=bytes(31))), StatusWord.WRONG_LENGTH),
        ((CHOOSE, replace(SIGN, data=bytes(33))), StatusWord.WRONG_LENGTH),
        ((CHOOSE, SIGN), StatusWord.NO_ERROR),
        ((CHOOSE_DECIPHER, DECIPHER), StatusWord.INCORRECT_DATA),
        ((CHOOSE_DECIPHER, replace(DECIPHER, data=b"\x01" + bytes(99))), StatusWord.INCORRECT_DATA),
        ((replace(GENERATE, data=b""),), StatusWord.INCORRECT_DATA),
        ((replace(GENERATE, data=KEY.to_bytes()),), StatusWord.COMMAND_NOT_ALLOWED),
        ((replace(GENERATE, data=replace(KEY, reference=3).to_bytes()),), StatusWord.COMMAND_NOT_ALLOWED),
        ((replace(GENERATE, data=replace(SECOND, reference=1).to_bytes()),), StatusWord.COMMAND_NOT_ALLOWED),
        ((GENERATE,), StatusWord.NO_ERROR),
        ((GENERATE, GENERATE), StatusWord.COMMAND_NOT_ALLOWED),
        (
            (GENERATE, replace(CHOOSE_DECIPHER, data=b"\x83\x01\x02")),
            StatusWord.REFERENCED_DATA_NOT_FOUND,
        ),
    ],
    ids=str,
)
def test_with_the_pin_it_is_answered_as_the_tables_say(commands: tuple[CommandApdu, ...], sw: int) -> None:
    with InProcessConnection(signing_card()) as line:
        assert status(line, SELECT, VERIFY, *commands) == sw


def test_a_blank_card_takes_one_pin_and_makes_no_key_without() -> None:
    with InProcessConnection(blank_card()) as line:
        assert status(line, SELECT, TRIES) == StatusWord.REFERENCED_DATA_NOT_FOUND
        assert status(line, VERIFY) == StatusWord.REFERENCED_DATA_NOT_FOUND
        assert status(line, CHANGE_PIN) == StatusWord.REFERENCED_DATA_NOT_FOUND
        assert status(line, GENERATE) == StatusWord.SECURITY_CONDITION_NOT_SATISFIED
        assert status(line, replace(SET_PIN, data=bytes(12))) == StatusWord.INCORRECT_DATA
        assert status(line, replace(SET_PIN, data=b"")) == StatusWord.WRONG_LENGTH
        assert status(line, SET_PIN) == StatusWord.NO_ERROR
        assert status(line, SET_PIN) == StatusWord.COMMAND_NOT_ALLOWED
        assert status(line, GENERATE) == StatusWord.SECURITY_CONDITION_NOT_SATISFIED


def test_wrong_pins_block_the_card_for_ever_and_a_reset_brings_no_tries_back() -> None:
    chip = signing_card()
    for left in range(PIN_TRIES - 1, 0, -1):
        with InProcessConnection(chip) as line:
            assert status(line, SELECT, WRONG) == 0x63C0 | left
    with InProcessConnection(chip) as line:
        assert status(line, SELECT, WRONG) == StatusWord.AUTHENTICATION_METHOD_BLOCKED
        for command in (VERIFY, TRIES, CHANGE_PIN):
            assert status(line, command) == StatusWord.AUTHENTICATION_METHOD_BLOCKED
        assert status(line, CHOOSE, SIGN) == StatusWord.SECURITY_CONDITION_NOT_SATISFIED
        assert status(line, SET_PIN) == StatusWord.COMMAND_NOT_ALLOWED


def test_a_right_pin_restores_the_tries() -> None:
    with InProcessConnection(signing_card()) as line:
        assert status(line, SELECT, WRONG, VERIFY, SELECT, TRIES) == 0x63C5


def test_the_count_is_kept_before_the_pin_is_compared() -> None:
    kept: list[int] = []
    chip = SigningCardChip(signing_card().contents, lambda contents: kept.append(contents.tries))
    with InProcessConnection(chip) as line:
        assert status(line, SELECT, VERIFY) == StatusWord.NO_ERROR
    assert kept == [PIN_TRIES - 1, PIN_TRIES]


# --- nothing gives a key away ---------------------------------------------------------------------------


def secrets_of(chip: SigningCardChip) -> list[bytes]:
    """Every half of every private key, and the PIN: no answer may hold one."""
    found = [chip.contents.pin]
    for held in chip.contents.keys.values():
        der = "".join(held.private_key.to_pem().decode().splitlines()[1:-1])
        number = re.search(rb"\x02\x01\x01\x04\x20(.{32})", b64decode(der), re.DOTALL)
        assert number is not None
        found += [number[1][:16], number[1][16:]]
    return found


def test_no_instruction_and_no_parameter_gives_a_key_away() -> None:
    chip = signing_card()
    with InProcessConnection(chip) as line:
        assert status(line, SELECT, VERIFY, CHOOSE, CHOOSE_DECIPHER) == StatusWord.NO_ERROR
        hidden = secrets_of(chip)
        assert len(hidden) == 3
        known = {(0x00, ins) for ins in (0xA4, 0x20, 0x22, 0x24, 0x2A, 0x46, 0xCA)}
        for ins in range(256):
            second = range(256) if (0x00, ins) in known else (0,)
            for p1 in range(256):
                for p2 in second:
                    answer = chip.process(bytes((0x00, ins, p1, p2, 0)))
                    assert not any(secret in answer for secret in hidden)
    assert secrets_of(chip) == hidden


_BODIES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [AID, PIN_BLOCK, WRONG_BLOCK, KEY.to_bytes(), SECOND.to_bytes(), b"\x83\x01\x01", bytes(32)]
    ),
)
_COMMANDS = st.builds(
    CommandApdu,
    cla=st.sampled_from([0x00, 0x00, 0x00, 0x80, 0x0C]),
    ins=st.one_of(
        st.sampled_from([0x20, 0x22, 0x24, 0x2A, 0x46, 0xA4, 0xCA, 0xCB, 0xB0]), st.integers(0, 255)
    ),
    p1=st.one_of(st.sampled_from([0x00, 0x01, 0x04, 0x41, 0x80, 0x81, 0x9E]), st.integers(0, 255)),
    p2=st.one_of(st.sampled_from([0x00, 0x01, 0x81, 0x86, 0x9A, 0xB6, 0xB8]), st.integers(0, 255)),
    data=_BODIES,
    le=st.one_of(st.none(), st.just(256)),
)


@settings(max_examples=150)
@given(st.lists(_COMMANDS, max_size=12))
def test_no_commands_in_any_order_give_a_key_away(commands: list[CommandApdu]) -> None:
    chip = SigningCardChip(CARD.contents)
    with InProcessConnection(chip) as line:
        assert status(line, SELECT, VERIFY) == StatusWord.NO_ERROR
        answers = [line.transmit(command).to_bytes() for command in commands]
    hidden = secrets_of(chip)
    assert not any(secret in answer for secret in hidden for answer in answers)
    assert set(CARD.contents.keys) <= set(chip.contents.keys)
    assert chip.contents.keys[1] is CARD.contents.keys[1]


CARD = signing_card()


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_chip(command: bytes) -> None:
    assert len(SigningCardChip(CARD.contents).process(command)) >= 2


# --- data objects -----------------------------------------------------------------------------------------

_LABELS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=MAX_LABEL_BYTES)
_DESCRIPTIONS = st.builds(
    KeyDescription,
    reference=st.integers(1, MAX_KEY_REFERENCE),
    label=_LABELS,
    uses=st.frozensets(st.sampled_from(KeyUse), min_size=1),
)


@given(_DESCRIPTIONS)
def test_a_description_survives_its_bytes(description: KeyDescription) -> None:
    assert KeyDescription.from_bytes(description.to_bytes()) == description


@given(st.one_of(st.binary(max_size=60), _DESCRIPTIONS.map(KeyDescription.to_bytes)), st.binary(max_size=3))
def test_a_description_has_one_form(data: bytes, more: bytes) -> None:
    try:
        description = KeyDescription.from_bytes(data + more)
    except SigningCardRefused:
        return
    assert description.to_bytes() == data + more


@pytest.mark.parametrize(
    "data",
    [
        "B603830101",  # no label
        "C10161",  # no use
        "B803830101B603830101C10161",  # in the other order
        "B603830101B603830101C10161",  # the same use twice
        "B603830101B803830102C10161",  # two references
        "B603830100C10161",
        "B603830110C10161",
        "B60483020001C10161",
        "B603830101C100",
        "B603830101C10120",
        "B603830101C121" + "61" * 33,
        "A403830101C10161",
        "B603830101C20161",
    ],
)
def test_a_description_in_another_form_is_refused(data: str) -> None:
    with pytest.raises(SigningCardRefused):
        KeyDescription.from_bytes(bytes.fromhex(data))


@given(st.binary(max_size=80))
def test_no_bytes_crash_what_reads_answers(data: bytes) -> None:
    for read in (SigningCardFci.from_bytes, public_key_from_bytes, KeyDescription.from_bytes):
        with pytest.raises(SigningCardRefused):
            read(data)


def test_fci_and_public_key_survive_their_bytes() -> None:
    assert SigningCardFci.from_bytes(SigningCardFci(bytes(8)).to_bytes()) == SigningCardFci(bytes(8))
    key = PrivateKey.generate().public_key
    assert public_key_from_bytes(public_key_to_bytes(key)) == key
    with pytest.raises(SigningCardRefused):
        public_key_from_bytes(public_key_to_bytes(key)[:-1] + b"\x00\x00")


@given(st.text(max_size=14))
def test_a_pin_is_a_block_or_refused(pin: str) -> None:
    try:
        block = pin_block(pin)
    except SigningCardPinUnfit:
        return
    assert is_pin_block(block)
    assert block.rstrip(b"\xff") == pin.encode()
    assert MIN_PIN_CHARACTERS <= len(pin) <= MAX_PIN_CHARACTERS


# --- its file -----------------------------------------------------------------------------------------------


def test_keys_pin_and_tries_survive_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    file = SigningCardFile.create(path, signing_card().contents)
    assert path.stat().st_mode & 0o777 == 0o600
    chip = SigningCardChip(file.load(), file.store)
    with InProcessConnection(chip) as line:
        session = SigningCardSession(line)
        assert status(line, WRONG) == 0x63C4
    again = SigningCardFile(path).load()
    with InProcessConnection(SigningCardChip(again)) as line:
        second = SigningCardSession(line)
        assert second.tries_left() == PIN_TRIES - 1
        assert second.serial == session.serial
        assert second.held_keys() == (KEY,)
        assert second.public_key(KEY) == chip.contents.keys[1].private_key.public_key


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"format": 1', '"format": 2'),
        ('"tries": 5', '"tries": 6'),
        ('"pin": "', '"pin": "00'),
        ("BEGIN PRIVATE", "BEGIN PUBLIC"),
        ("B603830101", "B603830102"),
        ('"1": {', '"2": {'),
        ('"serial"', '"serials"'),
        ("}", ""),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "card.json"
    file = SigningCardFile.create(path, signing_card().contents)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(CardFileRefused):
        file.load()


def test_a_file_that_others_may_read_or_that_exists_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    file = SigningCardFile.create(path, signing_card().contents)
    with pytest.raises(CardFileRefused):
        SigningCardFile.create(path, signing_card().contents)
    path.chmod(0o640)
    with pytest.raises(CardFileRefused):
        file.load()


def test_numbers_in_the_document_are_the_codes() -> None:
    assert AID.hex(" ").upper() in DOCUMENT
    assert blank_card().atr.hex(" ").upper() in DOCUMENT
    assert f"{PIN_TRIES} wrong PINs" in DOCUMENT
    assert f"{MIN_PIN_CHARACTERS} to {MAX_PIN_CHARACTERS} printable" in DOCUMENT
    assert f"1 to {MAX_LABEL_BYTES} printable" in DOCUMENT
    for command in (SELECT, VERIFY, SET_PIN, GENERATE, READ_KEY, LIST, CHOOSE, SIGN, DECIPHER):
        assert command.to_bytes()[:4].hex(" ").upper() in DOCUMENT
