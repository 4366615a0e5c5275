"""The stream of taps: every event of the journal in its order, from any place on, as it comes.

Each reader has its own place and takes from there when it can: the last events from memory, older ones from
the journal. So a reader that is slow, or comes back after an hour, misses nothing, and none of them holds
anything up: the thread that taps only puts down what it has done.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from starlette.concurrency import run_in_threadpool

from terminal.events.event import UsageEvent
from terminal.journal.reader import JournalReader
from terminal.local_api.news import News, heard
from terminal.local_api.taps import TapEntry

#: Entries in memory; words for holder and staff are kept for the last one alone.
REMEMBERED: Final = 512
_BATCH: Final = 200


class Feed:
    """The events of a journal. `head` is the last one there was when it was made."""

    def __init__(self, journal: Path, head: int, news: News, *, is_training: bool = False) -> None:
        self._journal, self._news, self._is_training = journal, news, is_training
        self._lock = threading.Lock()
        self._recent: deque[TapEntry] = deque(maxlen=REMEMBERED)
        self._head = head

    @property
    def head(self) -> int:
        """The last event's sequence, 0 before the first."""
        return self._head

    def put(self, entry: TapEntry) -> None:
        """The next event; from the thread that taps."""
        with self._lock:
            if self._recent:
                self._recent.append(self._recent.pop().faded())
            self._recent.append(entry)
            self._head = entry.sequence
        self._news.ring()

    def fade(self) -> None:
        """The last tap is over."""
        with self._lock:
            if self._recent:
                self._recent.append(self._recent.pop().faded())

    async def follow(self, after: int, quiet_seconds: float) -> AsyncIterator[TapEntry | None]:
        """All events after a place, without end; None now and then while there is nothing new.

        Raises JournalUnavailable, JournalDamaged, JournalMissing.
        """
        while not self._news.is_over:
            ring = self._news.next_ring()
            entries = await self._after(after)
            for entry in entries:
                yield entry
                after = entry.sequence
            if not entries and not await heard(ring, quiet_seconds):
                yield None

    async def _after(self, place: int) -> list[TapEntry]:
        with self._lock:
            recent = [entry for entry in self._recent if entry.sequence > place] if place < self._head else []
            is_whole = place >= self._head or (bool(recent) and recent[0].sequence == place + 1)
        if is_whole:
            return recent
        # What was pruned in the meantime is not there any more, and the stream goes on behind it.
        return await run_in_threadpool(self._read, place) or recent

    def _read(self, place: int) -> list[TapEntry]:
        with JournalReader(self._journal, self._is_training) as journal:
            stored = journal.events(place, _BATCH)
        return [TapEntry.of(UsageEvent.from_bytes(one.data)) for one in stored]
