"""What an export does not hold of the events that were asked for, by segment and sequence."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from crypto.explained import Text
from terminal.events.errors import EventMalformed
from terminal.events.event import UsageEvent
from terminal.journal.items import JournalItem, StoredCheckpoint, StoredEvent


class GapReason(StrEnum):
    """Why events are not in an export."""

    PRUNED = "pruned"  # removed after the centre's receipt, which goes with the file
    MISSING = "missing"  # not in the journal
    UNREADABLE = "unreadable"  # the journal's file is damaged there
    TAIL_MISSING = "tail_missing"  # behind the last event; a checkpoint or receipt names a later one


_LINES: Final = MappingProxyType(
    {
        GapReason.PRUNED: Text(
            zh="已按保存期清除，中心的回执随文件附上", en="pruned; the centre's receipt goes with the file"
        ),
        GapReason.MISSING: Text(zh="流水账中没有", en="not in the journal"),
        GapReason.UNREADABLE: Text(zh="文件在此处损坏，无法读出", en="the journal's file is damaged here"),
        GapReason.TAIL_MISSING: Text(
            zh="末尾缺失：检查点或回执证明曾记到此处",
            en="the end is missing: a checkpoint or receipt names the last of them",
        ),
    }
)


@dataclass(frozen=True)
class Gap:
    """Events `first` to `last` are not in the file; the one before them is of `segment` (empty: unknown)."""

    reason: GapReason
    segment: bytes
    first: int
    last: int

    @property
    def is_fault(self) -> bool:
        """Whether they should be there."""
        return self.reason is not GapReason.PRUNED

    def line(self) -> Text:
        """For a person."""
        what, place = _LINES[self.reason], f"#{self.first}"
        if self.last != self.first:
            place += f"-{self.last}"
        at = f"{self.segment.hex() or '-'} {place}"
        return Text(zh=f"不在文件中 {at}：{what.zh}", en=f"not in the file {at}: {what.en}")


class GapFinder:
    """Follows what is written into an export of the events `first` and after, of which `base` are pruned."""

    def __init__(self, first: int, base: int) -> None:
        self._found = [Gap(GapReason.PRUNED, b"", first, base)] if first <= base else []
        self._expected = max(first, base + 1)
        self._last: StoredEvent | None = None
        self._named = 0

    def met(self, item: JournalItem) -> None:
        """The next thing in the journal, whether it can be written or not."""
        if isinstance(item, StoredCheckpoint):
            self._named = max(self._named, item.names)
            return
        is_event = isinstance(item, StoredEvent) or not item.is_checkpoint
        if not is_event or item.sequence < self._expected:
            return
        if item.sequence > self._expected:
            self._lacks(GapReason.MISSING, self._expected, item.sequence - 1)
        if isinstance(item, StoredEvent):
            self._last = item
        else:
            self._lacks(GapReason.UNREADABLE, item.sequence, item.sequence)
        self._expected = item.sequence + 1

    def end(self, named: int) -> tuple[Gap, ...]:
        """All that is lacking; `named`: a last event that is known of besides those of checkpoints."""
        last = max(self._named, named)
        if last >= self._expected:
            self._lacks(GapReason.TAIL_MISSING, self._expected, last)
        return tuple(self._found)

    def _lacks(self, reason: GapReason, first: int, last: int) -> None:
        before = self._found[-1] if self._found else None
        if before is not None and (before.reason, before.last + 1) == (reason, first):
            self._found[-1] = replace(before, last=last)
            return
        segment = b""
        if self._last is not None:
            with suppress(EventMalformed):
                segment = UsageEvent.from_bytes(self._last.data).segment
        self._found.append(Gap(reason, segment, first, last))
