"""The day's events at the end of a journal.

What was recorded while a clock stood ahead lies between them, once it is set right, and is passed over, but
for cancellations: what was taken back then stays so.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final

from terminal.decisions.decide import local_date
from terminal.events.event import UsageEvent
from terminal.events.kind import EventKind

#: More than one terminal taps in a day.
MOST: Final = 65_536


def todays_events(
    event: Callable[[int], UsageEvent | None], last: int, today: date, most: int = MOST
) -> list[UsageEvent]:
    """Of the journal's last `most` events those of today, and cancellations since, in their order.

    `event` gives one by its sequence, `last` is the sequence of the last one. Raises what `event` does.
    """
    found: list[UsageEvent] = []
    for sequence in range(last, max(0, last - most), -1):
        one = event(sequence)
        if one is None or (day := local_date(one.time_ms)) < today:
            break
        if day == today or one.kind is EventKind.CANCELLATION:
            found.append(one)
    return found[::-1]
