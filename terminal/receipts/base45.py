"""Base45 (RFC 9285): bytes in the 45 characters that a QR code packs into 5½ bits each."""

from __future__ import annotations

from typing import Final

from crypto.explained import Text
from terminal.receipts.errors import ReceiptMalformed

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES: Final = {character: value for value, character in enumerate(ALPHABET)}
_BASE: Final = len(ALPHABET)


def to_base45(data: bytes) -> str:
    """Three characters for each two bytes, two for an odd last one."""
    text = []
    for start in range(0, len(data), 2):
        pair = data[start : start + 2]
        number = int.from_bytes(pair, "big")
        for _ in range(len(pair) + 1):
            number, digit = divmod(number, _BASE)
            text.append(ALPHABET[digit])
    return "".join(text)


def from_base45(text: str) -> bytes:
    """The bytes; every text that is taken is the one encoding of them. Raises ReceiptMalformed."""
    data = bytearray()
    for start in range(0, len(text), 3):
        digits = text[start : start + 3]
        if len(digits) == 1:
            raise ReceiptMalformed(detail=Text(zh="末尾缺字符", en="its end is missing"))
        try:
            number = sum(_VALUES[digit] * _BASE**place for place, digit in enumerate(digits))
            data += number.to_bytes(len(digits) - 1, "big")
        except KeyError as error:
            raise ReceiptMalformed(
                detail=Text(zh="含有不允许的字符", en="a character in it is not allowed")
            ) from error
        except OverflowError as error:
            raise ReceiptMalformed(
                detail=Text(zh="字符组合超出范围", en="characters in it are out of range")
            ) from error
    return bytes(data)
