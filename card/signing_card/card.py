"""One signing card in its reader, kept open for whoever signs, whatever happens to card, reader and pcscd.

with SigningCard("Virtual PCD 00 00", serial, obtain_pin) as card:
    signature = card.use(lambda session: session.sign_digest(1, e))
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar

from card.connection import CardConnection
from card.errors import (
    AnswerTooLate,
    CardError,
    CardInUse,
    CardTorn,
    NoCardInTime,
    NoSuchReader,
    NotASigningCard,
    OtherSigningCard,
    PcscServiceGone,
    ReaderGone,
    SigningCardMissing,
    SigningCardPinBlocked,
    SigningCardPinDoubtful,
    SigningCardPinUnfit,
    SigningCardPinWrong,
    SigningCardRefused,
    SigningReaderUnclear,
)
from card.reader import CardReader
from card.readers.address import is_off_pcsc, open_reader
from card.readers.deadline import Deadline
from card.readers.pcsc import list_readers
from card.signing_card.data_objects import PIN_TRIES
from card.signing_card.pin import Pin
from card.signing_card.session import SigningCardSession
from card.status_word import StatusWord
from crypto.closing import Closing

# A card sits in its reader for years; after a restart pcscd needs a moment to find it.
CARD_SECONDS: Final = 5.0
# The centre's service and its administrator's commands take turns with one card.
IDLE_SECONDS: Final = 0.2
HELD_SECONDS: Final = 1.0
BUSY_SECONDS: Final = 15.0
RETRY_SECONDS: Final = 0.05
YIELD_SECONDS: Final = 0.1  # who waits tries often enough to come in between

Result = TypeVar("Result")

_LOST: Final = (CardTorn, ReaderGone, PcscServiceGone, AnswerTooLate)
# A card that was reset, or exchanged so quickly that pcscd did not see it, has forgotten the visit.
_FORGOTTEN: Final = frozenset(
    (
        StatusWord.SECURITY_CONDITION_NOT_SATISFIED,
        StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED,
        StatusWord.REFERENCED_DATA_NOT_FOUND,
        StatusWord.INSTRUCTION_NOT_SUPPORTED,
        StatusWord.CLASS_NOT_SUPPORTED,
    )
)


def find_reader(name: str) -> str:
    """The reader with this name, or the one PC/SC reader in whose name it occurs.

    Raises NoSuchReader, SigningReaderUnclear, PcscServiceGone, PcscFailed.
    """
    if is_off_pcsc(name):
        return name
    present = list_readers()
    if name in present:
        return name
    found = [reader for reader in present if name and name in reader]
    if not found:
        raise NoSuchReader(reader=name, present=", ".join(present) or "–")
    if len(found) > 1:
        raise SigningReaderUnclear(reader=name, found=", ".join(found))
    return found[0]


class SigningCard(Closing):
    """The signing card with this serial number (16 hexadecimal digits; empty: whichever is there).

    Threads take turns. The line stays open, to the exclusion of other programs, while one use follows
    another, at most for about HELD_SECONDS; then the card forgets the PIN and is free for the next program.
    The line is made anew, with the PIN, when it is needed again, and when card, reader or service were gone.
    `pin` is asked for once. A PIN that the card refused is not sent again, and a stored one only while all
    tries are left: a service that restarts by itself must not block the card.
    """

    def __init__(self, reader: str, serial: str, pin: Callable[[], Pin]) -> None:
        self._address: Final = reader
        self._serial = serial
        self._obtain: Final = pin
        self._pin: Pin | None = None
        self._refused: CardError | None = None
        self._lock: Final = threading.Lock()
        self._reader: CardReader | None = None
        self._connection: CardConnection | None = None
        self._session: SigningCardSession | None = None
        self._opened = 0.0
        self._used = 0.0
        self._yielded = -YIELD_SECONDS
        self._timer: threading.Timer | None = None

    @property
    def serial(self) -> str:
        """The card's serial number, 16 hexadecimal digits. Raises what use() raises."""
        return self.use(lambda session: session.serial)

    def use(self, work: Callable[[SigningCardSession], Result]) -> Result:
        """What `work` returns, given the open card; done again, once, where an open line turns out dead.

        Raises SigningCardMissing, NotASigningCard, OtherSigningCard, SigningCardPinWrong and its like, what
        finding the reader raises, and what `work` does.
        """
        with self._lock:
            try:
                return self._work(work)
            finally:
                self._free_soon()

    def close(self) -> None:
        """Let the card forget the PIN, and let go of it. Closing twice does nothing."""
        with self._lock:
            self._free()
            reader, self._reader = self._reader, None
            if reader is not None:
                reader.close()

    def __repr__(self) -> str:
        return f"SigningCard({self._serial} in {self._address})"

    def _work(self, work: Callable[[SigningCardSession], Result]) -> Result:
        if self._session is not None:
            try:
                return work(self._session)
            except _LOST:
                self._let_go()
            except SigningCardRefused as error:
                if error.sw not in _FORGOTTEN:
                    raise
                self._let_go()
        return self._finish(work, self._open())

    def _free_soon(self) -> None:
        """Free the card for other programs once nobody here uses it, or it was held for long enough."""
        self._used = time.monotonic()
        if self._session is None:
            return
        if self._used - self._opened > HELD_SECONDS:
            self._free()
            self._yielded = self._used
        elif self._timer is None:
            self._look_again_in(IDLE_SECONDS)

    def _look_again_in(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._free_if_idle)
        self._timer.daemon = True
        self._timer.start()

    def _free_if_idle(self) -> None:
        with self._lock:
            self._timer = None
            idle = time.monotonic() - self._used
            if self._session is None:
                return
            if idle >= IDLE_SECONDS:
                self._free()
            else:
                self._look_again_in(IDLE_SECONDS - idle)

    def _free(self) -> None:
        session = self._session
        if session is not None:
            with suppress(CardError):
                session.lock()
        self._let_go()

    def _finish(self, work: Callable[[SigningCardSession], Result], session: SigningCardSession) -> Result:
        try:
            return work(session)
        except CardTorn as error:
            self._let_go()
            raise SigningCardMissing(reader=self._address) from error
        except _LOST:
            self._let_go()
            raise

    def _open(self) -> SigningCardSession:
        if self._refused is not None:
            raise self._refused
        if self._reader is None:
            self._reader = open_reader(find_reader(self._address))
        try:
            time.sleep(max(0.0, self._yielded + YIELD_SECONDS - time.monotonic()))
            self._connection = wait_for_free_card(self._reader)
            session = open_session(self._connection, self._address)
            self._expect_this_card(session)
            self._give_pin(session)
        except (NoCardInTime, CardTorn) as error:
            self._let_go()
            raise SigningCardMissing(reader=self._address) from error
        except BaseException:
            self._let_go()
            raise
        self._session, self._opened = session, time.monotonic()
        return session

    def _expect_this_card(self, session: SigningCardSession) -> None:
        if not self._serial:
            self._serial = session.serial
        if session.serial != self._serial:
            raise OtherSigningCard(expected=self._serial, found=session.serial)

    def _give_pin(self, session: SigningCardSession) -> None:
        tries = session.tries_left()
        if tries == 0:
            raise SigningCardPinBlocked(card=session.serial)
        if self._pin is None:
            self._pin = self._obtain()
        if not self._pin.typed and tries < PIN_TRIES:
            raise SigningCardPinDoubtful(tries=tries)
        try:
            session.verify_pin(self._pin.value)
        except (SigningCardPinWrong, SigningCardPinBlocked, SigningCardPinUnfit) as error:
            self._refused = error
            raise

    def _let_go(self) -> None:
        self._session = None
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(CardError):
                connection.close()


def wait_for_free_card(reader: CardReader) -> CardConnection:
    """The card, once no other program uses it.

    Raises NoCardInTime, CardInUse after BUSY_SECONDS, and what the reader raises.
    """
    deadline = Deadline(BUSY_SECONDS)
    while True:
        try:
            return reader.wait_for_card(CARD_SECONDS)
        except CardInUse:
            if deadline.passed:
                raise
        time.sleep(RETRY_SECONDS)


def open_session(connection: CardConnection, reader: str) -> SigningCardSession:
    """A visit to the card on this line. Raises NotASigningCard for any other card."""
    try:
        return SigningCardSession(connection)
    except SigningCardRefused as error:
        raise NotASigningCard(reader=reader) from error
