"""Checking a journal from its first event to its last, by anyone who has the terminal's public key.

Says of each thing that is wrong what it is and where it stands, and goes on behind it. The sealed parts stay
sealed: whether a claim is true, the centre finds out; here only whether the record was altered. The journal
is read as a stream, and as much is held of one of a million events as of one of ten.

What a journal can't show by itself is that nothing was cut off behind its last checkpoint. `known` does: a
sequence and hash that were noted elsewhere, or that stand in the centre's receipt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from crypto.explained import Text
from crypto.sealing import segment_id
from crypto.sm2 import PublicKey
from crypto.sm3 import sm3
from terminal.events.checkpoint import SignedCheckpoint
from terminal.events.errors import EventMalformed
from terminal.events.event import UsageEvent
from terminal.events.receipt import SignedReceipt
from terminal.journal.items import JournalSource, StoredCheckpoint, StoredEvent, Unreadable
from terminal.journal.reader import JournalReader
from terminal.journal.schema import JournalOwner

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


class PruningProof(StrEnum):
    """What shows that the events before the first are with the centre."""

    NOT_PRUNED = "not_pruned"
    PROVEN = "proven"  # by a receipt that the centre signed
    NOT_CHECKED = "not_checked"  # there is a receipt, and no key of the centre's to check it with
    EXTRACT = "extract"  # a part that was exported: it shows nothing of what comes before
    REFUTED = "refuted"


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


@dataclass(frozen=True)
class JournalReport:
    """What a check found.

    `events` were read, `first` to `last` (0: none), the last with the hash `head`; checkpoints vouch for all
    up to `signed_up_to`, and what is known from elsewhere for all up to `known_up_to`.
    `faults` are the first `MAX_FAULTS_LISTED` of `fault_count`.
    """

    owner: JournalOwner
    events: int
    segments: int
    first: int
    last: int
    head: bytes
    signed_up_to: int
    known_up_to: int
    pruned_up_to: int
    pruning: PruningProof
    faults: tuple[JournalFault, ...]
    fault_count: int


def verify_journal(
    path: Path,
    terminal_key: PublicKey,
    known: Sequence[Known] = (),
    receipt_key: PublicKey | None = None,
    *,
    is_training: bool = False,
    expected: JournalOwner | None = None,
) -> JournalReport:
    """Check every event and checkpoint of a journal; arguments as for `verify_source`.

    Raises JournalMissing, JournalIsTraining, JournalUnavailable; JournalDamaged where nothing can be read.
    """
    with JournalReader(path, is_training) as reader:
        return verify_source(reader, terminal_key, known, receipt_key, expected)


def verify_source(
    source: JournalSource,
    terminal_key: PublicKey,
    known: Sequence[Known] = (),
    receipt_key: PublicKey | None = None,
    expected: JournalOwner | None = None,
) -> JournalReport:
    """Check what a journal or an exported file holds.

    `receipt_key` is the centre's, for the receipt that a pruned journal begins with; `expected`: whose
    journal it should be. Raises what `items` of the source raises.
    """
    check = _Check(source, terminal_key, known, receipt_key)
    if expected is not None:
        check.owner(expected)
    check.structure()
    for item in source.items():
        if isinstance(item, StoredEvent):
            check.event(item)
        elif isinstance(item, StoredCheckpoint):
            check.checkpoint(item)
        else:
            check.unreadable(item)
    return check.end()


class _Check:
    """Follows a journal; `_expected` comes next, and follows an event with one of the hashes `_previous`.

    `_previous` is empty behind a fault after which that can't be told.
    """

    def __init__(
        self,
        source: JournalSource,
        terminal_key: PublicKey,
        known: Sequence[Known],
        receipt_key: PublicKey | None,
    ) -> None:
        self._source, self._owner, base = source, source.owner, source.base
        self._terminal_key = terminal_key
        self._faults: list[JournalFault] = []
        self._newest: JournalFault | None = None
        self._fault_count = self._count = self._segments = self._first = 0
        self._base = base
        self._is_extract = source.is_extract
        self._expected = base.sequence + 1
        self._previous: tuple[bytes, ...] = (base.hash,)
        self._segment, self._is_segment_known = base.segment, True
        self._head = base.hash
        self._last_seen: StoredEvent | None = None
        self._seen_hashes: tuple[bytes, ...] = ()
        self._signed_up_to = self._known_up_to = 0
        self._vouched_beyond: Known | None = None
        self._lost_checkpoints: tuple[int, int] | None = None
        self._known = sorted(known, key=lambda one: one.sequence)
        self._pruning = self._judged_base(receipt_key)
        while self._known and self._known[0].sequence <= base.sequence:
            self._before_first(self._known.pop(0))

    def owner(self, expected: JournalOwner) -> None:
        """Whether it is the journal that it should be."""
        found = self._owner
        if found != expected:
            self._fault(
                FaultKind.FOREIGN,
                0,
                f"流水账属于终端 {found.terminal.hex()} 第 {found.epoch} 期，"
                f"不是 {expected.terminal.hex()} 第 {expected.epoch} 期",
                f"the journal is of terminal {found.terminal.hex()}, epoch {found.epoch}, "
                f"not of {expected.terminal.hex()}, epoch {expected.epoch}",
            )

    def structure(self) -> None:
        """Whether the database around the records is whole; told before what it does to them."""
        if (wrong := self._source.wrong_structure) is not None:
            self._fault(
                FaultKind.STRUCTURE,
                0,
                f"数据库结构受损（{wrong}）",
                f"the database itself is damaged ({wrong})",
            )

    def event(self, stored: StoredEvent) -> None:
        """Check one event against itself, its neighbour and its owner."""
        sequence = stored.sequence
        self._count += 1
        self._first = self._first or sequence
        if sequence > self._expected:
            self._missing(self._expected, sequence - 1)
        elif sequence < self._expected:
            self._fault(FaultKind.MISPLACED, sequence, "此处不应有记录", "no event belongs here")
            return
        digest = sm3(stored.data)
        # Which of the two was altered, the next event or a checkpoint tells.
        hashes: tuple[bytes, ...] = (digest,) if digest == stored.hash else (digest, stored.hash)
        try:
            event = UsageEvent.from_bytes(stored.data)
        except EventMalformed:
            self._fault(FaultKind.MALFORMED, sequence, "记录无法解析", "this event can't be parsed")
        else:
            hashes = self._parsed(stored, event, hashes)
        self._last_seen, self._seen_hashes = stored, hashes
        self._previous, self._expected = hashes, sequence + 1
        self._head = stored.hash
        while self._known and self._known[0].sequence <= sequence:
            self._compare_known(self._known.pop(0))

    def unreadable(self, place: Unreadable) -> None:
        """Something that could not be read."""
        if place.is_checkpoint:
            # Where a whole page is gone, none knows which events there had one.
            first, _last = self._lost_checkpoints or (place.sequence, 0)
            self._lost_checkpoints = (first, place.sequence)
            return
        self._fault(FaultKind.UNREADABLE, place.sequence, "文件在此处损坏", "the file is damaged here")
        if place.sequence == self._expected:
            self._expected += 1
            self._lose_thread()

    def checkpoint(self, stored: StoredCheckpoint) -> None:
        """Check one checkpoint's signature, and what it vouches for."""
        sequence = stored.sequence
        try:
            signed = SignedCheckpoint.from_bytes(stored.data)
        except EventMalformed:
            self._fault(
                FaultKind.MALFORMED, sequence, "检查点无法解析", "the checkpoint here can't be parsed"
            )
            return
        said = signed.checkpoint
        if (said.terminal, said.epoch) != (self._owner.terminal, self._owner.epoch):
            self._fault(
                FaultKind.FOREIGN, sequence, "检查点属于另一台终端", "this checkpoint is another terminal's"
            )
        elif not signed.verify(self._terminal_key):
            self._fault(
                FaultKind.CHECKPOINT_FORGED,
                sequence,
                "检查点不是此终端密钥所签",
                "this checkpoint is not signed by this terminal's key",
            )
        elif said.sequence != sequence:
            self._fault(
                FaultKind.MISPLACED,
                sequence,
                f"检查点属于第 {said.sequence} 条",
                f"this checkpoint is for event {said.sequence}",
            )
        elif sequence > self._base.sequence:
            self._vouched(Known(sequence, said.hash, Text(zh="检查点", en="a checkpoint")))

    def end(self) -> JournalReport:
        """Name what is vouched for behind the last event, and report."""
        if self._lost_checkpoints:
            first, last = self._lost_checkpoints
            self._fault(
                FaultKind.UNREADABLE,
                first,
                f"此处至第 {last} 条的检查点无法读取",
                f"checkpoints from here to {last} can't be read",
                last=last,
            )
        beyond = [self._vouched_beyond] if self._vouched_beyond else []
        for one in (*beyond, *self._known):
            if one.sequence >= self._expected:
                self._fault(
                    FaultKind.TAIL_MISSING,
                    self._expected,
                    f"末尾缺少记录：{one.source.zh}证明曾记到第 {one.sequence} 条",
                    f"the end is missing: {one.source.en} proves that there was an event {one.sequence}",
                    last=one.sequence,
                )
        if (tear := self._source.tear) is not None:
            self._fault(FaultKind.TORN, self._expected, tear.zh, tear.en)
        return JournalReport(
            owner=self._owner,
            events=self._count,
            segments=self._segments,
            first=self._first,
            last=self._expected - 1,
            head=self._head,
            signed_up_to=self._signed_up_to,
            known_up_to=self._known_up_to,
            pruned_up_to=self._base.sequence,
            pruning=self._pruning,
            faults=tuple(self._faults),
            fault_count=self._fault_count,
        )

    def _parsed(self, stored: StoredEvent, event: UsageEvent, hashes: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Check what an event says; the hashes that the next one may follow, none if that can't be told."""
        sequence = stored.sequence
        if event.sequence != sequence:
            self._fault(
                FaultKind.MISPLACED,
                sequence,
                f"此处是第 {event.sequence} 条记录",
                f"event {event.sequence} stands here",
                segment=event.segment,
            )
            self._is_segment_known = False
            return ()
        if (event.terminal, event.epoch) != (self._owner.terminal, self._owner.epoch):
            self._fault(
                FaultKind.FOREIGN,
                sequence,
                "此记录属于另一台终端",
                "this event is another terminal's",
                segment=event.segment,
            )
        self._follow_segment(event)
        if len(hashes) > 1:
            self._fault(FaultKind.ALTERED, sequence, "记录与其哈希不符", "this event does not match its hash")
        elif self._previous and event.previous not in self._previous:
            self._fault(
                FaultKind.CHAIN_BROKEN,
                sequence,
                "与前一条断链：其中一条被改动",
                "it does not follow the event before it: one of the two was altered",
            )
        return hashes

    def _follow_segment(self, event: UsageEvent) -> None:
        if event.segment_header:
            self._segments += 1
            self._segment, self._is_segment_known = event.segment, True
            if segment_id(event.segment_header) != event.segment:
                self._fault(
                    FaultKind.SEGMENT_BROKEN,
                    event.sequence,
                    "分段标识与其首部不符",
                    "the segment's name does not match its header",
                )
        elif event.segment != self._segment:
            was_known, self._segment, self._is_segment_known = self._is_segment_known, event.segment, True
            if was_known:
                self._fault(
                    FaultKind.SEGMENT_BROKEN,
                    event.sequence,
                    "分段没有首条记录",
                    "its segment has no first event",
                )

    def _missing(self, first: int, last: int) -> None:
        self._fault(
            FaultKind.MISSING,
            first,
            "缺少记录" if first == last else f"缺少记录，到第 {last} 条",
            "this event is missing" if first == last else f"the events up to {last} are missing",
            last=last,
        )
        self._lose_thread()

    def _lose_thread(self) -> None:
        self._previous, self._is_segment_known = (), False

    def _vouched(self, known: Known) -> None:
        """A genuine checkpoint: for the event just read, or for one that is not here."""
        last = self._last_seen
        if last is None or last.sequence < known.sequence:
            self._vouched_beyond = known
        elif last.sequence == known.sequence and self._compare(known):
            self._signed_up_to = known.sequence

    def _compare_known(self, known: Known) -> None:
        last = self._last_seen
        if last is not None and last.sequence == known.sequence and self._compare(known):
            self._known_up_to = known.sequence

    def _compare(self, known: Known) -> bool:
        """Whether the event just read is the one that was vouched for."""
        # A row that holds another event was told already.
        if not self._seen_hashes or known.hash in self._seen_hashes:
            return bool(self._seen_hashes)
        first = max(self._signed_up_to, self._base.sequence) + 1
        self._fault(
            FaultKind.CONTRADICTED,
            first,
            f"到第 {known.sequence} 条为止，不是{known.source.zh}所证明的记录",
            f"up to {known.sequence} these are not the events that {known.source.en} vouches for",
            last=known.sequence,
        )
        return False

    def _before_first(self, known: Known) -> None:
        """Of the events that were pruned, the last alone can be compared."""
        if known.sequence == self._base.sequence and known.hash != self._base.hash:
            self._fault(
                FaultKind.CONTRADICTED,
                known.sequence,
                f"清除起点与{known.source.zh}不符",
                f"what was pruned is not what {known.source.en} vouches for",
            )

    def _judged_base(self, receipt_key: PublicKey | None) -> PruningProof:
        if self._base.sequence == 0:
            return PruningProof.NOT_PRUNED
        if self._is_extract and not self._base.receipt:
            return PruningProof.EXTRACT
        try:
            receipt = SignedReceipt.from_bytes(self._base.receipt)
        except EventMalformed:
            return self._refuted(Text(zh="没有可读的回执", en="there is no receipt that can be read"))
        if (wrong := self._wrong_with(receipt, receipt_key)) is not None:
            return self._refuted(wrong)
        if receipt_key is None:
            return PruningProof.NOT_CHECKED
        self._known = sorted((*self._known, Known.of_receipt(receipt)), key=lambda one: one.sequence)
        return PruningProof.PROVEN

    def _wrong_with(self, receipt: SignedReceipt, receipt_key: PublicKey | None) -> Text | None:
        said = receipt.receipt
        if (said.terminal, said.epoch) != (self._owner.terminal, self._owner.epoch):
            return Text(zh="回执属于另一台终端", en="its receipt is another terminal's")
        if said.watermark < self._base.sequence:
            return Text(zh="回执不包括被清除的全部记录", en="its receipt does not cover all that is gone")
        if receipt_key is not None and not receipt.verify(receipt_key):
            return Text(zh="回执不是中心所签", en="its receipt is not signed by the centre")
        return None

    def _refuted(self, why: Text) -> PruningProof:
        last = self._base.sequence
        self._fault(
            FaultKind.RECEIPT_FORGED,
            1,
            f"到第 {last} 条的记录被清除，但{why.zh}",
            f"the events up to {last} were removed, but {why.en}",
            last=last,
        )
        return PruningProof.REFUTED

    def _fault(  # noqa: PLR0917
        self, kind: FaultKind, sequence: int, zh: str, en: str, last: int = 0, segment: bytes = b""
    ) -> None:
        fault = JournalFault(
            kind, segment or self._segment, sequence, max(sequence, last), Text(zh=zh, en=en)
        )
        before, is_listed = self._newest, self._fault_count == len(self._faults)
        # The same again right behind it is one fault, which reaches further.
        if before is not None and fault == replace(before, sequence=before.last + 1, last=fault.last):
            self._newest = replace(before, last=fault.last)
            if is_listed:
                self._faults[-1] = self._newest
            return
        self._newest = fault
        self._fault_count += 1
        if len(self._faults) < MAX_FAULTS_LISTED:
            self._faults.append(fault)
