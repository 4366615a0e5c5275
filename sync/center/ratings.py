"""What holders think of services, in figures that stand for at least `SMALLEST_COUNT` cards each."""

from __future__ import annotations

from typing import Final

import msgspec

from sync.center.store import CenterStore

SMALLEST_COUNT: Final = 5
# Of several ratings of one event, which no honest terminal records, the first counts.
_LINES: Final = """
    SELECT operator, service, COUNT(*), COUNT(DISTINCT card), AVG(stars) FROM ratings AS this
    WHERE sequence = (SELECT MIN(sequence) FROM ratings WHERE terminal = this.terminal
        AND epoch = this.epoch AND rated = this.rated)
    AND day GLOB ? || '-[0-9][0-9]'
    GROUP BY operator, service ORDER BY operator, service
"""


class RatingLine(msgspec.Struct, frozen=True):
    """One service: how many ratings, and their mean to one decimal; neither where too few cards rated."""

    operator: str
    service: str
    ratings: int | None
    mean: float | None


def rating_lines(store: CenterStore, month: str) -> list[RatingLine]:
    """Every service that was rated in a month (YYYY-MM, in China).

    Months and nothing else: from sums over periods that overlap, one person's rating could be worked out.
    """
    with store.reading() as connection:
        rows = connection.execute(_LINES, (month,)).fetchall()
    return [
        RatingLine(operator, service, count, round(mean, 1))
        if cards >= SMALLEST_COUNT
        else RatingLine(operator, service, None, None)
        for operator, service, count, cards, mean in rows
    ]
