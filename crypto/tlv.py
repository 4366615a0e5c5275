"""BER-TLV data objects (ISO/IEC 7816-4 §6.3, encoding rules of ISO/IEC 8825-1).

It lies in `crypto` because the tap credential is TLV and the centre, which never sees a card, reads it too.
"""

from __future__ import annotations

from typing import Self

from crypto.errors import TlvMalformed

MAX_TAG_BYTES = 3
MAX_LENGTH_BYTES = 2  # 65,535 bytes of value: the most an extended-length response carries


class Tlv(bytes):
    """One data object: an immutable run of bytes that knows its tag and its value.

    `Tlv(tag, value)` encodes with the shortest length field; parsing refuses any other, so that one value
    has one encoding and `bytes(parsed)` is what was parsed.
    """

    _value_offset: int
    _tag_bytes: int

    def __new__(cls, tag: int, value: bytes) -> Self:
        encoded_tag = _encode_tag(tag)
        head = encoded_tag + _encode_length(len(value))
        return cls._of(head + value, len(encoded_tag), len(head))

    @classmethod
    def _of(cls, whole: bytes, tag_bytes: int, value_offset: int) -> Self:
        self = super().__new__(cls, whole)
        self._tag_bytes, self._value_offset = tag_bytes, value_offset
        return self

    @property
    def tag(self) -> int:
        """The tag as one integer, e.g. 0x7F21."""
        return int.from_bytes(self[: self._tag_bytes], "big")

    @property
    def value(self) -> bytes:
        """The value field."""
        return self[self._value_offset :]

    @property
    def is_constructed(self) -> bool:
        """Whether the value is itself a list of data objects (bit 6 of the first tag byte)."""
        return bool(self[0] & 0x20)

    @classmethod
    def parse_from(cls, data: bytes) -> tuple[Self, bytes]:
        """The first data object in `data` and what follows it. Raises TlvMalformed."""
        tag, tag_bytes = _parse_tag(data)
        length, value_offset = _parse_length(data, tag_bytes)
        end = value_offset + length
        if end > len(data):
            raise TlvMalformed(detail=f"value of tag {tag:X} is cut off")
        # Only the shortest form gets here, so what was parsed is what would be encoded.
        return cls._of(data[:end], tag_bytes, value_offset), data[end:]

    @classmethod
    def parse_list(cls, data: bytes) -> list[Self]:
        """All data objects in `data`, which must hold nothing else. Raises TlvMalformed."""
        found = []
        while data:
            item, data = cls.parse_from(data)
            found.append(item)
        return found

    @classmethod
    def unpack(cls, tag: int, data: bytes) -> bytes:
        """The value of the one data object that fills `data` and has `tag`. Raises TlvMalformed."""
        item, rest = cls.parse_from(data)
        if item.tag != tag:
            raise TlvMalformed(detail=f"tag {item.tag:X} where {tag:X} belongs")
        if rest:
            raise TlvMalformed(detail=f"{len(rest)} bytes after tag {tag:X}")
        return item.value

    @staticmethod
    def whole_length(beginning: bytes) -> int:
        """Bytes of the whole data object that begins so, its tag and length field included.

        Raises TlvMalformed when not even these two are whole.
        """
        _tag, tag_bytes = _parse_tag(beginning)
        length, value_offset = _parse_length(beginning, tag_bytes)
        return value_offset + length

    def __repr__(self) -> str:
        return f"Tlv(tag=0x{self.tag:X}, {len(self.value)} bytes)"


def _encode_tag(tag: int) -> bytes:
    encoded = tag.to_bytes((tag.bit_length() + 7) // 8 or 1, "big")
    try:
        parsed, length = _parse_tag(encoded)
    except TlvMalformed as error:
        raise ValueError(f"0x{tag:X} is no BER-TLV tag") from error
    if parsed != tag or length != len(encoded):
        raise ValueError(f"0x{tag:X} is no BER-TLV tag")
    return encoded


def _encode_length(length: int) -> bytes:
    if length < 0x80:
        return bytes([length])
    encoded = length.to_bytes((length.bit_length() + 7) // 8, "big")
    if len(encoded) > MAX_LENGTH_BYTES:
        raise ValueError(f"{length} bytes are too long for a data object")
    return bytes([0x80 | len(encoded)]) + encoded


def _parse_tag(data: bytes) -> tuple[int, int]:
    if not data:
        raise TlvMalformed(detail="a tag is missing")
    if data[0] & 0x1F != 0x1F:
        if data[0] == 0x00:
            raise TlvMalformed(detail="tag 00")
        return data[0], 1
    for index in range(1, MAX_TAG_BYTES):
        if index >= len(data):
            raise TlvMalformed(detail="a tag is cut off")
        if index == 1 and data[index] in (0x80, *range(0x1F)):
            raise TlvMalformed(detail="a tag is not in its shortest form")
        if not data[index] & 0x80:
            return int.from_bytes(data[: index + 1], "big"), index + 1
    raise TlvMalformed(detail="a tag has more than three bytes")


def _parse_length(data: bytes, offset: int) -> tuple[int, int]:
    if offset >= len(data):
        raise TlvMalformed(detail="a length is missing")
    first = data[offset]
    if first < 0x80:
        return first, offset + 1
    count = first & 0x7F
    if not 1 <= count <= MAX_LENGTH_BYTES:
        raise TlvMalformed(detail=f"length field {first:02X}")
    end = offset + 1 + count
    if end > len(data):
        raise TlvMalformed(detail="a length is cut off")
    length = int.from_bytes(data[offset + 1 : end], "big")
    if _encode_length(length) != data[offset:end]:
        raise TlvMalformed(detail="a length is not in its shortest form")
    return length, end
