"""Quotas held against the taps that used them: beyond what the rules give, and said to be spent when not.

A terminal counts what was used at it since its enrolment, so an honest one is judged over its own journal.
What of that the centre does not hold, or can't read, may have been anything, and is taken in its favour.
"""

from __future__ import annotations

from typing import Final

import ibis
from ibis import _

from sync.reconcile.amended import standing

_PLACE: Final = ("terminal", "epoch", "sequence")
_TALLY: Final = ("terminal", "epoch", "tally")


def exceeded_quotas(quota_uses: ibis.Table, examined: ibis.Table) -> ibis.Table:
    """Taps beyond what a quota gives a card in its window, counted over those of one terminal that stand.

    Each event that is missing before a tap may have been a cancellation, which gave back one use of one card:
    so by how much all tallies of the terminal are over by then is held against how many events are missing.
    """
    used = _numbered(_standing_uses(quota_uses, examined), _TALLY, "sequence")
    so_far = ibis.cumulative_window(group_by=list(_TALLY), order_by="sequence")
    # The most that it has been over: a quota that is raised later makes up for nothing.
    over = used.mutate(over=ibis.greatest(_.place + 1 - _.most, 0)).mutate(peak=_.over.max().over(so_far))
    order = ibis.window(group_by=list(_TALLY), order_by="sequence")
    grown = over.mutate(grown=_.peak - _.peak.lag().over(order).fill_null(0))
    altogether = ibis.cumulative_window(group_by=["terminal", "epoch"], order_by=["sequence", "tally"])
    return grown.filter((_.place >= _.most) & (_.grown.sum().over(altogether) > _.missing))


def exceeded_together(quota_uses: ibis.Table, examined: ibis.Table) -> ibis.Table:
    """Of each tally the first tap beyond the quota, where several terminals, or epochs of one, share it.

    No terminal knows what was used at another, so each of them may have been right. Taps are counted as long
    as nothing is missing before them, and but for those that one terminal's own journal shows to be too many.
    """
    own = exceeded_quotas(quota_uses, examined).select(*_PLACE, "tally")
    within = _standing_uses(quota_uses, examined).anti_join(own, [*_PLACE, "tally"])
    used = _numbered(within.filter(_.missing == 0), ("tally",), ("time_ms", *_PLACE))
    beyond = _numbered(used.filter(_.place >= _.most), ("tally",), ("time_ms", *_PLACE))
    return beyond.filter(_.place == 0)


def overstated_uses(quota_uses: ibis.Table, examined: ibis.Table) -> ibis.Table:
    """Taps before which a quota is said to have been used more often than one terminal's journal shows.

    What was taken back counts as used, for its use may not have been given back.
    """
    until = ibis.cumulative_window(group_by=list(_TALLY), order_by="sequence")
    counted = quota_uses.mutate(use=_.used.cast("int64"))
    shown = counted.mutate(shown=_.use.sum().over(until) - _.use)
    known = shown.inner_join(_unknown(examined), list(_PLACE))
    return known.filter(_.said > _.shown + _.missing + _.unproven)


def _standing_uses(quota_uses: ibis.Table, examined: ibis.Table) -> ibis.Table:
    taps = standing(examined).select(*_PLACE, "time_ms")
    placed = quota_uses.filter(_.used).inner_join(taps, list(_PLACE))
    return placed.inner_join(_unknown(examined), list(_PLACE))


def _numbered(table: ibis.Table, group: tuple[str, ...], order: str | tuple[str, ...]) -> ibis.Table:
    by = ibis.window(group_by=list(group), order_by=order)
    return table.mutate(place=ibis.row_number().over(by))


def _unknown(examined: ibis.Table) -> ibis.Table:
    """How many events before each are `missing` (or still to be examined, or unreadable), and how many give
    a benefit to a card that is `unproven`, so that nobody knows whose use they are.
    """
    until = ibis.cumulative_window(group_by=["terminal", "epoch"], order_by="sequence")
    readable = examined.filter(_.clock != "")
    counted = readable.mutate(is_unproven=(_.granted & (_.proof != "valid")).cast("int64"))
    return counted.select(
        *_PLACE,
        missing=_.sequence - _.sequence.count().over(until),
        unproven=_.is_unproven.sum().over(until) - _.is_unproven,
    )
