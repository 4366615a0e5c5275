"""The simulated PSAM of the reference profile: a card for a SAM slot, with an issuer's master keys."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from card.apdu import (
    FIRST_OR_ONLY_RETURN_FCI,
    SELECT_BY_DF_NAME,
    CommandApdu,
    Instruction,
    ResponseApdu,
    StatusWord,
)
from card.atr import Atr, InterfaceBytes
from card.errors import AuthenticationRefused
from card.fci import SERIAL_BYTES
from card.mutual_authentication import (
    RANDOM_BYTES,
    SECRET_BYTES,
    AuthenticationToken,
    StaticKeys,
    shared_secret,
)
from card.profile import reference_profile
from card.psam import PSAM_CLA, PSAM_ID_BYTES, PsamIdentity, PsamInstruction
from card.secure_messaging import SessionKeys
from card.simulator.chips.command_table import CommandTable, handler, parsed
from card.simulator.chips.refusal import ChipRefused, require
from crypto.sm4 import KEY_BYTES, equal_in_constant_time

HISTORICAL_BYTES: Final = b"TKPSM"
T1: Final = 1  # the protocol (ISO/IEC 7816-3)
DIVERSIFIER_BYTES: Final = SERIAL_BYTES  # a card id is as long


@dataclass(frozen=True, repr=False)
class PsamContents:
    """What a PSAM holds: its id, the version of its keys, and master pairs by number. No `repr`."""

    identity: PsamIdentity
    masters: Mapping[int, StaticKeys]

    @classmethod
    def generate(cls, numbers: tuple[int, ...], key_version: int = 1) -> PsamContents:
        """New master pairs with these numbers."""
        masters = {
            number: StaticKeys(secrets.token_bytes(KEY_BYTES), secrets.token_bytes(KEY_BYTES))
            for number in numbers
        }
        return cls(PsamIdentity(secrets.token_bytes(PSAM_ID_BYTES), key_version), MappingProxyType(masters))

    def limited_to(self, *numbers: int) -> PsamContents:
        """Another PSAM of the same issuer with these pairs alone."""
        identity = PsamIdentity(secrets.token_bytes(PSAM_ID_BYTES), self.identity.key_version)
        return PsamContents(identity, MappingProxyType({number: self.masters[number] for number in numbers}))


class PsamChip:
    """A `Chip` that plays the PSAM."""

    def __init__(self, contents: PsamContents) -> None:
        self._contents = contents
        self._aid = reference_profile().full_data_path.psam_aid_bytes
        self._selected = False
        self._pending: tuple[StaticKeys, AuthenticationToken] | None = None
        self._handlers: CommandTable = {
            (0x00, Instruction.SELECT): self._select,
            (PSAM_CLA, PsamInstruction.PREPARE_AUTHENTICATION): self._prepare,
            (PSAM_CLA, PsamInstruction.FINISH_AUTHENTICATION): self._finish,
        }

    @property
    def atr(self) -> bytes:
        """A contact card's ATR: T=1, no interface bytes of its own."""
        return Atr((InterfaceBytes(), InterfaceBytes()), (T1,), HISTORICAL_BYTES).to_bytes()

    def power_on(self) -> None:
        """Reset: nothing is selected, no authentication is under way."""
        self._selected = False
        self._pending = None

    def power_off(self) -> None:
        """Nothing to do: power_on() starts anew."""

    def process(self, command: bytes) -> bytes:
        """Answer one command."""
        try:
            apdu = parsed(command)
            return ResponseApdu(handler(self._handlers, apdu)(apdu), StatusWord.NO_ERROR).to_bytes()
        except ChipRefused as refused:
            return ResponseApdu(b"", refused.sw).to_bytes()

    def _select(self, command: CommandApdu) -> bytes:
        require(command.p1 == SELECT_BY_DF_NAME, StatusWord.INCORRECT_P1_P2)
        require(command.p2 == FIRST_OR_ONLY_RETURN_FCI, StatusWord.INCORRECT_P1_P2)
        require(command.data == self._aid, StatusWord.FILE_NOT_FOUND)
        self._selected = True
        self._pending = None
        return self._contents.identity.to_bytes(self._aid)

    def _prepare(self, command: CommandApdu) -> bytes:
        require(self._selected, StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED)
        require(command.p1 == 0, StatusWord.INCORRECT_P1_P2)
        require(len(command.data) == DIVERSIFIER_BYTES + RANDOM_BYTES, StatusWord.WRONG_LENGTH)
        master = self._contents.masters.get(command.p2)
        if master is None:
            raise ChipRefused(StatusWord.REFERENCED_DATA_NOT_FOUND)
        diversifier, card_random = command.data[:DIVERSIFIER_BYTES], command.data[DIVERSIFIER_BYTES:]
        keys = master.diversified(diversifier)
        ours = AuthenticationToken(
            secrets.token_bytes(RANDOM_BYTES), card_random, secrets.token_bytes(SECRET_BYTES)
        )
        self._pending = keys, ours
        return ours.to_bytes(keys)

    def _finish(self, command: CommandApdu) -> bytes:
        require((command.p1, command.p2) == (0x00, 0x00), StatusWord.INCORRECT_P1_P2)
        pending, self._pending = self._pending, None
        if pending is None:
            raise ChipRefused(StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED)
        keys, ours = pending
        try:
            theirs = AuthenticationToken.from_bytes(command.data, keys)
        except AuthenticationRefused as error:
            raise ChipRefused(StatusWord.SECURITY_CONDITION_NOT_SATISFIED) from error
        require(
            equal_in_constant_time(theirs.own_random, ours.other_random)
            and equal_in_constant_time(theirs.other_random, ours.own_random),
            StatusWord.SECURITY_CONDITION_NOT_SATISFIED,
        )
        session = SessionKeys.derive(shared_secret(theirs, ours))
        return session.cipher + session.mac
