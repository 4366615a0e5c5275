"""The card that nfcpy found: one that speaks ISO/IEC 14443-4, or one that nobody can talk to here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

import nfc.clf
import nfc.tag
from nfc.tag.tt4 import IsoDepInitiator

from card.atr import MAX_HISTORICAL_BYTES, StorageCard, contactless_atr, storage_card_atr
from card.ats import Ats
from card.errors import AnswerMalformed, CardTorn, ForeignCard, TapRefused
from card.readers.nfc_frontend import NfcFrontend

ACTIVATION_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 5.0  # a card that asks for more and more time may not keep a terminal for ever
RATS: Final = 0xE0
FSDI_256: Final = 8
RATS_SECONDS: Final = 0.03  # as nfcpy allows; the standard asks for 4.8 ms (ISO/IEC 14443-4 §5.6.1.1)
SAK_ISO_14443_4: Final = 0x20
# Of a type B card, PC/SC part 3 §3.1.3.2.3.1 takes ATQB's application data and protocol information, and the
# MBLI of the answer to ATTRIB, which is 0 for a card that says nothing of its buffer.
TYPE_B_FACTS: Final = 5
MBLI: Final = b"\x00"


class NfcCard(Protocol):
    """A card in the field."""

    @property
    def atr(self) -> bytes:
        """What a PC/SC reader would make of it (PC/SC part 3 §3.1.3.2.3)."""

    @property
    def guard_seconds(self) -> float:
        """For so long it is not ready for its first command."""

    def exchange(self, command: bytes) -> bytes:
        """The answer to a command APDU. Raises CardTorn, AnswerMalformed, ForeignCard, ReaderGone."""

    def is_present(self) -> bool:
        """Whether it is known to be there still, asked without disturbing it. Raises ReaderGone."""


class Type4Card:
    """A card on ISO/IEC 14443-4, activated; nfcpy speaks the block protocol.

    The activation is not nfcpy's own: that forgets the ATS, and can't do with one that is short. Raises
    CardTorn, AnswerMalformed, ReaderGone.
    """

    def __init__(self, frontend: NfcFrontend) -> None:
        self._frontend = frontend
        frontend.allow(ACTIVATION_SECONDS)
        with _card_errors():
            answer = frontend.exchange(bytes((RATS, FSDI_256 << 4)), RATS_SECONDS)
        ats = Ats.from_bytes(bytes(answer))
        self.atr: Final = contactless_atr(ats.historical[:MAX_HISTORICAL_BYTES])
        self.guard_seconds: Final = ats.guard_seconds
        frame_size = min(ats.frame_size, frontend.max_send_data_size)
        self._blocks = IsoDepInitiator(frontend, frame_size, ats.frame_waiting_seconds)

    def exchange(self, command: bytes) -> bytes:
        """The answer, within ANSWER_SECONDS."""
        self._frontend.allow(ANSWER_SECONDS)
        with _card_errors():
            return bytes(self._blocks.exchange(command))

    def is_present(self) -> bool:
        """Whether it answers R(NAK) (ISO/IEC 14443-4 §7.5.5, method 2)."""
        self._frontend.allow(ACTIVATION_SECONDS)
        try:
            self._blocks.exchange(None)
        except nfc.clf.CommunicationError:
            return False
        return True


class MuteCard:
    """A card that can't be talked to; every command is answered by the reason."""

    def __init__(self, atr: bytes, reason: type[TapRefused], **facts: object) -> None:
        self.atr: Final = atr
        self.guard_seconds: Final = 0.0
        self._reason = reason
        self._facts = facts

    def exchange(self, command: bytes) -> bytes:
        """Raises the reason."""
        raise self._reason(**self._facts)

    def is_present(self) -> bool:
        """Nothing is known of it without selecting it anew."""
        return False


def activated(frontend: NfcFrontend, target: nfc.clf.RemoteTarget) -> NfcCard:
    """The card that `frontend` just found. Raises CardTorn when it left, and ReaderGone."""
    if target.sensb_res:
        return MuteCard(contactless_atr(bytes(target.sensb_res[TYPE_B_FACTS:]) + MBLI), ForeignCard)
    sak = target.sel_res[0] if target.sel_res else None  # a type 1 tag has none
    if sak is None or not sak & SAK_ISO_14443_4:
        known = StorageCard.NOT_KNOWN if sak is None else StorageCard.of_sak(sak)
        return MuteCard(storage_card_atr(known), ForeignCard)
    try:
        return Type4Card(frontend)
    except AnswerMalformed as error:
        return MuteCard(contactless_atr(b""), AnswerMalformed, **error.facts)


@contextmanager
def _card_errors() -> Iterator[None]:
    """nfcpy's errors about the card as ours."""
    try:
        yield
    except nfc.clf.ProtocolError as error:
        raise AnswerMalformed(what="block", detail="it breaks ISO/IEC 14443-4") from error
    except nfc.clf.CommunicationError as error:
        raise CardTorn from error
    except nfc.tag.TagCommandError as error:
        if error.errno == nfc.tag.PROTOCOL_ERROR:
            raise AnswerMalformed(what="block", detail="it breaks ISO/IEC 14443-4") from error
        raise CardTorn from error
