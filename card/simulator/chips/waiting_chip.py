"""A chip that takes its time, and is not waited for once the field is gone."""

from __future__ import annotations

import threading

from card.errors import CardTorn
from card.simulator.chips.chip import Chip
from card.simulator.chips.wrapped_chip import WrappedChip


class WaitingChip(WrappedChip):
    """What a chip whose answers come late is made of: a wait that power_off(), from any thread, ends."""

    def __init__(self, chip: Chip) -> None:
        super().__init__(chip)
        self._field_gone = threading.Event()

    def power_on(self) -> None:
        """Passed on."""
        self._field_gone.clear()
        super().power_on()

    def power_off(self) -> None:
        """Passed on; ends the wait under way with CardTorn."""
        self._field_gone.set()
        super().power_off()

    def _wait(self, seconds: float) -> None:
        """Raises CardTorn when the field goes meanwhile."""
        if seconds > 0 and self._field_gone.wait(seconds):
            raise CardTorn
