"""Tap proofs that a terminal has seen, to tell a replayed answer from a cloned chip.

Kept in memory alone, and of each proof a digest alone: no list of who tapped.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from crypto.sm3 import sm3
from crypto.tap_proof import TapProof

MOST: Final = 10_000  # taps; some days of a busy gate, less than a megabyte


class SeenProofs:
    """The last proofs that cards gave, good ones and wrong ones; used by one thread."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._digests: OrderedDict[bytes, None] = OrderedDict()

    def add(self, proof: TapProof) -> None:
        """Remember a proof; the oldest is forgotten when there are too many."""
        self._digests[sm3(proof.signature)] = None
        if len(self._digests) > self._most:
            self._digests.popitem(last=False)

    def __contains__(self, proof: TapProof) -> bool:
        return sm3(proof.signature) in self._digests
