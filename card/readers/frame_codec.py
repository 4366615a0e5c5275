"""Frames on a serial line to and from bytes, by the frame format of a reader's profile alone.

The decoder takes whatever a line brings. What it guarantees: of the bytes that came, it reports every frame
and signal that is whole and undamaged, from left to right, except those that lie within another one that
began before. A false start (noise that looks like a beginning, a frame whose rest was lost, a garbage
length) is given up as soon as its length, its checksum or its end proves wrong, or when the line falls
silent, and the search goes on at the byte after it, so that nothing behind it is lost. It never keeps more
than one frame's worth of bytes, and no input makes it raise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Final

from card.errors import FrameTooLong
from card.readers.frame_checksum import checksum, sum_complement
from firmware_profiles.frame_format import FieldName, FrameFormat, Header, Part

WILDCARD: Final = "??"


@dataclass(frozen=True)
class Frame:
    """One frame's content: the header's fields apart from the length and its check, and the data."""

    fields: Mapping[FieldName, bytes]
    data: bytes = field(repr=False)  # may belong to the holder


class Signal(StrEnum):
    """A short frame with a fixed content."""

    ACK = "ack"
    NAK = "nak"
    NOTICE = "notice"


class _Verdict(Enum):
    """What can be said of bytes that are no whole item."""

    NOISE = "noise"
    BEGINNING = "beginning"


@dataclass(frozen=True)
class _Found:
    """A whole item at the beginning of the buffer."""

    item: Frame | Signal
    size: int


_Pattern = tuple[int | None, ...]


class FrameCodec:
    """Encodes frames of one format."""

    def __init__(self, frame_format: FrameFormat) -> None:
        self._format = frame_format

    @property
    def max_data(self) -> int:
        """Bytes of data that one frame carries at most."""
        return self._format.max_data

    def encode(self, fields: Mapping[FieldName, bytes], data: bytes) -> bytes:
        """The frame with these header fields; those that are not given are zero. Raises FrameTooLong."""
        chosen = self._format
        for header in chosen.headers:
            size = chosen.overhead(header) + len(data)
            if size <= min(chosen.max_frame, chosen.longest(header)):
                return self._encode(header, fields, data)
        raise FrameTooLong(size=len(data), limit=chosen.max_data)

    def _encode(self, header: Header, fields: Mapping[FieldName, bytes], data: bytes) -> bytes:
        chosen = self._format
        length_field = header.length_field
        length = (chosen.counted_overhead(header) + len(data)).to_bytes(
            length_field.size, length_field.byte_order.value
        )
        own = {FieldName.LENGTH: length, FieldName.LENGTH_CHECK: bytes((sum_complement(length),))}
        parts = {
            Part.START: bytes.fromhex(chosen.start),
            Part.HEADER: bytes.fromhex(header.marker)
            + b"".join({**fields, **own}.get(each.name, bytes(each.size)) for each in header.fields),
            Part.DATA: data,
        }
        frame = b"".join(parts.values()) + _guard(chosen, parts) + bytes.fromhex(chosen.end)
        return bytes.fromhex(chosen.preamble) + frame


class FrameDecoder:
    """Finds frames of one format in a stream of bytes."""

    def __init__(self, frame_format: FrameFormat) -> None:
        self._format = frame_format
        self._start = bytes.fromhex(frame_format.start)
        self._end = bytes.fromhex(frame_format.end)
        self._headers = tuple(
            (bytes.fromhex(header.marker), header)
            for header in sorted(frame_format.headers, key=lambda header: len(header.marker), reverse=True)
        )
        signals = frame_format.signals
        self._signals = tuple(
            (kind, _pattern(text))
            for kind, texts in (
                (Signal.ACK, (signals.ack,) if signals.ack else ()),
                (Signal.NAK, signals.nak),
                (Signal.NOTICE, signals.notices),
            )
            for text in texts
        )
        self._buffer = bytearray()
        self._dropped = False
        self._within_noise = False

    @property
    def disturbed(self) -> bool:
        """Whether bytes came, since this was last cleared, that have not become a frame or a signal."""
        return self._dropped or bool(self._buffer)

    def clear(self) -> None:
        """Forget all that came."""
        self._buffer.clear()
        self._dropped = self._within_noise = False

    def feed(self, received: bytes) -> Iterator[Frame | Signal]:
        """What is whole now that these bytes came."""
        rest = memoryview(received)
        while rest:
            room = self._format.max_frame - len(self._buffer)
            self._buffer += rest[:room]
            rest = rest[room:]
            yield from self._scan(silent=False)

    def silence(self) -> Iterator[Frame | Signal]:
        """What is left of a frame that was begun, now that the line is silent and its rest will not come."""
        yield from self._scan(silent=True)
        self._within_noise = False

    def _scan(self, *, silent: bool) -> Iterator[Frame | Signal]:
        while self._buffer:
            match self._read():
                case _Found(item, size):
                    del self._buffer[:size]
                    self._within_noise = False
                    yield item
                case _Verdict.BEGINNING if not silent:
                    return
                case _:
                    del self._buffer[:1]
                    self._dropped = self._within_noise = True

    def _read(self) -> _Found | _Verdict:
        """What the buffer begins with."""
        beginning = False
        for kind, pattern in self._signals:
            if len(pattern) == 1 and self._within_noise:
                continue
            if all(wanted in {None, came} for wanted, came in zip(pattern, self._buffer, strict=False)):
                if len(self._buffer) >= len(pattern):
                    return _Found(kind, len(pattern))
                beginning = True
        frame = self._read_frame()
        return _Verdict.BEGINNING if beginning and frame is _Verdict.NOISE else frame

    def _read_frame(self) -> _Found | _Verdict:
        buffer, chosen = self._buffer, self._format
        if not _begins(buffer, self._start):
            return _Verdict.NOISE
        header = self._header_of(buffer[len(self._start) :])
        if isinstance(header, _Verdict):
            return header
        if len(buffer) < len(self._start) + header.size:
            return _Verdict.BEGINNING
        encoded = bytes(buffer[len(self._start) : len(self._start) + header.size])
        fields = _fields(header, encoded)
        length = fields.pop(FieldName.LENGTH)
        check = fields.pop(FieldName.LENGTH_CHECK, None)
        declared = int.from_bytes(length, header.length_field.byte_order.value)
        data_size = declared - chosen.counted_overhead(header)
        length_is_damaged = check is not None and check[0] != sum_complement(length)
        if length_is_damaged or not 0 <= data_size <= chosen.max_frame - chosen.overhead(header):
            return _Verdict.NOISE
        return self._read_body(encoded, fields, data_size)

    def _read_body(
        self, header: bytes, fields: Mapping[FieldName, bytes], data_size: int
    ) -> _Found | _Verdict:
        buffer, chosen = self._buffer, self._format
        at_data = len(self._start) + len(header)
        size = at_data + data_size + chosen.checksum.kind.size + len(self._end)
        if len(buffer) < size:
            return _Verdict.BEGINNING
        data = bytes(buffer[at_data : at_data + data_size])
        parts = {Part.START: self._start, Part.HEADER: header, Part.DATA: data}
        if bytes(buffer[at_data + data_size : size]) != _guard(chosen, parts) + self._end:
            return _Verdict.NOISE
        return _Found(Frame(fields, data), size)

    def _header_of(self, after_start: bytearray) -> Header | _Verdict:
        """The form of the header, or BEGINNING while too few bytes are there to tell."""
        for marker, header in self._headers:
            if _begins(after_start, marker):
                return header if len(after_start) >= len(marker) else _Verdict.BEGINNING
        return _Verdict.NOISE


def _guard(frame_format: FrameFormat, parts: Mapping[Part, bytes]) -> bytes:
    """The checksum over the parts that it covers, in the order in which they are sent."""
    guard = frame_format.checksum
    return checksum(guard, b"".join(content for part, content in parts.items() if part in guard.covers))


def _pattern(text: str) -> _Pattern:
    digits = text.replace(" ", "")
    bytes_of = [digits[at : at + 2] for at in range(0, len(digits), 2)]
    return tuple(None if byte == WILDCARD else int(byte, 16) for byte in bytes_of)


def _begins(buffer: bytearray, wanted: bytes) -> bool:
    """Whether the buffer begins with `wanted`, or `wanted` with the buffer."""
    size = min(len(buffer), len(wanted))
    return buffer[:size] == wanted[:size]


def _fields(header: Header, encoded: bytes) -> dict[FieldName, bytes]:
    at = len(bytes.fromhex(header.marker))
    fields = {}
    for each in header.fields:
        fields[each.name] = encoded[at : at + each.size]
        at += each.size
    return fields
