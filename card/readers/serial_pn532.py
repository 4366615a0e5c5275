"""The PN532's commands: the chip finds the card and does ISO/IEC 14443-4 itself.

Source: NXP, PN532 user manual UM0701-02, §7 (commands; their numbers below) and §7.1 (error codes).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from card.apdu import MAX_APDU_BYTES, MAX_EXTENDED_LE
from card.atr import MAX_HISTORICAL_BYTES, StorageCard, contactless_atr, storage_card_atr
from card.ats import Ats
from card.errors import AnswerMalformed, CardTorn, ForeignCard, ReaderRefused
from card.readers.frame_codec import Frame
from card.readers.serial_link import SerialLink
from firmware_profiles.serial_profile import Pn532Dialect

TO_CHIP: Final = 0xD4  # TFI (§6.2.1.1)
FROM_CHIP: Final = 0xD5
SYNTAX_ERROR: Final = b"\x7f"  # the whole of an error frame (§6.2.1.5)
MAX_PART_BYTES: Final = 262  # of InDataExchange (§7.3.8)
MAX_ANSWER_BYTES: Final = MAX_EXTENDED_LE + 2
IC_PN532: Final = 0x32
TARGET: Final = 1
MORE_TO_CHIP: Final = 0x40  # MI in Tg
MORE_FROM_CHIP: Final = 0x40  # MI in the status
ERROR_BITS: Final = 0x3F
SEL_RES_ISO_14443_4: Final = 0x20
RANDOM_UID: Final = 0x08  # first byte of a UID that changes with every activation (ISO/IEC 14443-3 §6.5.4)


class Code(IntEnum):
    """Command codes; an answer's code is one more."""

    GET_FIRMWARE_VERSION = 0x02
    SAM_CONFIGURATION = 0x14
    RF_CONFIGURATION = 0x32
    IN_DATA_EXCHANGE = 0x40
    IN_LIST_PASSIVE_TARGET = 0x4A


class RfItem(IntEnum):
    """Items of RFConfiguration (§7.3.1)."""

    FIELD = 0x01
    MAX_RETRIES = 0x05


class RfError(IntEnum):
    """Error codes that say that the card left or could not be understood (§7.1)."""

    TIMEOUT = 0x01
    CRC = 0x02
    PARITY = 0x03
    BIT_COUNT = 0x04
    FRAMING = 0x05
    COLLISION = 0x06
    PROTOCOL = 0x0B
    FORMAT = 0x13
    CONTEXT = 0x27
    RELEASED = 0x29
    DISAPPEARED = 0x2B


@dataclass(frozen=True)
class _Target:
    """A card that the chip activated: SEL_RES, UID and ATS."""

    sel_res: int
    uid: bytes
    ats: bytes

    @property
    def takes_apdus(self) -> bool:
        """Whether it speaks ISO/IEC 14443-4."""
        return bool(self.sel_res & SEL_RES_ISO_14443_4)

    @property
    def atr(self) -> bytes:
        """What a PC/SC reader makes of it. Raises AnswerMalformed."""
        if not self.takes_apdus:
            return storage_card_atr(StorageCard.of_sak(self.sel_res))
        return contactless_atr(Ats.from_bytes(self.ats).historical[:MAX_HISTORICAL_BYTES])

    def may_be(self, other: _Target) -> bool:
        """Whether it can be the same card."""
        both_random = self.uid[:1] == other.uid[:1] == bytes((RANDOM_UID,))
        return self.uid == other.uid or (both_random and len(self.uid) == len(other.uid))


class SerialPn532:
    """A `SerialDialect`: type A cards through a PN532."""

    def __init__(self, link: SerialLink, dialect: Pn532Dialect) -> None:
        self._link = link
        self._retries = dialect.activation_retries
        self._target: _Target | None = None
        self._field_is_on = False

    @property
    def max_apdu(self) -> int:
        """Of any length: what one frame can't carry goes in several."""
        return MAX_APDU_BYTES

    def greet(self) -> None:
        """SAMConfiguration (normal mode), which also wakes it, then GetFirmwareVersion and the retries."""
        self._command(Code.SAM_CONFIGURATION, bytes((0x01, 0x00)))
        version = self._command(Code.GET_FIRMWARE_VERSION, b"")
        if version[:1] != bytes((IC_PN532,)):
            raise self._link.other_protocol()
        retries = bytes((RfItem.MAX_RETRIES, 0xFF, 0x01, self._retries))  # the chip's own for ATR and PSL
        self._command(Code.RF_CONFIGURATION, retries)

    def find(self) -> bytes | None:
        """InListPassiveTarget, one target, 106 kbit/s type A."""
        self._target = self._list()
        return None if self._target is None else self._target.atr

    def still_there(self) -> bool:
        """Activate again what lies there and compare UIDs; Diagnose 06 fails with some cards on this chip."""
        seen, self._target = self._target, self._list()
        return self._target is not None and (seen is None or seen.may_be(self._target))

    def transmit(self, command: bytes) -> bytes:
        """InDataExchange, with MI where command or answer take several parts.

        Raises ForeignCard for a card that takes no APDUs, as a memory card does.
        """
        if self._target is None:
            raise CardTorn
        if not self._target.takes_apdus:
            raise ForeignCard
        parts = [command[at : at + MAX_PART_BYTES] for at in range(0, len(command), MAX_PART_BYTES)]
        for part in parts[:-1]:
            self._exchange(TARGET | MORE_TO_CHIP, part)
        more, collected = self._exchange(TARGET, parts[-1])
        while more:
            more, data = self._exchange(TARGET, b"")
            collected += data
            if not data or len(collected) > MAX_ANSWER_BYTES:
                raise AnswerMalformed(what="InDataExchange", detail="an answer without end")
        return collected

    def release(self) -> None:
        """Nothing to do: to look for a card starts with the field off."""

    def _exchange(self, target: int, part: bytes) -> tuple[bool, bytes]:
        """Whether more follows, and the data."""
        answer = self._command(Code.IN_DATA_EXCHANGE, bytes((target,)) + part)
        if not answer:
            raise AnswerMalformed(what="InDataExchange", detail="no status")
        error = answer[0] & ERROR_BITS
        if error in set(RfError):
            raise CardTorn
        if error:
            raise self._refused(Code.IN_DATA_EXCHANGE, error)
        return bool(answer[0] & MORE_FROM_CHIP), answer[1:]

    def _list(self) -> _Target | None:
        if self._field_is_on:  # a card that is active does not answer to be found
            self._command(Code.RF_CONFIGURATION, bytes((RfItem.FIELD, 0x00)))
        self._field_is_on = True
        answer = self._command(Code.IN_LIST_PASSIVE_TARGET, bytes((0x01, 0x00)))
        if answer == b"\x00":
            return None
        # NbTg, Tg, SENS_RES (2), SEL_RES, length of the UID, UID, ATS
        uid_end = 6 + answer[5] if len(answer) > 5 else 6
        if answer[:1] != b"\x01" or len(answer) < uid_end:
            raise AnswerMalformed(what="InListPassiveTarget", detail=f"{len(answer)} bytes")
        return _Target(sel_res=answer[4], uid=answer[6:uid_end], ats=answer[uid_end:])

    def _command(self, code: Code, data: bytes) -> bytes:
        head = bytes((FROM_CHIP, code + 1))

        def is_answer(frame: Frame) -> bool:
            return frame.data.startswith(head) or frame.data == SYNTAX_ERROR

        answer = self._link.exchange(code.name, {}, bytes((TO_CHIP, code)) + data, is_answer).data
        if answer == SYNTAX_ERROR:
            raise self._refused(code, SYNTAX_ERROR[0])
        return answer[len(head) :]

    def _refused(self, code: Code, error: int) -> ReaderRefused:
        return ReaderRefused(reader=self._link.name, operation=code.name, error=f"{error:02X}")
