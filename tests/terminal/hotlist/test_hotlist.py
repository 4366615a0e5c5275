"""A terminal's hotlist: base, deltas and reasons together, and what does not belong together."""

import os
import secrets
import subprocess
import sys
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.hotlist.building import Issued, Listed, build_base, build_delta, build_reasons
from terminal.hotlist.delta import HotlistDelta
from terminal.hotlist.errors import (
    HotlistDeltaForeign,
    HotlistDeltaMissing,
    HotlistMalformed,
    HotlistNotBuilt,
    HotlistReasonsForeign,
)
from terminal.hotlist.hotlist import Hotlist
from terminal.hotlist.reason import HotlistReason

DAY = date(2026, 11, 1)
NEXT = DAY + timedelta(days=1)
EARLIER = date(2020, 1, 1)
LOST = HotlistReason.LOST


def cards(count: int, day: date = EARLIER) -> dict[bytes, date]:
    return {secrets.token_bytes(8): day for _ in range(count)}


def files(
    issued: dict[bytes, date], listed: dict[bytes, HotlistReason], version: int = 7, dated: date = DAY
) -> tuple[bytes, bytes]:
    register, dead = Issued.of(issued), Listed.of(listed)
    base = build_base(register, dead, version, dated)
    return base, build_reasons(base, register, dead)


def delta(
    held: Hotlist, issued: dict[bytes, date], listed: dict[bytes, HotlistReason], dated: date = NEXT
) -> bytes:
    return build_delta(held, Issued.of(issued), Listed.of(listed), dated)


def answers(hotlist: Hotlist, issued: dict[bytes, date]) -> dict[bytes, HotlistReason | None]:
    return {card: hotlist.status(card, day) for card, day in issued.items()}


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.binary(min_size=8, max_size=8),
        st.tuples(
            st.dates(date(2020, 1, 1), date(2026, 12, 31)),
            st.none() | st.sampled_from([reason for reason in HotlistReason if reason != "unstated"]),
            st.none() | st.sampled_from([reason for reason in HotlistReason if reason != "unstated"]),
            st.booleans(),  # registered late
        ),
        max_size=80,
    )
)
def test_every_card_ever_issued_is_known_exactly(
    world: dict[bytes, tuple[date, HotlistReason | None, HotlistReason | None, bool]],
) -> None:
    at_first = {card: day for card, (day, _one, _two, late) in world.items() if not late}
    listed = {card: reason for card in at_first if (reason := world[card][1]) is not None}
    base, reasons = files(at_first, listed)
    hotlist = Hotlist.from_files(base, (), reasons)
    assert (hotlist.version, hotlist.dated) == (7, DAY)
    for card, day in at_first.items():
        assert hotlist.status(card, day) == (listed.get(card) if day <= DAY else None)
        unstated = Hotlist.from_files(base).status(card, day)
        assert unstated == (HotlistReason.UNSTATED if card in listed and day <= DAY else None)

    before = answers(hotlist, at_first)
    issued = {card: entry[0] for card, entry in world.items()}
    later = {card: reason for card, entry in world.items() if (reason := entry[2]) is not None}
    first = delta(hotlist, issued, later)
    newer = Hotlist.from_files(base, (first,), reasons)
    assert (newer.version, newer.dated) == (8, NEXT)
    assert answers(newer, issued) == {card: later.get(card) for card in issued}
    assert (hotlist.version, answers(hotlist, at_first)) == (7, before)  # the old one is as it was

    without = Hotlist.from_files(base, (delta(Hotlist.from_files(base), issued, later),))
    assert {card for card, reason in answers(without, issued).items() if reason} == later.keys()
    back = Hotlist.from_files(base, (first, delta(newer, issued, listed)), reasons)
    assert answers(back, issued) == {card: listed.get(card) for card in issued}


def test_a_card_issued_since_is_never_listed_by_accident() -> None:
    old, new = cards(2_000), cards(2_000, NEXT)
    base, reasons = files(old, dict.fromkeys(list(old)[:1_000], LOST))
    hotlist = Hotlist.from_files(base, (), reasons)
    assert not any(answers(hotlist, new).values())
    assert any(hotlist.status(card, DAY) for card in new)  # the filter itself does have accidents
    dead = next(iter(new))
    newer = Hotlist.from_files(
        base, (delta(hotlist, old | new, dict.fromkeys([*list(old)[:1_000], dead], LOST)),), reasons
    )
    assert [card for card, reason in answers(newer, new).items() if reason] == [dead]


def test_a_card_registered_late_is_cleared_by_the_next_delta() -> None:
    old, late = cards(2_000), cards(2_000)
    listed = dict.fromkeys(list(old)[:1_000], LOST)
    base, reasons = files(old, listed)
    hotlist = Hotlist.from_files(base, (), reasons)
    wrongly = [card for card, reason in answers(hotlist, late).items() if reason]
    change = delta(hotlist, old | late, listed)
    assert len(HotlistDelta.from_bytes(change).cards) == len(wrongly) > 0
    newer = Hotlist.from_files(base, (change,), reasons)
    assert not any(answers(newer, late).values())
    assert answers(newer, old) == answers(hotlist, old)


def test_a_day_without_changes_still_says_how_old_the_list_is() -> None:
    issued = cards(10)
    base, reasons = files(issued, {})
    hotlist = Hotlist.from_files(base, (delta(Hotlist.from_files(base), issued, {}),), reasons)
    assert (hotlist.dated, hotlist.version, len(hotlist.changed)) == (NEXT, 8, 0)
    assert [hotlist.age(NEXT + timedelta(days=days)) for days in (-1, 0, 40)] == [-1, 0, 40]


def test_only_card_ids_are_asked_for() -> None:
    hotlist = Hotlist.from_files(files({}, {})[0])
    assert hotlist.status(bytes(8), EARLIER) is None
    for wrong in (b"", bytes(7), bytes(9)):
        with pytest.raises(ValueError, match="8 bytes"):
            hotlist.status(wrong, EARLIER)


def test_deltas_must_follow_each_other_on_their_own_base() -> None:
    issued = cards(50)
    order = list(issued)
    base, reasons = files(issued, {})
    held, deltas = Hotlist.from_files(base, (), reasons), []
    for count in range(1, 4):
        deltas.append(delta(held, issued, dict.fromkeys(order[:count], LOST), DAY + timedelta(days=count)))
        held = Hotlist.from_files(base, deltas, reasons)
    assert held.version == 10
    first, second, third = deltas
    for wrong in ((second,), (first, third), (second, first), (first, first), (first, second, second)):
        with pytest.raises(HotlistDeltaMissing):
            Hotlist.from_files(base, wrong, reasons)
    other_base, other_reasons = files(issued, dict.fromkeys(order, LOST))
    with pytest.raises(HotlistDeltaForeign):
        Hotlist.from_files(other_base, deltas)
    with pytest.raises(HotlistReasonsForeign):
        Hotlist.from_files(files(issued, {}, version=8)[0], (), reasons)
    with pytest.raises(HotlistMalformed):
        Hotlist.from_files(base, (), other_reasons)
    with pytest.raises(HotlistDeltaMissing):
        delta(held, issued, {}, dated=DAY)
    back_in_time = delta(Hotlist.from_files(base, (), reasons), issued, {}, dated=DAY)
    held = Hotlist.from_files(base, (back_in_time,), reasons)
    late = delta(held, issued, {}, dated=NEXT)
    assert Hotlist.from_files(base, (back_in_time, late), reasons).version == 9


def test_a_listed_card_that_was_never_issued_is_a_mistake() -> None:
    issued, dead = Issued.of(cards(5)), Listed.of({b"\xff" * 8: LOST})
    with pytest.raises(HotlistNotBuilt):
        build_base(issued, dead, 1, DAY)
    with pytest.raises(HotlistNotBuilt):
        build_base(Issued.of({}), dead, 1, DAY)


def test_a_version_has_32_bits() -> None:
    with pytest.raises(HotlistMalformed):
        build_base(Issued.of({}), Listed.of({}), 2**32, DAY)


def test_a_terminal_looks_up_without_numpy() -> None:
    code = "import sys, terminal.hotlist.hotlist; assert not {'numpy', 'duckdb'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ})
