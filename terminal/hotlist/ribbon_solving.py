"""Solves many shards of a ribbon at once: each numpy step works one row operation in every shard.

A shard is a system of linear equations over GF(2). An equation has 64 coefficients from its place on, the
first of them 1, and one bit a column on its right. Gaussian elimination goes as in Dillinger and Walzer 2021,
section 2: an equation stays in the slot of its first coefficient; where that is taken it is added to the one
there, and the sum tries on. They come sorted by place, so that a shard's work stays within a few cache lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from terminal.hotlist.bulk_hash import Numbers, parity

Places = NDArray[np.int64]
Values = NDArray[np.uint32]
Truths = NDArray[np.bool_]

STEPS_BETWEEN_LOOKS: Final = 64  # how often shards that are done are taken out
_ONE: Final = np.uint64(1)


@dataclass(frozen=True)
class Equations:
    """Equations of several shards; `counts` and `slots` (multiples of 8) are by shard.

    `places` are within the shard; they, `rows` and `values` stand shard by shard, sorted by place in each.
    """

    counts: Places
    slots: Places
    places: Places
    rows: Numbers
    values: Values


def solve(equations: Equations, columns: int) -> tuple[Truths, list[NDArray[np.uint8]]]:
    """Which shards have a solution, and each column's solution bytes, shard by shard."""
    begins = np.concatenate(([0], np.cumsum(equations.slots)))
    rows = np.zeros(begins[-1] + 1, np.uint64)  # the last slot is for shards that are done
    values = np.zeros(begins[-1] + 1, np.uint32)
    solved = _eliminate(equations, begins, rows, values)
    return solved, _substitute(equations.slots, begins, rows, values, columns)


def _eliminate(equations: Equations, begins: Places, rows: Numbers, values: Values) -> Truths:
    """Fill the slots' `rows` and `values`; say which shards got all their equations in."""
    shards = len(equations.counts)
    # One more equation a shard, which is put into the last slot over and over once its own are in.
    first = np.concatenate(([0], np.cumsum(equations.counts + 1)))
    spots = np.arange(len(equations.rows)) + np.repeat(np.arange(shards), equations.counts)
    all_rows = np.ones(first[-1], np.uint64)
    all_places = np.full(first[-1], begins[-1])
    all_values = np.zeros(first[-1], np.uint32)
    all_rows[spots] = equations.rows
    all_places[spots] = equations.places + np.repeat(begins[:-1], equations.counts)
    all_values[spots] = equations.values
    solved = np.ones(shards, np.bool_)
    shard, now, last = np.arange(shards), first[:-1].copy(), first[1:] - 1
    while len(shard):
        row, place, value = all_rows[now], all_places[now], all_values[now]
        failed = np.zeros(len(shard), np.bool_)
        for _step in range(STEPS_BETWEEN_LOOKS):
            there, value_there = rows[place], values[place]
            free = there == 0
            rows[place] = np.where(free, row, there)
            values[place] = np.where(free, value, value_there)
            row = row ^ there
            value = value ^ value_there
            gone = row == 0
            failed |= gone & (value != 0)
            shift = np.bitwise_count((row & (~row + _ONE)) - _ONE)
            row >>= shift
            place += shift
            np.logical_or(free, gone, out=gone)
            now = np.minimum(now + gone, last)
            np.copyto(row, all_rows[now], where=gone)
            np.copyto(place, all_places[now], where=gone)
            np.copyto(value, all_values[now], where=gone)
        # The look breaks off equations that were on their way: they begin again, from what they are now.
        all_rows[now], all_places[now], all_values[now] = row, place, value
        solved[shard[failed]] = False
        going = (now < last) & ~failed
        shard, now, last = shard[going], now[going], last[going]
    return solved


def _substitute(
    slots: Places, begins: Places, rows: Numbers, values: Values, columns: int
) -> list[NDArray[np.uint8]]:
    """The solution from the last slot of each shard to its first, all shards side by side."""
    spare = len(rows) - 1
    rows[spare] = values[spare] = 0
    bits = np.zeros((columns, spare + 1), np.uint8)
    windows = np.zeros((columns, len(slots)), np.uint64)
    for step in range(int(slots.max())):
        place = np.where(step < slots, begins[1:] - 1 - step, spare)
        row, value = rows[place], values[place]
        for column in range(columns):
            window = windows[column]
            window <<= _ONE
            bit = parity(row & window) ^ ((value >> np.uint32(column)) & np.uint32(1)).astype(np.uint8)
            window |= bit
            bits[column, place] = bit
    return [np.packbits(bits[column, :spare], bitorder="little") for column in range(columns)]
