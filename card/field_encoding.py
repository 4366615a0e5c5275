"""How the fields of a card's files are written: text, digits, dates, numbers, pictures.

A value is a `str` as people write it (a date as 2026-11-25, a number in decimal) or, for pictures and other
binary fields, `bytes`.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Final

from card.errors import FieldMalformed

FieldValue = str | bytes

BCD_FILL: Final = "F"
JPEG_START: Final = b"\xff\xd8\xff"
JPEG_END: Final = b"\xff\xd9"


class Encoding(StrEnum):
    """The vocabulary of `encoding` in a card profile.

    ASCII: printable characters 20 to 7E. GB18030: text without control characters. DIGITS: packed BCD, filled
    with F on the right. DATE: YYYYMMDD in BCD. INTEGER: unsigned, big-endian. BINARY: as it is. JPEG: from
    FF D8 to FF D9 (ISO/IEC 10918-1).
    """

    ASCII = "ascii"
    GB18030 = "gb18030"
    DIGITS = "digits"
    DATE = "date"
    INTEGER = "integer"
    BINARY = "binary"
    JPEG = "jpeg"

    @property
    def is_binary(self) -> bool:
        """Whether values are bytes."""
        return self in (Encoding.BINARY, Encoding.JPEG)


def decode_field(encoding: Encoding, data: bytes) -> FieldValue:
    """The value that a card's bytes stand for, strictly. Raises FieldMalformed, which does not quote them."""
    if encoding.is_binary:
        return _checked_binary(encoding, data)
    value = _decoded_text(encoding, data)
    if encode_field(encoding, value, len(data)) != data:
        raise FieldMalformed(detail="not in the one form that its value has")
    return value


def encode_field(encoding: Encoding, value: FieldValue, length: int | None = None) -> bytes:
    """The bytes of a value; `length` gives an integer's bytes. Raises FieldMalformed."""
    if encoding.is_binary:
        if not isinstance(value, bytes):
            raise FieldMalformed(detail="text where bytes belong")
        return _checked_binary(encoding, value)
    if not isinstance(value, str):
        raise FieldMalformed(detail="bytes where text belongs")
    if not value:
        raise FieldMalformed(detail="it is empty")
    match encoding:
        case Encoding.ASCII:
            return _checked_ascii(value)
        case Encoding.GB18030:
            return _checked_text(value)
        case Encoding.DATE:
            return bytes.fromhex(_checked_date(value).strftime("%Y%m%d").rjust(8, "0"))
        case Encoding.DIGITS:
            _require_digits(value)
            return bytes.fromhex(value + BCD_FILL * (len(value) % 2))
        case _:
            return _integer(value, length)


def _decoded_text(encoding: Encoding, data: bytes) -> str:
    if not data:
        raise FieldMalformed(detail="it is empty")
    match encoding:
        case Encoding.ASCII:
            return data.decode("latin-1")
        case Encoding.GB18030:
            try:
                return data.decode("gb18030")
            except UnicodeDecodeError as error:
                raise FieldMalformed(detail="not GB 18030") from error
        case Encoding.DATE:
            digits = data.hex()
            return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
        case Encoding.DIGITS:
            return data.hex().upper().removesuffix(BCD_FILL)
        case _:
            return str(int.from_bytes(data, "big"))


def _checked_binary(encoding: Encoding, data: bytes) -> bytes:
    if not data:
        raise FieldMalformed(detail="it is empty")
    if encoding is Encoding.JPEG and not (data.startswith(JPEG_START) and data.endswith(JPEG_END)):
        raise FieldMalformed(detail="no JPEG picture")
    return data


def _checked_ascii(value: str) -> bytes:
    if not all(" " <= character <= "~" for character in value):
        raise FieldMalformed(detail="a character is not printable ASCII")
    return value.encode("ascii")


def _checked_text(value: str) -> bytes:
    if not value.isprintable():
        raise FieldMalformed(detail="a character is not printable")
    try:
        return value.encode("gb18030")
    except UnicodeEncodeError as error:
        raise FieldMalformed(detail="a character is not in GB 18030") from error


def _checked_date(value: str) -> date:
    try:
        if len(value) != len("2026-11-25"):
            raise ValueError
        return date.fromisoformat(value)
    except ValueError as error:
        raise FieldMalformed(detail="no date of the form 2026-11-25") from error


def _require_digits(value: str) -> None:
    if not (value.isascii() and value.isdigit()):
        raise FieldMalformed(detail="a character is no digit")


def _integer(value: str, length: int | None) -> bytes:
    _require_digits(value)
    number = int(value)
    if str(number) != value:
        raise FieldMalformed(detail="no number in its shortest form")
    try:
        return number.to_bytes(length or max(1, (number.bit_length() + 7) // 8), "big")
    except OverflowError as error:
        raise FieldMalformed(detail="the number is too big") from error
