"""Readers with a command code in each frame and a status in each answer; the codes come from the profile."""

from __future__ import annotations

from typing import Final

from card.atr import MAX_HISTORICAL_BYTES, contactless_atr
from card.ats import Ats
from card.errors import AnswerMalformed, CardTorn, ReaderRefused
from card.readers.frame_codec import Frame
from card.readers.serial_link import SerialLink
from firmware_profiles.frame_format import FieldName
from firmware_profiles.serial_profile import (
    CardIdentifier,
    CommandResponseDialect,
    ReaderCommand,
    StatusPlace,
)

MAX_TIME_EXTENSIONS: Final = 30
STATUS_BYTES: Final = 1


class SerialCommandResponse:
    """A `SerialDialect`: find card, power on, exchange APDU, power off."""

    def __init__(self, link: SerialLink, dialect: CommandResponseDialect) -> None:
        self._link = link
        self._dialect = dialect
        self._address = bytes.fromhex(dialect.address)
        self._sequence = 0

    @property
    def max_apdu(self) -> int:
        """What one frame carries beside what the profile puts before it, and a status."""
        return self._link.max_data - max(len(self._dialect.commands.exchange.data) // 2, STATUS_BYTES)

    def greet(self) -> None:
        """Any answer to the search for a card will do."""
        self._command("find", self._dialect.commands.find)

    def find(self) -> bytes | None:
        """`find`, and `power_on` where there is a card."""
        if not self.still_there():
            return None
        answer = self._require_card("power_on", self._dialect.commands.power_on)
        if self._dialect.power_on_gives is CardIdentifier.ATR:
            return answer
        return contactless_atr(Ats.from_bytes(answer).historical[:MAX_HISTORICAL_BYTES])

    def still_there(self) -> bool:
        """`find`."""
        return self._command("find", self._dialect.commands.find) is not None

    def transmit(self, command: bytes) -> bytes:
        """`exchange`. Raises FrameTooLong for an APDU that one frame can't carry."""
        return self._require_card("exchange", self._dialect.commands.exchange, command)

    def release(self) -> None:
        """`power_off`."""
        self._require_card("power_off", self._dialect.commands.power_off)

    def _require_card(self, name: str, command: ReaderCommand, data: bytes = b"") -> bytes:
        answer = self._command(name, command, data)
        if answer is None:
            raise CardTorn
        return answer

    def _command(self, name: str, command: ReaderCommand, data: bytes = b"") -> bytes | None:
        """The answer's data; None when it says that there is no card."""
        self._sequence = (self._sequence + 1) % 256
        code = bytes.fromhex(command.code)
        fields = {
            FieldName.COMMAND: code,
            FieldName.SEQUENCE: bytes((self._sequence,)),
            FieldName.ADDRESS: self._address,
        }

        def is_answer(frame: Frame) -> bool:
            expected = {**fields, FieldName.COMMAND: bytes(((code[0] + self._dialect.answer_adds) % 256,))}
            if self._dialect.status is StatusPlace.COMMAND_FIELD:
                expected.pop(FieldName.COMMAND)
            return all(value == expected.get(field, value) for field, value in frame.fields.items())

        answer = self._link.exchange(name, fields, bytes.fromhex(command.data) + data, is_answer)
        statuses = self._dialect.statuses
        for _ in range(MAX_TIME_EXTENSIONS):
            status, content = self._split(name, answer)
            if status not in statuses.more_time:
                break
            answer = self._link.next_answer(name, is_answer)
        if status in statuses.ok:
            return content
        if status in statuses.no_card or status in statuses.more_time:
            return None
        raise ReaderRefused(reader=self._link.name, operation=name, error=status)

    def _split(self, name: str, answer: Frame) -> tuple[str, bytes]:
        """The status in hexadecimal as in the profile, and the data after it."""
        if self._dialect.status is StatusPlace.COMMAND_FIELD:
            return answer.fields[FieldName.COMMAND].hex().upper(), answer.data
        if not answer.data:
            raise AnswerMalformed(what=name, detail="no status")
        return answer.data[:1].hex().upper(), answer.data[1:]
