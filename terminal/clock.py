"""The machine's clocks, and what the kernel knows of them.

A terminal's wall clock may stand still for months, be set by anybody with access, or start at 1970 after a
power cut. So each reading carries the monotonic clock, the boot it counts from, and whether a time service
keeps the wall clock; `terminal.timekeeping` judges what a reading is worth.
"""

from __future__ import annotations

import ctypes
import time
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final, Protocol

from crypto.sm3 import sm3

BOOT_BYTES: Final = 8
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_TIMEX_BYTES: Final = 256  # struct timex has 208 on 64-bit Linux
_TIME_ERROR: Final = 5  # adjtimex(2): the clock is not synchronised to a reliable server


class ClockSource(StrEnum):
    """Who keeps the wall clock."""

    SYNCHRONISED = "synchronised"  # a time service, says the kernel
    FREE = "free"  # nobody


@dataclass(frozen=True)
class ClockReading:
    """All clocks at one moment.

    Attributes:
        wall_ms: milliseconds since 1970 UTC, as the wall clock has it.
        monotonic_ms: milliseconds since boot, sleep included; nobody can set it.
        boot: 8 bytes that name the boot; they tell nothing else.
        source: who keeps the wall clock.
    """

    wall_ms: int
    monotonic_ms: int
    boot: bytes
    source: ClockSource


class Clock(Protocol):
    """Tells the time; a test gives one that it sets."""

    def read(self) -> ClockReading:
        """All clocks now."""

    def now_ms(self) -> int:
        """The wall clock alone: milliseconds since 1970 UTC."""


class SystemClock:
    """The machine's clocks."""

    def read(self) -> ClockReading:
        """All clocks now."""
        return ClockReading(
            wall_ms=self.now_ms(),
            monotonic_ms=time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000,
            boot=_boot(),
            source=_source(),
        )

    def now_ms(self) -> int:
        """The wall clock alone: milliseconds since 1970 UTC."""
        return time.time_ns() // 1_000_000


@cache
def _boot() -> bytes:
    """Eight bytes that differ from boot to boot (the kernel's own id is not given away)."""
    return sm3(b"boot\x00" + _BOOT_ID.read_bytes())[:BOOT_BYTES]


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _source() -> ClockSource:
    # All zero asks and sets nothing (adjtimex(2)); where asking is forbidden, nobody is known to keep it.
    state = _libc().adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    return ClockSource.SYNCHRONISED if 0 <= state < _TIME_ERROR else ClockSource.FREE
