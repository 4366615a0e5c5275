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

from typing import Final

from smartcard import scard

from card.errors import (
    CardError,
    CardInUse,
    CardNotRemoved,
    CardTorn,
    NoCardInTime,
    NoSuchReader,
    ReaderGone,
    WaitCancelled,
)
from card.readers.cancellation import Cancellation
from card.readers.deadline import Deadline
from card.readers.pcsc_connection import PcscConnection
from card.readers.pcsc_context import BLOCK_SECONDS, READER_LIST_CHANGES, PcscContext, ReaderState
from crypto.closing import Closing
from firmware_profiles.reader_profile import ReaderProfile, recognise_reader


def list_readers() -> tuple[str, ...]:
    """Names of the readers that the service knows now. Raises PcscServiceGone and PcscFailed."""
    with PcscContext() as context:
        context.open(Deadline(0), Cancellation())
        return context.readers()


class PcscReader(Closing):
    """One reader, used by one thread; only cancel() may come from others or from a signal handler.

    Raises PcscServiceGone or NoSuchReader at once when it is not there.
    """

    def __init__(self, name: str, profile: ReaderProfile | None = None) -> None:
        self.name: Final = name
        self.profile: Final = profile or recognise_reader(name)
        self._unknown: Final = ReaderState(name, scard.SCARD_STATE_UNAWARE, b"")
        self._state = self._unknown  # what the reader was like when it was last known
        self._seen = self._unknown  # when wait_for_card() saw its card
        self._cancelled = Cancellation()
        self._context = PcscContext()
        self._reader_lost = False
        self._context.open(Deadline(0), self._cancelled)
        present = self._context.readers()
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
        state, self._state = self._state, self._unknown
        if state is self._unknown:
            # To connect asks whether a card is there as well: where one is, the service is asked but once.
            try:
                connection = self._connect()
            except (CardTorn, CardInUse):
                if not self._context.is_open:
                    raise
                # Else it is said of a reader that is empty, too.
            else:
                self._seen = self._unknown
                return connection
        while not state.has_card:
            state = self._next_state(state, deadline, NoCardInTime)
        self._seen = state
        return self._connect()

    def wait_for_removal(self, timeout: float | None) -> None:
        """Block until the card that wait_for_card() saw is gone, be it that another one lies there by now.

        A card that lay there while the service or the reader was away counts as the same card. `timeout` in
        seconds, None for ever. Raises CardNotRemoved, WaitCancelled, ReaderGone, PcscServiceGone, PcscFailed.
        """
        deadline = Deadline(timeout)
        self._recover(deadline)
        if self._seen is self._unknown:
            self._seen = self._next_state(self._unknown, deadline, CardNotRemoved)
        state = self._seen
        # A card that was put back quickly is known by the count of moves alone.
        while state.has_card and state.moves == self._seen.moves:
            state = self._next_state(state, deadline, CardNotRemoved)
        self._state = state

    def cancel(self) -> None:
        """End the wait under way, and any later one, with WaitCancelled."""
        self._cancelled.request()
        self._context.cancel()

    def close(self) -> None:
        """Give the context back. Closing twice does nothing."""
        self._context.close()

    def _connect(self) -> PcscConnection:
        if self._cancelled.wait(0):
            raise WaitCancelled
        try:
            return PcscConnection(self._context, self.name, self.profile)
        except ReaderGone:
            self._reader_lost = True
            raise

    def _next_state(self, known: ReaderState, deadline: Deadline, late: type[CardError]) -> ReaderState:
        """The reader's next state that differs from `known`. Raises `late` at the deadline."""
        while True:
            state = self._block(self.name, known.bits, deadline)
            if state is not None:
                return state
            if deadline.passed:
                raise late

    def _recover(self, deadline: Deadline) -> None:
        """Wait for the return of a service or a reader that was lost."""
        if self._context.is_open and not self._reader_lost:
            return
        self._state = self._seen = self._unknown
        self._context.open(deadline, self._cancelled)
        while self.name not in self._context.readers():
            if (
                self._block(READER_LIST_CHANGES, scard.SCARD_STATE_UNAWARE, deadline) is None
                and deadline.passed
            ):
                raise ReaderGone(reader=self.name)
        self._reader_lost = False

    def _block(self, source: str, known: int, deadline: Deadline) -> ReaderState | None:
        """One wait of at most BLOCK_SECONDS for a change at `source`; None when there was none."""
        if self._cancelled.wait(0):
            raise WaitCancelled
        try:
            states = self._context.wait_for_change([(source, known)], deadline.remaining(BLOCK_SECONDS))
            if states is None:
                return None
            if states[0].is_gone:
                raise ReaderGone(reader=self.name)
        except ReaderGone as error:
            self._reader_lost = True
            # `source` may be the list of readers.
            raise ReaderGone(reader=self.name) from error
        return states[0]
