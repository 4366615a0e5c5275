"""Readers on a serial line, of the kind that their profile describes.

    with SerialReader("/dev/ttyUSB0", profile_by_id("acs-ccid-serial")) as reader:
        with reader.wait_for_card(timeout=None) as connection:
            verify(connection, …)

A serial line tells neither that a card came nor that it left, so both are asked for, `poll` milliseconds
apart. A reader that was unplugged is looked for at its path until it answers there again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar

from serial.tools.list_ports import comports

from card.apdu import CommandApdu, ResponseApdu
from card.errors import (
    CardError,
    CardNotRemoved,
    CardTorn,
    DeviceSpeaksOtherwise,
    NoCardInTime,
    NoSuchReader,
    ReaderGone,
    SerialPortRefused,
    WaitCancelled,
)
from card.readers.cancellation import Cancellation
from card.readers.deadline import Deadline
from card.readers.serial_ccid import SerialCcid
from card.readers.serial_command_response import SerialCommandResponse
from card.readers.serial_dialect import SerialDialect
from card.readers.serial_link import SerialLink
from card.readers.serial_pn532 import SerialPn532
from crypto.closing import Closing
from firmware_profiles.reader_profile import ReaderProfile
from firmware_profiles.serial_profile import SerialProfile

RECONNECT_SECONDS: Final = 0.5

Result = TypeVar("Result")


class SerialConnection(Closing):
    """A `CardConnection` to the card on a serial reader."""

    def __init__(self, reader: SerialReader, atr: bytes) -> None:
        self._reader: SerialReader | None = reader
        self._atr = atr

    @property
    def atr(self) -> bytes:
        """The card's answer to reset, or what becomes of a contactless card's ATS."""
        return self._atr

    @property
    def max_apdu(self) -> int:
        """What the reader's commands carry; none once closed."""
        return 0 if self._reader is None else self._reader.max_apdu

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """One command, one answer.

        Raises CardTorn, AnswerMalformed, ReaderGone, ReaderRefused, FrameTooLong.
        """
        if self._reader is None:
            raise CardTorn
        return ResponseApdu.from_bytes(self._reader._transmit(self, command.to_bytes()))

    def close(self) -> None:
        """Let go of the card. Closing twice does nothing."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader._release(self)


class SerialReader(Closing):
    """One reader, used by one thread; only cancel() may come from others or from a signal handler.

    Raises at once NoSuchReader when there is no such port, SerialPortRefused when it can't be opened, and
    DeviceSpeaksOtherwise when what is behind it does not answer as the profile says.
    """

    def __init__(self, path: str, profile: ReaderProfile) -> None:
        if profile.serial is None:
            raise ValueError(f"the profile {profile.id} describes no reader on a serial line")
        self.name: Final = f"serial:{profile.id}:{path}"
        self._path: Final = path
        self.profile: Final = profile
        self._serial: Final = profile.serial
        self._poll: Final = profile.serial.timing.poll / 1000
        self._cancellation = Cancellation()
        self._link: SerialLink | None = None
        self._connection: SerialConnection | None = None
        try:
            self._dialect = self._open()
        except ReaderGone as error:
            ports = ", ".join(sorted(port.device for port in comports()))
            raise NoSuchReader(reader=self.name, present=ports or "–") from error

    @property
    def max_apdu(self) -> int:
        """The longest APDU, in bytes, that its commands carry."""
        return self._dialect.max_apdu

    def wait_for_card(self, timeout: float | None) -> SerialConnection:
        """Block until a card lies on the reader, and connect to it.

        `timeout` in seconds, None for ever. Raises NoCardInTime, WaitCancelled, CardTorn, ReaderGone,
        ReaderRefused, AnswerMalformed.
        """
        deadline = Deadline(timeout)
        self._recover(deadline)
        while (atr := self._ask(self._dialect.find)) is None:
            self._pause(deadline, NoCardInTime)
        self._connection = SerialConnection(self, atr)
        return self._connection

    def wait_for_removal(self, timeout: float | None) -> None:
        """Block until the card that wait_for_card() saw is gone, be it that another one lies there by now.

        A card that was exchanged between two polls is told by its UID, where the reader gives one. `timeout`
        in seconds, None for ever. Raises CardNotRemoved, WaitCancelled, ReaderGone, ReaderRefused.
        """
        deadline = Deadline(timeout)
        self._recover(deadline)
        while self._ask(self._dialect.still_there):
            self._pause(deadline, CardNotRemoved)

    def cancel(self) -> None:
        """End the wait under way, and any later one, with WaitCancelled, after the exchange under way."""
        self._cancellation.request()

    def close(self) -> None:
        """Let go of the port. Closing twice does nothing."""
        self._lose()

    def _transmit(self, connection: SerialConnection, command: bytes) -> bytes:
        if self._connection is not connection:
            raise CardTorn
        return self._ask(lambda: self._dialect.transmit(command))

    def _release(self, connection: SerialConnection) -> None:
        if self._connection is connection:
            self._connection = None
            # The card or the reader may be gone: then the next wait says so.
            with suppress(CardError):
                self._dialect.release()

    def _ask(self, question: Callable[[], Result]) -> Result:
        """Ask the reader, and note that it is gone when it is."""
        try:
            return question()
        except ReaderGone:
            self._lose()
            raise

    def _pause(self, deadline: Deadline, late: type[CardError]) -> None:
        """Wait for the next poll. Raises `late` at the deadline, and WaitCancelled."""
        if deadline.passed:
            raise late
        self._heed_cancel(deadline.remaining(self._poll))

    def _recover(self, deadline: Deadline) -> None:
        """Wait until a reader that was lost answers again."""
        self._heed_cancel(0)
        while self._link is None:
            try:
                self._dialect = self._open()
            except (ReaderGone, SerialPortRefused, DeviceSpeaksOtherwise) as error:
                # It is still away; or its port is not ours yet, or it has not started yet.
                if deadline.passed:
                    raise ReaderGone(reader=self.name) from error
                self._heed_cancel(deadline.remaining(RECONNECT_SECONDS))

    def _heed_cancel(self, seconds: float) -> None:
        """Pause for so long. Raises WaitCancelled as soon as that was asked for."""
        if self._cancellation.wait(seconds):
            raise WaitCancelled

    def _open(self) -> SerialDialect:
        link = SerialLink(self.name, self._path, self.profile.id, self._serial)
        dialect = _dialect(link, self._serial)
        try:
            dialect.greet()
        except CardError:
            link.close()
            raise
        self._link = link
        return dialect

    def _lose(self) -> None:
        link, self._link = self._link, None
        self._connection = None
        if link is not None:
            link.close()


def _dialect(link: SerialLink, profile: SerialProfile) -> SerialDialect:
    if profile.ccid is not None:
        return SerialCcid(link, profile.ccid)
    if profile.pn532 is not None:
        return SerialPn532(link, profile.pn532)
    if profile.command_response is not None:
        return SerialCommandResponse(link, profile.command_response)
    raise AssertionError("a serial profile has one dialect")
