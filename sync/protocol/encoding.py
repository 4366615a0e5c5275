"""How messages travel: msgpack in one zstd frame (RFC 8878), or JSON for integrators.

A reader trusts nothing that the sender says about sizes: the body is capped as it comes, the plain text while
it is being decompressed (a frame's content-size field is ignored), the window by the decompressor, and every
list and byte string by the message's own type.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, Protocol, TypeVar

import msgspec
import zstandard

from crypto.explained import Text
from sync.errors import (
    CompressionBroken,
    MediaTypeUnknown,
    MessageMalformed,
    MessageOversized,
    VersionUnknown,
)

FORMAT_VERSION: Final = 1
COMPRESSION_LEVEL: Final = 3
MAX_WINDOW_BYTES: Final = 2**23  # what RFC 8878 §3.1.1.1.2 asks every decoder to support
# One byte of hostile input can stand for 32 KiB (a four-byte RLE block of 128 KiB), so what is fed at once
# bounds what can come out before the cap is looked at: 64 bytes, 2 MiB.
_FEED_BYTES: Final = 64

_DAMAGED: Final = Text(zh="压缩帧损坏或窗口过大", en="the frame is damaged or its window too large")
_CUT_SHORT: Final = Text(zh="压缩帧不完整", en="the frame is cut short")
_FOLLOWED: Final = Text(zh="压缩帧之后还有数据", en="something follows the frame")
_TOO_DEEP: Final = Text(zh="嵌套层次过深", en="it is nested too deeply")

MessageT = TypeVar("MessageT", bound=msgspec.Struct)


class MediaType(StrEnum):
    """The two forms of a message, as HTTP names them."""

    MSGPACK_ZSTD = "application/msgpack+zstd"
    JSON = "application/json"

    @classmethod
    def from_header(cls, header: str) -> MediaType:
        """The form that a Content-Type or Accept header names. Raises MediaTypeUnknown."""
        try:
            return cls(header.partition(";")[0].strip().lower())
        except ValueError as error:
            raise MediaTypeUnknown from error


@dataclass(frozen=True)
class Limits:
    """The most bytes a message may have: `wire` as it comes, `plain` once decompressed."""

    wire: int
    plain: int


class _VersionOnly(msgspec.Struct):
    version: Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)]


class _Parser(Protocol):
    def __call__(self, plain: bytes, /, *, type: type[MessageT]) -> MessageT: ...  # noqa: A002


def encode(message: msgspec.Struct, media_type: MediaType = MediaType.MSGPACK_ZSTD) -> bytes:
    """The bytes of a message's body."""
    if media_type is MediaType.JSON:
        return msgspec.json.encode(message)
    return zstandard.ZstdCompressor(level=COMPRESSION_LEVEL).compress(msgspec.msgpack.encode(message))


def decode(body: bytes, message_type: type[MessageT], media_type: MediaType, limits: Limits) -> MessageT:
    """Parse a body that may come from anybody.

    Raises MessageOversized, CompressionBroken, VersionUnknown or MessageMalformed.
    """
    if len(body) > limits.wire:
        raise MessageOversized(limit=limits.wire)
    if media_type is MediaType.JSON:
        return _parse(body, message_type, msgspec.json.decode)
    return _parse(decompress(body, limits.plain), message_type, msgspec.msgpack.decode)


def decompress(frame: bytes, limit: int) -> bytes:
    """The content of exactly one zstd frame, at most `limit` bytes.

    Raises MessageOversized as soon as more comes out, CompressionBroken for all that is not one whole frame.
    """
    decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES).decompressobj()
    plain = bytearray()
    fed = 0
    try:
        while fed < len(frame) and not decompressor.eof:
            plain += decompressor.decompress(frame[fed : fed + _FEED_BYTES])
            fed += _FEED_BYTES
            if len(plain) > limit:
                raise MessageOversized(limit=limit)
    except zstandard.ZstdError as error:
        raise CompressionBroken(detail=_DAMAGED) from error
    if not decompressor.eof:
        raise CompressionBroken(detail=_CUT_SHORT)
    if decompressor.unused_data or fed < len(frame):
        raise CompressionBroken(detail=_FOLLOWED)
    return bytes(plain)


def _parse(plain: bytes, message_type: type[MessageT], parser: _Parser) -> MessageT:
    try:
        version = parser(plain, type=_VersionOnly).version
        if version != FORMAT_VERSION:
            raise VersionUnknown(version=version, expected=FORMAT_VERSION)
        return parser(plain, type=message_type)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # msgspec names the place ("$.events[3]") and the kind of fault, never the value found there.
        raise MessageMalformed(detail=str(error)) from error
    except RecursionError as error:
        raise MessageMalformed(detail=_TOO_DEEP) from error
