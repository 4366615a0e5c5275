"""Whether the PSAM is in its slot, looked at from time to time beside the taps."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from card.errors import CardInUse
from card.psam_slot import open_psam
from crypto.closing import Closing
from crypto.explained import ExplainedError

LOOK_SECONDS: Final = 30.0


def psam_trouble(address: str) -> ExplainedError | None:
    """Why the PSAM in this slot can't be used; None if it can.

    `address` is one as `card.readers.address` reads it. One that somebody else is just using is there.
    """
    try:
        with suppress(CardInUse), open_psam(address):
            pass
    except ExplainedError as error:
        return error
    return None


class PsamWatch(Closing):
    """Looks from a thread of its own until closed; until the first look is done there is no trouble."""

    def __init__(self, address: str, look_seconds: float = LOOK_SECONDS) -> None:
        self._address, self._look_seconds = address, look_seconds
        self._trouble: ExplainedError | None = None
        self._stop = threading.Event()
        # A daemon: libpcsclite blocks for ever while it greets a service that hangs, and no call ends that.
        self._thread = threading.Thread(target=self._run, name="psam-watch", daemon=True)
        self._thread.start()

    def trouble(self) -> ExplainedError | None:
        """Why it could not be used at the last look."""
        return self._trouble

    def close(self) -> None:
        """Look no more. Closing twice does nothing."""
        self._stop.set()
        self._thread.join(timeout=self._look_seconds)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._trouble = psam_trouble(self._address)
            self._stop.wait(self._look_seconds)


@contextmanager
def watched_psam(address: str) -> Iterator[PsamWatch | None]:
    """The PSAM in this slot, looked at from time to time; None where the terminal is not set to have one."""
    if not address:
        yield None
        return
    with PsamWatch(address) as watch:
        yield watch
