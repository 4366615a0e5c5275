"""One stream of events for all readers: who comes and goes, readers and cards.

    with ReaderWatch() as watch:
        for event in watch:
            if event.kind is ReaderEventKind.CARD_PRESENT:
                with watch.connect(event.reader) as connection:
                    verify(connection, …)

PC/SC readers are all watched, whichever are plugged in; readers on other transports are named by those who
want them, because a serial line can't be looked at without taking it.
"""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from card.connection import CardConnection
from card.errors import WaitCancelled
from card.reader import CardReader
from card.readers.cancellation import Cancellation
from card.readers.reader_event import ReaderEvent
from card.readers.watch_line import LineWatch
from card.readers.watch_pcsc import PcscWatch
from crypto.closing import Closing

NO_OTHERS: Final[Mapping[str, Callable[[], CardReader]]] = MappingProxyType({})


class ReaderWatch(Closing):
    """The events of all PC/SC readers, and of `others`: readers by name, with what opens each.

    It begins with what is there already: a reader_arrived for each reader, a card_present for each card, or
    service_gone. Every reader_arrived is followed by one reader_left, every card_present by one card_removed.
    One thread takes the events and connects to the cards; cancel() may come from others or from a signal
    handler.
    """

    def __init__(self, others: Mapping[str, Callable[[], CardReader]] = NO_OTHERS) -> None:
        self._batches: queue.SimpleQueue[Sequence[ReaderEvent]] = queue.SimpleQueue()
        self._events: deque[ReaderEvent] = deque()
        self._cancelled = Cancellation()
        self._pcsc = PcscWatch(self._batches.put)
        self._lines = {name: LineWatch(name, opener, self._batches.put) for name, opener in others.items()}

    def wait_until_settled(self, timeout: float) -> bool:
        """Block until what is there behind PC/SC was told; False when `timeout` seconds passed first."""
        return self._pcsc.settled.wait(timeout)

    def next(self, timeout: float | None) -> ReaderEvent | None:
        """The next event; None when none came in `timeout` seconds (None: no end). Raises WaitCancelled."""
        if not self._events:
            self._events.extend(self.next_together(timeout))
        return self._events.popleft() if self._events else None

    def next_together(self, timeout: float | None) -> Sequence[ReaderEvent]:
        """The next events that belong together, as a reader that arrives with a card on it; as next().

        Empty when there are none in time.
        """
        if self._events:
            rest = tuple(self._events)
            self._events.clear()
            return rest
        if self._cancelled.wait(0):
            raise WaitCancelled
        try:
            batch = self._batches.get(timeout=timeout)
        except queue.Empty:
            return ()
        if not batch:
            raise WaitCancelled
        return batch

    def __iter__(self) -> Iterator[ReaderEvent]:
        """Event after event, until cancel()."""
        while True:
            try:
                event = self.next(None)
            except WaitCancelled:
                return
            if event is not None:
                yield event

    def connect(self, reader: str) -> CardConnection:
        """Connect to the card on a reader that these events named.

        A connection to a reader that is not behind PC/SC keeps it until it is closed. Raises CardTorn,
        CardInUse, ReaderGone, PcscServiceGone, PcscFailed, WaitCancelled, and what keeps a card that lies
        there from answering.
        """
        line = self._lines.get(reader)
        return self._pcsc.connect(reader) if line is None else line.connect()

    def cancel(self) -> None:
        """End the wait under way, and any later one, with WaitCancelled; from any thread or handler."""
        self._cancelled.request()
        self._batches.put(())
        self._pcsc.cancel()
        for line in self._lines.values():
            line.cancel()

    def close(self) -> None:
        """End all threads and let go of all readers. Closing twice does nothing."""
        self.cancel()
        self._pcsc.close()
        for line in self._lines.values():
            line.close()
