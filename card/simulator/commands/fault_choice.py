"""Which fault `tongka simulate card` gives its card, and the chip that comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from card.errors import FaultNeedsOption
from card.simulator.chips.applet import ReferenceApplet
from card.simulator.chips.chip import Chip
from card.simulator.chips.contents import ChipContents, ChipMemory, VolatileMemory
from card.simulator.chips.faults import (
    SLOW_SECONDS,
    TORN_AFTER_BYTES,
    WTX_SECONDS,
    AnswerFault,
    FaultyChip,
    TearingChip,
    WrongSignatureChip,
)
from card.simulator.chips.foreign import ForeignCardChip, ForeignKind
from card.simulator.commands.today import today_in_china
from card.simulator.issuing.altered_cards import ReplayingChip, clone, forge, reissue
from card.simulator.issuing.card_file import CardFile
from card.simulator.issuing.personalisation import TestIssuer

CREDENTIAL_DAYS: Final = timedelta(days=3650)
ONE_DAY: Final = timedelta(days=1)


class Fault(StrEnum):
    """What may be wrong with a simulated card."""

    FORGED = "forged"
    CLONE = "clone"
    REPLAYED = "replayed"
    WRONG_SIGNATURE = "wrong-signature"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    FOREIGN = "foreign"
    TORN = "torn"
    TORN_AT_SELECT = "torn-at-select"
    TORN_AT_PROOF = "torn-at-proof"
    GARBAGE = "garbage"
    TRUNCATED_TLV = "truncated-tlv"
    WRONG_LENGTH = "wrong-length"
    WRONG_SW = "wrong-sw"
    SLOW = "slow"
    WTX = "wtx"


STALE: Final = (Fault.EXPIRED, Fault.NOT_YET_VALID)
LATE: Final = (Fault.SLOW, Fault.WTX)


@dataclass(frozen=True)
class FaultChoice:
    """A fault, or none, and its options.

    Attributes:
        after: with TORN, the bytes of answers after which the card leaves.
        seconds: with SLOW and WTX, how long each answer takes.
        issuer: with EXPIRED and NOT_YET_VALID, the folder of the test issuer that signs the other days.
        foreign: with FOREIGN, the kind of card.

    Raises FaultNeedsOption for an option without its fault, and for those two without an issuer.
    """

    fault: Fault | None = None
    after: int | None = None
    seconds: float | None = None
    issuer: Path | None = None
    foreign: ForeignKind | None = None

    def __post_init__(self) -> None:
        if self.after is not None and self.fault is not Fault.TORN:
            raise FaultNeedsOption(option="--after", fault=Fault.TORN)
        if self.seconds is not None and self.fault not in LATE:
            raise FaultNeedsOption(option="--seconds", fault=" / ".join(LATE))
        if self.foreign is not None and self.fault is not Fault.FOREIGN:
            raise FaultNeedsOption(option="--foreign", fault=Fault.FOREIGN)
        if (self.issuer is None) is (self.fault in STALE):
            raise FaultNeedsOption(option="--issuer", fault=" / ".join(STALE))

    def chip(self, file: CardFile) -> Chip:
        """The card in `file`, with this fault.

        Raises CardFileRefused; with an issuer IssuerRefused, KeystoreRefused and HolderRefused.
        """
        if self.fault is Fault.FOREIGN:
            return ForeignCardChip(self.foreign or ForeignKind.OTHER)
        return self._wrapped(ReferenceApplet(self._memory(file)))

    def _wrapped(self, chip: Chip) -> Chip:
        match self.fault:
            case Fault.REPLAYED:
                chip = ReplayingChip(chip)
            case Fault.WRONG_SIGNATURE:
                chip = WrongSignatureChip(chip)
            case Fault.TORN:
                chip = TearingChip(chip, after_bytes=TORN_AFTER_BYTES if self.after is None else self.after)
            case Fault.TORN_AT_SELECT:
                chip = TearingChip(chip, after_apdus=0)
            case Fault.TORN_AT_PROOF:
                chip = TearingChip(chip, after_apdus=1)
            case Fault.SLOW:
                chip = self._slow(chip, SLOW_SECONDS)
            case Fault.WTX:
                chip = self._slow(chip, WTX_SECONDS)
            case Fault.GARBAGE | Fault.TRUNCATED_TLV | Fault.WRONG_LENGTH | Fault.WRONG_SW:
                chip = FaultyChip(chip, AnswerFault(self.fault))
        return chip

    def _memory(self, file: CardFile) -> ChipMemory:
        """The card's file; for another card made of it, a memory of its own that ends with the process."""
        match self.fault:
            case Fault.FORGED:
                return VolatileMemory(forge(file.load()))
            case Fault.CLONE:
                return VolatileMemory(clone(file.load()))
            case _ if self.issuer is not None:
                return VolatileMemory(self._stale(file.load(), TestIssuer.load(self.issuer)))
            case _:
                return file

    def _stale(self, card: ChipContents, issuer: TestIssuer) -> ChipContents:
        today = today_in_china()
        if self.fault is Fault.EXPIRED:
            return reissue(card, issuer, today - CREDENTIAL_DAYS, today - ONE_DAY)
        return reissue(card, issuer, today + ONE_DAY, today + CREDENTIAL_DAYS)

    def _slow(self, chip: Chip, seconds: float) -> Chip:
        return FaultyChip(chip, AnswerFault.SLOW, seconds=seconds if self.seconds is None else self.seconds)
