"""Secure messaging: every bit of every answer counts, and any bytes are answered by our own errors alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card.apdu import CommandApdu, Instruction, ResponseApdu
from card.errors import CommandMalformed, SecureMessagingBroken
from card.secure_messaging import SecureMessaging, SessionCipher, SessionKeys, pad, unpad
from card.simulator.chips.applet import ReferenceApplet
from card.simulator.chips.applet_channel import AppletChannel
from card.simulator.chips.contents import VolatileMemory
from card.simulator.chips.refusal import ChipRefused
from crypto.sm4 import sm4_block, sm4_cbc_encrypt, sm4_cmac
from tests.card.full_cards import full_card, opened

KEYS = SessionKeys(bytes(range(16)), bytes(range(16, 32)))
READ = CommandApdu(0x00, Instruction.READ_BINARY, 0x82, 0x00, le=223)
CARD = full_card()


@dataclass
class Exchange:
    """The answers of one session that reads a file, and with which of them what was done."""

    protected: list[ResponseApdu]


@cache
def one_session() -> Exchange:
    with opened(ReferenceApplet(VolatileMemory(CARD))) as (application, line):
        before = len(line.answers)
        application.read_file("holder")
        application.read_file("companions")
        return Exchange(line.answers[before:])


def test_every_bit_of_every_protected_answer_of_an_exchange_counts() -> None:
    lengths = [len(answer.to_bytes()) for answer in one_session().protected]
    assert len(lengths) == 4  # holder; two companions and the end of the records
    for index, length in enumerate(lengths):
        for bit in range(8 * length):
            assert is_refused(index, bit), f"answer {index}, bit {bit}"


def is_refused(index: int, bit: int) -> bool:
    """Whether a session is refused in which one bit of one protected answer was turned over on its way."""
    with opened(ReferenceApplet(VolatileMemory(CARD))) as (application, line):
        first = len(line.answers)

        def changed(answer: ResponseApdu) -> ResponseApdu:
            if len(line.answers) != first + index:
                return answer
            data = bytearray(answer.to_bytes())
            data[bit // 8] ^= 1 << bit % 8
            return ResponseApdu.from_bytes(bytes(data))

        line.changed = changed  # type: ignore[method-assign]
        try:
            application.read_file("holder")
            application.read_file("companions")
        except SecureMessagingBroken:
            return True
        return False


def test_a_command_is_what_icao_9303_11_says_with_sm4() -> None:
    """Computed here step by step: ICAO Doc 9303-11 §9.8.4 and §9.8.6 for 128-bit block ciphers."""
    wrapped = SecureMessaging(KEYS).wrap(CommandApdu(0x00, 0xD6, 0x82, 0x00, b"\x01\x02\x03"))
    counter = bytes(15) + b"\x01"
    initial = sm4_block(KEYS.cipher, counter)
    padded = b"\x01\x02\x03\x80" + bytes(12)
    object_87 = b"\x87\x11\x01" + sm4_cbc_encrypt(KEYS.cipher, initial, padded)
    header = bytes.fromhex("0CD68200") + b"\x80" + bytes(11)
    covered = counter + header + object_87 + b"\x80" + bytes(12)
    assert wrapped.data == object_87 + b"\x8e\x08" + sm4_cmac(KEYS.mac, covered)[:8]
    assert (wrapped.cla, wrapped.ins, wrapped.p1, wrapped.p2, wrapped.le) == (0x0C, 0xD6, 0x82, 0x00, 256)


def test_the_same_command_twice_is_never_the_same_bytes() -> None:
    messaging = SecureMessaging(KEYS)
    assert messaging.wrap(READ).to_bytes() != messaging.wrap(READ).to_bytes()


def test_an_answer_to_another_command_is_refused() -> None:
    first, second = one_session().protected[:2]
    messaging = SecureMessaging(KEYS)
    messaging.wrap(READ)
    for answer in (first, second):
        with pytest.raises(SecureMessagingBroken):
            messaging.unwrap(answer)


def test_a_session_that_broke_takes_and_gives_nothing_more() -> None:
    messaging = SecureMessaging(KEYS)
    messaging.wrap(READ)
    with pytest.raises(SecureMessagingBroken):
        messaging.unwrap(ResponseApdu(b"", 0x9000))
    with pytest.raises(SecureMessagingBroken, match="over"):
        messaging.wrap(READ)
    with pytest.raises(SecureMessagingBroken, match="over"):
        messaging.unwrap(one_session().protected[0])


def test_a_wrong_padding_indicator_is_refused_though_its_mac_is_right() -> None:
    chip, cipher = AppletChannel({}), SessionCipher(KEYS)
    chip._cipher = SessionCipher(KEYS)
    cipher.step()
    object_87 = b"\x87\x11\x02" + cipher.cryptogram(b"\x01")[3:]
    header = bytes.fromhex("0CD68200")
    command = CommandApdu(0x0C, 0xD6, 0x82, 0x00, object_87 + cipher.mac(header, object_87), le=256)
    with pytest.raises(ChipRefused):
        chip.unwrap(command)


@pytest.mark.parametrize("answer", ["9000", "6982", "6988", "990290009000", "8E0800000000000000009000"])
def test_an_answer_without_protection_is_refused(answer: str) -> None:
    messaging = SecureMessaging(KEYS)
    messaging.wrap(READ)
    with pytest.raises(SecureMessagingBroken):
        messaging.unwrap(ResponseApdu.from_bytes(bytes.fromhex(answer)))


def test_a_command_that_is_protected_already_is_refused() -> None:
    with pytest.raises(CommandMalformed):
        SecureMessaging(KEYS).wrap(CommandApdu(0x0C, 0xB0, 0x82, 0x00, le=16))


@given(st.binary(max_size=64))
def test_what_was_padded_is_unpadded(data: bytes) -> None:
    assert len(pad(data)) % 16 == 0
    assert unpad(pad(data)) == data


@pytest.mark.parametrize("padded", ["", "00" * 16, "80" + "00" * 16, "01" * 16, "81" + "00" * 15])
def test_wrong_padding_is_refused(padded: str) -> None:
    with pytest.raises(SecureMessagingBroken):
        unpad(bytes.fromhex(padded))


@given(st.binary(max_size=300), st.integers(0, 0xFFFF))
def test_random_answers_raise_our_own_error_alone(data: bytes, sw: int) -> None:
    messaging = SecureMessaging(KEYS)
    messaging.wrap(READ)
    with pytest.raises(SecureMessagingBroken):
        messaging.unwrap(ResponseApdu(data, sw))


@given(st.binary(min_size=1, max_size=250))
def test_random_commands_are_refused_by_the_chip_with_a_status_word(data: bytes) -> None:
    with opened(ReferenceApplet(VolatileMemory(CARD))) as (_application, line):
        answer = line.transmit(CommandApdu(0x0C, Instruction.READ_BINARY, 0x82, 0x00, data, le=256))
        assert answer.data == b""
        assert answer.sw >> 8 == 0x69


def test_a_chip_without_a_session_takes_no_protected_command() -> None:
    with pytest.raises(ChipRefused):
        AppletChannel({}).unwrap(CommandApdu(0x0C, Instruction.READ_BINARY, 0x82, 0x00, b"\x8e\x00"))


def test_session_keys_are_told_to_nobody() -> None:
    assert KEYS.cipher.hex() not in repr(KEYS)
    assert str(KEYS.cipher) not in repr(KEYS)
