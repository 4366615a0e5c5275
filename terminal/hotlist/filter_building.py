"""Builds an exact filter (exact_filter.py) and checks every card of its universe."""

from __future__ import annotations

import numpy as np

from terminal.hotlist.bulk_hash import Numbers
from terminal.hotlist.bulk_lookup import BulkFilter, BulkRibbon, in_chunks
from terminal.hotlist.errors import HotlistNotBuilt
from terminal.hotlist.exact_filter import (
    FIRST_STREAM,
    SECOND_STREAM,
    ExactFilter,
    best_columns,
    filter_bytes,
)
from terminal.hotlist.ribbon import Ribbon
from terminal.hotlist.ribbon_building import Keys, build_ribbon


def build_filter(part: Numbers, rest: Numbers) -> bytes:
    """The filter that tells `part` from `rest`, both sorted hashes (`mix`). Raises HotlistNotBuilt."""
    universe = len(part) + len(rest)
    smaller, larger = (rest, part) if 2 * len(part) > universe else (part, rest)
    columns = best_columns(len(smaller), len(larger))
    ribbons = b""
    passed = larger
    if columns:
        ribbons = build_ribbon(Keys(smaller, smaller[:0], fingerprints=True), columns, FIRST_STREAM)
        first = BulkRibbon(Ribbon.parse(ribbons, 0, len(ribbons), columns, FIRST_STREAM))
        passed = larger[in_chunks(larger, first.have_fingerprints, np.bool_)]
    if len(smaller):
        ribbons += build_ribbon(Keys(smaller, passed, fingerprints=False), 1, SECOND_STREAM)
    data = filter_bytes(universe, len(part), columns, ribbons)
    built = BulkFilter(ExactFilter.parse(data, 0, len(data)))
    wrong = int(np.count_nonzero(~built.holds(part)) + np.count_nonzero(built.holds(rest)))
    if wrong:
        raise HotlistNotBuilt(detail=f"{wrong} of {universe} cards wrong")
    return data
