"""Small hotlists and standing lists for tests, built as the centre builds them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date

import numpy as np

from terminal.hotlist.building import Issued, Listed, build_base
from terminal.hotlist.bulk_hash import Numbers
from terminal.hotlist.reason import HotlistReason
from terminal.hotlist.standing_list_building import build_list
from tests.terminal.decisions.writing import pack_toml, rule

# So many others in force that a card outside the universe is listed by accident once in 100,000 times.
OTHERS = 1 << 16


def hotlist_of(card_ids: Iterable[bytes], version: int = 1, dated: date = date(2026, 11, 1)) -> bytes:
    """A base that lists these cards as lost."""
    lost = dict.fromkeys(card_ids, HotlistReason.LOST)
    others = random.Random(1)
    issued = dict.fromkeys((others.randbytes(8) for _ in range(OTHERS if lost else 0)), date(2020, 1, 1))
    register = Issued.of(issued | dict.fromkeys(lost, date(2020, 1, 1)))
    return build_base(register, Listed.of(lost), version, dated)


def members_of(card_ids: Iterable[bytes]) -> Numbers:
    """Card ids as a standing list is built from them."""
    return np.array(sorted(int.from_bytes(card) for card in card_ids), np.uint64)


def rules_asking(*names: str) -> bytes:
    """A rule pack that asks for these standing lists."""
    rules = (rule(f"asks-{name}", f'"{name}" in lists') for name in names)
    return pack_toml(*rules, name="asking", region="4601").encode()


def standing_list_of(
    name: str, card_ids: Iterable[bytes], version: int = 1, dated: date = date(2026, 11, 1)
) -> bytes:
    """A base with these cards on the list of that name."""
    members = set(card_ids)
    others = random.Random(1)
    issued = dict.fromkeys((others.randbytes(8) for _ in range(OTHERS if members else 0)), date(2020, 1, 1))
    register = Issued.of(issued | dict.fromkeys(members, date(2020, 1, 1)))
    return build_list(name, register, members_of(members), version, dated)
