"""A line to another process that speaks in lines: read with a limit of length and time, one thread's."""

from __future__ import annotations

import os
import select
import time
from typing import Final

from crypto.explained import Text
from terminal.modes.errors import RelayFailed
from terminal.modes.relayed_messages import MAX_LINE_BYTES, FromHandheld, FromTerminal, to_line

#: Longer than a card may take, and the network on top.
ANSWER_SECONDS: Final = 10.0
_PART: Final = 65_536
_SILENT: Final = Text(zh="对方没有应答", en="the other side does not answer")
_ENDED: Final = Text(zh="对方已断开", en="the other side has gone")
_TOO_LONG: Final = Text(zh="对方的消息过长", en="the other side's message is too long")


class RelayedLine:
    """Reads from one open file descriptor, writes to another, and closes neither."""

    def __init__(self, source: int, target: int) -> None:
        self._source, self._target = source, target
        self._read = b""

    def receive(self, seconds: float | None = ANSWER_SECONDS) -> bytes:
        """The next line without its end. Raises RelayFailed: too late, too long, or nobody is there."""
        line = self.receive_if_any(seconds)
        if line is None:
            raise RelayFailed(detail=_ENDED)
        return line

    def receive_if_any(self, seconds: float | None) -> bytes | None:
        """As `receive`, but None where the other side has ended; `seconds` None waits for ever."""
        until = None if seconds is None else time.monotonic() + seconds
        while b"\n" not in self._read:
            if len(self._read) > MAX_LINE_BYTES:
                raise RelayFailed(detail=_TOO_LONG)
            left = None if until is None else max(0.0, until - time.monotonic())
            if not select.select([self._source], [], [], left)[0]:
                raise RelayFailed(detail=_SILENT)
            part = os.read(self._source, _PART)
            if not part:
                return None
            self._read += part
        line, self._read = self._read.split(b"\n", 1)
        return line

    def send(self, message: FromHandheld | FromTerminal) -> None:
        """Write one message. Raises RelayFailed where nobody is there to read it."""
        data = to_line(message)
        try:
            while data:
                data = data[os.write(self._target, data) :]
        except OSError as error:
            raise RelayFailed(detail=_ENDED) from error
