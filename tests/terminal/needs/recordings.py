"""Recordings made by the standard library, and an Ogg Opus head as RFC 7845 has it."""

from __future__ import annotations

import io
import random
import struct
import wave

_SILENCE = random.Random(7)


def wav(seconds: float = 0.5, rate: int = 8_000, channels: int = 1, width: int = 2) -> bytes:
    """A PCM WAV of noise."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(_SILENCE.randbytes(int(seconds * rate) * channels * width))
    return out.getvalue()


def opus(channels: int = 1) -> bytes:
    """The first page of an Ogg Opus stream, and some more bytes."""
    head = struct.pack("<8sBBHIhB", b"OpusHead", 1, channels, 312, 16_000, 0, 0)
    page = struct.pack("<4sBBqIIIB", b"OggS", 0, 2, 0, 1, 0, 0, 1) + bytes((len(head),)) + head
    return page + _SILENCE.randbytes(200)
