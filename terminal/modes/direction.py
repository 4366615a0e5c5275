"""Whether the card in hand comes or goes: at a gate with two readers, the reader says."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase

from card.reader import CardReader
from card.readers.any_reader import AnyReader


def exit_of(reader: CardReader, pattern: str) -> Callable[[], bool]:
    """Tells, while a card lies there, whether that is at the exit.

    `pattern`: shell pattern for the name of the exit's reader, which may be one of several behind `reader` or
    that one itself; empty for none.
    """

    def is_exit() -> bool:
        name = reader.card_reader if isinstance(reader, AnyReader) else reader.name
        return bool(pattern) and fnmatchcase(name, pattern)

    return is_exit
