"""APDUs: the four cases in both forms, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card.apdu import CommandApdu, ResponseApdu, StatusWord
from card.errors import AnswerMalformed, ApduRefused, CommandMalformed

BYTE = st.integers(0, 255)


@st.composite
def commands(draw: st.DrawFn) -> CommandApdu:
    extended = draw(st.booleans())
    data = draw(st.binary(max_size=600 if extended else 255))
    le = draw(st.none() | st.integers(1, 65_536 if extended else 256))
    if extended and not data and le is None:
        le = 1
    return CommandApdu(draw(BYTE), draw(BYTE), draw(BYTE), draw(BYTE), data, le, extended)


@pytest.mark.parametrize(
    ("encoded", "data", "le", "extended"),
    [
        ("00A40400", "", None, False),
        ("00C0000010", "", 16, False),
        ("00C0000000", "", 256, False),
        ("00A4040002A000", "A000", None, False),
        ("00A4040002A00000", "A000", 256, False),
        ("00A4040002A00010", "A000", 16, False),
        ("00B00000000000", "", 65_536, True),
        ("00B00000000100", "", 256, True),
        ("00D60000000002BEEF", "BEEF", None, True),
        ("00D60000000002BEEF0000", "BEEF", 65_536, True),
        ("00D60000000002BEEF0003", "BEEF", 3, True),
    ],
)
def test_every_case_of_iso_7816_4(encoded: str, data: str, le: int | None, extended: bool) -> None:
    raw = bytes.fromhex(encoded)
    command = CommandApdu.from_bytes(raw)
    assert (command.data, command.le, command.extended) == (bytes.fromhex(data), le, extended)
    assert command.to_bytes() == raw


@given(commands())
def test_commands_survive_the_round_trip(command: CommandApdu) -> None:
    assert CommandApdu.from_bytes(command.to_bytes()) == command


@given(st.binary(max_size=80))
def test_random_bytes_are_a_command_or_named_malformed(encoded: bytes) -> None:
    try:
        command = CommandApdu.from_bytes(encoded)
    except CommandMalformed:
        return
    assert command.to_bytes() == encoded


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "00A404",
        "00A4040003A000",
        "00A4040001A00000",
        "00A404000000",
        "00A40400000002BE",
        "00A40400000000BE",
    ],
)
def test_lengths_that_do_not_fit_are_refused(encoded: str) -> None:
    with pytest.raises(CommandMalformed):
        CommandApdu.from_bytes(bytes.fromhex(encoded))


@pytest.mark.parametrize(
    ("cla", "data", "le", "extended"),
    [
        (256, b"", None, False),
        (-1, b"", None, False),
        (0, bytes(256), None, False),
        (0, b"", 257, False),
        (0, b"", 0, False),
        (0, b"", 65_537, True),
        (0, bytes(65_536), None, True),
        (0, b"", None, True),
    ],
)
def test_fields_that_do_not_fit_together_are_refused(
    cla: int, data: bytes, le: int | None, extended: bool
) -> None:
    with pytest.raises(CommandMalformed):
        CommandApdu(cla, 0xA4, 0, 0, data, le, extended)


@given(st.binary(max_size=300), BYTE, BYTE)
def test_answers_survive_the_round_trip(data: bytes, sw1: int, sw2: int) -> None:
    encoded = data + bytes((sw1, sw2))
    answer = ResponseApdu.from_bytes(encoded)
    assert (answer.data, answer.sw1, answer.sw2) == (data, sw1, sw2)
    assert answer.to_bytes() == encoded


@pytest.mark.parametrize("encoded", [b"", b"\x90", bytes(65_539)])
def test_answers_without_status_word_or_end_are_refused(encoded: bytes) -> None:
    with pytest.raises(AnswerMalformed):
        ResponseApdu.from_bytes(encoded)


@pytest.mark.parametrize(
    ("sw", "shown"),
    [
        (StatusWord.SECURITY_CONDITION_NOT_SATISFIED, "SW=0x6982 (SECURITY_CONDITION_NOT_SATISFIED)"),
        (0x6C10, "SW=0x6C10 (WRONG_LE)"),
        (0x6110, "SW=0x6110 (BYTES_AVAILABLE)"),
        (0x6AFF, "SW=0x6AFF (UNKNOWN)"),
    ],
)
def test_a_refused_command_shows_its_status_word(sw: int, shown: str) -> None:
    error = ApduRefused("SELECT", sw)
    assert error.sw == sw
    assert shown in str(error)


def test_no_repr_shows_contents() -> None:
    secret = b"\xc0\xff\xee"
    assert "c0ffee" not in repr(CommandApdu(0, 0x88, 0, 0, secret)).lower()
    assert "c0ffee" not in repr(ResponseApdu(secret, 0x9000)).lower()
