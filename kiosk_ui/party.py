"""How many companions go with the next tap: chosen on the screen, used up by the terminal's thread."""

from __future__ import annotations

import threading
from typing import Final

MAX_COMPANIONS: Final = 9  # one digit key


class PartyChoice:
    """A number that counts for one tap; safe between threads."""

    def __init__(self) -> None:
        self._companions = 0
        self._lock = threading.Lock()

    def choose(self, companions: int) -> None:
        """So many for the next tap."""
        with self._lock:
            self._companions = companions

    def take(self) -> int:
        """The number for this tap; the next one starts from none again."""
        with self._lock:
            companions, self._companions = self._companions, 0
        return companions
