"""Builds a ribbon (ribbon.py) for millions of cards with numpy, some thousands of shards at a time."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np

from terminal.hotlist.bulk_hash import Numbers, mix_all, tweak_all
from terminal.hotlist.errors import HotlistNotBuilt
from terminal.hotlist.ribbon import ROW_BITS, ribbon_bytes
from terminal.hotlist.ribbon_solving import Equations, Places, Values, solve

CARDS_A_SHARD: Final = 4_000
SHARDS_AT_ONCE: Final = 2_048
WORKERS: Final = 2  # numpy lets go of the interpreter while it computes
MAX_ATTEMPTS: Final = 64
# Slots for so many cards, at the first attempt and what each further one gets more: measured, the cheapest of
# those that most shards solve at once (docs/adr/0012-exact-hotlist.md).
SLACK: Final = 0.03
MORE_SLACK: Final = 0.01
EDGE_SLOTS: Final = 48

_HALF: Final = np.uint64(32)
_ONE: Final = np.uint64(1)


@dataclass(frozen=True)
class Keys:
    """The cards a ribbon is for, as sorted hashes; each of `marked` gets a 1 and each of `others` a 0.

    With `fingerprints` each gets its fingerprint instead, and `others` is empty.
    """

    marked: Numbers
    others: Numbers
    fingerprints: bool

    def __len__(self) -> int:
        return len(self.marked) + len(self.others)


@dataclass(frozen=True)
class _Ribbon:
    """The ribbon being built; `bounds`: for each side of the keys, where each shard begins."""

    keys: Keys
    bounds: tuple[Places, Places]
    columns: int
    stream: int


def build_ribbon(keys: Keys, columns: int, stream: int) -> bytes:
    """The ribbon's bytes. Raises HotlistNotBuilt."""
    shards = max(1, len(keys) // CARDS_A_SHARD)
    ribbon = _Ribbon(keys, (_bounds(keys.marked, shards), _bounds(keys.others, shards)), columns, stream)
    widths: list[int] = [0] * shards
    seeds = bytearray(shards)
    solutions: list[list[bytes]] = [[] for _ in range(shards)]
    left: Places = np.arange(shards)
    attempt = 0
    with ThreadPoolExecutor(WORKERS) as workers:
        while len(left):
            if attempt == MAX_ATTEMPTS:
                raise HotlistNotBuilt(detail=f"{len(left)} shards, {attempt} attempts")
            parts = np.array_split(left, -(-len(left) // SHARDS_AT_ONCE))
            runs = [workers.submit(_attempt, ribbon, part, attempt) for part in parts]
            failed: list[int] = []
            for part, run in zip(parts, runs, strict=True):
                for shard, solution in zip(part.tolist(), run.result(), strict=True):
                    if solution is None:
                        failed.append(shard)
                        continue
                    solutions[shard], widths[shard], seeds[shard] = solution, len(solution[0]), attempt
            left = np.array(failed, np.int64)
            attempt += 1
    joined = [b"".join(solution[column] for solution in solutions) for column in range(columns)]
    return ribbon_bytes(len(keys), array("H", widths), bytes(seeds), joined)


def _attempt(ribbon: _Ribbon, part: Places, attempt: int) -> Sequence[list[bytes] | None]:
    """The solution of each shard in `part`, or None where this attempt's seed has none."""
    equations = _equations(ribbon, part, attempt)
    solved, packed = solve(equations, ribbon.columns)
    ends = np.cumsum(equations.slots // 8)
    begins = ends - equations.slots // 8
    whole = [column.tobytes() for column in packed]
    return [
        [column[begin:end] for column in whole] if is_solved else None
        for is_solved, begin, end in zip(solved.tolist(), begins.tolist(), ends.tolist(), strict=True)
    ]


def _equations(ribbon: _Ribbon, part: Places, attempt: int) -> Equations:
    """What the cards of these shards ask of the solution, under this attempt's seed."""
    sides = (ribbon.keys.marked, ribbon.keys.others)
    counts = [bound[part + 1] - bound[part] for bound in ribbon.bounds]
    hashed = np.concatenate(
        [
            side[_ranges(bound[part], count)]
            for side, bound, count in zip(sides, ribbon.bounds, counts, strict=True)
        ]
    )
    lanes = np.concatenate([np.repeat(np.arange(len(part)), count) for count in counts])
    both = counts[0] + counts[1]
    slots = _slots(both, attempt)
    spread = mix_all(hashed ^ tweak_all(np.array([attempt], np.uint64), ribbon.stream))
    spans = (slots[lanes] - ROW_BITS + 1).astype(np.uint64)
    places = ((spread >> _HALF) * spans >> _HALF).astype(np.int64)
    order = np.argsort((lanes << 32) | places)
    spread = spread[order]
    values: Values
    if ribbon.keys.fingerprints:
        values = (spread & np.uint64((1 << ribbon.columns) - 1)).astype(np.uint32)
    else:
        values = (order < int(counts[0].sum())).astype(np.uint32)
    return Equations(both, slots, places[order], mix_all(spread) | _ONE, values)


def _slots(counts: Places, attempt: int) -> Places:
    wanted = counts * (1 + SLACK + MORE_SLACK * attempt) + EDGE_SLOTS
    slots: Places = np.maximum(ROW_BITS, (np.ceil(wanted / 8) * 8)).astype(np.int64)
    return slots


def _bounds(hashed: Numbers, shards: int) -> Places:
    """Where in sorted hashes each shard begins; one more for the end. A shard is the hash's place in 2^64."""
    firsts = np.array([-(-(shard << 32) // shards) << 32 for shard in range(shards)], np.uint64)
    bounds: Places = np.append(np.searchsorted(hashed, firsts), len(hashed)).astype(np.int64)
    return bounds


def _ranges(begins: Places, counts: Places) -> Places:
    """The indices begin, begin + 1, ... of each range, one range after the other."""
    ends = np.cumsum(counts)
    indices: Places = np.arange(int(ends[-1])) + np.repeat(begins - (ends - counts), counts)
    return indices
