"""Checking a journal from its first event to its last, by anyone who has the terminal's public key.

Says of each thing that is wrong what it is and where it stands, and goes on behind it. The sealed parts stay
sealed: whether a claim is true, the centre finds out; here only whether the record was altered. The journal
is read as a stream, and as much is held of one of a million events as of one of ten.

What a journal can't show by itself is that nothing was cut off behind its last checkpoint. `known` does: a
sequence and hash that were noted elsewhere, or that stand in the centre's receipt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crypto.explained import Text
from crypto.sealing import segment_id
from crypto.sm2 import PublicKey
from crypto.sm3 import sm3
from terminal.events.checkpoint import SignedCheckpoint
from terminal.events.errors import EventMalformed
from terminal.events.event import UsageEvent
from terminal.journal.faults import FaultKind, FaultList, JournalFault
from terminal.journal.items import JournalSource, StoredCheckpoint, StoredEvent, Unreadable
from terminal.journal.pruning_proof import PruningProof, judge_pruning
from terminal.journal.reader import JournalReader
from terminal.journal.schema import JournalOwner
from terminal.journal.vouching import Known, Vouching


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
        self._source, self._owner, self._base = source, source.owner, source.base
        self._terminal_key = terminal_key
        self._faults = FaultList(self._base.segment)
        self._count = self._segments = self._first = 0
        self._expected = self._base.sequence + 1
        self._previous: tuple[bytes, ...] = (self._base.hash,)
        self._is_segment_known = True
        self._last, self._head = self._base.sequence, self._base.hash
        self._lost_checkpoints: tuple[int, int] | None = None
        self._pruning, proven = judge_pruning(source, receipt_key, self._faults)
        self._vouching = Vouching((*known, *proven), self._base, self._faults)

    def owner(self, expected: JournalOwner) -> None:
        """Whether it is the journal that it should be."""
        found = self._owner
        if found != expected:
            self._faults.add(
                FaultKind.FOREIGN,
                0,
                Text(
                    zh=f"流水账属于终端 {found.terminal.hex()} 第 {found.epoch} 期，"
                    f"不是 {expected.terminal.hex()} 第 {expected.epoch} 期",
                    en=f"the journal is of terminal {found.terminal.hex()}, epoch {found.epoch}, "
                    f"not of {expected.terminal.hex()}, epoch {expected.epoch}",
                ),
            )

    def structure(self) -> None:
        """Whether the database around the records is whole; told before what it does to them."""
        if (wrong := self._source.wrong_structure) is not None:
            self._faults.add(
                FaultKind.STRUCTURE,
                0,
                Text(zh=f"数据库结构受损（{wrong}）", en=f"the database itself is damaged ({wrong})"),
            )

    def event(self, stored: StoredEvent) -> None:
        """Check one event against itself, its neighbour and its owner."""
        sequence = stored.sequence
        self._count += 1
        self._first = self._first or sequence
        if sequence > self._expected:
            self._missing(self._expected, sequence - 1)
        elif sequence < self._expected:
            self._faults.add(
                FaultKind.MISPLACED, sequence, Text(zh="此处不应有记录", en="no event belongs here")
            )
            return
        digest = sm3(stored.data)
        # Which of the two was altered, the next event or a checkpoint tells.
        hashes: tuple[bytes, ...] = (digest,) if digest == stored.hash else (digest, stored.hash)
        try:
            event = UsageEvent.from_bytes(stored.data)
        except EventMalformed:
            self._faults.add(
                FaultKind.MALFORMED, sequence, Text(zh="记录无法解析", en="this event can't be parsed")
            )
        else:
            hashes = self._parsed(sequence, event, hashes)
        self._previous, self._expected = hashes, sequence + 1
        self._last, self._head = sequence, stored.hash
        self._vouching.read(sequence, hashes)

    def unreadable(self, place: Unreadable) -> None:
        """Something that could not be read."""
        if place.is_checkpoint:
            # Where a whole page is gone, none knows which events there had one.
            first, _last = self._lost_checkpoints or (place.sequence, 0)
            self._lost_checkpoints = (first, place.sequence)
            return
        self._faults.add(
            FaultKind.UNREADABLE, place.sequence, Text(zh="文件在此处损坏", en="the file is damaged here")
        )
        if place.sequence == self._expected:
            self._expected += 1
            self._lose_thread()

    def checkpoint(self, stored: StoredCheckpoint) -> None:
        """Check one checkpoint's signature, and what it vouches for."""
        sequence = stored.sequence
        try:
            signed = SignedCheckpoint.from_bytes(stored.data)
        except EventMalformed:
            self._faults.add(
                FaultKind.MALFORMED,
                sequence,
                Text(zh="检查点无法解析", en="the checkpoint here can't be parsed"),
            )
            return
        said = signed.checkpoint
        if (said.terminal, said.epoch) != (self._owner.terminal, self._owner.epoch):
            self._faults.add(
                FaultKind.FOREIGN,
                sequence,
                Text(zh="检查点属于另一台终端", en="this checkpoint is another terminal's"),
            )
        elif not signed.verify(self._terminal_key):
            self._faults.add(
                FaultKind.CHECKPOINT_FORGED,
                sequence,
                Text(
                    zh="检查点不是此终端密钥所签",
                    en="this checkpoint is not signed by this terminal's key",
                ),
            )
        elif said.sequence != sequence:
            self._faults.add(
                FaultKind.MISPLACED,
                sequence,
                Text(
                    zh=f"检查点属于第 {said.sequence} 条",
                    en=f"this checkpoint is for event {said.sequence}",
                ),
            )
        elif sequence > self._base.sequence:
            self._vouching.checkpoint(Known(sequence, said.hash, Text(zh="检查点", en="a checkpoint")))

    def end(self) -> JournalReport:
        """Name what is vouched for behind the last event, and report."""
        self._tell_end()
        return JournalReport(
            owner=self._owner,
            events=self._count,
            segments=self._segments,
            first=self._first,
            last=self._last,
            head=self._head,
            signed_up_to=self._vouching.signed_up_to,
            known_up_to=self._vouching.known_up_to,
            pruned_up_to=self._base.sequence,
            pruning=self._pruning,
            faults=self._faults.listed,
            fault_count=self._faults.count,
        )

    def _tell_end(self) -> None:
        if self._lost_checkpoints:
            first, last = self._lost_checkpoints
            self._faults.add(
                FaultKind.UNREADABLE,
                first,
                Text(
                    zh=f"此处至第 {last} 条的检查点无法读取",
                    en=f"checkpoints from here to {last} can't be read",
                ),
                last=last,
            )
        for one in self._vouching.missing_from(self._expected):
            self._faults.add(
                FaultKind.TAIL_MISSING,
                self._expected,
                Text(
                    zh=f"末尾缺少记录：{one.source.zh}证明曾记到第 {one.sequence} 条",
                    en=f"the end is missing: {one.source.en} proves that there was an event {one.sequence}",
                ),
                last=one.sequence,
            )
        if (tear := self._source.tear) is not None:
            self._faults.add(FaultKind.TORN, self._expected, tear)

    def _parsed(self, sequence: int, event: UsageEvent, hashes: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Check what an event says; the hashes that the next one may follow, none if that can't be told."""
        if event.sequence != sequence:
            self._faults.add(
                FaultKind.MISPLACED,
                sequence,
                Text(zh=f"此处是第 {event.sequence} 条记录", en=f"event {event.sequence} stands here"),
                segment=event.segment,
            )
            self._is_segment_known = False
            return ()
        if (event.terminal, event.epoch) != (self._owner.terminal, self._owner.epoch):
            self._faults.add(
                FaultKind.FOREIGN,
                sequence,
                Text(zh="此记录属于另一台终端", en="this event is another terminal's"),
                segment=event.segment,
            )
        self._follow_segment(event)
        if len(hashes) > 1:
            self._faults.add(
                FaultKind.ALTERED,
                sequence,
                Text(zh="记录与其哈希不符", en="this event does not match its hash"),
            )
        elif self._previous and event.previous not in self._previous:
            self._faults.add(
                FaultKind.CHAIN_BROKEN,
                sequence,
                Text(
                    zh="与前一条断链：其中一条被改动",
                    en="it does not follow the event before it: one of the two was altered",
                ),
            )
        return hashes

    def _follow_segment(self, event: UsageEvent) -> None:
        if event.segment_header:
            self._segments += 1
            self._faults.segment, self._is_segment_known = event.segment, True
            if segment_id(event.segment_header) != event.segment:
                self._faults.add(
                    FaultKind.SEGMENT_BROKEN,
                    event.sequence,
                    Text(zh="分段标识与其首部不符", en="the segment's name does not match its header"),
                )
        elif event.segment != self._faults.segment:
            was_known, self._is_segment_known = self._is_segment_known, True
            self._faults.segment = event.segment
            if was_known:
                self._faults.add(
                    FaultKind.SEGMENT_BROKEN,
                    event.sequence,
                    Text(zh="分段没有首条记录", en="its segment has no first event"),
                )

    def _missing(self, first: int, last: int) -> None:
        self._faults.add(
            FaultKind.MISSING,
            first,
            Text(zh="缺少记录", en="this event is missing")
            if first == last
            else Text(zh=f"缺少记录，到第 {last} 条", en=f"the events up to {last} are missing"),
            last=last,
        )
        self._lose_thread()

    def _lose_thread(self) -> None:
        self._previous, self._is_segment_known = (), False
