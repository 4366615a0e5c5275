"""What teaches a terminal the time when it is opened: its journal, and what the centre signed for it.

What was recorded while a clock stood ahead teaches nothing (terminal.timekeeping), so the known time is
looked for before it; and since when the clock was right on this boot, or each new process would let it
be set ahead once more. By whoever opens a journal: as terminal, as inspector, to tell how a terminal stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Protocol

from crypto.pki.certificate import Certificate
from terminal.events.errors import EventMalformed
from terminal.events.event import ClockTrust
from terminal.events.receipt import Receipt
from terminal.journal.errors import JournalDamaged
from terminal.timekeeping import LEEWAY_MS, Stamped, Timekeeper

#: Weeks of taps with a clock ahead, or that nobody keeps, and read in half a second; beyond, what the centre
#: signed must do.
MOST: Final = 65_536


class Recorded(Stamped, Protocol):
    """What an event says of its time and place (terminal.events.event.UsageEvent)."""

    @property
    def sequence(self) -> int:
        """Its place in the journal."""


def learn_journal(timekeeper: Timekeeper, last: Recorded, event: Callable[[int], Recorded | None]) -> None:
    """Teach what the journal that ends with `last` knows; `event` gives one of its events by its sequence.

    Events that can't be read are passed over. Raises JournalUnavailable where `event` does.
    """
    known: Recorded | None = None
    right: Recorded | None = None
    # Of another boot it is of no use, and a time service's word is all there is to it.
    seeks_right = timekeeper.runs_on(last.boot)
    for one in _backwards(last, event):
        if known is None and one.clock is not ClockTrust.STEPPED:
            known = one
        seeks_right = seeks_right and one.boot == last.boot
        if seeks_right and one.clock not in (ClockTrust.STEPPED, ClockTrust.SET_BACK):
            right, seeks_right = one, one.clock is ClockTrust.FREE
        if known is not None and not seeks_right:
            break
    for found in (right, known, last):
        if found is not None:
            timekeeper.learn(found)


def learn_enrolment(timekeeper: Timekeeper, own: Certificate, held: Receipt | None) -> None:
    """Teach when the centre certified the terminal, and when it last signed for its journal (`held`).

    A day earlier, for the centre's clock and this one may differ by that, and such a receipt comes with each
    synchronisation; a certificate is dated back as much by whoever makes it.
    """
    timekeeper.learn_signed(round(own.not_before.timestamp() * 1000))
    if held is not None:
        timekeeper.learn_signed(held.time_ms - LEEWAY_MS)


def _backwards(last: Recorded, event: Callable[[int], Recorded | None]) -> Iterator[Recorded]:
    """The last event, and up to MOST before it."""
    yield last
    for sequence in range(last.sequence - 1, max(0, last.sequence - 1 - MOST), -1):
        try:
            one = event(sequence)
        except (JournalDamaged, EventMalformed):
            continue  # where it is damaged is for others to tell
        if one is None:
            return  # pruned; the receipt that allowed it is newer
        yield one
