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
    TapRefused,
)
from card.reader import CardReader
from card.readers.reader_event import ReaderEvent, ReaderEventKind
from crypto.closing import Closing

# How long a new card's connection is kept for whoever wants it, and the longest that one who asks later waits
# while the thread looks whether the card is still there.
PATIENCE_SECONDS: Final = 0.25
# A device that is not there can't be waited on; so it is opened again after this pause.
REOPEN_SECONDS: Final = 0.5
CLOSE_SECONDS: Final = 5.0


class LineWatch(Closing):
    """Tells what happens at one reader, from a thread of its own, until cancel().

    `open_reader` is called in that thread, again and again while the reader is not there. `tell` as with
    PcscWatch.
    """

    def __init__(
        self, name: str, open_reader: Callable[[], CardReader], tell: Callable[[Sequence[ReaderEvent]], None]
    ) -> None:
        self._name, self._open_reader, self._tell = name, open_reader, tell
        self._cancelled = threading.Event()
        self._reader: CardReader | None = None
        self._stay: _Stay | None = None
        self._thread = threading.Thread(target=self._run, name=f"watch {name}", daemon=True)
        self._thread.start()

    def connect(self) -> CardConnection:
        """The connection to the card that lies there; the reader is free again when it is closed.

        Raises CardTorn when none lies there any more, and what the reader raises.
        """
        stay = self._stay
        if stay is None:
            raise CardTorn
        return stay.connect()

    def cancel(self) -> None:
        """End the thread; from any thread or signal handler."""
        self._cancelled.set()
        if self._reader is not None:
            self._reader.cancel()
        if self._stay is not None:
            self._stay.end()

    def close(self) -> None:
        """End the thread and let go of the reader. Closing twice does nothing."""
        self.cancel()
        self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        while not self._cancelled.is_set():
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
        while not self._cancelled.is_set():
            try:
                connection = reader.wait_for_card(None)
            except (TapRefused, CardInUse):
                reader.wait_for_removal(None)
                continue
            self._stay = stay = _Stay()
            self._tell((ReaderEvent(ReaderEventKind.CARD_PRESENT, self._name, _atr(connection)),))
            try:
                self._serve(reader, connection, stay)
            finally:
                self._stay = None
                stay.end()
                self._tell((ReaderEvent(ReaderEventKind.CARD_REMOVED, self._name),))

    def _serve(self, reader: CardReader, first: CardConnection, stay: _Stay) -> None:
        """Lend connections to the card until it is gone."""
        connection: CardConnection | None = first
        while not self._cancelled.is_set():
            wish = stay.next_wish(0 if connection is None else PATIENCE_SECONDS)
            if wish is not None:
                try:
                    lent = _LentConnection(connection or reader.wait_for_card(PATIENCE_SECONDS))
                except NoCardInTime:
                    wish.set_exception(CardTorn())
                except CardError as error:
                    wish.set_exception(error)
                    if not isinstance(error, (TapRefused, CardInUse)):
                        raise
                else:
                    connection = None
                    stay.lend(lent, wish)
                continue
            if connection is not None:
                connection.close()
                connection = None
            with suppress(CardNotRemoved):
                reader.wait_for_removal(PATIENCE_SECONDS)
                return
        if connection is not None:
            connection.close()


class _Stay:
    """One card's stay on the reader: who wants its connection, and who has it."""

    def __init__(self) -> None:
        self._wishes: queue.SimpleQueue[Future[CardConnection] | None] = queue.SimpleQueue()
        self._lent: _LentConnection | None = None
        self._over = False

    def connect(self) -> CardConnection:
        """Ask the thread for the connection, and wait for it. Raises CardTorn when the card has left."""
        wish: Future[CardConnection] = Future()
        self._wishes.put(wish)
        if self._over:
            self._refuse_all()
        return wish.result()

    def next_wish(self, timeout: float) -> Future[CardConnection] | None:
        """Who asks for the connection; None when nobody did in so many seconds, or the stay is over."""
        try:
            return self._wishes.get(timeout=timeout)
        except queue.Empty:
            return None

    def lend(self, connection: _LentConnection, wish: Future[CardConnection]) -> None:
        """Hand it over, and block until it is closed or the stay is over."""
        self._lent = connection
        wish.set_result(connection)
        if not self._over:
            connection.wait_until_closed()
        self._lent = None

    def end(self) -> None:
        """Nobody gets a connection any more, and nobody is waited for."""
        self._over = True
        if self._lent is not None:
            self._lent.cut()
        self._refuse_all()
        self._wishes.put(None)

    def _refuse_all(self) -> None:
        with suppress(queue.Empty):
            while True:
                wish = self._wishes.get_nowait()
                if wish is not None:
                    wish.set_exception(CardTorn())


class _LentConnection(Closing):
    """A `CardConnection` whose end is known to the thread that owns the reader."""

    def __init__(self, connection: CardConnection) -> None:
        self._connection = connection
        self._is_open = True
        # Unlike an Event's set(), put() may come from a signal handler that interrupts put().
        self._end: queue.SimpleQueue[None] = queue.SimpleQueue()

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
            self._connection.close()
            self._end.put(None)

    def cut(self) -> None:
        """It answers nothing more, and nobody waits for its end."""
        self._is_open = False
        self._end.put(None)

    def wait_until_closed(self) -> None:
        """Block until it was given back or cut."""
        self._end.get()


def _atr(connection: CardConnection) -> bytes:
    try:
        return connection.atr
    except TapRefused:
        return b""
