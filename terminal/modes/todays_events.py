"""The day's events at the end of a journal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final

from terminal.decisions.decide import local_date
from terminal.events.event import UsageEvent

#: More than one terminal taps in a day.
MOST: Final = 65_536


def todays_events(
    event: Callable[[int], UsageEvent | None], last: int, today: date, most: int = MOST
) -> list[UsageEvent]:
    """The journal's last events as far back as `today` goes, in their order, `most` of them.

    `event` gives one by its sequence, `last` is the sequence of the last one. Raises what `event` does.
    """
    found: list[UsageEvent] = []
    while len(found) < most:
        one = event(last - len(found))
        if one is None or local_date(one.time_ms) != today:
            break
        found.append(one)
    return found[::-1]
