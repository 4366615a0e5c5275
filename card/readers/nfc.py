"""PN532 readers on a serial port, without PC/SC, driven by nfcpy.

    with NfcReader("/dev/ttyUSB0") as reader:
        with reader.wait_for_card(timeout=None) as connection:
            verify(connection, …)
        reader.wait_for_removal(timeout=None)

Such a reader reports nothing by itself: that a card came is only known by calling for one over the air. So a
wait switches the field on for an instant SENSE_SECONDS apart, which also spares the battery of a handheld. A
card that is there is asked by R(NAK) whether it still is, which changes nothing for it.

Type A cards on ISO/IEC 14443-4 are talked to. Any other card, as a tag or a type B card, gets a connection
that raises ForeignCard, with an ATR by which it may be named.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

import nfc.clf
from serial.tools.list_ports import comports

from card.apdu import MAX_APDU_BYTES, CommandApdu, ResponseApdu
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
from card.readers.nfc_card import TYPE_B_FACTS, NfcCard, activated
from card.readers.nfc_frontend import PROFILE, NfcFrontend
from crypto.closing import Closing
from firmware_profiles.reader_profile import ReaderProfile, profile_by_id

SENSE_SECONDS: Final = 0.1
RECONNECT_SECONDS: Final = 0.5
RANDOM_UID: Final = 0x08  # first byte of a UID that changes with every field (ISO/IEC 14443-3 §6.5.4)
RANDOM_UID_BYTES: Final = 4


class NfcConnection(Closing):
    """A `CardConnection` to the card in the field of an NFC reader."""

    def __init__(self, card: NfcCard) -> None:
        self._card: NfcCard | None = card
        self.atr: Final = card.atr

    @property
    def max_apdu(self) -> int:
        """Of any length."""
        return MAX_APDU_BYTES

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """One command, one answer. Raises CardTorn, AnswerMalformed, ForeignCard, ReaderGone."""
        if self._card is None:
            raise CardTorn
        return ResponseApdu.from_bytes(self._card.exchange(command.to_bytes()))

    def close(self) -> None:
        """Let go of the card. Closing twice does nothing."""
        self._card = None


class NfcReader(Closing):
    """One reader, used by one thread; only cancel() may come from others or from a signal handler.

    Raises at once NoSuchReader when there is no such port, SerialPortRefused when it can't be opened,
    DeviceSpeaksOtherwise when no PN532 answers there, and ReaderAddressRefused for a path that no port has.
    """

    def __init__(self, path: str) -> None:
        self.name: Final = f"nfc:{path}"
        self.profile: Final[ReaderProfile] = profile_by_id(PROFILE)
        self._path = path
        self._cancellation = Cancellation()
        self._uid = b""  # of the card that was seen last
        self._card: NfcCard | None = None  # the same, as long as it is selected
        self._connection: NfcConnection | None = None
        try:
            self._frontend = NfcFrontend(path, self.name)
        except ReaderGone as error:
            ports = ", ".join(sorted(port.device for port in comports()))
            raise NoSuchReader(reader=self.name, present=ports or "–") from error

    def wait_for_card(self, timeout: float | None) -> NfcConnection:
        """Block until a card is in the field, and connect to it.

        `timeout` in seconds, None for ever. Raises NoCardInTime, WaitCancelled, CardTorn, ReaderGone.
        """
        deadline = Deadline(timeout)
        self._recover(deadline)
        while (target := self._find()) is None:
            self._pause(deadline, NoCardInTime)
        self._uid = _uid(target)
        self._card = self._activate(target)
        self._connection = NfcConnection(self._card)
        return self._connection

    def wait_for_removal(self, timeout: float | None) -> None:
        """Block until the card that wait_for_card() saw is gone, be it that another one lies there by now.

        A card that lay there while the reader was away counts as the same card, and so does one with a random
        UID that stopped to answer and is there again SENSE_SECONDS later: a hand is not that quick. `timeout`
        in seconds, None for ever. Raises CardNotRemoved, WaitCancelled, ReaderGone.
        """
        deadline = Deadline(timeout)
        self._recover(deadline)
        while self._is_still_there():
            self._pause(deadline, CardNotRemoved)
        self._uid = b""

    def cancel(self) -> None:
        """End the wait under way, and any later one, with WaitCancelled, after the exchange under way."""
        self._cancellation.request()

    def close(self) -> None:
        """Let go of the port. Closing twice does nothing."""
        self._forget()
        self._frontend.close()

    def _is_still_there(self) -> bool:
        if self._card is not None and self._card.is_present():
            return True
        # Its conversation may have broken off while it lies there.
        target = self._find()
        if target is None:
            return False
        uid = _uid(target)
        if self._uid and uid != self._uid and not (_is_random(uid) and _is_random(self._uid)):
            return False
        self._uid = uid
        with suppress(CardTorn):
            self._card = self._activate(target)
        return True

    def _find(self) -> nfc.clf.RemoteTarget | None:
        """The card in the field, selected anew. Raises WaitCancelled, ReaderGone."""
        self._heed_cancel()
        self._forget()
        return self._frontend.find_card()

    def _activate(self, target: nfc.clf.RemoteTarget) -> NfcCard:
        card = activated(self._frontend, target)
        if card.guard_seconds > 0:
            self._cancellation.wait(card.guard_seconds)
            self._heed_cancel()
        return card

    def _forget(self) -> None:
        """A card that is not selected any more can't be talked to."""
        self._card = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _recover(self, deadline: Deadline) -> None:
        """Wait until a reader that was lost answers again."""
        self._heed_cancel()
        while not self._frontend.is_open:
            self._forget()
            try:
                self._frontend = NfcFrontend(self._path, self.name)
            except (ReaderGone, SerialPortRefused, DeviceSpeaksOtherwise) as error:
                # It is still away; or its port is not ours yet, or it has not started yet.
                if deadline.passed:
                    raise ReaderGone(reader=self.name) from error
                self._cancellation.wait(deadline.remaining(RECONNECT_SECONDS))
                self._heed_cancel()

    def _pause(self, deadline: Deadline, late: type[CardError]) -> None:
        """Wait until it is time to look again. Raises `late` at the deadline, and WaitCancelled."""
        if deadline.passed:
            raise late
        self._cancellation.wait(deadline.remaining(SENSE_SECONDS))
        self._heed_cancel()

    def _heed_cancel(self) -> None:
        if self._cancellation.wait(0):
            raise WaitCancelled


def _uid(target: nfc.clf.RemoteTarget) -> bytes:
    """Of a type B card, whose number may be another one at each activation, what else its ATQB says."""
    return bytes(target.sdd_res or target.rid_res or (target.sensb_res or b"")[TYPE_B_FACTS:])


def _is_random(uid: bytes) -> bool:
    return len(uid) == RANDOM_UID_BYTES and uid[0] == RANDOM_UID
