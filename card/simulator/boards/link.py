"""A virtual card without a reader: a CardConnection within one process."""

from __future__ import annotations

from card.apdu import MAX_APDU_BYTES, CommandApdu, ResponseApdu
from card.errors import CardTorn
from card.simulator.chips.chip import Chip
from crypto.closing import Closing


class InProcessConnection(Closing):
    """An open line to a chip in this process; powers it for as long as the line is open."""

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self._open = True
        chip.power_on()

    @property
    def atr(self) -> bytes:
        """The chip's answer to reset."""
        return self._chip.atr

    @property
    def max_apdu(self) -> int:
        """Of any length."""
        return MAX_APDU_BYTES

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """One command, one answer. Raises CardTorn and AnswerMalformed."""
        if not self._open:
            raise CardTorn
        return ResponseApdu.from_bytes(self._chip.process(command.to_bytes()))

    def close(self) -> None:
        """Cut the chip's power."""
        if self._open:
            self._open = False
            self._chip.power_off()
