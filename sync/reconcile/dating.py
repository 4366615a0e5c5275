"""Dates held against the day of receipt: what is dated ahead would draw on quotas of windows to come."""

from __future__ import annotations

from typing import Final

import ibis
from ibis import _

#: By how much an honest clock may be ahead, and be paid: so a quota gains one window at the most.
AHEAD_MS: Final = 86_400_000


def dated_ahead(examined: ibis.Table, events: ibis.Table) -> ibis.Table:
    """The granted, proven taps that are dated over AHEAD_MS after they were received."""
    received = events.select("terminal", "epoch", "sequence", "received_ms")
    taps = examined.filter((_.kind == "tap") & _.granted & (_.proof == "valid"))
    placed = taps.inner_join(received, ["terminal", "epoch", "sequence"])
    return placed.filter(_.time_ms > _.received_ms + AHEAD_MS)
