"""Faults of the exchange: chips that misbehave in the middle of a tap, made by wrapping one that does not.

Cards that were tampered with are in card.simulator.issuing.altered_cards.
"""

from __future__ import annotations

import secrets
from enum import StrEnum
from typing import Final

from card.apdu import Instruction, StatusWord
from card.errors import CardTorn
from card.simulator.chips.chip import Chip
from card.simulator.chips.waiting_chip import WaitingChip
from card.simulator.chips.wrapped_chip import WrappedChip

SLOW_SECONDS: Final = 0.5  # the time that transport operators allow a whole tap
# Longer than any FWT that a reader is likely to be told, so that a contactless link sends S(WTX)
# (ISO/IEC 14443-4 §7.3: at FWI 11 it is 0.62 s).
WTX_SECONDS: Final = 1.0
TORN_AFTER_BYTES: Final = 100  # within the answer to SELECT
GARBAGE_BYTES: Final = 64
CUT_BYTES: Final = 20
SURPLUS_BYTES: Final = 3
SUCCESS: Final = StatusWord.NO_ERROR.to_bytes(2, "big")


class AnswerFault(StrEnum):
    """What is wrong with every answer of a chip."""

    GARBAGE = "garbage"
    TRUNCATED_TLV = "truncated-tlv"
    WRONG_LENGTH = "wrong-length"
    WRONG_SW = "wrong-sw"
    SLOW = "slow"


class FaultyChip(WaitingChip):
    """A chip whose answers from the `first`-th on (counted from 1 at power-on) have one fault.

    `seconds`: how late a slow one answers.
    """

    def __init__(self, chip: Chip, fault: AnswerFault, first: int = 1, seconds: float = SLOW_SECONDS) -> None:
        super().__init__(chip)
        self._fault = fault
        self._first = first
        self._seconds = seconds
        self._answers = 0

    def power_on(self) -> None:
        """Count anew."""
        self._answers = 0
        super().power_on()

    def process(self, command: bytes) -> bytes:
        """The chip's answer, spoilt. Raises CardTorn."""
        answer = super().process(command)
        self._answers += 1
        if self._answers < self._first:
            return answer
        return self._spoil(answer)

    def _spoil(self, answer: bytes) -> bytes:
        data, sw = answer[:-2], answer[-2:]
        match self._fault:
            case AnswerFault.GARBAGE:
                # A leading 00 is no tag: what follows it can't become well-formed by chance.
                return b"\x00" + secrets.token_bytes(GARBAGE_BYTES) + sw
            case AnswerFault.TRUNCATED_TLV:
                return data[:-CUT_BYTES] + sw
            case AnswerFault.WRONG_LENGTH:
                return data + bytes(SURPLUS_BYTES) + sw
            case AnswerFault.WRONG_SW:
                return StatusWord.NO_PRECISE_DIAGNOSIS.to_bytes(2, "big")
            case AnswerFault.SLOW:
                self._wait(self._seconds)
                return answer


class TearingChip(WrappedChip):
    """A card that leaves the field: before answer number `after_apdus` + 1, or as soon as `after_bytes`
    bytes of answers would have been sent, counted from power-on."""

    def __init__(self, chip: Chip, *, after_apdus: int | None = None, after_bytes: int | None = None) -> None:
        super().__init__(chip)
        self._after_apdus = after_apdus
        self._after_bytes = after_bytes
        self._apdus = 0
        self._bytes = 0

    def power_on(self) -> None:
        """Count anew."""
        self._apdus = 0
        self._bytes = 0
        super().power_on()

    def process(self, command: bytes) -> bytes:
        """The chip's answer while the card is still there. Raises CardTorn after that."""
        if self._after_apdus is not None and self._apdus >= self._after_apdus:
            raise CardTorn
        answer = super().process(command)
        self._apdus += 1
        self._bytes += len(answer)
        # An answer that was sent in part never reaches the terminal: the reader drops a frame whose
        # checksum is missing (ISO/IEC 14443-3), so a tear within an answer loses all of it.
        if self._after_bytes is not None and self._bytes > self._after_bytes:
            raise CardTorn
        return answer


class WrongSignatureChip(WrappedChip):
    """A chip whose proofs have one wrong bit: a broken coprocessor, or an answer altered on its way."""

    def process(self, command: bytes) -> bytes:
        """The chip's answer; of a proof, the signature's last bit is flipped. Raises CardTorn."""
        answer = super().process(command)
        if not (asks_for_proof(command) and answer.endswith(SUCCESS)):
            return answer
        proof = answer[: -len(SUCCESS)]
        return proof[:-1] + bytes((proof[-1] ^ 1,)) + SUCCESS


def asks_for_proof(command: bytes) -> bool:
    """Whether a command is INTERNAL AUTHENTICATE."""
    return command[1:2] == Instruction.INTERNAL_AUTHENTICATE.to_bytes()
