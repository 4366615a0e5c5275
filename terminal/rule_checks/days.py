"""The axis of days: cut where a pack begins or ends, and where a condition asks for year, month or day.

Days that come back (each July, each first of a month) make one cell: nothing tells one year's from another's
unless a condition asks for the year.
"""

from __future__ import annotations

from bisect import bisect_right
from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from crypto.explained import Text
from terminal.rule_checks.questions import Questions
from terminal.rule_checks.situation import Situation

_ONE_DAY: Final = timedelta(days=1)
# How long after the last change is looked at; at least one leap year lies within.
_YEARS_AFTER: Final = 12
_MOST_RUNS_TOLD: Final = 3


@dataclass(frozen=True)
class DayRun:
    """First and last day, both included."""

    first: date
    last: date


@dataclass(frozen=True)
class DayAxis:
    """`cells`: the days of each, in runs; `last`: the last day looked at, after which all stays as it is."""

    cells: tuple[tuple[DayRun, ...], ...]
    last: date

    @classmethod
    def cut(cls, changes: Iterable[date], edges: Iterable[tuple[int, int]], questions: Questions) -> DayAxis:
        """The days from the first of `changes` on.

        changes: days on which a pack begins, or the one after its last. edges: (month, day) on which a season
        begins, or the one after its end.
        """
        begun = sorted(set(changes))
        years = questions.steps.get("year", frozenset())
        final_year = max(begun[-1].year, *(min(year, 9000) for year in years), 0) + _YEARS_AFTER
        last = date(min(final_year, 9999), 12, 31)
        tell = _Telling(begun, tuple(sorted(set(edges))), questions)
        runs: dict[tuple[int, ...], list[DayRun]] = {}
        for first, until in tell.stretches(last):
            known = runs.setdefault(tell.key(first), [])
            if known and known[-1].last + _ONE_DAY == first:
                known[-1] = DayRun(known[-1].first, until)
            else:
                known.append(DayRun(first, until))
        return cls(tuple(tuple(cell) for cell in runs.values()), last)

    def __len__(self) -> int:
        return len(self.cells)

    def put(self, cell: int, into: Situation) -> Situation:
        return replace(into, on=self.cells[cell][0].first)

    def say(self, chosen: frozenset[int]) -> Text | None:
        if len(chosen) == len(self):
            return None
        runs = self.runs(chosen)
        if len(runs) > _MOST_RUNS_TOLD and (yearly := self._yearly(runs)) is not None:
            return yearly
        told = [self._run(run) for run in runs[:_MOST_RUNS_TOLD]]
        more = len(runs) - len(told)
        return Text(
            zh="、".join(text.zh for text in told) + (f"等 {len(runs)} 段" if more else ""),
            en=", ".join(text.en for text in told) + (f" and {more} more periods" if more else ""),
        )

    def runs(self, chosen: frozenset[int]) -> list[DayRun]:
        """The days of several cells together."""
        together: list[DayRun] = []
        for run in sorted((run for cell in chosen for run in self.cells[cell]), key=lambda run: run.first):
            if together and together[-1].last + _ONE_DAY == run.first:
                together[-1] = DayRun(together[-1].first, run.last)
            else:
                together.append(run)
        return together

    def _run(self, run: DayRun) -> Text:
        if run.last == self.last:
            return Text(zh=f"{run.first} 起", en=f"from {run.first}")
        if run.first == run.last:
            return Text(zh=f"{run.first}", en=f"on {run.first}")
        return Text(zh=f"{run.first} 至 {run.last}", en=f"{run.first} to {run.last}")

    def _yearly(self, runs: list[DayRun]) -> Text | None:
        """The runs as one season of each year, if they are that from the second year on."""
        inner = runs[1:-1]
        season = f"{inner[0].first:%m-%d}", f"{inner[0].last:%m-%d}"
        if any((f"{run.first:%m-%d}", f"{run.last:%m-%d}") != season for run in inner):
            return None
        if any(later.first.year != run.first.year + 1 for run, later in pairwise(inner)):
            return None
        days = season[0] if season[0] == season[1] else f"{season[0]}–{season[1]}"
        return Text(zh=f"每年 {days}（{runs[0].first} 起）", en=f"each year {days} (from {runs[0].first})")


class _Telling:
    """What tells days apart."""

    def __init__(self, begun: list[date], edges: tuple[tuple[int, int], ...], questions: Questions) -> None:
        self._begun = begun
        self._edges = edges
        self._asked = questions.asked
        self._opaque = questions.opaque
        self._steps = {name: sorted(questions.steps.get(name, ())) for name in ("year", "month", "day")}

    def key(self, day: date) -> tuple[int, ...]:
        """Equal for days between which nothing can change."""
        return (
            bisect_right(self._begun, day),
            bisect_right(self._edges, (day.month, day.day)),
            self._cell("year", day.year),
            self._cell("month", day.month),
            self._cell("day", day.day),
        )

    def _cell(self, name: str, value: int) -> int:
        return value if name in self._opaque else bisect_right(self._steps[name], value)

    def stretches(self, last: date) -> Iterator[tuple[date, date]]:
        """Stretches of days within each of which the key is the same, in order up to `last`."""
        known = {*self._begun, *self._candidates(last)}
        starts = sorted(day for day in known if self._begun[0] <= day <= last)
        ends = [*(start - _ONE_DAY for start in starts[1:]), last]
        return zip(starts, ends, strict=True)

    def _candidates(self, last: date) -> Iterator[date]:
        """Every day on which the key may change, up to `last`'s year."""
        months = range(1, 13) if self._asked & {"month", "day"} else range(1, 2)
        days = range(1, 32) if "day" in self._opaque else sorted({1, *self._steps["day"]} & set(range(1, 32)))
        for year in range(self._begun[0].year, last.year + 1):
            for month in months:
                length = monthrange(year, month)[1]
                yield from (date(year, month, day) for day in days if day <= length)
            yield from (_first_of_season(year, *edge) for edge in self._edges)


def _first_of_season(year: int, month: int, day: int) -> date:
    """The day, or the next month's first where it is past the month's end."""
    if day <= monthrange(year, month)[1]:
        return date(year, month, day)
    return date(year + month // 12, month % 12 + 1, 1)
