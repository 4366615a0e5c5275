"""Settlement: what each operator is owed for a day and a service, and the event behind every fen of it.

Paid is an event whose tap proof is valid, whose fare is not above the list fare, whose card was not listed
and whose decision is the one that the rules give, once per count of the card, as often as the terminal's own
journal leaves of a quota, dated no more than a day after its receipt, and received while the terminal was in
force. Everything else that claims something is withheld, with the reason beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
from ibis import _

from sync.reconcile.amended import amended
from sync.reconcile.dating import dated_ahead
from sync.reconcile.findings import FindingKind, repeated_counters
from sync.reconcile.ledger import Ledger
from sync.reconcile.quotas import exceeded_quotas
from sync.reconcile.revocations import late_events, let_through

_EVENT_KEY = ("terminal", "epoch", "sequence")
_LINE_KEY = ("operator", "day", "service")
#: Why a claim is not paid in full though its tap was in order: its terminal took it back later.
CANCELLED = "cancelled"
CORRECTED = "corrected"
REPLACED = "replaced"
HOLDER_CANCELLED = "holder_cancelled"
HOLDER_UNPAID = "holder_unpaid"
_COUNTS = ("", CORRECTED)


@dataclass(frozen=True)
class Claim:
    """One granted tap: the reference to its event, and what it claims and is paid, in fen.

    `withheld_for` is why it is not paid: a reason of the examination or a kind of finding; empty if it is.
    """

    operator: str
    day: str
    service: str
    terminal: str
    epoch: int
    sequence: int
    hash: str
    claimed: int
    accepted: int
    withheld_for: str


@dataclass(frozen=True)
class SettlementLine:
    """Sums over one operator, day (in China) and service, in fen; `taps` counts refused ones too.

    `list_fare` = `paid` by passengers + `claimed` from the state = `paid` + `accepted` + `withheld`.
    """

    operator: str
    day: str
    service: str
    taps: int
    granted: int
    list_fare: int
    paid: int
    claimed: int
    accepted: int
    withheld: int


@dataclass(frozen=True)
class OperatorTotal:
    """Sums over all lines of one operator, in fen."""

    operator: str
    taps: int
    granted: int
    list_fare: int
    paid: int
    claimed: int
    accepted: int
    withheld: int


@dataclass(frozen=True)
class Settlement:
    """What is owed: every granted tap, in the order of the lines that it stands behind, and the sums."""

    claims: list[Claim]
    lines: list[SettlementLine]
    totals: list[OperatorTotal]


def settle(ledger: Ledger) -> Settlement:
    """The settlement of a ledger."""
    judged = ledger.kept(_judged(ledger))
    return Settlement(
        claims=_claims(ledger, judged),
        lines=[SettlementLine(**row) for row in ledger.rows(_summed(judged, _LINE_KEY).order_by(*_LINE_KEY))],
        totals=[
            OperatorTotal(**row) for row in ledger.rows(_summed(judged, ("operator",)).order_by("operator"))
        ],
    )


def _claims(ledger: Ledger, judged: ibis.Table) -> list[Claim]:
    expression = (
        judged.filter(_.granted)
        .inner_join(ledger.events.select(*_EVENT_KEY, "hash"), list(_EVENT_KEY))
        .select(*_LINE_KEY, *_EVENT_KEY, "hash", "claimed", "accepted", "withheld_for")
        .order_by(*_LINE_KEY, *_EVENT_KEY)
    )
    return [Claim(**row) for row in ledger.rows(expression)]


def _judged(ledger: Ledger) -> ibis.Table:
    """The examined taps with `accepted` and `withheld_for`; those that can't even be read claim nothing."""
    examined, events = ledger.examined, ledger.events
    repeated = repeated_counters(examined, events).select("terminal", "epoch", sequence=_.first)
    late = late_events(examined, events, ledger.terminals)
    counting = ledger.kept(let_through(examined, events, ledger.terminals))
    taps = examined.filter((_.service != "") & (_.kind == "tap"))
    taps = _marked(taps, "is_repeated", repeated)
    taps = _marked(taps, "is_late", late)
    taps = _marked(taps, "is_ahead", dated_ahead(examined, events))
    taps = _marked(taps, "is_beyond", exceeded_quotas(ledger.quota_uses, counting))
    joined = taps.left_join(amended(counting), list(_EVENT_KEY)).drop(
        "terminal_right", "epoch_right", "sequence_right"
    )
    in_order = (joined.proof == "valid") & joined.agrees
    left = joined.left_due.fill_null(joined.due)
    own = joined.mutate(
        is_cancelled=joined.is_cancelled.fill_null(False),
        left=left,
        own_reason=ibis.cases(
            (~in_order, joined.reason),
            (joined.is_late, FindingKind.AFTER_REVOCATION.value),
            (joined.is_ahead, FindingKind.DATED_AHEAD.value),
            (joined.is_repeated, FindingKind.COUNTER_REPEATED.value),
            (joined.is_cancelled.fill_null(False), CANCELLED),
            (joined.is_replaced.fill_null(False), REPLACED),
            (joined.is_beyond, FindingKind.QUOTA_EXCEEDED.value),
            (left < joined.due, CORRECTED),
            else_="",
        ),
    )
    both = _with_holders(own)
    is_own = ~both.own_reason.isin(_COUNTS)
    withheld_for = ibis.cases(
        (is_own | (both.goes_with == 0), both.own_reason),
        (both.holder_is_cancelled.fill_null(False), HOLDER_CANCELLED),
        (~both.holder_counts.fill_null(False), HOLDER_UNPAID),
        else_=both.own_reason,
    )
    judged = both.mutate(withheld_for=withheld_for)
    return judged.mutate(
        accepted=ibis.ifelse(
            judged.granted & judged.withheld_for.isin(_COUNTS), ibis.least(judged.due, judged.left), 0
        ),
    )


def _marked(taps: ibis.Table, name: str, marked: ibis.Table) -> ibis.Table:
    """The taps with a column of this name: whether they are among `marked`."""
    marks = marked.select(*_EVENT_KEY).distinct().mutate(**{name: ibis.literal(True)})
    joined = taps.left_join(marks, list(_EVENT_KEY)).drop("terminal_right", "epoch_right", "sequence_right")
    return joined.mutate(**{name: joined[name].fill_null(False)})


def _with_holders(taps: ibis.Table) -> ibis.Table:
    """The taps with `holder_counts` and `holder_is_cancelled`, of the tap that a companion card's goes with.

    A holder's tap counts if its card was there, and if the tap of its journey that claims is paid: the tap
    itself, the one that it repeats, or the one of a larger party that took its place.
    """
    place = ["terminal", "epoch"]
    paid = taps.filter(_.granted & _.own_reason.isin(_COUNTS)).select(*place, "journey", is_paid=True)
    holders = taps.left_join(paid.distinct(), [*place, "journey"], rname="paid_{name}")
    holders = holders.select(
        *place,
        goes_with=_.sequence,
        holder_is_cancelled=_.is_cancelled,
        holder_counts=~_.is_repeated & _.is_paid.fill_null(False),
    )
    return taps.left_join(holders, [*place, "goes_with"], rname="holder_{name}")


def _summed(judged: ibis.Table, key: tuple[str, ...]) -> ibis.Table:
    return judged.group_by(*key).aggregate(
        taps=_.count(),
        granted=_.granted.sum().cast("int64"),
        list_fare=_.list_fare.sum().cast("int64"),
        paid=_.paid.sum().cast("int64"),
        claimed=_.claimed.sum().cast("int64"),
        accepted=_.accepted.sum().cast("int64"),
        withheld=(_.claimed.sum() - _.accepted.sum()).cast("int64"),
    )
