"""What came in after its terminal was revoked, as an Ibis expression."""

from __future__ import annotations

import ibis
from ibis import _


def late_events(examined: ibis.Table, events: ibis.Table, terminals: ibis.Table) -> ibis.Table:
    """Genuine taps, dated before their terminal's revocation, that were received after it.

    Whoever has its key can date them as he likes. Those received by `late_until_ms` are let through: staff
    of the centre said until then that they know where the terminal was.
    """
    received = events.select("terminal", "epoch", "sequence", "received_ms")
    revoked = terminals.filter(_.revoked_ms.notnull())
    after = ibis.greatest(_.revoked_ms, _.late_until_ms.fill_null(0))
    taps = examined.filter((_.kind == "tap") & _.granted & (_.proof == "valid"))
    placed = taps.inner_join(received, ["terminal", "epoch", "sequence"])
    dated = placed.inner_join(revoked, ["terminal", "epoch"])
    return dated.filter((_.time_ms < _.revoked_ms) & (_.received_ms >= after))
