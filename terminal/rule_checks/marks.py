"""What a sweep over the space meets, collected cell by cell and told as few places."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

import numpy as np

from crypto.explained import Text
from terminal.rule_checks.boxes import UNTOLD, Labels, boxes
from terminal.rule_checks.finding import Check, Finding
from terminal.rule_checks.grid import Grid

_MOST_PLACES: Final = 4  # told of one finding
_TOLD: Final = 0
_MORE: Final = Text(zh="……另有 {more} 处", en="… and {more} more")


class Marks:
    """Marked cells by what is to be said of them; days before `since` can't be mended and are left out."""

    def __init__(self, since: date) -> None:
        self._since = since
        self._found: dict[tuple[Check, str, Text], list[tuple[Grid, Labels]]] = {}

    def mark(self, check: Check, subject: str, says: Text, grid: Grid, cell: tuple[int, ...] | None) -> None:
        """Note that this is to be said of `subject` in a cell of `grid`, or in all of them."""
        if cell is not None and grid.last_day(cell) < self._since:
            return
        found = self._found.setdefault((check, subject, says), [])
        if not found or found[-1][0] is not grid:
            found.append((grid, np.full(grid.shape, UNTOLD, np.int64)))
        found[-1][1][... if cell is None else cell] = _TOLD

    def findings(self) -> Iterator[Finding]:
        """What was marked, each with whom and when it concerns."""
        for (check, subject, says), found in self._found.items():
            places = [_at(grid, grid.say(box.chosen)) for grid, labels in found for box in boxes(labels)]
            more = len(places) - _MOST_PLACES
            if more > 0:
                places = [*places[:_MOST_PLACES], _MORE.format(more=more)]
            yield Finding(check, subject, says, tuple(places))


def _at(grid: Grid, who: Text) -> Text:
    site = grid.site.words
    return Text(zh=f"{site.zh}：{who.zh}", en=f"{site.en}: {who.en}")
