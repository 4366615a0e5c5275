"""A simulated reader that speaks CCID over a serial line, as ACS's readers do.

It is written from ACR1281S specification V1.01, "Serial communication protocol", and from CCID rev. 1.1 for
the bytes within the messages, with none of the code that reads it in `card.readers`.
"""

from __future__ import annotations

import struct
from functools import reduce
from operator import xor
from typing import Final

from card.simulator.boards.serial_board import SerialBoard

STX, ETX = 0x02, 0x03
HEADER: Final = struct.Struct("<BIBB3s")  # bMessageType, dwLength, bSlot, bSeq, three bytes by message
AROUND_DATA: Final = 1 + HEADER.size + 2
MAX_LENGTH: Final = 0x0105

ACKNOWLEDGED: Final = b"\x02\x00\x00\x03"
WRONG_CHECKSUM: Final = b"\x02\xff\xff\x03"
WRONG_LENGTH: Final = b"\x02\xfe\xfe\x03"
WRONG_ETX: Final = b"\x02\xfd\xfd\x03"
SEND_AGAIN: Final = b"\x02" + bytes(11) + b"\x03"

ACTIVE, INACTIVE, ABSENT = 0, 1, 2
FAILED, TIME_EXTENSION = 0x40, 0x80
ICC_MUTE, NO_SUCH_SLOT, NOT_SUPPORTED = 0xFE, 5, 0


class SerialCcidBoard(SerialBoard):
    """One slot, number 0."""

    def __init__(self) -> None:
        self._command_parts = b""
        self._answer_parts: list[bytes] = []
        super().__init__()

    def _take_commands(self) -> None:
        buffer = self._buffer
        while buffer:
            if buffer[0] != STX:
                del buffer[0]
                continue
            if len(buffer) < AROUND_DATA:
                return
            length = int.from_bytes(buffer[2:6], "little")
            if length > MAX_LENGTH:
                buffer.clear()
                self._cable.send(WRONG_LENGTH)
                return
            size = AROUND_DATA + length
            if len(buffer) < size:
                return
            frame = bytes(buffer[:size])
            del buffer[:size]
            self._take_frame(frame)

    def _take_frame(self, frame: bytes) -> None:
        if frame == SEND_AGAIN:
            self._cable.send(self._last_answer)
        elif frame[-1] != ETX:
            self._cable.send(WRONG_ETX)
        elif reduce(xor, frame[1:-1]) or self._is_refused():
            self._cable.send(WRONG_CHECKSUM)
        else:
            self._cable.send(ACKNOWLEDGED)
            kind, _length, slot, sequence, parameters = HEADER.unpack_from(frame, 1)
            self._answer(kind, slot, sequence, parameters, frame[1 + HEADER.size : -2])

    def _answer(self, kind: int, slot: int, sequence: int, parameters: bytes, data: bytes) -> None:
        def send(answer: int, content: bytes = b"", *, error: int | None = None, last: int = 0) -> None:
            failed = 0 if error is None else FAILED
            tail = bytes((self._icc_status() | failed, error or 0, last))
            more = bytes((self._icc_status() | TIME_EXTENSION, 1, 0))
            self._send(
                _frame(answer, slot, sequence, tail, content), _frame(answer, slot, sequence, more, b"")
            )

        if slot != 0:
            send(0x81, error=NO_SUCH_SLOT)
        elif kind == 0x62 and self._chip is not None:
            send(0x80, self._power_on(self._chip))
        elif kind == 0x62:
            send(0x80, error=ICC_MUTE)
        elif kind == 0x63:
            self._power_off()
            send(0x81)
        elif kind == 0x65:
            send(0x81)
        elif kind == 0x6F:
            part = self._transfer(data, int.from_bytes(parameters[1:], "little"))
            if part is None:
                send(0x80, error=ICC_MUTE)
            else:
                send(0x80, part[0], last=part[1])
        else:
            send(0x81, error=NOT_SUPPORTED)

    def _transfer(self, data: bytes, level: int) -> tuple[bytes, int] | None:
        """The next part of the answer and its bChainParameter (CCID §6.1.4, §6.2.1); None without a card."""
        if level == 0x10:
            return self._next_part(begins=False)
        self._command_parts = data if level in {0, 1} else self._command_parts + data
        if level in {1, 3}:
            return b"", 0x10
        answer = self._process(self._command_parts)
        if answer is None:
            return None
        self._answer_parts = [answer[at : at + MAX_LENGTH] for at in range(0, len(answer), MAX_LENGTH)]
        return self._next_part(begins=True)

    def _next_part(self, *, begins: bool) -> tuple[bytes, int]:
        part = self._answer_parts.pop(0) if self._answer_parts else b""
        if begins:
            return part, 1 if self._answer_parts else 0
        return part, 3 if self._answer_parts else 2

    def _icc_status(self) -> int:
        if self._chip is None:
            return ABSENT
        return ACTIVE if self._is_powered else INACTIVE

    def _noise(self) -> bytes:
        # A DataBlock of 32 bytes seems to begin, and reaches beyond the frame that follows.
        return bytes.fromhex("FF 00 02 02 80 20 00 00 00 00 07 00")


def _frame(kind: int, slot: int, sequence: int, tail: bytes, data: bytes) -> bytes:
    body = HEADER.pack(kind, len(data), slot, sequence, tail) + data
    return bytes((STX,)) + body + bytes((reduce(xor, body), ETX))
