"""What may be wrong with a journal, and the list of what a check found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from crypto.explained import Text

#: So many faults are told one by one; a journal may be wrong in every other one of a million events.
MAX_FAULTS_LISTED: Final = 1000


class FaultKind(StrEnum):
    """What may be wrong with a journal."""

    ALTERED = "altered"  # an event's bytes and hash differ
    UNREADABLE = "unreadable"  # the file's pages are damaged here
    MALFORMED = "malformed"  # an event or checkpoint that can't be parsed
    MISSING = "missing"
    MISPLACED = "misplaced"  # it stands where another belongs
    FOREIGN = "foreign"  # another terminal's or epoch's
    CHAIN_BROKEN = "chain_broken"
    SEGMENT_BROKEN = "segment_broken"
    CHECKPOINT_FORGED = "checkpoint_forged"  # not signed by this terminal's key
    CONTRADICTED = "contradicted"  # a checkpoint, receipt or note vouches for other events
    TAIL_MISSING = "tail_missing"
    RECEIPT_FORGED = "receipt_forged"
    STRUCTURE = "structure"  # the database around its rows is damaged
    TORN = "torn"  # the file ends too early


@dataclass(frozen=True)
class JournalFault:
    """One thing that is wrong: from event `sequence` to `last`, in the 8-byte `segment` (empty: not known).

    Sequence 0 stands for the journal as a whole.
    """

    kind: FaultKind
    segment: bytes
    sequence: int
    last: int
    what: Text


class FaultList:
    """The faults of a journal in the order they are met: the first `MAX_FAULTS_LISTED`, and how many.

    `segment` is the one that the check has come to: where a fault stands that names none.
    """

    def __init__(self, segment: bytes) -> None:
        self.segment = segment
        self._listed: list[JournalFault] = []
        self._newest: JournalFault | None = None
        self._count = 0

    @property
    def listed(self) -> tuple[JournalFault, ...]:
        """The first of them."""
        return tuple(self._listed)

    @property
    def count(self) -> int:
        """How many there are."""
        return self._count

    def add(self, kind: FaultKind, sequence: int, what: Text, *, last: int = 0, segment: bytes = b"") -> None:
        """One more, from event `sequence` to `last`; 0: that event alone."""
        fault = JournalFault(kind, segment or self.segment, sequence, max(sequence, last), what)
        before, is_listed = self._newest, self._count == len(self._listed)
        # The same again right behind it is one fault, which reaches further.
        if before is not None and fault == replace(before, sequence=before.last + 1, last=fault.last):
            self._newest = replace(before, last=fault.last)
            if is_listed:
                self._listed[-1] = self._newest
            return
        self._newest = fault
        self._count += 1
        if len(self._listed) < MAX_FAULTS_LISTED:
            self._listed.append(fault)
