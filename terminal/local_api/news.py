"""Telling the event loop that something has changed, from any thread and without ever waiting."""

from __future__ import annotations

import asyncio
from contextlib import suppress


class News:
    """A bell that many coroutines wait for. Take `next_ring` before looking, so that no ring is missed."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ring = asyncio.Event()
        self._is_over = False

    @property
    def is_over(self) -> bool:
        """Whether nothing will come any more."""
        return self._is_over

    def attach(self) -> None:
        """From now on the running event loop hears it."""
        self._loop = asyncio.get_running_loop()

    def next_ring(self) -> asyncio.Event:
        """What is set when something changes after now."""
        return self._ring

    def ring(self) -> None:
        """Something changed; from any thread."""
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # the loop has ended, and nobody waits there any more
                loop.call_soon_threadsafe(self._set)

    def end(self) -> None:
        """Nothing will come any more."""
        self._is_over = True
        self.ring()

    def _set(self) -> None:
        rung, self._ring = self._ring, asyncio.Event()
        rung.set()


async def heard(ring: asyncio.Event, seconds: float) -> bool:
    """Wait for a ring; whether it came in time."""
    with suppress(TimeoutError):
        await asyncio.wait_for(ring.wait(), seconds)
    return ring.is_set()
