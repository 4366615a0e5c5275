"""A chip as a contact card with protocol T=0 (ISO/IEC 7816-3 clause 10 and §12.2).

T=0 moves data in one direction a command: the fifth byte, P3, is Lc or Le, never both. So the answer to a
command with data is announced with 61xx and fetched by GET RESPONSE, and an Le that is not the answer's
length is corrected with 6Cxx. There is no extended length; an answer to data may still be long, because its
length is told by the card alone.
"""

from __future__ import annotations

from typing import Final

from card.apdu import MAX_EXTENDED_LE, MAX_SHORT_LE, CommandApdu, Instruction, ResponseApdu, StatusWord
from card.atr import Atr
from card.simulator.chips.chip import Chip
from card.simulator.chips.wrapped_chip import WrappedChip
from card.status_word import StatusClass

DIRECT_CONVENTION: Final = 0x3B  # TS
HEADER_AND_P3: Final = 5
COMPACT_TLV: Final = 0x80  # category indicator (ISO/IEC 7816-4 §12.1.1)
CARD_CAPABILITIES: Final = 0x73  # §12.1.1.9, all three bytes
EXTENDED_LENGTH: Final = 0x40  # in the third of them
NOTHING_HELD: Final = ResponseApdu(b"", StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED)


class T0Card(WrappedChip):
    """A chip behind contacts. A `Chip` whose `process` takes what a T=0 reader transmits."""

    def __init__(self, chip: Chip) -> None:
        super().__init__(chip)
        self._held = NOTHING_HELD

    @property
    def atr(self) -> bytes:
        """A contact card's ATR: no interface bytes, so T=0 alone; the chip's historical bytes."""
        historical = Atr.from_bytes(self._chip.atr).historical
        return bytes((DIRECT_CONVENTION, len(historical))) + historical

    def power_on(self) -> None:
        """Reset: what waited for GET RESPONSE is lost."""
        self._held = NOTHING_HELD
        super().power_on()

    def process(self, command: bytes) -> bytes:
        """The answer to one T=0 command. Raises CardTorn."""
        return self._answer(command).to_bytes()

    def _answer(self, command: bytes) -> ResponseApdu:
        data = command[HEADER_AND_P3:]
        if len(command) < HEADER_AND_P3 or (data and len(data) != command[4]):
            return ResponseApdu(b"", StatusWord.WRONG_LENGTH)
        if command[1] == Instruction.GET_RESPONSE:
            return self._get_response(command[4] or MAX_SHORT_LE)
        self._held = NOTHING_HELD
        answer = ResponseApdu.from_bytes(super().process(self._apdu(command, data)))
        if data:
            self._held = answer
            return self._announce() if answer.data else answer
        if answer.data and len(answer.data) != (command[4] or MAX_SHORT_LE):
            return ResponseApdu(b"", StatusClass.WRONG_LE << 8 | len(answer.data) % MAX_SHORT_LE)
        return answer

    def _apdu(self, command: bytes, data: bytes) -> bytes:
        """What the chip is asked: a command with data for as long an answer as the chip can give."""
        if not data or not _takes_extended_length(Atr.from_bytes(self._chip.atr).historical):
            return command
        cla, ins, p1, p2 = command[:4]
        return CommandApdu(cla, ins, p1, p2, data, MAX_EXTENDED_LE, extended=True).to_bytes()

    def _get_response(self, le: int) -> ResponseApdu:
        held = self._held
        if not held.data:
            return NOTHING_HELD
        if le > len(held.data):
            return ResponseApdu(b"", StatusClass.WRONG_LE << 8 | len(held.data))
        self._held = ResponseApdu(held.data[le:], held.sw)
        sw = self._announce().sw if self._held.data else held.sw
        return ResponseApdu(held.data[:le], sw)

    def _announce(self) -> ResponseApdu:
        available = min(len(self._held.data), MAX_SHORT_LE) % MAX_SHORT_LE
        return ResponseApdu(b"", StatusClass.BYTES_AVAILABLE << 8 | available)


def _takes_extended_length(historical: bytes) -> bool:
    """Whether the card capabilities among the historical bytes say so."""
    if historical[:1] != bytes((COMPACT_TLV,)):
        return False
    position = 1
    while position < len(historical):
        value = historical[position + 1 : position + 1 + (historical[position] & 0x0F)]
        if historical[position] == CARD_CAPABILITIES and len(value) == 3:
            return bool(value[2] & EXTENDED_LENGTH)
        position += 1 + len(value)
    return False
