"""Faults to inject: cards that were tampered with, and chips that misbehave in the middle of a tap.

A fault on the card (`forge`, `clone`) changes what was personalised; a fault on the exchange wraps the chip.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from enum import StrEnum

from card.apdu import StatusWord
from card.errors import CardTorn
from card.simulator.chip import Chip
from card.simulator.personalisation import PersonalisedCard
from crypto.credential import TapCredential
from crypto.sm2 import PrivateKey

SLOW_SECONDS = 0.5  # the time that transport operators allow a whole tap
GARBAGE_BYTES = 64
CUT_BYTES = 20
SURPLUS_BYTES = 3


def forge(card: PersonalisedCard) -> PersonalisedCard:
    """The card with a credential that names the issuer but was signed by somebody else."""
    credential = TapCredential.from_bytes(card.credential)
    signature = PrivateKey.generate().sign(credential.body_bytes())
    return PersonalisedCard(replace(credential, signature=signature).to_bytes(), card.private_key)


def clone(card: PersonalisedCard) -> PersonalisedCard:
    """A copy of everything that can be read from the card, on a chip with another private key."""
    return PersonalisedCard(card.credential, PrivateKey.generate())


class AnswerFault(StrEnum):
    """What is wrong with every answer of a chip."""

    GARBAGE = "garbage"
    TRUNCATED_TLV = "truncated-tlv"
    WRONG_LENGTH = "wrong-length"
    WRONG_SW = "wrong-sw"
    SLOW = "slow"


class FaultyChip:
    """A chip whose answers from the `first`-th on (counted from 1 at power-on) have one fault."""

    def __init__(self, chip: Chip, fault: AnswerFault, first: int = 1) -> None:
        self._chip = chip
        self._fault = fault
        self._first = first
        self._answers = 0

    @property
    def atr(self) -> bytes:
        """The chip's own."""
        return self._chip.atr

    def power_on(self) -> None:
        """Count anew."""
        self._answers = 0
        self._chip.power_on()

    def power_off(self) -> None:
        """Passed on."""
        self._chip.power_off()

    def process(self, command: bytes) -> bytes:
        """The chip's answer, spoilt."""
        answer = self._chip.process(command)
        self._answers += 1
        return answer if self._answers < self._first else _spoil(answer, self._fault)


class TearingChip:
    """A card that leaves the field: before answer number `after_apdus` + 1, or as soon as `after_bytes`
    bytes of answers would have been sent, counted from power-on."""

    def __init__(self, chip: Chip, *, after_apdus: int | None = None, after_bytes: int | None = None) -> None:
        self._chip = chip
        self._after_apdus = after_apdus
        self._after_bytes = after_bytes
        self._apdus = 0
        self._bytes = 0

    @property
    def atr(self) -> bytes:
        """The chip's own."""
        return self._chip.atr

    def power_on(self) -> None:
        """Count anew."""
        self._apdus = 0
        self._bytes = 0
        self._chip.power_on()

    def power_off(self) -> None:
        """Passed on."""
        self._chip.power_off()

    def process(self, command: bytes) -> bytes:
        """The chip's answer while the card is still there. Raises CardTorn after that."""
        if self._after_apdus is not None and self._apdus >= self._after_apdus:
            raise CardTorn
        answer = self._chip.process(command)
        self._apdus += 1
        self._bytes += len(answer)
        # An answer that was sent in part never reaches the terminal: the reader drops a frame whose
        # checksum is missing (ISO/IEC 14443-3), so a tear within an answer loses all of it.
        if self._after_bytes is not None and self._bytes > self._after_bytes:
            raise CardTorn
        return answer


def _spoil(answer: bytes, fault: AnswerFault) -> bytes:
    data, sw = answer[:-2], answer[-2:]
    match fault:
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
            time.sleep(SLOW_SECONDS)  # the fault itself: a chip that takes its time
            return answer
