"""The events of one reader that is not behind PC/SC: a thread that owns it, and lends its connections.

Such a reader has one user at a time, so the thread that waits for cards is the one that connects, and hands
the connection to whoever asks for it while the card lies there. When that one closes it, the thread waits for
the card's removal.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Final

from card.apdu import CommandApdu, ResponseApdu
from card.connection import CardConnection
from card.errors import (
    CardError,
    CardInUse,
    CardNotRemoved,
    CardTorn,
    NoCardInTime,
    ReaderGone,
    ReaderRefused,
    TapRefused,
)
from card.reader import CardReader
from card.readers.cancellation import Cancellation
from card.readers.reader_event import ReaderEvent, ReaderEventKind
from crypto.closing import Closing

# How long a new card's connection is kept for whoever wants it, and the longest that one who asks later waits
# while the thread looks whether the card is still there.
PATIENCE_SECONDS: Final = 0.25
# A device that is not there can't be waited on; so it is opened again after this pause.
REOPEN_SECONDS: Final = 0.5
CLOSE_SECONDS: Final = 5.0
# The longest that one who asks for a connection waits for the thread, which may be within an exchange with a
# reader that does not answer any more.
CONNECT_SECONDS: Final = 15.0
# What may keep a card from being connected to while the reader goes on.
CARD_TROUBLE: Final = (TapRefused, CardInUse, ReaderRefused)


class LineWatch(Closing):
    """Tells what happens at one reader, from a thread of its own, until cancel().

    `open_reader` is called in that thread, again and again while the reader is not there. `tell` as with
    PcscWatch.
    """

    def __init__(
        self, name: str, open_reader: Callable[[], CardReader], tell: Callable[[Sequence[ReaderEvent]], None]
    ) -> None:
        self._name, self._open_reader, self._tell = name, open_reader, tell
        self._cancelled = Cancellation()
        self._reader: CardReader | None = None
        self._stay: _Stay | None = None
        self._thread = threading.Thread(target=self._run, name=f"watch {name}", daemon=True)
        self._thread.start()

    def connect(self) -> CardConnection:
        """The connection to the card that lies there; the reader is free again when it is closed.

        Raises CardTorn when none lies there any more, CardInUse while another connection is open, ReaderGone
        when the reader is not done with something else in CONNECT_SECONDS, and what the reader raises.
        """
        stay = self._stay
        if stay is None:
            raise CardTorn
        return stay.connect()

    def cancel(self) -> None:
        """End the thread; from any thread or signal handler."""
        self._cancelled.request()
        reader, stay = self._reader, self._stay  # the thread may set them to None meanwhile
        if reader is not None:
            reader.cancel()
        if stay is not None:
            stay.end()

    def close(self) -> None:
        """End the thread and let go of the reader. Closing twice does nothing."""
        self.cancel()
        self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        while not self._cancelled.wait(0):
            with suppress(CardError), self._open_reader() as reader:
                self._reader = reader
                self._tell((ReaderEvent(ReaderEventKind.READER_ARRIVED, self._name),))
                try:
                    self._follow(reader)
                finally:
                    self._reader = None
                    self._tell((ReaderEvent(ReaderEventKind.READER_LEFT, self._name),))
            self._cancelled.wait(REOPEN_SECONDS)

    def _follow(self, reader: CardReader) -> None:
        """Card after card. Raises what the reader raises when it is gone, and WaitCancelled."""
        while not self._cancelled.wait(0):
            found: CardConnection | CardError
            try:
                found = reader.wait_for_card(None)
            except CARD_TROUBLE as error:
                found = error
            self._stay = stay = _Stay(self._name)
            self._tell((ReaderEvent(ReaderEventKind.CARD_PRESENT, self._name, _atr(found)),))
            try:
                self._serve(reader, found, stay)
            finally:
                self._stay = None
                stay.end()
                stay.refuse_all()
                self._tell((ReaderEvent(ReaderEventKind.CARD_REMOVED, self._name),))

    def _serve(self, reader: CardReader, first: CardConnection | CardError, stay: _Stay) -> None:
        """Lend connections to the card, or say what is wrong with it, until it is gone."""
        found: CardConnection | CardError | None = first
        while not self._cancelled.wait(0):
            wish = stay.next_wish(0 if found is None else PATIENCE_SECONDS)
            if wish is not None:
                taken, found = found, None
                _answer(wish, taken, reader, stay)
                continue
            _let_go(found)
            found = None
            with suppress(CardNotRemoved):
                reader.wait_for_removal(PATIENCE_SECONDS)
                return
        _let_go(found)


def _answer(
    wish: Future[CardConnection], found: CardConnection | CardError | None, reader: CardReader, stay: _Stay
) -> None:
    """Lend what was found, or what is there now. Raises what ends the reader, once the wish was told."""
    try:
        connection = reader.wait_for_card(PATIENCE_SECONDS) if found is None else found
    except NoCardInTime:
        _refuse(wish, CardTorn())
    except CARD_TROUBLE as error:
        _refuse(wish, error)
    except CardError as error:
        _refuse(wish, error)
        raise
    else:
        if isinstance(connection, CardError):
            _refuse(wish, connection)
        else:
            stay.lend(connection, wish)


def _refuse(wish: Future[CardConnection], error: CardError) -> None:
    if wish.set_running_or_notify_cancel():
        wish.set_exception(error)


def _let_go(found: CardConnection | CardError | None) -> None:
    if found is not None and not isinstance(found, CardError):
        found.close()


class _Stay:
    """One card's stay on the reader: who wants its connection, and who has it."""

    def __init__(self, reader: str) -> None:
        self._reader = reader
        self._wishes: queue.SimpleQueue[Future[CardConnection] | None] = queue.SimpleQueue()
        self._lent: _LentConnection | None = None
        self._over = False

    def connect(self) -> CardConnection:
        """Ask the thread for the connection, and wait for it.

        Raises CardTorn when the card has left, CardInUse, and ReaderGone after CONNECT_SECONDS.
        """
        lent = self._lent
        if lent is not None and not lent.is_over:
            raise CardInUse(reader=self._reader)
        wish: Future[CardConnection] = Future()
        self._wishes.put(wish)
        if self._over:
            self.refuse_all()
        try:
            return wish.result(CONNECT_SECONDS)
        except TimeoutError as error:
            if wish.cancel():
                raise ReaderGone(reader=self._reader) from error
            return wish.result()  # it came at the last moment

    def next_wish(self, timeout: float) -> Future[CardConnection] | None:
        """Who asks for the connection; None when nobody did in so many seconds, or the stay is over."""
        with suppress(queue.Empty):
            while not self._over:
                wish = self._wishes.get(timeout=timeout)
                if wish is not None:  # else the end of a connection before
                    return wish
        return None

    def lend(self, connection: CardConnection, wish: Future[CardConnection]) -> None:
        """Hand it over, and block until it is closed or the stay is over; others are refused meanwhile."""
        if not wish.set_running_or_notify_cancel():
            connection.close()
            return
        self._lent = lent = _LentConnection(connection, self._wake)
        wish.set_result(lent)
        while not lent.is_over and not self._over:
            other = self._wishes.get()
            if other is not None:
                _refuse(other, CardInUse(reader=self._reader))
        lent.cut()
        self._lent = None

    def end(self) -> None:
        """Nobody gets a connection any more, and nobody is waited for; from any thread or signal handler."""
        self._over = True
        lent = self._lent
        if lent is not None:
            lent.cut()
        self._wake()

    def refuse_all(self) -> None:
        """Tell all who still ask that the card has left."""
        with suppress(queue.Empty):
            while True:
                wish = self._wishes.get_nowait()
                if wish is not None:
                    _refuse(wish, CardTorn())

    def _wake(self) -> None:
        # Unlike an Event's set(), put() may come from a signal handler that interrupts put().
        self._wishes.put(None)


class _LentConnection(Closing):
    """A `CardConnection` whose end is told to the thread that owns the reader."""

    def __init__(self, connection: CardConnection, tell_end: Callable[[], None]) -> None:
        self._connection = connection
        self._tell_end = tell_end
        self._is_open = True
        self.is_over = False  # the reader is its owner's again

    @property
    def atr(self) -> bytes:
        """The card's. Raises what the reader raises."""
        return self._connection.atr

    @property
    def max_apdu(self) -> int:
        """As long as the connection's."""
        return self._connection.max_apdu

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """One command, one answer. Raises CardTorn after the end, and what the reader raises."""
        if not self._is_open:
            raise CardTorn
        return self._connection.transmit(command)

    def close(self) -> None:
        """Give it back. Closing twice does nothing."""
        if self._is_open:
            self._is_open = False
            try:
                self._connection.close()
            finally:
                self.cut()

    def cut(self) -> None:
        """It answers nothing more, and nobody waits for its end."""
        self._is_open = False
        self.is_over = True
        self._tell_end()


def _atr(found: CardConnection | CardError) -> bytes:
    if isinstance(found, CardError):
        return b""
    try:
        return found.atr
    except TapRefused:
        return b""
