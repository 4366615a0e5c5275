"""What stands in a journal, as a check meets it: one thing after the other, by sequence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from crypto.explained import Text
from terminal.events.checkpoint import SignedCheckpoint
from terminal.events.errors import EventMalformed
from terminal.journal.schema import JournalBase, JournalOwner


@dataclass(frozen=True)
class StoredEvent:
    """An event as it lies in the journal: its bytes as first written, and their hash."""

    sequence: int
    data: bytes
    hash: bytes


@dataclass(frozen=True)
class StoredCheckpoint:
    """A checkpoint as it lies in the journal, under the sequence it is for."""

    sequence: int
    data: bytes

    @property
    def names(self) -> int:
        """The event that it is for; 0 where that can't be told."""
        try:
            said = SignedCheckpoint.from_bytes(self.data).checkpoint
        except EventMalformed:
            return 0
        return said.sequence if said.sequence == self.sequence else 0


@dataclass(frozen=True)
class Unreadable:
    """Where an event, or else a checkpoint, stands or may stand that can't be read at all."""

    sequence: int
    is_checkpoint: bool = False


JournalItem = StoredEvent | StoredCheckpoint | Unreadable


class JournalSource(Protocol):
    """A journal that is read once, from its first event to its last: the database, or an exported file."""

    @property
    def owner(self) -> JournalOwner:
        """Whose it says it is."""

    @property
    def base(self) -> JournalBase:
        """What it says its first event follows."""

    @property
    def is_extract(self) -> bool:
        """Whether events before and behind it were left out on purpose."""

    @property
    def tear(self) -> Text | None:
        """What is wrong with the file as such, known once `items` has come to its end."""

    @property
    def wrong_structure(self) -> str | None:
        """What is wrong with a database around its records; None, too, for what is no database.

        Raises JournalUnavailable.
        """

    def items(self) -> Iterator[JournalItem]:
        """Everything in it, ascending, a checkpoint behind its event; holds little of it at a time."""
