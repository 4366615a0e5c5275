"""What no single event shows: haste, and time that goes back.

Each is judged over one terminal's journal, and is for staff to look into: nothing is withheld for it.
"""

from __future__ import annotations

from typing import Final

import ibis
from ibis import _

from sync.reconcile.amended import standing

#: A driver who helps each passenger serves ten in a minute; nobody taps one card so often.
RAPID_TAPS: Final = 10
RAPID_MS: Final = 60_000
#: By how much a clock that a time service keeps may be set back unmarked (terminal.timekeeping).
TOLERANCE_MS: Final = 2_000


def rapid_taps(examined: ibis.Table) -> ibis.Table:
    """The taps with which one card is granted something more than RAPID_TAPS times in a minute.

    Looked for while time runs on: after the clock was set back, times of before may come once more. Where it
    is marked `set_back`, known time stands still whenever the terminal is off, so such taps are left out.
    """
    stretches = ibis.cumulative_window(group_by=["terminal", "epoch"], order_by="sequence")
    dated = _in_succession(examined).mutate(is_back=(_.time_ms < _.below_ms).fill_null(False).cast("int64"))
    stretched = dated.mutate(stretch=_.is_back.sum().over(stretches))
    order = ibis.window(group_by=["terminal", "epoch", "card", "stretch"], order_by="sequence")
    taps = standing(stretched).filter(_.clock != "set_back")
    spaced = taps.mutate(first_ms=_.time_ms.lag(RAPID_TAPS).over(order))
    return spaced.filter(_.time_ms - _.first_ms <= RAPID_MS)


def times_gone_back(examined: ibis.Table) -> ibis.Table:
    """Events dated before the one right in front of them that no mark explains.

    The marks: a time service set the clock (`corrected`), or it had jumped ahead (`stepped`), which holds
    for as long as it stays there, and is taken back with the event after.
    """
    is_earlier = (_.sequence == _.below + 1) & (_.time_ms + TOLERANCE_MS < _.below_ms)
    is_marked = _.clock.isin(["corrected", "stepped"]) | (_.below_clock == "stepped")
    return _in_succession(examined).filter(is_earlier & ~is_marked)


def _in_succession(examined: ibis.Table) -> ibis.Table:
    """The events that can be read, each with sequence, time and clock of the one in front of it."""
    order = ibis.window(group_by=["terminal", "epoch"], order_by="sequence")
    return examined.filter(_.clock != "").mutate(
        below=_.sequence.lag().over(order),
        below_ms=_.time_ms.lag().over(order),
        below_clock=_.clock.lag().over(order),
    )
