"""Whether the events of a journal are those that somebody vouches for: checkpoint, receipt, or a note."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from crypto.explained import Text
from terminal.events.receipt import SignedReceipt
from terminal.journal.faults import FaultKind, FaultList
from terminal.journal.schema import JournalBase


@dataclass(frozen=True)
class Known:
    """What somebody knows of a journal from elsewhere: event `sequence` has, or had, this hash."""

    sequence: int
    hash: bytes
    source: Text

    @classmethod
    def of_receipt(cls, receipt: SignedReceipt) -> Known:
        """What a receipt says, once its signature was verified."""
        said = receipt.receipt
        return cls(said.watermark, said.hash, Text(zh="中心的回执", en="the centre's receipt"))


class Vouching:
    """Follows a journal: compares each event that is vouched for when it is read, and tells of those missing.

    Checkpoints vouch for all up to `signed_up_to`, and what is known from elsewhere for all up to
    `known_up_to`; 0: for none.
    """

    def __init__(self, known: Iterable[Known], base: JournalBase, faults: FaultList) -> None:
        self.signed_up_to = self.known_up_to = 0
        self._base, self._faults = base, faults
        self._known = sorted(known, key=lambda one: one.sequence)
        self._beyond: Known | None = None
        self._sequence = 0
        self._hashes: tuple[bytes, ...] = ()
        while self._known and self._known[0].sequence <= base.sequence:
            self._compare_pruned(self._known.pop(0))

    def read(self, sequence: int, hashes: tuple[bytes, ...]) -> None:
        """An event was read that has one of these hashes; none: another stands there, which was told."""
        self._sequence, self._hashes = sequence, hashes
        while self._known and self._known[0].sequence <= sequence:
            known = self._known.pop(0)
            if known.sequence == sequence and self._compare(known):
                self.known_up_to = known.sequence

    def checkpoint(self, known: Known) -> None:
        """A genuine checkpoint: for the event just read, or for one that is not here."""
        if self._sequence < known.sequence:
            self._beyond = known
        elif self._sequence == known.sequence and self._compare(known):
            self.signed_up_to = known.sequence

    def missing_from(self, expected: int) -> Iterator[Known]:
        """What is vouched for of the events from this on, at the journal's end."""
        beyond = [self._beyond] if self._beyond else []
        return (one for one in (*beyond, *self._known) if one.sequence >= expected)

    def _compare(self, known: Known) -> bool:
        """Whether the event just read is the one that was vouched for."""
        # A row that holds another event was told already.
        if not self._hashes or known.hash in self._hashes:
            return bool(self._hashes)
        self._faults.add(
            FaultKind.CONTRADICTED,
            max(self.signed_up_to, self._base.sequence) + 1,
            Text(
                zh=f"到第 {known.sequence} 条为止，不是{known.source.zh}所证明的记录",
                en=f"up to {known.sequence} these are not the events that {known.source.en} vouches for",
            ),
            last=known.sequence,
        )
        return False

    def _compare_pruned(self, known: Known) -> None:
        """Of the events that were pruned, the last alone can be compared."""
        if known.sequence == self._base.sequence and known.hash != self._base.hash:
            self._faults.add(
                FaultKind.CONTRADICTED,
                known.sequence,
                Text(
                    zh=f"清除起点与{known.source.zh}不符",
                    en=f"what was pruned is not what {known.source.en} vouches for",
                ),
            )
