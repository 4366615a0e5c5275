"""Frames between a host and a PN532 (NXP UM0701-02, PN532 User Manual, §6.2.1)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

START: Final = bytes.fromhex("00 FF")
MAX_SHORT_DATA: Final = 255
MAX_DATA: Final = 265  # TFI included
HEAD_BYTES: Final = 4  # start code, LEN, LCS
EXTENDED_HEAD_BYTES: Final = 7  # start code, FF FF, LENM, LENL, LCS
EXTENDED_MARK: Final = bytes.fromhex("FF FF")


class Tfi(IntEnum):
    """Frame identifiers: who speaks, or that there is an error of syntax."""

    HOST = 0xD4
    CHIP = 0xD5
    ERROR = 0x7F


@dataclass(frozen=True)
class Frame:
    """An information frame (normal, extended or error): TFI and what follows it, 1 to 265 bytes."""

    data: bytes

    def to_bytes(self) -> bytes:
        """The frame with preamble and postamble."""
        length = len(self.data)
        if length <= MAX_SHORT_DATA:
            head = bytes((length, -length & 0xFF))
        else:
            size = length.to_bytes(2, "big")
            head = EXTENDED_MARK + size + bytes((-sum(size) & 0xFF,))
        return b"\x00" + START + head + self.data + bytes((-sum(self.data) & 0xFF, 0x00))

    def __repr__(self) -> str:
        """Length only: the data may belong to the holder."""
        return f"Frame({len(self.data)} bytes)"


class Signal(bytes):
    """A frame without data."""


ACK: Final = Signal.fromhex("00 00 FF 00 FF 00")
NACK: Final = Signal.fromhex("00 00 FF FF 00 00")
_SIGNALS: Final = {ACK[3:5]: ACK, NACK[3:5]: NACK}


class FrameReader:
    """Finds frames in what comes over the line; skips noise, cut and damaged frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def is_within_frame(self) -> bool:
        """Whether a frame has begun that is not complete."""
        return len(self._buffer) >= len(START)

    def discard(self) -> None:
        """Give up a frame that never became complete."""
        self._buffer.clear()

    def feed(self, received: bytes) -> list[Frame | Signal]:
        """The frames that are complete with these bytes."""
        self._buffer += received
        found: list[Frame | Signal] = []
        while True:
            start = self._buffer.find(START)
            if start < 0:
                del self._buffer[: len(self._buffer) - self._buffer.endswith(START[:1])]
                return found
            del self._buffer[:start]
            step = self._step()
            if step is None:
                return found
            frame, size = step
            if frame is not None:
                found.append(frame)
            del self._buffer[:size]

    def _step(self) -> tuple[Frame | Signal | None, int] | None:
        """The frame at the start code and its size; None for no frame there, or while bytes are missing."""
        buffer = self._buffer
        if len(buffer) < HEAD_BYTES:
            return None
        signal = _SIGNALS.get(bytes(buffer[2:4]))
        if signal is not None:
            return signal, HEAD_BYTES
        is_extended = buffer[2:4] == EXTENDED_MARK
        head = EXTENDED_HEAD_BYTES if is_extended else HEAD_BYTES
        if len(buffer) < head:
            return None
        size = buffer[4 : head - 1] if is_extended else buffer[2:3]
        length = int.from_bytes(size, "big")
        is_sound = not (sum(size) + buffer[head - 1]) & 0xFF and 1 <= length <= MAX_DATA
        if is_sound and len(buffer) < head + length + 1:
            return None
        data = bytes(buffer[head : head + length])
        if not is_sound or (sum(data) + buffer[head + length]) & 0xFF:
            return None, len(START)
        return Frame(data), head + length + 1
