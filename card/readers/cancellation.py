"""A request to end a wait, which may come from a signal handler."""

from __future__ import annotations

import queue


class Cancellation:
    """Made once, heeded by every later wait.

    threading.Event is not for signal handlers: its set() takes a lock that the interrupted wait() may hold.
    SimpleQueue.put() is made for them (documentation of `queue`).
    """

    def __init__(self) -> None:
        self._requested = False
        self._requests: queue.SimpleQueue[None] = queue.SimpleQueue()

    def request(self) -> None:
        """End the wait under way, and any later one; from any thread or signal handler."""
        self._requested = True
        self._requests.put(None)

    def wait(self, seconds: float) -> bool:
        """Block for so long, or until it is requested; whether it was."""
        if not self._requested:
            try:
                self._requests.get(timeout=seconds)
            except queue.Empty:
                return False
        return self._requested
