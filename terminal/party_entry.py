"""What staff types before a tap: how many companions go with the next card, or that it is to be inspected."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, TextIO

from terminal.typed_text import forgiving

INSPECT: Final = "?"


class PartyEntry:
    """Reads numbers of companions from a text stream in a thread of its own; each counts for one tap.

    `INSPECT` has the next card inspected. Anything else that is not a digit from 0 to 9 is refused through
    `refuse` and changes nothing.
    """

    def __init__(self, stream: TextIO, refuse: Callable[[str], None], inspect: Callable[[], None]) -> None:
        self._stream, self._refuse, self._inspect = forgiving(stream), refuse, inspect
        self._companions = 0
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin to read; ends with the stream, or with the process."""
        threading.Thread(target=self._read, name="party-entry", daemon=True).start()

    def take(self) -> int:
        """The number for this tap; the next one starts from none again."""
        with self._lock:
            companions, self._companions = self._companions, 0
        return companions

    def _read(self) -> None:
        for line in self._stream:
            text = line.strip()
            if len(text) == 1 and text.isascii() and text.isdigit():
                with self._lock:
                    self._companions = int(text)
            elif text == INSPECT:
                self._inspect()
            elif text:
                self._refuse(text[:20])
