"""What came in after its terminal was revoked, as Ibis expressions.

Whoever has its key can date, cancel and correct as he likes. What came by `late_until_ms` is let through:
staff of the centre said that they know where the terminal was until then.
"""

from __future__ import annotations

from typing import Final

import ibis
from ibis import _

_PLACE: Final = ("terminal", "epoch", "sequence")


def late_events(examined: ibis.Table, events: ibis.Table, terminals: ibis.Table) -> ibis.Table:
    """Genuine taps, dated before their terminal's revocation, that were received after it."""
    taps = _came_late(examined, events, terminals)
    return taps.filter((_.kind == "tap") & _.granted & (_.proof == "valid") & (_.time_ms < _.revoked_ms))


def late_amendments(examined: ibis.Table, events: ibis.Table, terminals: ibis.Table) -> ibis.Table:
    """Cancellations and corrections, whatever their date, that were received after the revocation."""
    amendments = _.kind.isin(["cancellation", "correction"]) & (_.proof != "invalid")
    return _came_late(examined, events, terminals).filter(amendments)


def let_through(examined: ibis.Table, events: ibis.Table, terminals: ibis.Table) -> ibis.Table:
    """All that did not come too late: what takes something back, or counts towards a quota.

    To everything else, what did is as if it were still to come.
    """
    return examined.anti_join(_came_late(examined, events, terminals), list(_PLACE))


def _came_late(examined: ibis.Table, events: ibis.Table, terminals: ibis.Table) -> ibis.Table:
    revoked = terminals.filter(_.revoked_ms.notnull())
    after = ibis.greatest(_.revoked_ms, _.late_until_ms.fill_null(0))
    placed = examined.inner_join(events.select(*_PLACE, "received_ms"), list(_PLACE))
    return placed.inner_join(revoked, ["terminal", "epoch"]).filter(_.received_ms >= after)
