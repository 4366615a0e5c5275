"""When a wait must end."""

from __future__ import annotations

import time


class Deadline:
    """A moment by which a wait must end; never, when made from None."""

    def __init__(self, timeout: float | None) -> None:
        self._end = None if timeout is None else time.monotonic() + timeout

    def remaining(self, at_most: float) -> float:
        """Seconds left, but no more than `at_most`; never below 0."""
        if self._end is None:
            return at_most
        return min(at_most, max(0.0, self._end - time.monotonic()))

    @property
    def passed(self) -> bool:
        """Whether it is over."""
        return self._end is not None and time.monotonic() >= self._end
