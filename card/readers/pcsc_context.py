"""A PC/SC context of our own, and what the service's error codes mean.

pyscard's high-level classes share one global context and a polling monitor thread, and neither survives a
restart of pcscd; so each reader here holds its own context and makes a new one when the service was gone.
"""

from __future__ import annotations

import threading
import time
from typing import Final

from smartcard import scard

from card.errors import (
    CardError,
    CardInUse,
    CardTorn,
    PcscFailed,
    PcscServiceGone,
    ReaderGone,
    WaitCancelled,
)

RECONNECT_SECONDS: Final = 0.1

SERVICE_GONE: Final = frozenset(
    (
        scard.SCARD_E_NO_SERVICE,
        scard.SCARD_E_SERVICE_STOPPED,
        scard.SCARD_F_COMM_ERROR,  # pcsc-lite: the socket to pcscd broke
        scard.SCARD_E_INVALID_HANDLE,
        scard.SCARD_P_SHUTDOWN,
        scard.SCARD_E_SYSTEM_CANCELLED,
    )
)
READER_GONE: Final = frozenset(
    (scard.SCARD_E_READER_UNAVAILABLE, scard.SCARD_E_UNKNOWN_READER, scard.SCARD_E_NO_READERS_AVAILABLE)
)
CARD_TORN: Final = frozenset(
    (
        scard.SCARD_W_REMOVED_CARD,
        scard.SCARD_W_RESET_CARD,
        scard.SCARD_W_UNPOWERED_CARD,
        scard.SCARD_W_UNRESPONSIVE_CARD,
        scard.SCARD_E_NO_SMARTCARD,
        scard.SCARD_E_NOT_TRANSACTED,
        scard.SCARD_E_COMM_DATA_LOST,
    )
)


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


class PcscContext:
    """One SCARDCONTEXT, made when first needed, dropped when the service is gone, made anew after that."""

    def __init__(self) -> None:
        self._handle: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether the service was there when last asked."""
        return self._handle is not None

    @property
    def handle(self) -> int:
        """The handle for calls of `smartcard.scard`. Raises PcscServiceGone when there is none."""
        if self._handle is None:
            raise PcscServiceGone
        return self._handle

    def open(self, deadline: Deadline, cancelled: threading.Event) -> None:
        """Reach the service, waiting for it until the deadline. Raises PcscServiceGone, WaitCancelled."""
        while self._handle is None:
            result, handle = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
            if result == scard.SCARD_S_SUCCESS:
                self._handle = handle
                return
            # A service that does not run has no socket to block on.
            if deadline.passed:
                raise PcscServiceGone
            if cancelled.wait(deadline.remaining(RECONNECT_SECONDS)):
                raise WaitCancelled

    def check(self, result: int, operation: str, reader: str) -> None:
        """Raise what a result code means; drop the context when the service is gone.

        Raises PcscServiceGone, ReaderGone, CardTorn, CardInUse or PcscFailed.
        """
        if result == scard.SCARD_S_SUCCESS:
            return
        if result in SERVICE_GONE:
            self.close()
        raise _meaning(result, operation, reader)

    def cancel(self) -> None:
        """End a call that blocks in another thread."""
        if self._handle is not None:
            scard.SCardCancel(self._handle)

    def close(self) -> None:
        """Give the context back. Closing twice does nothing."""
        handle, self._handle = self._handle, None
        if handle is not None:
            # The result does not matter: pcsc-lite frees its side even when the service is gone.
            scard.SCardReleaseContext(handle)


def _meaning(result: int, operation: str, reader: str) -> CardError:
    if result in SERVICE_GONE:
        return PcscServiceGone()
    if result in READER_GONE:
        return ReaderGone(reader=reader)
    if result in CARD_TORN:
        return CardTorn()
    if result == scard.SCARD_E_SHARING_VIOLATION:
        return CardInUse(reader=reader)
    return PcscFailed(operation=operation, result=f"0x{result & 0xFFFFFFFF:08X}")
