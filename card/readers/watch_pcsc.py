"""The events of all PC/SC readers: one thread, one context, one blocking call.

SCardGetStatusChange blocks on every reader and on the list of readers at once. pcsc-lite does not say when a
reader came between the listing and the block; so the list is read again whenever a block ends, after
BLOCK_SECONDS at the latest.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final

from smartcard import scard

from card.errors import PcscFailed, PcscServiceGone, ReaderGone, WaitCancelled
from card.readers.cancellation import Cancellation
from card.readers.deadline import Deadline
from card.readers.pcsc_connection import PcscConnection
from card.readers.pcsc_context import (
    BLOCK_SECONDS,
    READER_LIST_CHANGES,
    RECONNECT_SECONDS,
    PcscContext,
    ReaderState,
)
from card.readers.reader_event import ReaderEvent, ReaderEventKind
from crypto.closing import Closing
from firmware_profiles.reader_profile import recognise_reader

MAX_READERS: Final = 16  # SCardGetStatusChange takes no more at once (PCSCLITE_MAX_READERS_CONTEXTS)
# The longest block when there are more than that, the list of readers included: those that have no place in
# it are looked at between two blocks.
CROWDED_SECONDS: Final = 0.1
CLOSE_SECONDS: Final = 5.0


class PcscWatch(Closing):
    """Tells every change at the PC/SC readers, from a thread of its own, until cancel().

    `tell` gets the events that belong together: a reader that comes with its card, a service that goes with
    its readers. Every reader_arrived is followed by one reader_left, and every card_present by one
    card_removed, also when the service is gone; then service_gone comes first, once.
    """

    def __init__(self, tell: Callable[[Sequence[ReaderEvent]], None]) -> None:
        self._tell = tell
        self.settled: Final = threading.Event()  # what was there at the beginning has been told
        self._cancelled = Cancellation()
        self._states: dict[str, ReaderState] = {}
        self._service_gone = False
        self._context = PcscContext()
        self._tap_context = PcscContext()  # connections can't share a context that blocks
        # A daemon: libpcsclite blocks for ever while it greets a service that hangs, and no call ends that.
        self._thread = threading.Thread(target=self._run, name="pcsc-watch", daemon=True)
        self._thread.start()

    def connect(self, reader: str) -> PcscConnection:
        """Connect to the card on a reader; for one thread, not this object's own.

        Raises CardTorn, CardInUse, ReaderGone, PcscServiceGone, PcscFailed, WaitCancelled.
        """
        try:
            return self._connect(reader)
        except PcscServiceGone:
            if self._service_gone:
                raise
            # The context was of a service that was started anew since.
            return self._connect(reader)

    def cancel(self) -> None:
        """End the thread; from any thread or signal handler."""
        self._cancelled.request()
        self._context.cancel()

    def close(self) -> None:
        """End the thread and give the contexts back. Closing twice does nothing."""
        self.cancel()
        self._thread.join(CLOSE_SECONDS)
        self._tap_context.close()

    def _connect(self, reader: str) -> PcscConnection:
        self._tap_context.open(Deadline(0), self._cancelled)
        return PcscConnection(self._tap_context, reader, recognise_reader(reader))

    def _run(self) -> None:
        with suppress(WaitCancelled), self._context:
            while not self._cancelled.wait(0):
                try:
                    self._context.open(Deadline(None if self._service_gone else 0), self._cancelled)
                    self._follow()
                except (PcscServiceGone, PcscFailed):
                    self._context.close()
                    self._lose_service()
                    self._cancelled.wait(RECONNECT_SECONDS)

    def _follow(self) -> None:
        """Tell changes for as long as the service answers. Raises PcscServiceGone, PcscFailed."""
        seconds = 0.0
        while not self._cancelled.wait(0):
            left = [*self._listed(self._context.readers())]
            if left:
                self._tell(left)
            events = [*self._changed(seconds)]
            if self._service_gone:
                self._service_gone = False
                events.insert(0, ReaderEvent(ReaderEventKind.SERVICE_BACK))
            if events:
                self._tell(events)
            self.settled.set()
            seconds = BLOCK_SECONDS

    def _listed(self, readers: tuple[str, ...]) -> Iterator[ReaderEvent]:
        """Forget the readers that are listed no more."""
        for name in self._states.keys() - readers:
            yield from changes(self._states.pop(name), None)
        for name in readers:
            # A state that no service ever tells, so that the next block ends at once with the true one.
            self._states.setdefault(name, ReaderState(name, scard.SCARD_STATE_UNAWARE, b""))

    def _changed(self, seconds: float) -> Iterator[ReaderEvent]:
        """Block once, and take up what the service tells."""
        known = [(state.reader, state.bits) for state in self._states.values()]
        known.insert(0, (READER_LIST_CHANGES, scard.SCARD_STATE_UNAWARE))
        if len(known) > MAX_READERS:
            seconds = min(seconds, CROWDED_SECONDS)
        for at in range(0, len(known), MAX_READERS):
            # Only the first of them blocks.
            yield from self._looked_at(known[at : at + MAX_READERS], 0 if at else seconds)

    def _looked_at(self, known: Sequence[tuple[str, int]], seconds: float) -> Iterator[ReaderEvent]:
        """The events at these readers."""
        try:
            told = self._context.wait_for_change(known, seconds)
        except ReaderGone:
            return  # one of them went since the listing
        for state in told or ():
            before = self._states.get(state.reader)
            if before is not None:
                self._states[state.reader] = state
                yield from changes(before, state)

    def _lose_service(self) -> None:
        if self._service_gone:
            return
        self._service_gone = True
        events = [ReaderEvent(ReaderEventKind.SERVICE_GONE)]
        for state in self._states.values():
            events.extend(changes(state, None))
        self._states.clear()
        self._tell(events)
        self.settled.set()


def changes(before: ReaderState, after: ReaderState | None) -> Iterator[ReaderEvent]:
    """The events that lead from one state of a reader to the next; `after` is None when it is not listed."""
    was_there = before.bits != scard.SCARD_STATE_UNAWARE and not before.is_gone
    is_there = after is not None and not after.is_gone
    had_card = was_there and before.has_card
    has_card = is_there and after is not None and after.has_card
    # A card that was put back or exchanged between two looks is known by the count of moves alone.
    stayed = had_card and has_card and after is not None and before.moves == after.moves
    if had_card and not stayed:
        yield ReaderEvent(ReaderEventKind.CARD_REMOVED, before.reader)
    if was_there and not is_there:
        yield ReaderEvent(ReaderEventKind.READER_LEFT, before.reader)
    if is_there and not was_there:
        yield ReaderEvent(ReaderEventKind.READER_ARRIVED, before.reader)
    if has_card and not stayed and after is not None:
        yield ReaderEvent(ReaderEventKind.CARD_PRESENT, before.reader, after.atr)
