"""The ATR that a PC/SC reader makes for a contactless card (PC/SC part 3 §3.1.3.2.3.1)."""

from __future__ import annotations

from functools import reduce
from operator import xor

MAX_HISTORICAL_BYTES = 15


def contactless_atr(historical: bytes) -> bytes:
    """TS 3B, T0 8n, TD1 80, TD2 01 (T=1), n historical bytes, and TCK, the XOR of all from T0 on.

    Raises ValueError for more than 15 historical bytes.
    """
    if len(historical) > MAX_HISTORICAL_BYTES:
        raise ValueError("an ATR carries at most 15 historical bytes")
    body = bytes((0x80 | len(historical), 0x80, 0x01)) + historical
    return b"\x3b" + body + bytes((reduce(xor, body),))
