"""An open line to the card on a PC/SC reader."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from smartcard import scard

from card.apdu import MAX_SHORT_DATA, MAX_SHORT_LE, CommandApdu, ResponseApdu
from card.errors import CardTorn, CommandMalformed
from card.exchange import MAX_SHORT_COMMAND
from card.readers.pcsc_context import PcscContext
from crypto.closing import Closing
from firmware_profiles.reader_profile import CardProtocol, ReaderProfile, ShareMode

PROTOCOLS: Final = {CardProtocol.T0: scard.SCARD_PROTOCOL_T0, CardProtocol.T1: scard.SCARD_PROTOCOL_T1}
PROTOCOL_HEADERS: Final = {
    scard.SCARD_PROTOCOL_T0: scard.SCARD_PCI_T0,
    scard.SCARD_PROTOCOL_T1: scard.SCARD_PCI_T1,
}
SHARE_MODES: Final = {
    ShareMode.EXCLUSIVE: scard.SCARD_SHARE_EXCLUSIVE,
    ShareMode.SHARED: scard.SCARD_SHARE_SHARED,
}


class PcscConnection(Closing):
    """A `CardConnection` to the card on a PC/SC reader.

    In shared mode it is one transaction from its first to its last moment, so that no other program comes
    between two commands of ours; making it then waits for as long as another program's transaction lasts.
    Raises CardTorn, CardInUse, ReaderGone, PcscServiceGone, PcscFailed.
    """

    def __init__(self, context: PcscContext, reader: str, profile: ReaderProfile) -> None:
        self._context = context
        self._reader = reader
        self._profile = profile
        self._handle: int | None = None
        self._atr = b""
        protocols = 0
        for protocol in profile.protocols:
            protocols |= PROTOCOLS[protocol]
        result, handle, self._protocol = context.bounded(
            scard.SCardConnect, context.handle, reader, SHARE_MODES[profile.share], protocols
        )
        context.check(result, "SCardConnect", reader)
        self._handle = handle
        if profile.share is ShareMode.SHARED:
            try:
                self._begin_transaction()
            except BaseException:
                self.close()
                raise

    @property
    def profile(self) -> ReaderProfile:
        """The reader's."""
        return self._profile

    @property
    def atr(self) -> bytes:
        """The card's answer to reset, asked of the service once and only here: a tap does not need it.

        Raises CardTorn, ReaderGone, PcscServiceGone, PcscFailed.
        """
        if not self._atr:
            result, _name, _state, _protocol, atr = scard.SCardStatus(self._open_handle())
            self._context.check(result, "SCardStatus", self._reader)
            self._atr = bytes(atr)
        return self._atr

    @property
    def max_apdu(self) -> int:
        """As the reader's profile says; T=0 has no extended length (ISO/IEC 7816-3 §12.2)."""
        return MAX_SHORT_COMMAND if self._protocol == scard.SCARD_PROTOCOL_T0 else self._profile.max_apdu

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """One command, one answer.

        Raises CardTorn, AnswerMalformed, ReaderGone, PcscServiceGone, PcscFailed; CommandMalformed when the
        card speaks T=0 and the command has more than 255 bytes of data.
        """
        handle = self._open_handle()
        encoded = _t0_bytes(command) if self._protocol == scard.SCARD_PROTOCOL_T0 else command.to_bytes()
        result, answer = self._context.bounded(
            scard.SCardTransmit, handle, PROTOCOL_HEADERS[self._protocol], list(encoded)
        )
        if result != scard.SCARD_S_SUCCESS:
            self._context.check(result, "SCardTransmit", self._reader)
        if not answer and self._profile.quirks.empty_answer_is_torn_card:
            raise CardTorn
        return ResponseApdu.from_bytes(bytes(answer))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep other programs from the card until the end of the block; may be nested.

        Waits for as long as another program's transaction lasts. Raises CardTorn, ReaderGone,
        PcscServiceGone, PcscFailed.
        """
        self._begin_transaction()
        try:
            yield
        finally:
            if self._handle is not None:
                # The result does not matter: what is gone needs no end, and the next command says so.
                scard.SCardEndTransaction(self._handle, scard.SCARD_LEAVE_CARD)

    def close(self) -> None:
        """Let go of the card. Closing twice does nothing."""
        handle, self._handle = self._handle, None
        if handle is not None:
            # This ends transactions too. Not SCARD_RESET_CARD: when the card has left, the reset fails and
            # pcscd 1.9 calls the reader empty before its poll does; a card that comes in between is then
            # never reported. SELECT starts the application anew anyway. The result does not matter: what is
            # gone needs no letting go.
            scard.SCardDisconnect(handle, scard.SCARD_LEAVE_CARD)

    def _open_handle(self) -> int:
        if self._handle is None:
            raise CardTorn
        return self._handle

    def _begin_transaction(self) -> None:
        result = self._context.bounded(scard.SCardBeginTransaction, self._open_handle())
        self._context.check(result, "SCardBeginTransaction", self._reader)


def _t0_bytes(command: CommandApdu) -> bytes:
    """The command as a T=0 card gets it: the fifth byte is Lc or Le, never both (ISO/IEC 7816-3 §12.2).

    The answer of a command with data comes by GET RESPONSE. Raises CommandMalformed for data that need an
    extended Lc: to wrap them in ENVELOPE is for cards that no profile knows.
    """
    if len(command.data) > MAX_SHORT_DATA:
        raise CommandMalformed(detail=f"{len(command.data)} bytes of data for T=0, at most {MAX_SHORT_DATA}")
    header = bytes((command.cla, command.ins, command.p1, command.p2))
    p3 = len(command.data) or min(command.le or 0, MAX_SHORT_LE) % MAX_SHORT_LE
    return header + bytes((p3,)) + command.data
