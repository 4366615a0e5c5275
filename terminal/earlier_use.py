"""Which quota a card's earlier tap used, found with the card in hand.

No file says whose use a tap was (ADR 0026), and a process remembers it of its own last taps alone. After a
restart the tap is decided once more, as the centre does: for each quota that it may have used as if that had
one use less, and for none of them as it stands. What comes out as the journal has it, is what it used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from terminal.decisions.decide import Decision
from terminal.events.event import UsageEvent
from terminal.journal.uses import QuotaCount
from terminal.quota_counter import CountedQuota

# The decision on the earlier tap, had the holder used the quotas so often.
Judge = Callable[[Sequence[CountedQuota]], Decision]


def earlier_use(earlier: UsageEvent, counted: Sequence[CountedQuota], judge: Judge) -> QuotaCount | None:
    """The count of the quota that a granted tap used; None where it used none, or it can't be told.

    `counted`: as counted since. It can't be told where the rules have changed, or where two quotas would have
    given the same.
    """
    fitting = [
        None if used is None else used.count
        for used in (None, *counted)
        if _agrees(earlier, judge(without(counted, None if used is None else used.count)), used)
    ]
    return fitting[0] if len(fitting) == 1 else None


def without(counted: Sequence[CountedQuota], used: QuotaCount | None) -> tuple[CountedQuota, ...]:
    """The quotas before one of them was used the last time."""
    return tuple(one.before_last() if one.count == used else one for one in counted)


def _agrees(earlier: UsageEvent, decision: Decision, used: CountedQuota | None) -> bool:
    return (
        decision.quota == ("" if used is None else used.quota.name)
        and decision.pack_version == earlier.pack_version
        and decision.outcome is earlier.outcome
        and decision.holder_pays == earlier.holder_pays
        and decision.companion_pays == earlier.companion_pays
        and decision.companions_admitted == earlier.companions_admitted
    )
