"""Training mode's journal: a file of its own, whose events can't be taken for real ones.

Its owner's terminal id is all zeros. So the challenge that a card signs in training names no terminal, and
its proof fits no claim; the centre knows no such terminal, and `JournalReader` opens the file as a training
journal alone, which the agent never asks for. Its events are sealed to a key that is thrown away.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from terminal.errors import FileNotWritten
from terminal.events.challenge import TERMINAL_ID_BYTES
from terminal.journal.schema import JournalOwner

#: The id that stands for a terminal in what it records in training.
TRAINING_TERMINAL: Final = bytes(TERMINAL_ID_BYTES)


def training_owner(epoch: int) -> JournalOwner:
    """Whose a training journal is; goes into challenges and events in place of the terminal's own id."""
    return JournalOwner(TRAINING_TERMINAL, epoch, is_training=True)


def make_training_folder(journal: Path) -> None:
    """Make the folder that a training journal lies in. Raises FileNotWritten."""
    try:
        journal.parent.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise FileNotWritten(file=journal.parent.name, detail=error.strerror) from error
