"""The bridge between the event loop of the API and the thread that taps.

That thread alone may use the journal. It takes up what waits here between taps and never waits itself;
whoever asked waits, for so long as it likes.
"""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, TypeVar

from terminal.local_api.errors import TerminalBusy

T = TypeVar("T")

#: Jobs that may wait; more means that the terminal can't keep up, and whoever asks is told so.
MOST_WAITING: Final = 64


class Bridge:
    """Jobs for the thread that taps."""

    def __init__(self) -> None:
        self._jobs: queue.Queue[Callable[[], None]] = queue.Queue(MOST_WAITING)
        self._is_closed = False

    async def ask(self, job: Callable[[], T], seconds: float) -> T:
        """Have the thread that taps do a job; what it returns or raises.

        Raises TerminalBusy where it was not begun in time: then it never will be.
        """
        future: Future[T] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(job())
            except Exception as error:  # noqa: BLE001 - goes to whoever asked; taps go on
                future.set_exception(error)

        if self._is_closed:
            raise TerminalBusy
        try:
            self._jobs.put_nowait(work)
        except queue.Full as error:
            raise TerminalBusy from error
        waiting = asyncio.wrap_future(future)
        done, _pending = await asyncio.wait((waiting,), timeout=seconds)
        if not done and future.cancel():
            raise TerminalBusy
        return await waiting

    def work(self) -> None:
        """Do what waits now; called by the thread that taps."""
        for _ in range(self._jobs.qsize()):
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return
            job()

    def close(self) -> None:
        """Take no more jobs, and do those that wait: the last call of the thread that taps."""
        self._is_closed = True
        self.work()
