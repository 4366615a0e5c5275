"""A chip around another chip: what faults and timing are made of."""

from __future__ import annotations

from card.simulator.chips.chip import Chip


class WrappedChip:
    """Passes everything on; a subclass changes what it is about. A `Chip`."""

    def __init__(self, chip: Chip) -> None:
        self._chip = chip

    @property
    def atr(self) -> bytes:
        """The chip's own."""
        return self._chip.atr

    def power_on(self) -> None:
        """Passed on."""
        self._chip.power_on()

    def power_off(self) -> None:
        """Passed on."""
        self._chip.power_off()

    def process(self, command: bytes) -> bytes:
        """The chip's answer. Raises CardTorn."""
        return self._chip.process(command)
