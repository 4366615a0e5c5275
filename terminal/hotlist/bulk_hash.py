"""card_hash.py for millions of cards at once, and the one type that numbers of cards have in builders."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from terminal.hotlist.card_hash import INCREMENT, MULTIPLIER_1, MULTIPLIER_2

Numbers = NDArray[np.uint64]

_INCREMENT: Final = np.uint64(INCREMENT)
_MULTIPLIER_1: Final = np.uint64(MULTIPLIER_1)
_MULTIPLIER_2: Final = np.uint64(MULTIPLIER_2)
_ONE: Final = np.uint64(1)


def mix_all(values: Numbers) -> Numbers:
    """`mix` of each."""
    mixed = values ^ (values >> np.uint64(30))
    mixed *= _MULTIPLIER_1
    mixed ^= mixed >> np.uint64(27)
    mixed *= _MULTIPLIER_2
    mixed ^= mixed >> np.uint64(31)
    return mixed


def tweak_all(seeds: Numbers, stream: int) -> Numbers:
    """`tweak` of each."""
    return ((seeds << _ONE) + np.uint64(stream + 1)) * _INCREMENT


def parity(words: Numbers) -> NDArray[np.uint8]:
    """1 where a word has an odd number of ones."""
    return np.bitwise_count(words) & np.uint8(1)
