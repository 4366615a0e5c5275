"""nfcpy's ContactlessFrontend on a PN532, with an end to every exchange and the package's own errors."""

from __future__ import annotations

import logging
import os
import re
import time
from contextlib import suppress
from typing import Final

import nfc.clf
import nfc.clf.pn532
from nfc.clf.pn53x import Chipset

from card.errors import (
    AnswerMalformed,
    DeviceSpeaksOtherwise,
    ReaderAddressRefused,
    ReaderGone,
    SerialPortRefused,
)
from card.readers.nfc_line import NfcLine
from card.readers.serial_line import NOT_THERE

# nfcpy hands the path to a shell, to try out speeds with stty.
SAFE_PATH: Final = re.compile(r"/[A-Za-z0-9/._:@+-]+")
PROFILE: Final = "pn532-nfcpy"
TYPE_A, TYPE_B = "106A", "106B"
PN532_TYPE_B: Final = 3  # 106 kbit/s, in InListPassiveTarget (PN532 User Manual, §7.3.5)
EVERY_APPLICATION: Final = b"\x00"  # AFI
ATQB_BYTES: Final = 12
S_WTX: Final = 0xF2  # ISO/IEC 14443-4 §7.1.1.1
S_WTX_BYTES: Final = 2

# What nfcpy lets through when a line hangs up or its device answers nonsense: it counts on well-formed
# answers, and neither looks at their length before it takes them apart nor handles the chip's error frames.
READER_TROUBLE: Final = (OSError, LookupError, ValueError, TypeError, Chipset.Error)

# nfcpy writes frames into its log, which are the holder's data.
logging.getLogger("nfc").propagate = False


class NfcFrontend(nfc.clf.ContactlessFrontend):  # type: ignore[misc] # nfcpy has no types
    """An open PN532.

    Raises at once ReaderGone when there is no such port, SerialPortRefused when it can't be opened,
    ReaderAddressRefused for a path that no port has, and DeviceSpeaksOtherwise when no PN532 answers there.
    """

    def __init__(self, path: str, name: str) -> None:
        super().__init__()
        self._name = name
        self._end = 0.0
        if SAFE_PATH.fullmatch(path) is None:
            raise ReaderAddressRefused(address=name)
        try:
            self._line = NfcLine(path)
        except (OSError, ValueError) as error:
            number = getattr(error, "errno", None)
            if number in NOT_THERE:
                raise ReaderGone(reader=name) from error
            raise SerialPortRefused(
                path=path, detail=os.strerror(number) if number else str(error)
            ) from error
        try:
            self.device = _start(self._line)
        except READER_TROUBLE as error:
            self._line.close()
            raise DeviceSpeaksOtherwise(path=path, profile=PROFILE) from error

    @property
    def is_open(self) -> bool:
        """Whether the reader was there when it was last used."""
        return self.device is not None

    def find_card(self) -> nfc.clf.RemoteTarget | None:
        """The card in the field, selected, be it of type A or B; None without one. Raises ReaderGone."""
        try:
            return self.sense(nfc.clf.RemoteTarget(TYPE_A)) or self._find_type_b()
        except READER_TROUBLE as error:
            self.abandon()
            raise ReaderGone(reader=self._name) from error

    def allow(self, seconds: float) -> None:
        """Let all exchanges from now on take so long together."""
        self._end = time.monotonic() + seconds

    def exchange(self, send_data: bytes, timeout: float) -> bytearray:
        """One frame to the card and its answer.

        Raises AnswerMalformed once the time allowed is over, ReaderGone, and nfcpy's CommunicationError.
        """
        remaining = self._end - time.monotonic()
        if remaining <= 0:
            raise AnswerMalformed(what="answer", detail="it did not end in time")
        try:
            answer: bytearray | None = super().exchange(send_data, min(timeout, remaining))
        except READER_TROUBLE as error:
            self.abandon()
            raise ReaderGone(reader=self._name) from error
        # nfcpy would take these apart unseen.
        if not answer or (answer[0] & ~1 == S_WTX and len(answer) < S_WTX_BYTES):
            raise nfc.clf.TransmissionError
        return answer

    def _find_type_b(self) -> nfc.clf.RemoteTarget | None:
        """A type B card, activated by the chip.

        nfcpy's own search passes over cards that do not go on with ISO/IEC 14443-4, as the resident ID card.
        """
        with self.lock:
            atqb = self.device.chipset.in_list_passive_target(1, PN532_TYPE_B, EVERY_APPLICATION)
            if atqb is None or len(atqb) < ATQB_BYTES:
                self.device.mute()
                return None
        return nfc.clf.RemoteTarget(TYPE_B, sensb_res=atqb[:ATQB_BYTES])

    def abandon(self) -> None:
        """Close the port without a word to the chip, which is gone."""
        self.device = None
        self._line.close()

    def close(self) -> None:
        """Put the chip to sleep and close the port. Closing twice does nothing."""
        with suppress(*READER_TROUBLE):
            super().close()
        self.abandon()


def _start(line: NfcLine) -> nfc.clf.device.Device:
    try:
        return nfc.clf.pn532.init(line)
    except READER_TROUBLE:
        line.slow_down()
        return nfc.clf.pn532.init(line)
