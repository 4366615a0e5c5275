"""The reference applet's tap path as docs/reference-applet.md gives it, for a chip that is software.

It works on raw APDU bytes, knows nothing of readers, and answers every input with a status word.
"""

from __future__ import annotations

from typing import Final, Protocol

from card.apdu import CommandApdu, Instruction, ResponseApdu, StatusWord
from card.errors import CommandMalformed
from card.fci import Fci
from card.identity import FIRST_OR_ONLY_RETURN_FCI, SELECT_BY_DF_NAME
from card.profile import reference_profile
from card.simulator.atr import contactless_atr
from card.simulator.personalisation import PersonalisedCard
from card.status_word import StatusClass
from crypto.tap_proof import TapProof, tap_message

# Historical bytes (ISO/IEC 7816-4 §12.1.1): category 80, card capabilities (selection by full DF name; data
# units of one byte; no chaining, no extended length), card issuer's data "TKREF".
HISTORICAL_BYTES: Final = bytes.fromhex("80 73 80 01 00 55") + b"TKREF"
MAX_COUNTER: Final = 2**32 - 1


class TransactionCounter(Protocol):
    """How many tap proofs the chip has made."""

    def advance(self) -> int | None:
        """The next number, stored durably before it is returned; None when all are used up."""


class _Refused(Exception):
    """Ends a command with a status word; never leaves this module."""

    def __init__(self, sw: int) -> None:
        self.sw = sw
        super().__init__()


class ReferenceApplet:
    """One personalised chip. A `Chip`."""

    def __init__(self, card: PersonalisedCard, counter: TransactionCounter) -> None:
        self._key = card.private_key
        self._counter = counter
        self._profile = reference_profile()
        self._fci = Fci(self._profile.aid_bytes, card.credential).to_bytes(self._profile)
        self._selected = False

    @property
    def atr(self) -> bytes:
        """A contactless card's ATR as a PC/SC reader makes it."""
        return contactless_atr(HISTORICAL_BYTES)

    def power_on(self) -> None:
        """Reset: nothing is selected any more."""
        self._selected = False

    def power_off(self) -> None:
        """Nothing to do: power_on() starts anew."""

    def process(self, command: bytes) -> bytes:
        """Answer one command."""
        try:
            return self._answer(_parse(command)).to_bytes()
        except _Refused as refused:
            return ResponseApdu(b"", refused.sw).to_bytes()

    def _answer(self, command: CommandApdu) -> ResponseApdu:
        if command.cla != 0x00:
            raise _Refused(StatusWord.CLASS_NOT_SUPPORTED)
        match command.ins:
            case Instruction.SELECT:
                return _deliver(self._select(command), command.le)
            case Instruction.INTERNAL_AUTHENTICATE:
                return _deliver(self._internal_authenticate(command), command.le)
            case _:
                raise _Refused(StatusWord.INSTRUCTION_NOT_SUPPORTED)

    def _select(self, command: CommandApdu) -> bytes:
        _require(command.p1 == SELECT_BY_DF_NAME, StatusWord.INCORRECT_P1_P2)
        _require(command.p2 == FIRST_OR_ONLY_RETURN_FCI, StatusWord.INCORRECT_P1_P2)
        _require(command.data == self._profile.aid_bytes, StatusWord.FILE_NOT_FOUND)
        self._selected = True
        return self._fci

    def _internal_authenticate(self, command: CommandApdu) -> bytes:
        layout = self._profile.internal_authenticate
        _require(self._selected, StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED)
        _require(command.p1 == int(layout.algorithm, 16), StatusWord.INCORRECT_P1_P2)
        _require(command.p2 == int(layout.key, 16), StatusWord.INCORRECT_P1_P2)
        _require(len(command.data) == layout.challenge_bytes, StatusWord.WRONG_LENGTH)
        # The counter moves before the signature is made: a tear may skip a number but never repeats one.
        counter = self._counter.advance()
        if counter is None:
            raise _Refused(StatusWord.AUTHENTICATION_METHOD_BLOCKED)
        return TapProof(counter, self._key.sign(tap_message(command.data, counter))).to_bytes()


def _parse(command: bytes) -> CommandApdu:
    try:
        parsed = CommandApdu.from_bytes(command)
    except CommandMalformed as error:
        raise _Refused(StatusWord.WRONG_LENGTH) from error
    _require(not parsed.extended, StatusWord.WRONG_LENGTH)
    return parsed


def _require(condition: bool, sw: StatusWord) -> None:
    if not condition:
        raise _Refused(sw)


def _deliver(data: bytes, le: int | None) -> ResponseApdu:
    """Answer data if Le leaves room for them, else 6Cxx with their length.

    A missing Le counts as 00, as on many contactless cards: there are host programs that never send one.
    """
    if le is not None and le < len(data):
        return ResponseApdu(b"", StatusClass.WRONG_LE << 8 | len(data))
    return ResponseApdu(data, StatusWord.NO_ERROR)
