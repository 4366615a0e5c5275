"""Whether bytes are a recording that staff can play: WAV (PCM) or Ogg Opus by its head; never decoded here.

WAV: RIFF/WAVE with a `fmt ` chunk of PCM before its `data` (Microsoft, Multimedia Programming Interface 1.0).
Ogg Opus: one Ogg page (RFC 3533 §6) whose packet is an `OpusHead` of version 1 (RFC 7845 §5.1).
"""

from __future__ import annotations

import struct
from typing import Final

from crypto.explained import Text
from terminal.events.voice import MAX_VOICE_BYTES
from terminal.needs.errors import VoiceRefused

_WAV_HEAD: Final = struct.Struct("<4sI4s")
_CHUNK: Final = struct.Struct("<4sI")
_PCM_FORMAT: Final = struct.Struct("<HHIIHH")
_PCM: Final = 1
_RATES: Final = range(8_000, 48_001)
_CHANNELS: Final = (1, 2)
_SAMPLE_BITS: Final = (8, 16)
_OGG_PAGE: Final = struct.Struct("<4sBBqIIIB")
_BEGINS_STREAM: Final = 0x02
_OPUS_HEAD: Final = struct.Struct("<8sBBHIhB")

_TOO_LONG: Final = Text(zh="文件过大", en="it is too long")
_UNKNOWN: Final = Text(zh="不是 WAV 或 Ogg Opus", en="it is neither WAV nor Ogg Opus")
_NO_WAV: Final = Text(zh="WAV 文件头有误或编码不是 PCM", en="its WAV head is damaged or it is no PCM")
_NO_OPUS: Final = Text(zh="Ogg 文件头有误或不是 Opus", en="its Ogg head is damaged or it is no Opus")


def require_recording(data: bytes) -> None:
    """Raise VoiceRefused unless this is a recording of a form that is taken."""
    if len(data) > MAX_VOICE_BYTES:
        raise _refused(_TOO_LONG)
    if data[:4] == b"RIFF":
        _require_wav(data)
    elif data[:4] == b"OggS":
        _require_opus(data)
    else:
        raise _refused(_UNKNOWN)


def recording_suffix(data: bytes) -> str:
    """The file name's ending for a recording that `require_recording` let through."""
    return ".wav" if data[:4] == b"RIFF" else ".opus"


def _require_wav(data: bytes) -> None:
    try:
        _riff, _size, form = _WAV_HEAD.unpack_from(data)
        if form != b"WAVE":
            raise _refused(_NO_WAV)
        place = _WAV_HEAD.size
        while True:
            name, size = _CHUNK.unpack_from(data, place)
            if name == b"data":
                raise _refused(_NO_WAV)  # nothing has said what is in it
            place += _CHUNK.size
            if name == b"fmt ":
                break
            place += size + size % 2
        kind, channels, rate, _bytes, _align, bits = _PCM_FORMAT.unpack_from(data, place)
    except struct.error as error:
        raise _refused(_NO_WAV) from error
    if kind != _PCM or channels not in _CHANNELS or rate not in _RATES or bits not in _SAMPLE_BITS:
        raise _refused(_NO_WAV)


def _require_opus(data: bytes) -> None:
    try:
        _magic, version, flags, _granule, _serial, page, _checksum, segments = _OGG_PAGE.unpack_from(data)
        head = _OPUS_HEAD.unpack_from(data, _OGG_PAGE.size + segments)
    except struct.error as error:
        raise _refused(_NO_OPUS) from error
    magic, opus_version, channels, *_rest, mapping = head
    begins = version == 0 and flags & _BEGINS_STREAM and page == 0 and segments == 1
    # The upper four bits of the version are the ones that break (RFC 7845 §5.1).
    is_speech = magic == b"OpusHead" and opus_version < 16 and channels in _CHANNELS and mapping == 0
    if not (begins and is_speech):
        raise _refused(_NO_OPUS)


def _refused(detail: Text) -> VoiceRefused:
    return VoiceRefused(detail=detail, limit=MAX_VOICE_BYTES)
