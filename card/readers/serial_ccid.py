"""CCID's messages in serial frames.

Sources: USB-IF, Device Class: Smart Card CCID, rev. 1.1 (§6.1 commands, §6.2 answers); ACR1281S specification
V1.01, "Serial communication protocol", for what goes over a serial line.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Final

from card.apdu import MAX_APDU_BYTES, MAX_EXTENDED_LE
from card.errors import AnswerMalformed, CardTorn, ReaderRefused
from card.readers.frame_codec import Frame
from card.readers.serial_link import SerialLink
from firmware_profiles.frame_format import FieldName
from firmware_profiles.serial_profile import CcidDialect

MAX_TIME_EXTENSIONS: Final = 30
MAX_ANSWER_BYTES: Final = MAX_EXTENDED_LE + 2
NO_PARAMETERS: Final = bytes(3)


class Message(IntEnum):
    """bMessageType."""

    ICC_POWER_ON = 0x62
    ICC_POWER_OFF = 0x63
    GET_SLOT_STATUS = 0x65
    XFR_BLOCK = 0x6F
    DATA_BLOCK = 0x80
    SLOT_STATUS = 0x81


class IccStatus(IntEnum):
    """bmICCStatus, bits 1-2 of bStatus (§6.2.6)."""

    ACTIVE = 0
    INACTIVE = 1
    ABSENT = 2


class CommandStatus(IntEnum):
    """bmCommandStatus, bits 7-8 of bStatus (§6.2.6)."""

    PROCESSED = 0
    FAILED = 1
    TIME_EXTENSION = 2


class SlotError(IntEnum):
    """Values of bError (§6.2.6) that say that the card does not answer as it should, or no longer."""

    ICC_MUTE = 0xFE
    PARITY = 0xFD
    OVERRUN = 0xFC


class Chain(IntEnum):
    """wLevelParameter and bChainParameter (§6.1.4, §6.2.1): where a part stands in its APDU."""

    WHOLE = 0x00
    BEGINS = 0x01
    ENDS = 0x02
    CONTINUES = 0x03
    EMPTY = 0x10


class SerialCcid:
    """A `SerialDialect`: CCID on one slot."""

    def __init__(self, link: SerialLink, dialect: CcidDialect) -> None:
        self._link = link
        self._slot = bytes((dialect.slot,))
        self._sequence = 0

    @property
    def max_apdu(self) -> int:
        """Of any length: what one frame can't carry goes in several."""
        return MAX_APDU_BYTES

    def greet(self) -> None:
        """Any answer to GetSlotStatus will do."""
        self._slot_status()

    def find(self) -> bytes | None:
        """GetSlotStatus, and IccPowerOn where there is a card."""
        if not self.still_there():
            return None
        return self._command(Message.ICC_POWER_ON, b"", NO_PARAMETERS).data

    def still_there(self) -> bool:
        """GetSlotStatus."""
        return self._slot_status() != IccStatus.ABSENT

    def transmit(self, command: bytes) -> bytes:
        """XfrBlock, in as many parts as command and answer take."""
        size = self._link.max_data
        parts = [command[at : at + size] for at in range(0, len(command), size)]
        last = len(parts) - 1
        for index, part in enumerate(parts[:-1]):
            answer = self._transfer(part, Chain.CONTINUES if index else Chain.BEGINS)
            if answer.data or _chain(answer) != Chain.EMPTY:
                raise AnswerMalformed(what="XfrBlock", detail="an answer before the command's end")
        return self._collect(self._transfer(parts[last], Chain.ENDS if last else Chain.WHOLE))

    def release(self) -> None:
        """IccPowerOff."""
        self._command(Message.ICC_POWER_OFF, b"", NO_PARAMETERS)

    def _collect(self, answer: Frame) -> bytes:
        collected = answer.data
        while _chain(answer) in {Chain.BEGINS, Chain.CONTINUES}:
            answer = self._transfer(b"", Chain.EMPTY)
            collected += answer.data
            if not answer.data or len(collected) > MAX_ANSWER_BYTES:
                raise AnswerMalformed(what="XfrBlock", detail="an answer without end")
        return collected

    def _transfer(self, part: bytes, chain: Chain) -> Frame:
        # bBWI 0; wLevelParameter is little-endian.
        return self._command(Message.XFR_BLOCK, part, bytes((0, chain, 0)))

    def _command(self, message: Message, data: bytes, parameters: bytes) -> Frame:
        answer = self._exchange(message, data, parameters)
        status, error = answer.fields[FieldName.PARAMETERS][:2]
        match status >> 6:
            case CommandStatus.PROCESSED:
                return answer
            case CommandStatus.TIME_EXTENSION:
                raise CardTorn  # it asked for more time than it may have
            case _ if _icc_status(answer) == IccStatus.ABSENT or error in set(SlotError):
                raise CardTorn
            case _:
                raise self._refused(message, error)

    def _slot_status(self) -> int:
        """The slot's IccStatus. Raises ReaderRefused, as when there is no such slot."""
        answer = self._exchange(Message.GET_SLOT_STATUS, b"", NO_PARAMETERS)
        status, error = answer.fields[FieldName.PARAMETERS][:2]
        if status >> 6 != CommandStatus.PROCESSED and error not in set(SlotError):
            raise self._refused(Message.GET_SLOT_STATUS, error)
        return _icc_status(answer)

    def _refused(self, message: Message, error: int) -> ReaderRefused:
        return ReaderRefused(reader=self._link.name, operation=message.name, error=f"{error:02X}")

    def _exchange(self, message: Message, data: bytes, parameters: bytes) -> Frame:
        """The answer, or the last of MAX_TIME_EXTENSIONS requests for more time."""
        self._sequence = (self._sequence + 1) % 256
        sequence = bytes((self._sequence,))
        fields = {
            FieldName.COMMAND: bytes((message,)),
            FieldName.SLOT: self._slot,
            FieldName.SEQUENCE: sequence,
            FieldName.PARAMETERS: parameters,
        }
        is_answer = self._answers(sequence)
        answer = self._link.exchange(message.name, fields, data, is_answer)
        for _ in range(MAX_TIME_EXTENSIONS):
            if answer.fields[FieldName.PARAMETERS][0] >> 6 != CommandStatus.TIME_EXTENSION:
                break
            answer = self._link.next_answer(message.name, is_answer)
        return answer

    def _answers(self, sequence: bytes) -> Callable[[Frame], bool]:
        kinds = {bytes((Message.DATA_BLOCK,)), bytes((Message.SLOT_STATUS,))}
        return lambda frame: (
            frame.fields[FieldName.COMMAND] in kinds
            and frame.fields[FieldName.SLOT] == self._slot
            and frame.fields[FieldName.SEQUENCE] == sequence
        )


def _icc_status(answer: Frame) -> int:
    return answer.fields[FieldName.PARAMETERS][0] & 0x03


def _chain(answer: Frame) -> int:
    return answer.fields[FieldName.PARAMETERS][2]
