"""The stream's source: whoever is slow or late gets every event in its order, from memory or the journal."""

from __future__ import annotations

import asyncio
from itertools import count
from pathlib import Path

from terminal.local_api.feed import REMEMBERED, Feed
from terminal.local_api.news import News
from terminal.local_api.taps import TapEntry
from terminal.tap import TapResult
from tests.terminal.journal.journals import DRAFT, EVIDENCE, append, unsynced, writer

QUIET = 5.0


def test_far_behind_or_close_by_nothing_is_missed_and_nothing_told_twice(tmp_path: Path) -> None:
    news = News()
    with unsynced(writer(tmp_path / "journal.db")) as journal:
        feed = Feed(tmp_path / "journal.db", 0, news)
        for event in append(journal, 2 * REMEMBERED + 7):
            feed.put(TapEntry.of(event))
        last = feed.head + REMEMBERED

        async def follow(after: int, is_slow: bool) -> list[int]:
            told = []
            async for entry in feed.follow(after, QUIET):
                assert entry is not None
                told.append(entry.sequence)
                if is_slow:
                    await asyncio.sleep(0.001)
                if entry.sequence == last:
                    break
            return told

        async def tap() -> None:
            for _ in range(REMEMBERED):
                feed.put(TapEntry.of(append(journal)[0]))
                await asyncio.sleep(0)

        async def all_at_once() -> None:
            news.attach()
            places = [(after, is_slow) for after in (0, 1, 600, feed.head) for is_slow in (False, True)]
            told = await asyncio.gather(*(follow(*place) for place in places), tap())
            for (after, _), sequences in zip(places, told, strict=False):
                assert sequences == list(range(after + 1, last + 1))

        asyncio.run(all_at_once())


def test_words_for_those_addressed_are_kept_for_the_last_tap_alone_and_not_for_long(tmp_path: Path) -> None:
    news = News()
    with writer(tmp_path / "journal.db") as journal:
        feed = Feed(tmp_path / "journal.db", 0, news)
        results = []
        for _ in range(3):
            event = journal.append(journal.next_place(), DRAFT, EVIDENCE)
            entry = TapEntry.of(event)
            result = TapResult(
                **{name: getattr(event, name) for name in ("sequence", "outcome", "fare", "companions")},
                **{name: getattr(event, name) for name in ("holder_pays", "companion_pays")},
                companions_admitted=0,
                bystander_text=entry.bystander,
                holder_text=entry.bystander,
                staff_text=entry.bystander,
                instead=None,
                legal_basis=None,
                microseconds=1,
            )
            results.append(result)
            feed.put(TapEntry.of(event, result))

        async def heard() -> list[TapResult | None]:
            news.attach()
            told: list[TapResult | None] = []
            async for entry in feed.follow(0, QUIET):
                assert entry is not None
                told.append(entry.result)
                if len(told) == 3:
                    break
            return told

        assert asyncio.run(heard()) == [None, None, results[2]]
        feed.fade()  # the card was taken away
        assert asyncio.run(heard()) == [None, None, None]


def test_when_it_is_quiet_the_stream_says_so_and_ends_with_the_news(tmp_path: Path) -> None:
    news = News()
    with writer(tmp_path / "journal.db"):
        feed = Feed(tmp_path / "journal.db", 0, news)

        async def quiet() -> int:
            news.attach()
            ticks = count()
            async for entry in feed.follow(0, 0.01):
                assert entry is None
                if next(ticks) == 3:
                    news.end()
            return next(ticks)

        assert asyncio.run(quiet()) >= 4
