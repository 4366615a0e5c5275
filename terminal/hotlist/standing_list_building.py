"""Makes a standing list's files from the cards issued and those that belong on it.

    base = build_list("minors", issued, members, version=1, dated=date(2026, 11, 1))
    held = StandingList.from_files("minors", base)
    delta = build_list_delta(held, issued_later, members_later, version=2, dated=date(2026, 11, 2))

Needs numpy, which a terminal does not load.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from terminal.hotlist.building import DAYS_APART, Issued, day_number, hashes, places
from terminal.hotlist.bulk_hash import Numbers, mix_all
from terminal.hotlist.bulk_lookup import BulkFilter, in_chunks
from terminal.hotlist.errors import StandingListDeltaForeign
from terminal.hotlist.filter_building import build_filter
from terminal.hotlist.standing_list import StandingList, base_bytes, delta_bytes


def build_list(name: str, issued: Issued, members: Numbers, version: int, dated: date) -> bytes:
    """The base over every card in `issued`, of which `members` (ids ascending, each once) are on the list.

    Every card with a credential of `dated` or before has to be there, as for the hotlist's base. Raises
    HotlistNotBuilt, HotlistMalformed for a version out of range.
    """
    is_on = np.zeros(len(issued.cards), np.bool_)
    is_on[places(issued, members)] = True
    return base_bytes(
        name, version, dated, build_filter(hashes(issued.cards[is_on]), hashes(issued.cards[~is_on]))
    )


def build_list_delta(
    held: StandingList, issued: Issued, members: Numbers, version: int, dated: date
) -> bytes:
    """All that a terminal with the base of `held` must learn to know the truth about every card issued.

    It names each card about which the base is wrong. A register may have another day than the credential, by
    which a terminal knows whether to ask the base (DAYS_APART): of cards not well before the base's date it
    also names those on the list. Raises HotlistNotBuilt, HotlistMalformed; StandingListDeltaForeign for a day
    before that of `held`, or a version that is not above its.
    """
    if dated < held.dated or version <= held.version:
        raise StandingListDeltaForeign(
            name=held.name, detail=f"{held.version}, {held.dated}; {version}, {dated}"
        )
    is_on = np.zeros(len(issued.cards), np.bool_)
    is_on[places(issued, members)] = True
    by_base = BulkFilter(held.members).holds(in_chunks(issued.cards, mix_all, np.uint64))
    is_named = by_base != is_on
    is_named |= is_on & (issued.days > day_number(held.base_dated) - DAYS_APART)
    named = build_filter(hashes(issued.cards[is_named]), hashes(issued.cards[~is_named]))
    on = build_filter(hashes(issued.cards[is_named & is_on]), hashes(issued.cards[is_named & ~is_on]))
    return delta_bytes(held, version, dated, len(members), named + on)
