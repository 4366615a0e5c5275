"""A simulated reader of the STX/LEN/…/BCC/ETX family, speaking the made-up protocol of stx-etx-generic.toml.

It is written from the description in docs/add-a-reader-profile.md, with none of the code that reads it in
`card.readers`: STX | address | length (2) | sequence | command | data | BCC | ETX.
"""

from __future__ import annotations

from functools import reduce
from operator import xor
from typing import Final

from card.atr import Atr
from card.ats import Ats
from card.simulator.boards.serial_board import SerialBoard

STX, ETX, ACK, NAK = 0x02, 0x03, 0x06, 0x15
ADDRESS: Final = 0x00
AROUND_COUNTED: Final = 1 + 3 + 2  # STX, address and length; BCC, ETX
MAX_COUNTED: Final = 594

FIND, POWER_ON, EXCHANGE, POWER_OFF = 0x20, 0x21, 0x22, 0x23
OK, NO_CARD, MORE_TIME, UNKNOWN_COMMAND = 0x00, 0x01, 0x0A, 0x7F


class SerialCommandResponseBoard(SerialBoard):
    """A contactless reader with the address 00."""

    def __init__(self) -> None:
        self._last_command = b""
        super().__init__()

    def _take_commands(self) -> None:
        buffer = self._buffer
        while buffer:
            if buffer[0] == NAK:
                del buffer[0]
                self._cable.send(self._last_answer)
                continue
            if buffer[0] != STX:
                del buffer[0]
                continue
            if len(buffer) < 4:
                return
            size = AROUND_COUNTED + int.from_bytes(buffer[2:4], "big")
            if size > AROUND_COUNTED + MAX_COUNTED:
                del buffer[0]
                continue
            if len(buffer) < size:
                return
            frame = bytes(buffer[:size])
            del buffer[:size]
            self._take_frame(frame)

    def _take_frame(self, frame: bytes) -> None:
        if len(frame) < AROUND_COUNTED + 2 or frame[1] != ADDRESS:
            return
        if frame[-1] != ETX or reduce(xor, frame[1:-1]) or self._is_refused():
            self._cable.send(bytes((NAK,)))
            return
        self._cable.send(bytes((ACK,)))
        if frame == self._last_command:  # sent again: the card shall not do it twice
            self._cable.send(self._last_answer)
            return
        self._last_command = frame
        sequence, command = frame[4], frame[5]
        status, data = self._execute(command, frame[6:-2])
        self._send(_frame(sequence, command, status, data), _frame(sequence, command, MORE_TIME, b""))

    def _execute(self, command: int, data: bytes) -> tuple[int, bytes]:
        if command not in {FIND, POWER_ON, EXCHANGE, POWER_OFF}:
            return UNKNOWN_COMMAND, b""
        if self._chip is None:
            return NO_CARD, b""
        if command == POWER_ON:
            historical = Atr.from_bytes(self._power_on(self._chip)).historical
            return OK, Ats(historical=historical).to_bytes()
        if command == POWER_OFF:
            self._power_off()
        if command == EXCHANGE:
            answer = self._process(data)
            return (NO_CARD, b"") if answer is None else (OK, answer)
        return OK, b""

    def _noise(self) -> bytes:
        # A frame of 64 bytes seems to begin, and reaches beyond the one that follows.
        return bytes((0xFF, 0x00, STX, STX, ADDRESS, 0x00, 0x40, 0x07, EXCHANGE))


def _frame(sequence: int, command: int, status: int, data: bytes) -> bytes:
    counted = bytes((sequence, command, status)) + data
    body = bytes((ADDRESS,)) + len(counted).to_bytes(2, "big") + counted
    return bytes((STX,)) + body + bytes((reduce(xor, body), ETX))
