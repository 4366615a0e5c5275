"""What staff type, or a program sends, line by line, while cards are awaited."""

from __future__ import annotations

import queue
import re
import threading
import unicodedata
from typing import Final, Protocol, TextIO, TypeVar

import msgspec

from crypto.explained import Text
from terminal.modes.counter_errors import EntryRefused
from terminal.typed_text import forgiving

# No order is so long, and whoever sends endless lines, or endlessly many, gets no memory for them.
MAX_LINE: Final = 1000  # characters
MAX_WAITING: Final = 1000  # lines
_WHOLE: Final = Text(zh="整行", en="the whole line")
_TOO_LONG: Final = Text(zh=f"每行最多 {MAX_LINE} 个字符", en=f"lines of at most {MAX_LINE} characters")

_PLACE: Final = re.compile(r" - at `\$\.?([a-z_]+(?:\[[0-9.]*\])?)`\Z")
NOT_NOW: Final = Text(zh="当前的情形", en="how things stand now")
_Order = TypeVar("_Order")


def folded(text: str) -> str:
    """What was typed, in lower case and with digits and letters of half width: input methods give others."""
    return unicodedata.normalize("NFKC", text).lower().strip()


def word(number: int) -> Text:
    """A word of a typed line, from 1."""
    return Text(zh=f"第 {number} 项", en=f"word {number}")


def decoded(orders: msgspec.json.Decoder[_Order], text: str, write: Text) -> _Order:
    """The order that a program sent as a JSON object. Raises EntryRefused, which says what to `write`."""
    try:
        return orders.decode(text)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise EntryRefused(wrong=_member(error), write=write) from error


def _member(error: Exception) -> Text:
    """Which member msgspec refused; its own words may quote what was sent."""
    found = _PLACE.search(str(error))
    return Text(zh=found[1], en=found[1]) if found else _WHOLE


class EntrySource(Protocol):
    """Gives what was entered, without waiting."""

    @property
    def ended(self) -> bool:
        """Whether nothing can come any more."""

    def take(self) -> str | None:
        """The next line that is there already; None for none. Raises EntryRefused for one too long."""


class Entries:
    """The lines of a stream, read in a thread of its own and taken up by the terminal's."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = forgiving(stream)
        self._lines: queue.Queue[str | EntryRefused | None] = queue.Queue(MAX_WAITING)
        self._ended = False

    def start(self) -> None:
        """Begin to read; ends with the stream, or with the process."""
        threading.Thread(target=self._read, name="entries", daemon=True).start()

    @property
    def ended(self) -> bool:
        """Whether the stream has ended and all its lines were taken."""
        return self._ended

    def take(self) -> str | None:
        """The next line that is there already; None for none, never waits.

        Raises EntryRefused, once, for a line that is too long: neither its beginning nor its end is an order.
        """
        try:
            line = self._lines.get_nowait()
        except queue.Empty:
            return None
        if isinstance(line, EntryRefused):
            raise line
        self._ended = line is None
        return line

    def _read(self) -> None:
        try:
            while line := self._stream.readline(MAX_LINE + 1):
                if len(line) > MAX_LINE and not line.endswith("\n"):
                    self._pass_over_line()
                    self._lines.put(EntryRefused(wrong=_WHOLE, write=_TOO_LONG))
                elif text := line.strip():
                    self._lines.put(text)
        except (OSError, ValueError):  # torn down, closed, or no text
            pass
        self._lines.put(None)

    def _pass_over_line(self) -> None:
        while (part := self._stream.readline(MAX_LINE)) and not part.endswith("\n"):
            pass
