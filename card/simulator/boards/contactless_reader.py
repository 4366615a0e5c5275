"""What a contactless reader answers itself: the pseudo-APDUs for UID and ATS (PC/SC part 3 §3.2.2.1.3)."""

from __future__ import annotations

import secrets
from typing import Final

from card.apdu import CommandApdu, ResponseApdu, StatusWord
from card.atr import Atr, contactless_atr
from card.errors import CardError, CommandMalformed
from card.readers.pseudo_apdu import ATS_P1, GET_DATA, READER_CLASS, UID_P1
from card.simulator.chips.chip import Chip
from card.simulator.chips.wrapped_chip import WrappedChip
from card.status_word import StatusClass

RANDOM_UID: Final = b"\x08"  # uid0 of a UID that is drawn at each RF reset (ISO/IEC 14443-3 §6.5.4)
RANDOM_UID_BYTES: Final = 3


def in_field(chip: Chip) -> Chip:
    """The chip as it answers through its reader: a contactless one with UID and ATS, any other as it is."""
    try:
        historical = Atr.from_bytes(chip.atr).historical
    except CardError:
        return chip
    return ContactlessReader(chip, historical) if chip.atr == contactless_atr(historical) else chip


class ContactlessReader(WrappedChip):
    """A contactless chip and what its reader knows of it. A `Chip`."""

    def __init__(self, chip: Chip, historical: bytes) -> None:
        super().__init__(chip)
        self._historical = historical
        self._uid = _draw_uid()

    def power_on(self) -> None:
        """RF reset: the card draws another UID."""
        self._uid = _draw_uid()
        super().power_on()

    def process(self, command: bytes) -> bytes:
        """The reader's answer to its pseudo-APDUs, the chip's to everything else. Raises CardTorn."""
        if command[:1] != bytes((READER_CLASS,)):
            return super().process(command)
        try:
            return self._answer(CommandApdu.from_bytes(command)).to_bytes()
        except CommandMalformed:
            return ResponseApdu(b"", StatusWord.WRONG_LENGTH).to_bytes()

    def _answer(self, command: CommandApdu) -> ResponseApdu:
        known = {UID_P1: self._uid, ATS_P1: self._historical}
        if command.ins != GET_DATA or command.p1 not in known or command.p2:
            return ResponseApdu(b"", StatusWord.FUNCTION_NOT_SUPPORTED)
        data = known[command.p1]
        if command.le is None or command.le < len(data):
            return ResponseApdu(b"", StatusClass.WRONG_LE << 8 | len(data))
        return ResponseApdu(data, StatusWord.NO_ERROR)


def _draw_uid() -> bytes:
    return RANDOM_UID + secrets.token_bytes(RANDOM_UID_BYTES)
