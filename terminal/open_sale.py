"""What becomes of taps that were not confirmed: they are cancelled, and have used up nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from terminal.amendments import cancel
from terminal.journal.writer import JournalWriter
from terminal.presence import TapDesk
from terminal.quota_counter import REMEMBERED

# While it runs a terminal can give back the quotas of so many taps.
MAX_TAPS: Final = REMEMBERED


def cancel_unconfirmed(desk: TapDesk, sequences: Iterable[int]) -> None:
    """Cancel those of these taps that wait for a confirmation, in this order.

    Raises TapNotRecorded, JournalUnavailable, JournalDamaged.
    """
    waiting = frozenset(desk.journal.unconfirmed())
    for sequence in sequences:
        if sequence in waiting:
            cancel(desk, sequence)


class LeftOpen:
    """What a process before this one left unconfirmed: cancelled before this one records anything else."""

    def __init__(self, journal: JournalWriter) -> None:
        """Raises JournalUnavailable, JournalDamaged."""
        # Nothing stands there where the file was damaged: no reason for a terminal not to start.
        found = [one for one in journal.unconfirmed() if journal.event(one) is not None]
        #: How many taps those are.
        self.count: Final = len(found)
        self._waiting = found

    def cancel(self, desk: TapDesk) -> None:
        """Cancel what is not cancelled yet. Raises as cancel_unconfirmed(); it can be called again then."""
        if self._waiting:
            cancel_unconfirmed(desk, self._waiting)
            self._waiting = []
