"""What teaches a terminal the time when it is opened: its journal, and what the centre signed for it.

What was recorded while a clock stood ahead teaches nothing (terminal.timekeeping), so the known time is
looked for before it: by whoever opens a journal, as terminal, as inspector, or to tell how a terminal stands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from crypto.pki.certificate import Certificate
from terminal.events.errors import EventMalformed
from terminal.events.event import ClockTrust, UsageEvent
from terminal.events.receipt import Receipt
from terminal.journal.errors import JournalDamaged
from terminal.timekeeping import LEEWAY_MS, Timekeeper

#: Weeks of taps with a clock ahead, and read in half a second; beyond, what the centre signed must do.
MOST: Final = 65_536


def learn_journal(
    timekeeper: Timekeeper, last: UsageEvent, event: Callable[[int], UsageEvent | None]
) -> None:
    """Teach what the journal that ends with `last` knows; `event` gives one of its events by its sequence.

    Events that can't be read are passed over. Raises JournalUnavailable where `event` does.
    """
    if last.clock is ClockTrust.STEPPED and (before := _before_the_jump(last.sequence, event)) is not None:
        timekeeper.learn(before)
    timekeeper.learn(last)


def learn_enrolment(timekeeper: Timekeeper, own: Certificate, held: Receipt | None) -> None:
    """Teach when the centre certified the terminal, and when it last signed for its journal (`held`).

    A day earlier, for the centre's clock and this one may differ by that, and such a receipt comes with each
    synchronisation; a certificate is dated back as much by whoever makes it.
    """
    timekeeper.learn_signed(round(own.not_before.timestamp() * 1000))
    if held is not None:
        timekeeper.learn_signed(held.time_ms - LEEWAY_MS)


def _before_the_jump(last: int, event: Callable[[int], UsageEvent | None]) -> UsageEvent | None:
    for sequence in range(last - 1, max(0, last - 1 - MOST), -1):
        try:
            one = event(sequence)
        except (JournalDamaged, EventMalformed):
            continue  # where it is damaged is for others to tell
        if one is None:
            break  # pruned; the receipt that allowed it is newer
        if one.clock is not ClockTrust.STEPPED:
            return one
    return None
