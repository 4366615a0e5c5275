"""Reading what is left of a journal whose file was cut off or damaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from terminal.journal.errors import JournalDamaged
from terminal.journal.reader import JournalReader
from terminal.journal.salvage import unreadable

_T = TypeVar("_T")


def read_what_is_left(path: Path, is_training: bool, read: Callable[[JournalReader], _T]) -> _T:
    """What `read` makes of the journal; once more as of one that was cut, where it comes upon damage.

    Raises JournalUnreadable where that fails too, and as JournalReader.
    """
    try:
        with JournalReader(path, is_training) as reader:
            return read(reader)
    except JournalDamaged:
        pass
    try:
        with JournalReader(path, is_training, is_cut=True) as reader:
            return read(reader)
    except JournalDamaged as error:
        raise unreadable(path, error) from error
