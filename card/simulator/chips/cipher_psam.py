"""The simulated PSAM of the profile `reference-psam`: master keys, diversification, cipher and MAC.

It speaks T=0: an answer with data is announced with 61xx and fetched by GET RESPONSE. A link that sends Le as
well does no harm.
"""

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
from card.atr import Atr
from card.cipher_psam import CipherMode, CipherPsamInstruction, Diversification
from card.profile import CardProfile
from card.psam import PSAM_CLA, PSAM_ID_BYTES, PsamIdentity
from card.psam_cipher import PsamCipherParameters
from card.simulator.chips.command_table import CommandTable, handler, parsed
from card.simulator.chips.psam_cipher_keys import DIVERSIFIER_BYTES, card_key, cbc_mac, session_key
from card.simulator.chips.refusal import ChipRefused, require
from card.status_word import StatusClass
from crypto.sm4 import BLOCK_BYTES, KEY_BYTES, sm4_block

HISTORICAL_BYTES: Final = b"TKPSC"


@dataclass(frozen=True, repr=False)
class CipherPsamContents:
    """What a PSAM holds: its id, the version of its keys, and 16-byte master keys by number. No `repr`."""

    identity: PsamIdentity
    masters: Mapping[int, bytes]

    @classmethod
    def generate(cls, numbers: tuple[int, ...], key_version: int = 1) -> CipherPsamContents:
        """New master keys with these numbers."""
        masters = {number: secrets.token_bytes(KEY_BYTES) for number in numbers}
        return cls(PsamIdentity(secrets.token_bytes(PSAM_ID_BYTES), key_version), MappingProxyType(masters))

    def limited_to(self, *numbers: int) -> CipherPsamContents:
        """Another PSAM of the same issuer with these keys alone."""
        identity = PsamIdentity(secrets.token_bytes(PSAM_ID_BYTES), self.identity.key_version)
        masters = {number: self.masters[number] for number in numbers}
        return CipherPsamContents(identity, MappingProxyType(masters))


@dataclass(frozen=True, repr=False)
class _LoadedKey:
    purpose: Diversification
    key: bytes


class CipherPsamChip:
    """A `Chip` that plays the PSAM."""

    def __init__(self, contents: CipherPsamContents, profile: CardProfile) -> None:
        self._contents = contents
        self._aid = profile.full_data_path.psam_aid_bytes
        self._parameters = PsamCipherParameters.of(profile)
        self._selected = False
        self._loaded: _LoadedKey | None = None
        self._held = b""
        self._handlers: CommandTable = {
            (0x00, Instruction.SELECT): self._select,
            (PSAM_CLA, CipherPsamInstruction.DIVERSIFY): self._diversify,
            (PSAM_CLA, CipherPsamInstruction.CIPHER): self._cipher,
        }

    @property
    def atr(self) -> bytes:
        """A contact card's ATR: no interface bytes, so T=0 alone."""
        return Atr(historical=HISTORICAL_BYTES).to_bytes()

    def power_on(self) -> None:
        """Reset: nothing is selected, no key is loaded."""
        self._selected = False
        self._loaded = None
        self._held = b""

    def power_off(self) -> None:
        """Nothing to do: power_on() starts anew."""

    def process(self, command: bytes) -> bytes:
        """Answer one command."""
        try:
            apdu = parsed(command)
            if (apdu.cla, apdu.ins) == (0x00, Instruction.GET_RESPONSE):
                return ResponseApdu(self._handed_out(apdu), StatusWord.NO_ERROR).to_bytes()
            self._held = b""
            self._held = handler(self._handlers, apdu)(apdu)
        except ChipRefused as refused:
            return ResponseApdu(b"", refused.sw).to_bytes()
        announced = StatusClass.BYTES_AVAILABLE << 8 | len(self._held)
        return ResponseApdu(b"", announced if self._held else StatusWord.NO_ERROR).to_bytes()

    def _select(self, command: CommandApdu) -> bytes:
        require(command.p1 == SELECT_BY_DF_NAME, StatusWord.INCORRECT_P1_P2)
        require(command.p2 == FIRST_OR_ONLY_RETURN_FCI, StatusWord.INCORRECT_P1_P2)
        require(command.data == self._aid, StatusWord.FILE_NOT_FOUND)
        self._selected = True
        self._loaded = None
        return self._contents.identity.to_bytes(self._aid)

    def _diversify(self, command: CommandApdu) -> bytes:
        require(self._selected, StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED)
        self._loaded = None
        # A MAC master that worked for authentication would encipher the session's random for its terminal,
        # and so give it the session's key.
        match command.p1:
            case Diversification.FOR_AUTHENTICATION:
                numbers, random_bytes = self._parameters.authentication_numbers, 0
            case Diversification.FOR_MAC:
                numbers, random_bytes = self._parameters.mac_numbers, self._parameters.challenge_bytes
            case _:
                raise ChipRefused(StatusWord.INCORRECT_P1_P2)
        require(len(command.data) == DIVERSIFIER_BYTES + random_bytes, StatusWord.WRONG_LENGTH)
        master = self._contents.masters.get(command.p2)
        if master is None or command.p2 not in numbers:
            raise ChipRefused(StatusWord.REFERENCED_DATA_NOT_FOUND)
        key = card_key(master, command.data[:DIVERSIFIER_BYTES])
        if random_bytes:
            key = session_key(key, command.data[DIVERSIFIER_BYTES:])
        self._loaded = _LoadedKey(Diversification(command.p1), key)
        return b""

    def _cipher(self, command: CommandApdu) -> bytes:
        require(command.p2 == 0, StatusWord.INCORRECT_P1_P2)
        data = command.data
        match command.p1:
            case CipherMode.ENCIPHER:
                key = self._key(Diversification.FOR_AUTHENTICATION)
                require(len(data) == BLOCK_BYTES, StatusWord.WRONG_LENGTH)
                return sm4_block(key, data)
            case CipherMode.MAC:
                key = self._key(Diversification.FOR_MAC)
                whole = len(data) % BLOCK_BYTES == 0 and len(data) > BLOCK_BYTES
                require(whole, StatusWord.WRONG_LENGTH)
                return cbc_mac(key, data[:BLOCK_BYTES], data[BLOCK_BYTES:])
            case _:
                raise ChipRefused(StatusWord.INCORRECT_P1_P2)

    def _handed_out(self, command: CommandApdu) -> bytes:
        """What was announced; once, and whole."""
        require(bool(self._held), StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED)
        require((command.p1, command.p2) == (0, 0), StatusWord.INCORRECT_P1_P2)
        require(command.le == len(self._held), StatusClass.WRONG_LE << 8 | len(self._held))
        held, self._held = self._held, b""
        return held

    def _key(self, purpose: Diversification) -> bytes:
        """The key that is loaded, for this purpose alone. Refused with 6985."""
        loaded = self._loaded
        if loaded is None or loaded.purpose is not purpose:
            raise ChipRefused(StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED)
        return loaded.key
