"""A PC/SC context of our own, and what the service's error codes mean.

pyscard's high-level classes share one global context and a polling monitor thread, and neither survives a
restart of pcscd; so each reader here holds its own context and makes a new one when the service was gone.
"""

from __future__ import annotations

import math
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from smartcard import scard

from card.errors import (
    AnswerTooLate,
    CardError,
    CardInUse,
    CardTorn,
    PcscFailed,
    PcscServiceGone,
    ReaderGone,
    WaitCancelled,
)
from card.readers.cancellation import Cancellation
from card.readers.deadline import Deadline
from card.readers.pcsc_watchdog import PcscWatchdog, duplicate, lines_to_service
from crypto.closing import Closing

RECONNECT_SECONDS: Final = 0.1
# The longest single block. Python runs signal handlers only between calls, and a cancel() that comes just
# before a block would be missed by it; a card still ends the block at once.
BLOCK_SECONDS: Final = 0.5
# pcsc-lite reports here that readers come or go (SCardGetStatusChange's documentation).
READER_LIST_CHANGES: Final = "\\\\?PnP?\\Notification"
COUNTER_SHIFT: Final = 16  # the upper half of a state counts insertions and removals

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

# Longer than any honest card or program takes; a tap has as much (card.verification).
CALL_SECONDS: Final = 5.0
_ESTABLISHING: Final = threading.Lock()


@dataclass(frozen=True)
class ReaderState:
    """What the service says of one reader: SCARD_STATE_ bits below the count of insertions and removals."""

    reader: str
    bits: int
    atr: bytes

    @property
    def has_card(self) -> bool:
        """Whether a card lies there, be it one that does not answer."""
        return bool(self.bits & scard.SCARD_STATE_PRESENT)

    @property
    def is_gone(self) -> bool:
        """Whether the reader is unplugged or does not answer its driver."""
        return bool(self.bits & (scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE))

    @property
    def moves(self) -> int:
        """How often a card came or went; from 0 again after a restart of the service."""
        return self.bits >> COUNTER_SHIFT


class PcscContext(Closing):
    """One SCARDCONTEXT, made when first needed, dropped when the service is gone, made anew after that."""

    def __init__(self) -> None:
        self._handle: int | None = None
        self._watchdog: PcscWatchdog | None = None

    @property
    def is_open(self) -> bool:
        """Whether the service was there when last asked."""
        return self._handle is not None

    @property
    def handle(self) -> int:
        """The handle for calls of `smartcard.scard`. Raises PcscServiceGone when there is none."""
        handle = self._handle
        if handle is None:
            raise PcscServiceGone
        return handle

    def open(self, deadline: Deadline, cancelled: Cancellation) -> None:
        """Reach the service, waiting for it until the deadline. Raises PcscServiceGone, WaitCancelled."""
        while self._handle is None:
            result, handle, line = _established()
            if result == scard.SCARD_S_SUCCESS:
                self._watchdog = None if line is None else PcscWatchdog(line)
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
        was_cut = self._watchdog is not None and self._watchdog.has_cut
        if result in SERVICE_GONE:
            self.close()
        if was_cut:
            raise _overdue(operation, reader)
        raise _meaning(result, operation, reader)

    def bounded(self, call: Callable[..., Any], *arguments: object) -> Any:
        """What `call` returns, a call that a card or another program may hold up: cut after CALL_SECONDS."""
        watchdog = self._watchdog
        if watchdog is None:
            return call(*arguments)
        watchdog.expect_end_within(CALL_SECONDS)
        try:
            return call(*arguments)
        finally:
            watchdog.ended()

    def readers(self) -> tuple[str, ...]:
        """Names of the readers that the service knows now. Raises PcscServiceGone and PcscFailed."""
        result, names = scard.SCardListReaders(self.handle, [])
        if result == scard.SCARD_E_NO_READERS_AVAILABLE:
            return ()
        self.check(result, "SCardListReaders", "–")
        return tuple(names)

    def wait_for_change(
        self, known: Sequence[tuple[str, int]], seconds: float
    ) -> tuple[ReaderState, ...] | None:
        """Block until a reader's state differs from the known one (its name and bits); all states then.

        None when none did in so many seconds, or cancel() came. Raises ReaderGone, PcscServiceGone,
        PcscFailed.
        """
        result, states = scard.SCardGetStatusChange(self.handle, math.ceil(seconds * 1000), list(known))
        if result in (scard.SCARD_E_TIMEOUT, scard.SCARD_E_CANCELLED):
            return None
        self.check(result, "SCardGetStatusChange", known[0][0])
        return tuple(ReaderState(name, bits, bytes(atr)) for name, bits, atr in states)

    def cancel(self) -> None:
        """End a call that blocks in another thread."""
        handle = self._handle  # the other thread may close it meanwhile
        if handle is not None:
            scard.SCardCancel(handle)

    def close(self) -> None:
        """Give the context back. Closing twice does nothing."""
        handle, self._handle = self._handle, None
        if handle is not None:
            # The result does not matter: pcsc-lite frees its side even when the service is gone.
            scard.SCardReleaseContext(handle)
        watchdog, self._watchdog = self._watchdog, None
        if watchdog is not None:
            watchdog.close()


def _established() -> tuple[int, int, socket.socket | None]:
    """SCardEstablishContext's result and context, and the socket that it opened, where that can be told."""
    with _ESTABLISHING:
        before = lines_to_service()
        result, handle = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
        new = [line for inode, line in lines_to_service().items() if inode not in before]
        return result, handle, duplicate(new[0]) if len(new) == 1 else None


def _overdue(operation: str, reader: str) -> CardError:
    """What it means that a call did not end in time."""
    if operation == "SCardTransmit":
        milliseconds = round(CALL_SECONDS * 1000)
        return AnswerTooLate(milliseconds=milliseconds, limit=milliseconds)
    return CardInUse(reader=reader)


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
