"""Commands and answers over a serial line: acknowledged, sent again when they were disturbed, never mixed up.

A command that the reader refuses to have understood is sent again; a damaged answer is asked for again, or
its command is sent again where readers know no such request. All of it at most MAX_RESENDS times, and every
wait ends by the profile's timing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

from card.errors import CardError, DeviceSpeaksOtherwise, ReaderGone, ReaderRefused
from card.readers.deadline import Deadline
from card.readers.frame_codec import Frame, FrameCodec, FrameDecoder, Signal
from card.readers.serial_line import SerialLine
from crypto.closing import Closing
from firmware_profiles.frame_format import FieldName
from firmware_profiles.serial_profile import SerialProfile

MAX_RESENDS: Final = 3

IsAnswer = Callable[[Frame], bool]


class SerialLink(Closing):
    """An open line to the reader of this name. Raises ReaderGone and SerialPortRefused on opening."""

    def __init__(self, name: str, path: str, profile_id: str, profile: SerialProfile) -> None:
        self.name: Final = name
        self._path = path
        self._profile_id = profile_id
        self._timing = profile.timing
        signals = profile.frame.signals
        self._acknowledged = bool(signals.ack)
        self._numbered = profile.frame.field_size(FieldName.SEQUENCE) > 0
        self._again = bytes.fromhex(signals.again)
        self._codec = FrameCodec(profile.frame)
        self._decoder = FrameDecoder(profile.frame)
        self._items: deque[Frame | Signal] = deque()
        self._has_spoken = False
        self._line = SerialLine(name, path, profile.line)
        try:
            if profile.line.wake_up:
                self._line.write(bytes.fromhex(profile.line.wake_up))
        except ReaderGone:
            self._line.close()
            raise

    @property
    def max_data(self) -> int:
        """Bytes of data that one frame carries at most."""
        return self._codec.max_data

    def exchange(
        self, operation: str, fields: Mapping[FieldName, bytes], data: bytes, is_answer: IsAnswer
    ) -> Frame:
        """Send one command and wait for the frame that `is_answer` accepts. `operation`: its name in errors.

        Raises FrameTooLong, ReaderRefused when the reader will not have understood it, DeviceSpeaksOtherwise
        when it has never answered yet, and ReaderGone when it has.
        """
        command = self._codec.encode(fields, data)
        self._line.discard()
        self._decoder.clear()
        self._items.clear()
        self._line.write(command)
        return self._await(operation, command, is_answer, acked=not self._acknowledged)

    def next_answer(self, operation: str, is_answer: IsAnswer) -> Frame:
        """Wait for another answer to the same command, after one that asked for more time.

        Raises what exchange() raises.
        """
        return self._await(operation, self._again, is_answer, acked=True)

    def close(self) -> None:
        """Give the port back. Closing twice does nothing."""
        self._line.close()

    def other_protocol(self) -> DeviceSpeaksOtherwise:
        """The error that the device does not follow its profile."""
        return DeviceSpeaksOtherwise(path=self._path, profile=self._profile_id)

    def _await(self, operation: str, command: bytes, is_answer: IsAnswer, *, acked: bool) -> Frame:
        resends = 0
        deadline = self._deadline(acked)
        while True:
            item = self._next_item(deadline)
            if item is Signal.ACK and not acked:
                acked = True
                deadline = self._deadline(acked)
            # Without numbers, an answer that comes before the acknowledgement is an earlier command's.
            if isinstance(item, Frame) and (acked or self._numbered or resends) and is_answer(item):
                self._has_spoken = True
                return item
            if item is not Signal.NAK and item is not None:
                continue
            lost = item is Signal.NAK or self._decoder.disturbed or not acked
            if not lost or resends == MAX_RESENDS:
                raise self._failure(operation, item)
            resends += 1
            self._decoder.clear()
            self._line.write(self._again if self._again and acked and item is None else command)
            deadline = self._deadline(acked)

    def _next_item(self, deadline: Deadline) -> Frame | Signal | None:
        """What came next; None when it is too late, or when the line fell silent after damaged bytes."""
        while not deadline.passed:
            if self._items:
                return self._items.popleft()
            longest = self._timing.gap if self._decoder.disturbed else self._timing.answer
            received = self._line.read(deadline.remaining(longest / 1000))
            if received:
                self._items.extend(self._decoder.feed(received))
            elif self._decoder.disturbed:
                self._items.extend(self._decoder.silence())
                if not self._items:
                    return None
        return None

    def _deadline(self, acked: bool) -> Deadline:
        return Deadline((self._timing.answer if acked else self._timing.ack) / 1000)

    def _failure(self, operation: str, last: Frame | Signal | None) -> CardError:
        if last is Signal.NAK:
            return ReaderRefused(reader=self.name, operation=operation, error="NAK")
        return ReaderGone(reader=self.name) if self._has_spoken else self.other_protocol()
