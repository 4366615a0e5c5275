"""What becomes of taps that were not confirmed: they are cancelled, and have used up nothing."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from terminal.amendment_errors import NothingToAmend
from terminal.amendments import cancel
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


def cancel_left_open(desk: TapDesk) -> int:
    """Cancel what a process before this one left unconfirmed; how many taps that were.

    Raises as cancel_unconfirmed().
    """
    cancelled = 0
    for sequence in desk.journal.unconfirmed():
        # Nothing stands there where the file was damaged: no reason for a terminal not to start.
        with suppress(NothingToAmend):
            cancel(desk, sequence)
            cancelled += 1
    return cancelled
