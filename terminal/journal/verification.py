"""Checking a journal from its first event to its last, by anyone who has the terminal's public key.

Says of each thing that is wrong where it stands; what is right stays readable. The sealed parts stay sealed:
whether a claim is true, the centre finds out; here only whether the record was altered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crypto.explained import Text
from crypto.sealing import segment_id
from crypto.sm2 import PublicKey
from crypto.sm3 import sm3
from terminal.events.checkpoint import SignedCheckpoint
from terminal.events.errors import EventMalformed
from terminal.events.event import NO_PREVIOUS, UsageEvent
from terminal.journal.reader import JournalReader, StoredEvent

_BATCH: Final = 1000


@dataclass(frozen=True)
class JournalFault:
    """One thing that is wrong, at one sequence."""

    sequence: int
    what: Text


@dataclass(frozen=True)
class JournalReport:
    """What a check found: how many events it read, the sequence up to which checkpoints vouch, the faults."""

    events: int
    signed_up_to: int
    faults: tuple[JournalFault, ...]


def verify_journal(path: Path, terminal_key: PublicKey) -> JournalReport:
    """Check every event and checkpoint of a journal. Raises JournalDamaged where it can't be read at all."""
    with JournalReader(path) as reader:
        check = _Check(reader, terminal_key)
        for event in _all_events(reader):
            check.event(event)
        check.end()
        return JournalReport(check.count, check.signed_up_to, tuple(check.faults))


def _all_events(reader: JournalReader) -> Iterator[StoredEvent]:
    after = -1
    while batch := reader.events(after, _BATCH):
        yield from batch
        after = batch[-1].sequence


class _Check:
    """The running state of one check."""

    def __init__(self, reader: JournalReader, terminal_key: PublicKey) -> None:
        self._reader = reader
        self._terminal_key = terminal_key
        # Few (one in CHECKPOINT_EVERY events), so held at once; the events stream by.
        self._checkpoints = {signed.checkpoint.sequence: signed for signed in reader.checkpoints()}
        self._expected = 1
        self._previous = NO_PREVIOUS
        self._segments: set[bytes] = set()
        self.count = 0
        self.signed_up_to = 0
        self.faults: list[JournalFault] = []

    def event(self, stored: StoredEvent) -> None:
        """Check one event against itself, its neighbour and its owner."""
        self.count += 1
        digest = sm3(stored.data)
        if stored.sequence != self._expected:
            self._fault(self._expected, "此处缺少记录", f"events up to {stored.sequence - 1} are missing")
        if digest != stored.hash:
            self._fault(stored.sequence, "内容与哈希不符", "its bytes do not match its hash")
        try:
            event = UsageEvent.from_bytes(stored.data)
        except EventMalformed:
            self._fault(stored.sequence, "无法解析", "it can't be parsed")
        else:
            self._parsed(stored.sequence, event)
        self._previous = stored.hash
        if signed := self._checkpoints.pop(stored.sequence, None):
            self._vouched(signed, digest)
        self._expected = stored.sequence + 1

    def _parsed(self, sequence: int, event: UsageEvent) -> None:
        if (event.terminal, event.epoch) != (self._reader.terminal, self._reader.epoch):
            self._fault(sequence, "属于另一台终端", "it is another terminal's")
        if event.sequence != sequence:
            self._fault(sequence, "序号与位置不符", f"it says it is event {event.sequence}")
        if event.previous != self._previous:
            self._fault(sequence, "与前一条记录断链", "it does not follow the event before it")
        if event.segment_header:
            if segment_id(event.segment_header) != event.segment:
                self._fault(sequence, "分段标识不符", "its segment's name does not match the header")
            self._segments.add(event.segment)
        elif event.segment not in self._segments:
            self._fault(sequence, "缺少分段首条记录", "its segment has no first event")

    def end(self) -> None:
        """Name the events that checkpoints vouch for and that are not there."""
        for sequence in self._checkpoints:
            self._fault(sequence, "检查点为其作证的记录不存在", "a checkpoint vouches for it, but it is gone")

    def _vouched(self, signed: SignedCheckpoint, digest: bytes) -> None:
        checkpoint = signed.checkpoint
        if not signed.verify(self._terminal_key):
            self._fault(checkpoint.sequence, "检查点签名无效", "its checkpoint's signature is wrong")
        elif checkpoint.hash != digest:
            self._fault(checkpoint.sequence, "与检查点不符", "its checkpoint vouches for another event")
        else:
            self.signed_up_to = checkpoint.sequence

    def _fault(self, sequence: int, zh: str, en: str) -> None:
        self.faults.append(JournalFault(sequence, Text(zh=zh, en=en)))
