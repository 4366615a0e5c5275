"""That a terminal has recorded something in this epoch, for the day when journal and receipts are both gone.

An empty file beside the journal, named after terminal and epoch: `journal-0011223344556677-1.begun`. It is
made once the first event is on the disk, and says nothing but that there was one.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from terminal.durable_file import write_durably
from terminal.errors import FileNotWritten
from terminal.journal.schema import JournalOwner


def note_begun(path: Path, owner: JournalOwner) -> None:
    """The journal at `path` has its first event. What can't be noted now is noted at the next opening."""
    mark = _mark(path, owner)
    if not owner.is_training and not mark.exists():
        with suppress(FileNotWritten):
            write_durably(mark, b"")


def has_begun(path: Path, owner: JournalOwner) -> bool:
    """Whether there was an event once. Training journals come and go as anybody likes."""
    return not owner.is_training and _mark(path, owner).exists()


def _mark(path: Path, owner: JournalOwner) -> Path:
    return path.with_name(f"{path.stem}-{owner.terminal.hex()}-{owner.epoch}.begun")
