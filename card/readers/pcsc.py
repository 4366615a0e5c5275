"""Readers behind PC/SC (pcscd, through `smartcard.scard`).

Waiting blocks in SCardGetStatusChange. When the service or the reader goes away, the call under way raises
PcscServiceGone or ReaderGone at once, so that it can be said once; later calls wait for its return, so that a
loop around `wait_for_card` recovers by itself:

    with PcscReader("Virtual PCD 00 00") as reader:
        while True:
            try:
                with reader.wait_for_card(timeout=None) as connection:
                    verify(connection, …)
                reader.wait_for_removal(timeout=None)
            except (PcscServiceGone, ReaderGone) as error:
                …  # say it; the next wait goes on when it is back
"""

from __future__ import annotations

import math
import threading
from types import TracebackType
from typing import Final, Self

from smartcard import scard

from card.apdu import CommandApdu, ResponseApdu
from card.errors import (
    CardError,
    CardNotRemoved,
    CardTorn,
    NoCardInTime,
    NoSuchReader,
    ReaderGone,
    WaitCancelled,
)
from card.readers.pcsc_context import READER_GONE, Deadline, PcscContext
from firmware_profiles.reader_profile import CardProtocol, ReaderProfile, ShareMode, recognise_reader

# The longest single block. Python runs signal handlers only between calls, and a cancel() that comes just
# before a block would be missed by it; a card still ends the block at once.
BLOCK_SECONDS: Final = 0.5
# pcsc-lite reports here that readers come or go (SCardGetStatusChange's documentation).
READER_LIST_CHANGES: Final = "\\\\?PnP?\\Notification"
COUNTER_SHIFT: Final = 16  # the upper half of a state counts insertions and removals

PROTOCOLS: Final = {CardProtocol.T0: scard.SCARD_PROTOCOL_T0, CardProtocol.T1: scard.SCARD_PROTOCOL_T1}
PROTOCOL_HEADERS: Final = {
    scard.SCARD_PROTOCOL_T0: scard.SCARD_PCI_T0,
    scard.SCARD_PROTOCOL_T1: scard.SCARD_PCI_T1,
}
SHARE_MODES: Final = {
    ShareMode.EXCLUSIVE: scard.SCARD_SHARE_EXCLUSIVE,
    ShareMode.SHARED: scard.SCARD_SHARE_SHARED,
}


def list_readers() -> tuple[str, ...]:
    """Names of the readers that the service knows now. Raises PcscServiceGone and PcscFailed."""
    context = PcscContext()
    context.open(Deadline(0), threading.Event())
    try:
        return _readers(context)
    finally:
        context.close()


class PcscConnection:
    """A `CardConnection` to the card on a PC/SC reader."""

    def __init__(self, context: PcscContext, reader: str, profile: ReaderProfile) -> None:
        self._context = context
        self._reader = reader
        self._profile = profile
        protocols = 0
        for protocol in profile.protocols:
            protocols |= PROTOCOLS[protocol]
        result, handle, self._protocol = scard.SCardConnect(
            context.handle, reader, SHARE_MODES[profile.share], protocols
        )
        context.check(result, "SCardConnect", reader)
        self._handle: int | None = handle
        self._atr = b""

    @property
    def atr(self) -> bytes:
        """The card's answer to reset, asked of the service once and only here: a tap does not need it.

        Raises CardTorn, ReaderGone, PcscServiceGone, PcscFailed.
        """
        if not self._atr:
            if self._handle is None:
                raise CardTorn
            result, _name, _state, _protocol, atr = scard.SCardStatus(self._handle)
            self._context.check(result, "SCardStatus", self._reader)
            self._atr = bytes(atr)
        return self._atr

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """One command, one answer.

        Raises CardTorn, AnswerMalformed, ReaderGone, PcscServiceGone, PcscFailed.
        """
        if self._handle is None:
            raise CardTorn
        result, answer = scard.SCardTransmit(
            self._handle, PROTOCOL_HEADERS[self._protocol], list(command.to_bytes())
        )
        self._context.check(result, "SCardTransmit", self._reader)
        if not answer and self._profile.quirks.empty_answer_is_torn_card:
            raise CardTorn
        return ResponseApdu.from_bytes(bytes(answer))

    def close(self) -> None:
        """Let go of the card. Closing twice does nothing."""
        handle, self._handle = self._handle, None
        if handle is not None:
            # Not SCARD_RESET_CARD: when the card has left, the reset fails and pcscd 1.9 calls the reader
            # empty before its poll does; a card that comes in between is then never reported. SELECT starts
            # the application anew anyway. The result does not matter: what is gone needs no letting go.
            scard.SCardDisconnect(handle, scard.SCARD_LEAVE_CARD)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class PcscReader:
    """One reader, used by one thread; only cancel() may come from others or from a signal handler.

    Raises PcscServiceGone or NoSuchReader at once when it is not there.
    """

    def __init__(self, name: str, profile: ReaderProfile | None = None) -> None:
        self.name: Final = name
        self.profile: Final = profile or recognise_reader(name)
        self._cancelled = threading.Event()
        self._context = PcscContext()
        self._seen_state = scard.SCARD_STATE_UNAWARE  # when wait_for_card last saw a card
        self._reader_lost = False
        self._context.open(Deadline(0), self._cancelled)
        present = _readers(self._context)
        if name not in present:
            self._context.close()
            raise NoSuchReader(reader=name, present=", ".join(present) or "–")

    def wait_for_card(self, timeout: float | None) -> PcscConnection:
        """Block until a card lies on the reader, and connect to it.

        `timeout` in seconds, None for ever. Raises NoCardInTime, WaitCancelled, CardTorn, CardInUse,
        ReaderGone, PcscServiceGone, PcscFailed.
        """
        deadline = Deadline(timeout)
        self._recover(deadline)
        state = scard.SCARD_STATE_UNAWARE
        while not state & scard.SCARD_STATE_PRESENT:
            state = self._next_state(state, deadline, NoCardInTime)
        self._seen_state = state
        return PcscConnection(self._context, self.name, self.profile)

    def wait_for_removal(self, timeout: float | None) -> None:
        """Block until the card that wait_for_card() saw is gone, be it that another one lies there by now.

        A card that lay there while the service or the reader was away counts as the same card. `timeout` in
        seconds, None for ever. Raises CardNotRemoved, WaitCancelled, ReaderGone, PcscServiceGone, PcscFailed.
        """
        deadline = Deadline(timeout)
        self._recover(deadline)
        if self._seen_state == scard.SCARD_STATE_UNAWARE:
            self._seen_state = self._next_state(scard.SCARD_STATE_UNAWARE, deadline, CardNotRemoved)
        state = self._seen_state
        # A card that was put back quickly is known by the counter alone.
        while state & scard.SCARD_STATE_PRESENT and _insertions(state) == _insertions(self._seen_state):
            state = self._next_state(state, deadline, CardNotRemoved)

    def cancel(self) -> None:
        """End the wait under way, and any later one, with WaitCancelled."""
        self._cancelled.set()
        self._context.cancel()

    def close(self) -> None:
        """Give the context back. Closing twice does nothing."""
        self._context.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _next_state(self, known: int, deadline: Deadline, late: type[CardError]) -> int:
        """The reader's next state that differs from `known`. Raises `late` at the deadline."""
        while True:
            state = self._block(self.name, known, deadline)
            if state is not None:
                return state
            if deadline.passed:
                raise late

    def _recover(self, deadline: Deadline) -> None:
        """Wait for the return of a service or a reader that was lost."""
        if self._context.is_open and not self._reader_lost:
            return
        self._seen_state = scard.SCARD_STATE_UNAWARE
        self._context.open(deadline, self._cancelled)
        while self.name not in _readers(self._context):
            if (
                self._block(READER_LIST_CHANGES, scard.SCARD_STATE_UNAWARE, deadline) is None
                and deadline.passed
            ):
                raise ReaderGone(reader=self.name)
        self._reader_lost = False

    def _block(self, source: str, known: int, deadline: Deadline) -> int | None:
        """One wait of at most BLOCK_SECONDS for a change at `source`; None when there was none."""
        if self._cancelled.is_set():
            raise WaitCancelled
        milliseconds = math.ceil(deadline.remaining(BLOCK_SECONDS) * 1000)
        result, states = scard.SCardGetStatusChange(self._context.handle, milliseconds, [(source, known)])
        if result in (scard.SCARD_E_TIMEOUT, scard.SCARD_E_CANCELLED):
            return None
        state: int = states[0][1] if result == scard.SCARD_S_SUCCESS else 0
        if result in READER_GONE or state & (scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE):
            self._reader_lost = True
            raise ReaderGone(reader=self.name)
        self._context.check(result, "SCardGetStatusChange", self.name)
        return state


def _readers(context: PcscContext) -> tuple[str, ...]:
    result, names = scard.SCardListReaders(context.handle, [])
    if result == scard.SCARD_E_NO_READERS_AVAILABLE:
        return ()
    context.check(result, "SCardListReaders", "–")
    return tuple(names)


def _insertions(state: int) -> int:
    return state >> COUNTER_SHIFT
