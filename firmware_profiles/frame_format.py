"""Frames on a serial line, as data: where a frame starts, how long it is, what guards it, where it ends.

A frame is `start | header | data | checksum | end`. The header is a list of fields in the order in which they
are sent, so nothing in a profile counts offsets. ACS's frame (ACR122S communication protocol §4) is

    [serial.frame]
    start = "02"
    end = "03"
    length_counts = ["data"]
    max_frame = 274

    [[serial.frame.headers]]
    fields = [
        { name = "command" },
        { name = "length", size = 4, byte_order = "little" },
        { name = "slot" },
        { name = "sequence" },
        { name = "parameters", size = 3 },
    ]

    [serial.frame.checksum]
    kind = "xor"
    covers = ["header", "data"]

Byte strings are upper-case hexadecimal, two digits a byte, separated by blanks or not.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from firmware_profiles.consistency import require

Hex = Annotated[str, msgspec.Meta(pattern=r"^([0-9A-F]{2}( ?[0-9A-F]{2})*)?$")]
HexPattern = Annotated[str, msgspec.Meta(pattern=r"^([0-9A-F]{2}|\?\?)( ?([0-9A-F]{2}|\?\?))*$")]
FrameBytes = Annotated[int, msgspec.Meta(ge=3, le=70_000)]
FieldBytes = Annotated[int, msgspec.Meta(ge=1, le=4)]


class ByteOrder(StrEnum):
    """Which byte of a number comes first."""

    BIG = "big"
    LITTLE = "little"


class FieldName(StrEnum):
    """What a header's field says. The codec fills in the length and its check, the dialect all others."""

    LENGTH = "length"
    LENGTH_CHECK = "length-check"
    COMMAND = "command"
    SLOT = "slot"
    SEQUENCE = "sequence"
    ADDRESS = "address"
    PARAMETERS = "parameters"


class Part(StrEnum):
    """A part of a frame, as `length_counts` and a checksum's `covers` name it."""

    START = "start"
    HEADER = "header"
    AFTER_LENGTH = "after-length"
    DATA = "data"
    CHECKSUM = "checksum"
    END = "end"


class ChecksumKind(StrEnum):
    """How the checksum is made.

    xor: all bytes combined by exclusive or (BCC). sum-complement: the byte that makes the sum of all bytes 0
    modulo 256 (PN532's LCS and DCS). The CRCs are named as in the catalogue of parametrised CRC algorithms;
    mcrf4xx is that of FEIG's OBID readers (polynomial 8408 reversed, start FFFF), ibm-3740 is also known as
    CCITT-FALSE.
    """

    XOR = "xor"
    SUM_COMPLEMENT = "sum-complement"
    CRC16_MCRF4XX = "crc-16/mcrf4xx"
    CRC16_IBM_3740 = "crc-16/ibm-3740"

    @property
    def size(self) -> int:
        """Bytes that it takes in a frame."""
        return 2 if self in {ChecksumKind.CRC16_MCRF4XX, ChecksumKind.CRC16_IBM_3740} else 1


class HeaderField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One field of a header.

    Attributes:
        name: what it says.
        size: bytes, 1 to 4.
        byte_order: of a length of several bytes.
    """

    name: FieldName
    size: FieldBytes = 1
    byte_order: ByteOrder = ByteOrder.BIG


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One form of the header.

    Attributes:
        fields: in the order in which they are sent; one of them is the length. A `length-check` is one byte
            that makes the sum of the length's bytes and itself 0 modulo 256.
        marker: bytes that stand before the fields and tell this form from the others, as PN532's FF FF does
            for its extended frame.
    """

    fields: Annotated[tuple[HeaderField, ...], msgspec.Meta(min_length=1)]
    marker: Hex = ""

    def __post_init__(self) -> None:
        names = [field.name for field in self.fields]
        require(
            names.count(FieldName.LENGTH) == 1,
            "a header needs one field `length`",
            zh='请在 fields 中写一个 { name = "length" }',
            en='Write one { name = "length" } among the fields',
        )
        require(
            len(names) == len(set(names)),
            "a header has a field twice",
            zh="请删去重复的字段",
            en="Remove the field that stands twice",
        )
        require(
            all(field.size == 1 for field in self.fields if field.name is FieldName.LENGTH_CHECK),
            "`length-check` is one byte",
            zh="请写 size = 1",
            en="Write size = 1",
        )

    @property
    def size(self) -> int:
        """Bytes of marker and fields."""
        return len(bytes.fromhex(self.marker)) + sum(field.size for field in self.fields)

    @property
    def length_field(self) -> HeaderField:
        """The field that holds the length."""
        return next(field for field in self.fields if field.name is FieldName.LENGTH)

    @property
    def size_after_length(self) -> int:
        """Bytes of the fields that follow the length."""
        position = self.fields.index(self.length_field)
        return sum(field.size for field in self.fields[position + 1 :])


class Checksum(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What guards a frame against a disturbed line.

    Attributes:
        covers: the parts over which it is made, which all come before it: start, header (marker included),
            data.
        byte_order: of a CRC.
    """

    kind: ChecksumKind
    covers: Annotated[tuple[Part, ...], msgspec.Meta(min_length=1)]
    byte_order: ByteOrder = ByteOrder.BIG

    def __post_init__(self) -> None:
        require(
            set(self.covers) <= {Part.START, Part.HEADER, Part.DATA},
            "a checksum covers what comes before it",
            zh='请在 covers 中只写 "start"、"header"、"data"',
            en='Write only "start", "header" and "data" in covers',
        )


class Signals(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Short frames with a fixed content. They are recognised before ordinary frames.

    One of a single byte counts only where no damaged bytes came just before it.

    Attributes:
        ack: the reader has taken the command; its answer follows. Empty where readers send none.
        nak: the reader could not read the command: send it again.
        again: what the terminal sends to have the last answer again. Empty where readers know no such thing;
            then the command is sent again, with the same sequence number.
        notices: what the reader sends of its own accord; `??` stands for any byte.
    """

    ack: Hex = ""
    nak: tuple[HexPattern, ...] = ()
    again: Hex = ""
    notices: tuple[HexPattern, ...] = ()


class FrameFormat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One reader's frames.

    Attributes:
        start: the bytes with which every frame starts.
        headers: the forms of the header; a frame is sent with the first that can count its length.
        length_counts: the parts whose bytes the length field counts; `data` is always among them.
        max_frame: bytes of the longest frame, from start to end. A longer one is taken for noise.
        preamble: sent before each frame and not looked for when reading.
    """

    start: Annotated[Hex, msgspec.Meta(min_length=2)]
    headers: Annotated[tuple[Header, ...], msgspec.Meta(min_length=1)]
    length_counts: tuple[Part, ...]
    checksum: Checksum
    max_frame: FrameBytes
    end: Hex = ""
    preamble: Hex = ""
    signals: Signals = Signals()

    def __post_init__(self) -> None:
        counted = set(self.length_counts)
        require(
            Part.DATA in counted and not counted >= {Part.HEADER, Part.AFTER_LENGTH},
            "the length counts the data, and the header whole or from the length on",
            zh='请在 length_counts 中写 "data"，以及 "header" 和 "after-length" 中的至多一个',
            en='Write "data" in length_counts, and at most one of "header" and "after-length"',
        )
        require(
            len({header.marker for header in self.headers}) == len(self.headers),
            "two headers have the same marker",
            zh="请给每种 headers 各写一个 marker",
            en="Write a different marker into each of the headers",
        )
        first, *others = (_named_sizes(header) for header in self.headers)
        require(
            all(other == first for other in others),
            "the headers differ in more than marker and length",
            zh="请让各种 headers 的其余字段一致",
            en="Give all headers the same fields apart from the length",
        )
        signals = (self.signals.ack, *self.signals.nak, *self.signals.notices)
        require(
            all(len(signal.replace(" ", "")) // 2 <= self.max_frame for signal in signals),
            "a signal is longer than max_frame",
            zh="请把 max_frame 写得不短于最长的信号",
            en="Write a max_frame that is no shorter than the longest signal",
        )
        least = max(self.overhead(header) for header in self.headers) + 1
        require(
            self.max_frame >= least,
            f"max_frame = {self.max_frame} leaves no room for data",
            zh=f"请写 max_frame = {least} 或更大",
            en=f"Write max_frame = {least} or more",
        )
        most = max(self.longest(header) for header in self.headers)
        require(
            self.max_frame <= most,
            f"max_frame = {self.max_frame} is more than the length field can count",
            zh=f"请写 max_frame = {most} 或更小",
            en=f"Write max_frame = {most} or less",
        )

    def overhead(self, header: Header) -> int:
        """Bytes of a frame that are not data."""
        return sum(self.size_of(part, header) for part in (Part.START, Part.HEADER, Part.CHECKSUM, Part.END))

    def counted_overhead(self, header: Header) -> int:
        """Bytes that the length field counts and that are not data."""
        return sum(self.size_of(part, header) for part in set(self.length_counts) - {Part.DATA})

    def longest(self, header: Header) -> int:
        """Bytes of the longest frame that this header can count; the header's own size is at most that."""
        countable = (1 << 8 * header.length_field.size) - 1 - self.counted_overhead(header)
        return self.overhead(header) + countable

    @property
    def max_data(self) -> int:
        """Bytes of data in the longest frame."""
        return max(
            min(self.max_frame, self.longest(header)) - self.overhead(header) for header in self.headers
        )

    def field_size(self, name: FieldName) -> int:
        """Bytes of the header's field of this name; 0 when it has none."""
        return next((field.size for field in self.headers[0].fields if field.name is name), 0)

    def size_of(self, part: Part, header: Header) -> int:
        """Bytes of a part other than the data."""
        match part:
            case Part.START:
                return len(bytes.fromhex(self.start))
            case Part.HEADER:
                return header.size
            case Part.AFTER_LENGTH:
                return header.size_after_length
            case Part.CHECKSUM:
                return self.checksum.kind.size
            case Part.END:
                return len(bytes.fromhex(self.end))
            case Part.DATA:
                return 0


def _named_sizes(header: Header) -> dict[FieldName, int]:
    own = {FieldName.LENGTH, FieldName.LENGTH_CHECK}
    return {field.name: field.size for field in header.fields if field.name not in own}
