"""What hotlist.py answers for one card, for millions at once: to build, to check, to find what changed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from terminal.hotlist.bulk_hash import Numbers, mix_all, parity, tweak_all
from terminal.hotlist.exact_filter import ExactFilter
from terminal.hotlist.hotlist import Hotlist
from terminal.hotlist.reason import CODES, IN_FORCE, UNSTATED_CODE
from terminal.hotlist.ribbon import ROW_BITS, Ribbon

Truths = NDArray[np.bool_]
Codes = NDArray[np.uint8]

CARDS_AT_ONCE: Final = 1 << 20
WORKERS: Final = 2
_HALF: Final = np.uint64(32)
_SIX: Final = np.uint64(6)
_LOW_SIX: Final = np.uint64(63)
_ONE: Final = np.uint64(1)

_Answer = TypeVar("_Answer", np.bool_, np.uint64)


class BulkRibbon:
    """A ribbon unpacked for numpy."""

    def __init__(self, ribbon: Ribbon) -> None:
        size = ribbon.columns * ribbon.column
        padded = ribbon.data[ribbon.solution : ribbon.solution + size] + bytes(16 - size % 8)
        self._words = np.frombuffer(padded, "<u8")
        self._tweaks = tweak_all(np.frombuffer(ribbon.seeds, np.uint8).astype(np.uint64), ribbon.stream)
        self._spans = np.array(ribbon.widths, np.uint64) * np.uint64(8) - np.uint64(ROW_BITS - 1)
        self._offsets = np.array(ribbon.offsets, np.uint64) * np.uint64(8)
        self._columns = ribbon.columns
        self._column = np.uint64(8 * ribbon.column)

    def bits(self, hashed: Numbers) -> Truths:
        """`Ribbon.bit` of each."""
        _spread, rows, places = self._equations(hashed)
        return self._solved(rows, places).astype(np.bool_)

    def have_fingerprints(self, hashed: Numbers) -> Truths:
        """`Ribbon.has_fingerprint` of each."""
        found = np.zeros(len(hashed), np.bool_)
        left = np.arange(len(hashed))
        spread, rows, places = self._equations(hashed)
        for _column in range(self._columns):
            fits = self._solved(rows, places) == (spread & _ONE)
            left, rows = left[fits], rows[fits]
            spread, places = spread[fits] >> _ONE, places[fits] + self._column
        found[left] = True
        return found

    def _equations(self, hashed: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        shards = (hashed >> _HALF) * np.uint64(len(self._tweaks)) >> _HALF
        spread = mix_all(hashed ^ self._tweaks[shards])
        places = ((spread >> _HALF) * self._spans[shards] >> _HALF) + self._offsets[shards]
        return spread, mix_all(spread) | _ONE, places

    def _solved(self, rows: Numbers, places: Numbers) -> Codes:
        words, shift = places >> _SIX, places & _LOW_SIX
        low = self._words[words] >> shift
        high = (self._words[words + _ONE] << _ONE) << (_LOW_SIX - shift)
        return parity((low | high) & rows)


class BulkFilter:
    """A filter unpacked for numpy."""

    def __init__(self, exact: ExactFilter) -> None:
        self._first = None if exact.first is None else BulkRibbon(exact.first)
        self._second = None if exact.second is None else BulkRibbon(exact.second)
        self._part_is_larger = exact.part_is_larger

    def holds(self, hashed: Numbers) -> Truths:
        """`ExactFilter.holds` of each."""
        return in_chunks(hashed, self._holds, np.bool_)

    def _holds(self, hashed: Numbers) -> Truths:
        smaller = np.zeros(len(hashed), np.bool_)
        if self._second is not None:
            left = np.arange(len(hashed))
            if self._first is not None:
                left = np.flatnonzero(self._first.have_fingerprints(hashed))
            smaller[left] = self._second.bits(hashed[left])
        return smaller ^ self._part_is_larger


def statuses(hotlist: Hotlist, cards: Numbers, after_base: Truths) -> Codes:
    """`Hotlist.status` of each card as the files' codes, IN_FORCE for none.

    `cards` are ids as numbers; `after_base`: issued after the base's date.
    """
    listed = BulkFilter(hotlist.base.listed)
    reasons = hotlist.reasons
    chain = [] if reasons is None else [BulkFilter(one) for one in reasons.filters]
    found = np.full(len(cards), IN_FORCE, np.uint8)
    before = np.flatnonzero(~after_base)
    hashed = in_chunks(cards[before], mix_all, np.uint64)
    is_listed = listed.holds(hashed)
    before, hashed = before[is_listed], hashed[is_listed]
    if reasons is None:
        found[before] = UNSTATED_CODE
    else:
        for reason, one in zip(reasons.reasons, chain, strict=False):
            held = one.holds(hashed)
            found[before[held]] = CODES[reason]
            before, hashed = before[~held], hashed[~held]
        if reasons.reasons:
            found[before] = CODES[reasons.reasons[-1]]
    changed = np.array(hotlist.changed, np.uint64)
    if len(changed):
        place = np.minimum(np.searchsorted(changed, cards), len(changed) - 1)
        is_changed = changed[place] == cards
        found[is_changed] = np.frombuffer(hotlist.states, np.uint8)[place[is_changed]]
    return found


def in_chunks(
    cards: Numbers, answer: Callable[[Numbers], NDArray[_Answer]], kind: type[_Answer]
) -> NDArray[_Answer]:
    """`answer` for all cards, a chunk at a time in several threads, so that it needs little memory."""
    answers = np.empty(len(cards), kind)

    def fill(begin: int) -> None:
        answers[begin : begin + CARDS_AT_ONCE] = answer(cards[begin : begin + CARDS_AT_ONCE])

    with ThreadPoolExecutor(WORKERS) as workers:
        for _done in workers.map(fill, range(0, len(cards), CARDS_AT_ONCE)):
            pass
    return answers
