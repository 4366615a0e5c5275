"""Command and response APDUs (ISO/IEC 7816-4 clause 5)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from card.errors import AnswerMalformed, CommandMalformed
from card.status_word import StatusWord

__all__ = ["CommandApdu", "Instruction", "ResponseApdu", "StatusWord", "select_by_df_name"]

HEADER_BYTES = 4
MAX_SHORT_DATA = 255
MAX_SHORT_LE = 256
MAX_EXTENDED_DATA = 65_535
MAX_EXTENDED_LE = 65_536
MAX_APDU_BYTES = 65_544  # header, extended Lc, data, extended Le
SELECT_BY_DF_NAME = 0x04  # P1 (ISO/IEC 7816-4 clause 11, SELECT)
FIRST_OR_ONLY_RETURN_FCI = 0x00  # P2


class Instruction(IntEnum):
    """Instruction bytes that this package sends (ISO/IEC 7816-4 clause 5, INS)."""

    DEACTIVATE_FILE = 0x04
    ERASE_RECORD = 0x0C
    ERASE_BINARY = 0x0E
    ACTIVATE_FILE = 0x44
    GENERATE_ASYMMETRIC_KEY_PAIR = 0x47  # ISO/IEC 7816-8
    EXTERNAL_AUTHENTICATE = 0x82  # with Le: MUTUAL AUTHENTICATE
    GET_CHALLENGE = 0x84
    INTERNAL_AUTHENTICATE = 0x88
    SELECT = 0xA4
    READ_BINARY = 0xB0
    READ_RECORD = 0xB2
    GET_RESPONSE = 0xC0
    UPDATE_BINARY = 0xD6
    PUT_DATA = 0xDA
    UPDATE_RECORD = 0xDC
    TERMINATE_DF = 0xE6


@dataclass(frozen=True)
class CommandApdu:
    """One command: header, data field of 0 to 65,535 bytes, and Le, the most bytes expected back.

    `le` is None when no answer data are expected, else 1..256 (short) or 1..65,536 (extended). `extended`
    chooses the length fields' form. Raises CommandMalformed when the fields do not fit together.
    Source: ISO/IEC 7816-4 §5.1, §5.2.
    """

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    le: int | None = None
    extended: bool = False

    def __post_init__(self) -> None:
        if not all(0 <= byte <= 0xFF for byte in (self.cla, self.ins, self.p1, self.p2)):
            raise CommandMalformed(detail="a header byte is not in 0..255")
        max_data = MAX_EXTENDED_DATA if self.extended else MAX_SHORT_DATA
        if len(self.data) > max_data:
            raise CommandMalformed(detail=f"{len(self.data)} bytes of data, at most {max_data}")
        max_le = MAX_EXTENDED_LE if self.extended else MAX_SHORT_LE
        if self.le is not None and not 1 <= self.le <= max_le:
            raise CommandMalformed(detail=f"Le {self.le}, allowed are 1..{max_le}")
        if self.extended and not self.data and self.le is None:
            raise CommandMalformed(detail="extended form without data or Le")

    @classmethod
    def from_bytes(cls, encoded: bytes) -> Self:
        """Parse the four cases, short and extended. Raises CommandMalformed."""
        if len(encoded) < HEADER_BYTES:
            raise CommandMalformed(detail=f"{len(encoded)} bytes are shorter than a header")
        cla, ins, p1, p2 = encoded[:HEADER_BYTES]
        body = encoded[HEADER_BYTES:]
        if len(body) > 1 and body[0] == 0:
            data, le = _parse_extended_body(body[1:])
            return cls(cla, ins, p1, p2, data, le, extended=True)
        data, le = _parse_short_body(body)
        return cls(cla, ins, p1, p2, data, le)

    def to_bytes(self) -> bytes:
        """The command as it goes to the card."""
        header = bytes((self.cla, self.ins, self.p1, self.p2))
        if not self.extended:
            lc = bytes((len(self.data),)) if self.data else b""
            le = b"" if self.le is None else bytes((self.le % MAX_SHORT_LE,))
            return header + lc + self.data + le
        lc = len(self.data).to_bytes(2, "big") if self.data else b""
        le = b"" if self.le is None else (self.le % MAX_EXTENDED_LE).to_bytes(2, "big")
        return header + b"\x00" + lc + self.data + le

    def __repr__(self) -> str:
        """Header and lengths only: the data field may belong to the holder."""
        return (
            f"CommandApdu({self.cla:02X} {self.ins:02X} {self.p1:02X} {self.p2:02X}, "
            f"{len(self.data)} bytes, le={self.le})"
        )


@dataclass(frozen=True)
class ResponseApdu:
    """One answer: 0 to 65,536 bytes of data and the status word. Source: ISO/IEC 7816-4 §5.1."""

    data: bytes
    sw: int

    @classmethod
    def from_bytes(cls, encoded: bytes) -> Self:
        """Parse an answer. Raises AnswerMalformed when it is shorter than a status word or too long."""
        if not 2 <= len(encoded) <= MAX_EXTENDED_LE + 2:
            raise AnswerMalformed(what="response APDU", detail=f"{len(encoded)} bytes")
        return cls(data=encoded[:-2], sw=int.from_bytes(encoded[-2:], "big"))

    def to_bytes(self) -> bytes:
        """The answer as the card sends it."""
        return self.data + self.sw.to_bytes(2, "big")

    @property
    def sw1(self) -> int:
        """First byte of the status word."""
        return self.sw >> 8

    @property
    def sw2(self) -> int:
        """Second byte of the status word."""
        return self.sw & 0xFF

    def __repr__(self) -> str:
        """Length and status only: the data may belong to the holder."""
        return f"ResponseApdu({len(self.data)} bytes, sw=0x{self.sw:04X})"


def select_by_df_name(df_name: bytes) -> CommandApdu:
    """SELECT of an application by its name, with its FCI as the answer (ISO/IEC 7816-4 clause 11)."""
    return CommandApdu(
        0x00, Instruction.SELECT, SELECT_BY_DF_NAME, FIRST_OR_ONLY_RETURN_FCI, df_name, le=MAX_SHORT_LE
    )


def _parse_short_body(body: bytes) -> tuple[bytes, int | None]:
    if not body:
        return b"", None
    first = body[0]
    if len(body) == 1:
        return b"", first or MAX_SHORT_LE
    data = body[1 : 1 + first]
    rest = body[1 + first :]
    if len(data) < first or len(rest) > 1:
        raise CommandMalformed(detail=f"Lc {first} does not fit {len(body) - 1} bytes")
    return data, (rest[0] or MAX_SHORT_LE) if rest else None


def _parse_extended_body(body: bytes) -> tuple[bytes, int | None]:
    if len(body) < 2:
        raise CommandMalformed(detail="an extended length field is cut off")
    first = int.from_bytes(body[:2], "big")
    if len(body) == 2:
        return b"", first or MAX_EXTENDED_LE
    data = body[2 : 2 + first]
    rest = body[2 + first :]
    if first == 0 or len(data) < first or len(rest) not in (0, 2):
        raise CommandMalformed(detail=f"extended Lc {first} does not fit {len(body) - 2} bytes")
    return data, (int.from_bytes(rest, "big") or MAX_EXTENDED_LE) if rest else None
