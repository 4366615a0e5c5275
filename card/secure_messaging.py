"""Secure messaging of the reference applet: SM4 cipher and MAC on every command and answer.

The data objects of ISO/IEC 7816-4 clause 10 in the manner of ICAO Doc 9303-11 §9.8 for 128-bit block ciphers,
with SM4 in place of AES and SM3 in place of SHA-256. A counter that both sides raise before each message goes
into every MAC, so that nothing can be replayed, left out or put in another order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final, Self

from card.apdu import MAX_SHORT_DATA, MAX_SHORT_LE, CommandApdu, ResponseApdu
from card.errors import CommandMalformed, SecureMessagingBroken
from crypto.errors import TlvMalformed
from crypto.sm3 import sm3
from crypto.sm4 import (
    BLOCK_BYTES,
    KEY_BYTES,
    equal_in_constant_time,
    sm4_block,
    sm4_cbc_decrypt,
    sm4_cbc_encrypt,
    sm4_cmac,
)
from crypto.tlv import Tlv

PROTECTED: Final = 0x0C  # CLA bits 3 and 4: secure messaging, header authenticated (ISO/IEC 7816-4 §5.4.1)
PADDING_INDICATOR: Final = b"\x01"  # ISO/IEC 7816-4 clause 10: padded with 80 00…
MAC_BYTES: Final = 8
KEY_DERIVATION_CIPHER: Final = 1  # ICAO 9303-11 §9.7.1
KEY_DERIVATION_MAC: Final = 2


class SmTag(IntEnum):
    """Secure messaging data objects (ISO/IEC 7816-4 clause 10)."""

    CRYPTOGRAM = 0x87
    LE = 0x97
    STATUS = 0x99
    MAC = 0x8E


@dataclass(frozen=True, repr=False)
class SessionKeys:
    """The two 16-byte keys of one session. Its `repr` shows neither."""

    cipher: bytes
    mac: bytes

    @classmethod
    def derive(cls, secret: bytes) -> Self:
        """From a shared secret: SM3(secret ‖ counter), cut to 16 bytes (ICAO 9303-11 §9.7.1)."""
        return cls(_derived(secret, KEY_DERIVATION_CIPHER), _derived(secret, KEY_DERIVATION_MAC))


class SessionCipher:
    """What both ends share: the keys and the send sequence counter, which begins at 0."""

    def __init__(self, keys: SessionKeys) -> None:
        self._keys = keys
        self._counter = 0

    def step(self) -> None:
        """Raise the counter; once before each command, once before each answer."""
        self._counter += 1

    def cryptogram(self, data: bytes) -> bytes:
        """The object 87 around `data`; none around nothing."""
        if not data:
            return b""
        enciphered = sm4_cbc_encrypt(self._keys.cipher, self._initial, pad(data))
        return bytes(Tlv(SmTag.CRYPTOGRAM, PADDING_INDICATOR + enciphered))

    def plain(self, cryptogram: bytes) -> bytes:
        """The data in the value of an object 87. Raises SecureMessagingBroken."""
        indicator, enciphered = cryptogram[:1], cryptogram[1:]
        if indicator != PADDING_INDICATOR or not enciphered or len(enciphered) % BLOCK_BYTES:
            raise SecureMessagingBroken(detail="object 87 has the wrong form")
        return unpad(sm4_cbc_decrypt(self._keys.cipher, self._initial, enciphered))

    def mac(self, *parts: bytes) -> bytes:
        """The object 8E over the counter and the parts, each padded."""
        covered = self._counter_block + b"".join(pad(part) for part in parts if part)
        return bytes(Tlv(SmTag.MAC, sm4_cmac(self._keys.mac, covered)[:MAC_BYTES]))

    @property
    def _counter_block(self) -> bytes:
        return self._counter.to_bytes(BLOCK_BYTES, "big")

    @property
    def _initial(self) -> bytes:
        return sm4_block(self._keys.cipher, self._counter_block)


class SecureMessaging:
    """The terminal's end of one session.

    After SecureMessagingBroken the session is over, and says so to every later message: start anew with
    SELECT.
    """

    def __init__(self, keys: SessionKeys) -> None:
        self._cipher = SessionCipher(keys)
        self._is_broken = False

    def wrap(self, command: CommandApdu) -> CommandApdu:
        """The protected command. Raises CommandMalformed where it is too long."""
        if command.cla & PROTECTED:
            raise CommandMalformed(detail="the class byte asks for secure messaging already")
        if self._is_broken:
            raise SecureMessagingBroken(detail="the session is over")
        self._cipher.step()
        cla = command.cla | PROTECTED
        cryptogram = self._cipher.cryptogram(command.data)
        le = b"" if command.le is None else bytes(Tlv(SmTag.LE, encode_le(command.le)))
        header = bytes((cla, command.ins, command.p1, command.p2))
        data = cryptogram + le + self._cipher.mac(header, cryptogram + le)
        long_answer = command.le is not None and protected_length(command.le) > MAX_SHORT_LE
        extended = command.extended or long_answer or len(data) > MAX_SHORT_DATA
        return replace(
            command, cla=cla, data=data, le=65_536 if extended else MAX_SHORT_LE, extended=extended
        )

    def unwrap(self, answer: ResponseApdu) -> ResponseApdu:
        """The answer in plain. Raises SecureMessagingBroken unless every byte of it is the card's."""
        if self._is_broken:
            raise SecureMessagingBroken(detail="the session is over")
        self._is_broken = True
        plain = self._checked(answer)
        self._is_broken = False
        return plain

    def _checked(self, answer: ResponseApdu) -> ResponseApdu:
        self._cipher.step()
        objects = parse_objects(answer.data)
        tags = [item.tag for item in objects]
        if tags not in ([SmTag.STATUS, SmTag.MAC], [SmTag.CRYPTOGRAM, SmTag.STATUS, SmTag.MAC]):
            raise SecureMessagingBroken(detail=f"the answer is not protected (SW={answer.sw:04X})")
        covered = b"".join(objects[:-1])
        if not equal_in_constant_time(objects[-1], self._cipher.mac(covered)):
            raise SecureMessagingBroken(detail="the MAC is wrong")
        if objects[-2].value != answer.sw.to_bytes(2, "big"):
            raise SecureMessagingBroken(detail="the status word is not the protected one")
        data = self._cipher.plain(objects[0].value) if len(objects) == 3 else b""
        return ResponseApdu(data, answer.sw)


def parse_objects(data: bytes) -> Sequence[Tlv]:
    """The data objects of a protected message. Raises SecureMessagingBroken."""
    try:
        return Tlv.parse_list(data)
    except TlvMalformed as error:
        raise SecureMessagingBroken(detail=error.facts["detail"]) from error


def encode_le(le: int) -> bytes:
    """The value of an object 97: one byte, or two for more than 256."""
    return bytes((le % 256,)) if le <= MAX_SHORT_LE else (le % 65_536).to_bytes(2, "big")


def pad(data: bytes) -> bytes:
    """80 00… up to whole blocks (ISO/IEC 7816-4 clause 10)."""
    return data + b"\x80" + bytes(-(len(data) + 1) % BLOCK_BYTES)


def unpad(padded: bytes) -> bytes:
    """Without the padding. Raises SecureMessagingBroken where it is wrong."""
    data = padded.rstrip(b"\x00")
    if not data.endswith(b"\x80") or len(padded) - len(data) >= BLOCK_BYTES:
        raise SecureMessagingBroken(detail="the padding is wrong")
    return data[:-1]


def protected_length(le: int) -> int:
    """Bytes of the longest protected answer with `le` bytes of data: objects 87, 99 and 8E."""
    return 4 + 1 + len(pad(bytes(le))) + 4 + 2 + MAC_BYTES


def _derived(secret: bytes, counter: int) -> bytes:
    return sm3(secret + counter.to_bytes(4, "big"))[:KEY_BYTES]
