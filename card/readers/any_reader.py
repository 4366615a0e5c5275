"""Whatever reader is plugged in: a tap on any of them, as if they were one.

with AnyReader() as reader:
    with reader.wait_for_card(timeout=None) as connection:
        verify(connection, …)
    reader.wait_for_removal(timeout=None)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from card.connection import CardConnection
from card.errors import (
    CardError,
    CardNotRemoved,
    NoCardInTime,
    NoReaderConnected,
    PcscServiceGone,
    ReaderGone,
)
from card.reader import CardReader
from card.readers.deadline import Deadline
from card.readers.reader_event import ReaderEvent, ReaderEventKind
from card.readers.reader_table import LyingCard, ReaderTable
from card.readers.watch import NO_OTHERS, ReaderWatch
from crypto.closing import Closing

ANY: Final = "any"
# How long readers may take to be found after a start before it is said that there is none.
STARTUP_SECONDS: Final = 1.0


class AnyReader(Closing):
    """A `CardReader` that is all readers at once: those behind PC/SC, whichever come and go, and `others`.

    Slots for a PSAM are left out. Without any reader it waits for one, and says so once (NoReaderConnected).
    A card that is left on one reader does not keep the others from tapping.
    """

    def __init__(self, others: Mapping[str, Callable[[], CardReader]] = NO_OTHERS) -> None:
        self.name: Final = ANY
        self._watch = ReaderWatch(others)
        self._table = ReaderTable()
        self._tapped: LyingCard | None = None  # what wait_for_card() saw
        self._said: type[CardError] | None = None  # what is missing, and was said
        self._watch.wait_until_settled(STARTUP_SECONDS)

    def wait_for_card(self, timeout: float | None) -> CardConnection:
        """Block until a card lies on a reader, and connect to it; the latest of several.

        `timeout` in seconds, None for ever. Raises NoCardInTime, NoReaderConnected, WaitCancelled, CardTorn,
        CardInUse, ReaderGone, PcscServiceGone, PcscFailed, and what keeps a card from answering.
        """
        deadline = Deadline(timeout)
        self._catch_up()
        while (card := self._next_card()) is None:
            self._wait(deadline, NoCardInTime)
        self._tapped = card
        try:
            return self._watch.connect(card.reader)
        except PcscServiceGone:
            self._said = PcscServiceGone
            raise

    @property
    def card_reader(self) -> str:
        """The name of the reader on which the card lies that wait_for_card() saw; empty for none."""
        return "" if self._tapped is None else self._tapped.reader

    def wait_for_removal(self, timeout: float | None) -> None:
        """Block until the card that wait_for_card() saw is gone, or another reader has one not yet tapped.

        Where no reader is there, until one is; a card that lies there then still counts as the same card.
        `timeout` in seconds, None for ever. Raises CardNotRemoved, NoReaderConnected, WaitCancelled,
        ReaderGone, PcscServiceGone.
        """
        deadline = Deadline(timeout)
        self._catch_up()
        while not self._table.readers or (
            self._tapped in self._table.cards and self._next_card() is self._tapped
        ):
            self._wait(deadline, CardNotRemoved)
        if self._tapped is not None:
            self._tapped.done = True
            self._tapped = None

    def cancel(self) -> None:
        """End the wait under way, and any later one, with WaitCancelled."""
        self._watch.cancel()

    def close(self) -> None:
        """Let go of all readers. Closing twice does nothing."""
        self._watch.close()

    def _next_card(self) -> LyingCard | None:
        """The latest card that was not tapped yet; failing that, the one that was not waited for yet."""
        waiting = [card for card in self._table.cards if not card.done]
        return next((card for card in reversed(waiting) if card is not self._tapped), None) or (
            waiting[-1] if waiting else None
        )

    def _catch_up(self) -> None:
        """Take up what happened since the last call."""
        while events := self._watch.next_together(0):
            self._take(events)

    def _wait(self, deadline: Deadline, late: type[CardError]) -> None:
        """Take up what happens next. Raises `late` at the deadline, or what is missing, then or sooner."""
        news = self._missing() not in {None, self._said}
        events = self._watch.next_together(deadline.remaining(STARTUP_SECONDS))
        if events:
            self._take(events)
        elif news or deadline.passed:
            self._said = self._missing()
            raise (self._said or late)

    def _missing(self) -> type[CardError] | None:
        """What keeps cards from being read."""
        if self._table.readers:
            return None
        return PcscServiceGone if self._table.service_gone else NoReaderConnected

    def _take(self, events: Sequence[ReaderEvent]) -> None:
        """Take up events that belong together. Raises what went with them, if it was not said before."""
        before = set(self._table.readers)
        self._table.take(events)
        left = before - self._table.readers
        if events[0].kind is ReaderEventKind.SERVICE_GONE and self._said is not PcscServiceGone:
            self._said = PcscServiceGone
            raise PcscServiceGone
        if self._table.readers and not self._table.service_gone:
            self._said = None
        elif left and not self._table.service_gone:
            self._said = NoReaderConnected
            raise ReaderGone(reader=min(left))
