"""Cards that a reader sees and can't activate."""

from __future__ import annotations

from card.simulator.boards.iso14443_3 import atqa_for
from card.simulator.boards.serial_ccid_board import INACTIVE, SerialCcidBoard

UID = bytes.fromhex("02 11 22 33")


class MuteCardBoard(SerialCcidBoard):
    """A slot that may hold a card that does not answer to reset: IccPowerOn fails with ICC_MUTE."""

    def __init__(self) -> None:
        self._is_mute = False
        super().__init__()

    def put_mute(self) -> None:
        """Lay such a card on the reader."""
        with self._lock:
            self.remove()
            self._is_mute = True

    def remove(self) -> None:
        """Take the card away."""
        with self._lock:
            self._is_mute = False
            super().remove()

    def _icc_status(self) -> int:
        return INACTIVE if self._is_mute else super()._icc_status()


class MutePicc:
    """A card that is selected, and leaves RATS unanswered."""

    def __init__(self) -> None:
        self.uid = UID
        self.atqa = atqa_for(UID)
        self.sak = 0x20

    def field_on(self) -> None:
        """No state."""

    def field_off(self) -> None:
        """No state."""

    def select(self, *, wake_up: bool) -> bool:
        """Always."""
        return True

    def receive(self, frame: bytes) -> bytes | None:
        """Nothing."""

    def close(self) -> None:
        """No state."""
