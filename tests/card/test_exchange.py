"""61xx and 6Cxx are followed, and not for ever; long commands go extended or as a chain."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card.apdu import CommandApdu, ResponseApdu
from card.errors import AnswerMalformed, ApduRefused, CommandMalformed
from card.exchange import CHAINING_BIT, MAX_ANSWER_BYTES, MIN_PART_BYTES, Exchange, LengthLimits
from card.simulator.boards.link import InProcessConnection
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
    with pytest.raises(ApduRefused) as refused:
        send(chip)
    assert refused.value.sw == 0x6101
    assert len(chip.commands) == 1 + MAX_ANSWER_BYTES // MIN_PART_BYTES


def test_a_card_that_has_more_than_is_wanted_is_left_there() -> None:
    chip = ScriptedChip(lambda command: bytes(256) + b"\x61\x00")
    with pytest.raises(AnswerMalformed):
        send(chip)
    assert len(chip.commands) == 1 + MAX_ANSWER_BYTES // 256


def test_a_part_with_a_wrong_le_is_asked_for_again_once() -> None:
    parts = iter(["6110", "6C02", "01029000"])
    chip = ScriptedChip(lambda command: bytes.fromhex(next(parts)))
    assert send(chip) == b"\x01\x02"
    assert [command.hex() for command in chip.commands[1:]] == ["00c0000010", "00c0000002"]


def test_a_circle_of_61xx_and_6cxx_ends_in_a_refusal() -> None:
    turns = iter(range(10_000))
    chip = ScriptedChip(lambda command: b"\x6c\x01" if next(turns) % 2 else b"\x61\x01")
    with pytest.raises(ApduRefused):
        send(chip)


def test_an_answer_that_is_too_long_is_refused() -> None:
    chip = ScriptedChip(lambda command: bytes(5000) + b"\x90\x00")
    with pytest.raises(AnswerMalformed):
        send(chip)


def test_get_response_stays_on_the_commands_channel() -> None:
    chip = ScriptedChip(lambda command: b"\x90\x00" if command[1] == GET_RESPONSE else b"\x61\x05")
    with InProcessConnection(chip) as connection:
        Exchange(connection).send(CommandApdu(0x0E, 0xA4, 0x04, 0x00, b"\x01"), "SELECT")
    assert chip.commands[1][0] == 0x02


PHOTO = bytes(range(256)) * 64  # 16 KiB


def in_parts(data: bytes) -> Callable[[bytes], bytes]:
    """A card that hands this out by GET RESPONSE, 256 bytes at a time."""
    rest = [data]

    def answer(command: bytes) -> bytes:
        if command[1] == GET_RESPONSE:
            part, rest[0] = rest[0][:256], rest[0][256:]
            return part + (bytes((0x61, min(len(rest[0]), 256) % 256)) if rest[0] else b"\x90\x00")
        return b"\x61\x00"

    return answer


def test_a_photo_is_read_when_the_caller_allows_its_size() -> None:
    with InProcessConnection(ScriptedChip(in_parts(PHOTO))) as connection:
        assert Exchange(connection).send(SELECT, "SELECT", max_answer=len(PHOTO)) == PHOTO
    with InProcessConnection(ScriptedChip(in_parts(PHOTO))) as connection, pytest.raises(AnswerMalformed):
        Exchange(connection).send(SELECT, "SELECT", max_answer=len(PHOTO) - 1)


def test_a_warning_is_a_refusal_unless_it_is_accepted() -> None:
    chip = ScriptedChip(lambda command: b"\x01\x62\x83")
    with pytest.raises(ApduRefused):
        send(chip)
    with InProcessConnection(chip) as connection:
        exchange = Exchange(connection)
        accept = frozenset((0x6283,))
        assert exchange.send_for_response(SELECT, "SELECT", accept=accept) == ResponseApdu(b"\x01", 0x6283)
        assert exchange.send(SELECT, "SELECT", accept=accept) == b"\x01"


def long_command(data: bytes, le: int | None = None) -> CommandApdu:
    """A command whose data or Le ask for extended length."""
    return CommandApdu(0x00, 0xD6, 0x00, 0x00, data, le, extended=True)


def sent(command: CommandApdu, limits: LengthLimits, answer: bytes = b"\x90\x00") -> list[bytes]:
    """What a card gets that gives this answer to everything."""
    chip = ScriptedChip(lambda command: answer)
    with InProcessConnection(chip) as connection:
        Exchange(connection, limits).send(command, "UPDATE BINARY")
    return chip.commands


def test_a_long_command_goes_extended_where_allowed() -> None:
    command = long_command(bytes(300), le=1000)
    limits = LengthLimits(extended=True, chaining=True, max_command=309)
    assert sent(command, limits) == [command.to_bytes()]


def test_an_extended_command_that_is_too_long_is_chained() -> None:
    limits = LengthLimits(extended=True, chaining=True, max_command=308)
    assert len(sent(long_command(bytes(300)), limits)) == 2


def test_a_long_command_is_chained_where_extended_length_is_not_allowed() -> None:
    data = bytes(range(256)) + bytes(range(256))
    commands = sent(long_command(data, le=1000), LengthLimits(chaining=True))
    assert commands == [
        bytes.fromhex("10D60000FF") + data[:255],
        bytes.fromhex("10D60000FF") + data[255:510],
        bytes.fromhex("00D6000002") + data[510:] + b"\x00",
    ]


def test_a_long_le_alone_is_asked_for_in_parts_where_chaining_is_allowed() -> None:
    assert sent(long_command(b"", le=1000), LengthLimits(chaining=True)) == [bytes.fromhex("00D6000000")]


def test_a_command_that_needs_no_extended_length_goes_short() -> None:
    assert sent(long_command(b"\x01", le=256), LengthLimits(extended=True)) == [
        bytes.fromhex("00D60000010100")
    ]


@pytest.mark.parametrize(
    ("command", "limits"),
    [
        (long_command(bytes(256)), LengthLimits()),
        (long_command(b"", le=257), LengthLimits()),
        (long_command(bytes(300)), LengthLimits(extended=True, max_command=300)),
        (long_command(bytes(100)), LengthLimits(max_command=64)),
    ],
)
def test_a_command_beyond_the_limits_is_refused_unsent(command: CommandApdu, limits: LengthLimits) -> None:
    chip = ScriptedChip(lambda command: b"\x90\x00")
    with InProcessConnection(chip) as connection, pytest.raises(CommandMalformed):
        Exchange(connection, limits).send(command, "UPDATE BINARY")
    assert chip.commands == []


def test_a_limit_without_room_for_a_byte_is_refused() -> None:
    with pytest.raises(CommandMalformed):
        LengthLimits(max_command=6)


def test_a_chain_that_the_card_breaks_off_is_refused_at_that_link() -> None:
    chip = ScriptedChip(lambda command: b"\x68\x84")
    with InProcessConnection(chip) as connection, pytest.raises(ApduRefused) as refused:
        Exchange(connection, LengthLimits(chaining=True)).send(long_command(bytes(1000)), "UPDATE BINARY")
    assert refused.value.sw == 0x6884
    assert len(chip.commands) == 1


def test_data_in_the_middle_of_a_chain_are_refused() -> None:
    with pytest.raises(AnswerMalformed):
        sent(long_command(bytes(1000)), LengthLimits(chaining=True), answer=b"\x00\x90\x00")


@given(data=st.binary(min_size=1, max_size=2000), max_command=st.integers(7, 300))
def test_the_links_of_a_chain_carry_the_data_whole_and_in_order(data: bytes, max_command: int) -> None:
    commands = sent(long_command(data, le=256), LengthLimits(chaining=True, max_command=max_command))
    assert all(len(command) <= max_command for command in commands)
    assert [command[0] & CHAINING_BIT for command in commands[:-1]] == [CHAINING_BIT] * (len(commands) - 1)
    assert commands[-1][0] & CHAINING_BIT == 0
    assert b"".join(CommandApdu.from_bytes(command).data for command in commands) == data


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=40), st.booleans())
def test_no_answers_of_a_card_raise_anything_but_our_own_errors(answers: list[bytes], long: bool) -> None:
    turns = iter(answers)
    chip = ScriptedChip(lambda command: next(turns, b"\x61\x00"))
    command = long_command(bytes(600), le=1000) if long else SELECT
    with InProcessConnection(chip) as connection:
        try:
            data = Exchange(connection, LengthLimits(chaining=True)).send(command, "SELECT", max_answer=1000)
        except (AnswerMalformed, ApduRefused):
            return
    assert len(data) <= 1000
