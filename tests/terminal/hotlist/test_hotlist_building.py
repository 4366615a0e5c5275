"""The builder is exact, whatever the universe, and near the bound where a universe is large."""

import random
from math import lgamma, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.hotlist import ribbon_building
from terminal.hotlist.bulk_hash import Numbers, mix_all
from terminal.hotlist.bulk_lookup import BulkFilter
from terminal.hotlist.card_hash import MASK, mix
from terminal.hotlist.errors import HotlistNotBuilt
from terminal.hotlist.exact_filter import ExactFilter, best_columns
from terminal.hotlist.filter_building import build_filter
from terminal.hotlist.ribbon_building import Keys, build_ribbon

SEED = 20261101


def drawn(count: int) -> list[int]:
    source = random.Random(SEED)
    ids = [source.getrandbits(64) for _ in range(count)]
    assert len(set(ids)) == count
    return ids


def built(part: list[int], rest: list[int]) -> ExactFilter:
    data = build_filter(*(np.array(sorted(map(mix, side)), np.uint64) for side in (part, rest)))
    exact = ExactFilter.parse(data, 0, len(data))
    assert exact.end == len(data)
    return exact


def check(part: list[int], rest: list[int]) -> ExactFilter:
    """Build it, and ask it card by card and all at once."""
    exact = built(part, rest)
    assert all(exact.holds(mix(card)) for card in part)
    assert not any(exact.holds(mix(card)) for card in rest)
    for side, told in ((part, True), (rest, False)):
        hashed: Numbers = mix_all(np.array(side, np.uint64))
        assert np.all(BulkFilter(exact).holds(hashed) == told)
    return exact


@settings(max_examples=80, deadline=None)
@given(st.sets(st.integers(0, 2**64 - 1), max_size=150), st.data())
def test_any_part_of_any_universe(universe: set[int], data: st.DataObject) -> None:
    part = data.draw(st.sets(st.sampled_from(sorted(universe)))) if universe else set()
    check(sorted(part), sorted(universe - part))


@pytest.mark.parametrize(
    ("part", "rest"),
    [
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
        (1, 20_000),
        (20_000, 1),
        (63, 64),
        (64, 64),
        (5_000, 20_000),
        (12_000, 90),
    ],
)
def test_the_edges(part: int, rest: int) -> None:
    ids = drawn(part + rest)
    check(ids[:part], ids[part:])


@pytest.mark.parametrize(("universe", "part"), [(120_000, 40_000), (200_000, 2_000), (200_000, 198_000)])
def test_it_is_near_the_bound(universe: int, part: int) -> None:
    ids = drawn(universe)
    size = check(ids[:part], ids[part:]).end
    bits = (lgamma(universe + 1) - lgamma(part + 1) - lgamma(universe - part + 1)) / log(2)
    assert 8 * size / bits < 1.2


def test_ids_in_a_row_are_spread_as_well() -> None:
    check(list(range(0, 30_000, 3)), [card for card in range(30_000) if card % 3])


def test_mix_is_that_of_splitmix64_and_the_same_in_numpy() -> None:
    # First outputs of the generator with seed 1234567 (Rosetta Code, "Pseudo-random numbers/Splitmix64").
    increment = 0x9E3779B97F4A7C15
    outputs = [mix((1234567 + step * increment) & MASK) for step in range(1, 6)]
    assert outputs == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    ids = [0, 1, MASK, *drawn(1_000)]
    assert mix_all(np.array(ids, np.uint64)).tolist() == [mix(card) for card in ids]


@pytest.mark.parametrize(
    ("smaller", "larger", "columns"),
    [
        (0, 10, 0),
        (10, 10, 0),
        (20, 40, 0),
        (10, 30, 1),
        (400_000, 39_600_000, 6),
        (1, 2**32, 31),
        (1, 2**40, 32),
    ],
)
def test_best_columns(smaller: int, larger: int, columns: int) -> None:
    assert best_columns(smaller, larger) == columns


def test_a_failed_shard_is_tried_again_with_another_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ribbon_building, "SLACK", -0.02)  # fewer slots than cards: cannot succeed at first
    monkeypatch.setattr(ribbon_building, "EDGE_SLOTS", 0)
    ids = drawn(9_000)
    check(ids[:4_000], ids[4_000:])


def test_cards_that_no_filter_holds_are_refused() -> None:
    same = np.zeros(1, np.uint64)
    with pytest.raises(HotlistNotBuilt):
        build_ribbon(Keys(same, same, fingerprints=False), 1, 1)
