"""The PSAM of the method `psam-cipher`: it diversifies a key, then enciphers or makes MACs with it.

It is of the kind that health and social-security terminals have. docs/reference-psam-card.md has its
commands, and what it means that it enciphers whatever its terminal asks for.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from card.apdu import MAX_SHORT_DATA, CommandApdu
from card.connection import CardConnection
from card.errors import PsamRefused
from card.psam import PSAM_CLA, Psam
from card.psam_cipher_mac import MAC_BYTES
from crypto.sm4 import BLOCK_BYTES

FIRST_INITIAL_VALUE: Final = bytes(BLOCK_BYTES)
MAX_PART: Final = (MAX_SHORT_DATA - BLOCK_BYTES) // BLOCK_BYTES * BLOCK_BYTES


class CipherPsamInstruction(IntEnum):
    """Commands beside SELECT and GET RESPONSE."""

    DIVERSIFY = 0xDE
    CIPHER = 0xFA


class Diversification(IntEnum):
    """P1 of DIVERSIFY: what the key will be for, and so how long the data field is."""

    FOR_AUTHENTICATION = 0x28  # 16 bytes: the diversifier
    FOR_MAC = 0x48  # the diversifier and a random: a key for one session


class CipherMode(IntEnum):
    """P1 of CIPHER."""

    ENCIPHER = 0x00
    MAC = 0x05


class CipherPsam:
    """The PSAM on an open connection. One key is loaded at a time, and it never leaves the PSAM."""

    def __init__(self, connection: CardConnection, aid: bytes) -> None:
        self._psam = Psam(connection, aid)

    def select(self) -> None:
        """SELECT its application; no key is loaded then. Raises PsamRefused."""
        self._psam.select()

    def load_authentication_key(self, number: int, diversifier: bytes) -> None:
        """Load a card's key, from the master key of that number. Raises PsamRefused."""
        self._diversify(Diversification.FOR_AUTHENTICATION, number, diversifier)

    def load_mac_key(self, number: int, diversifier: bytes, random: bytes) -> None:
        """Load the MAC key of the session that the card's random belongs to. Raises PsamRefused."""
        self._diversify(Diversification.FOR_MAC, number, diversifier + random)

    def encipher(self, block: bytes) -> bytes:
        """16 bytes under the authentication key that is loaded. Raises PsamRefused."""
        return self._cipher(CipherMode.ENCIPHER, block)

    def mac(self, message: bytes) -> bytes:
        """The 8-byte MAC of whole blocks under the MAC key that is loaded. Raises PsamRefused."""
        value = FIRST_INITIAL_VALUE
        for start in range(0, len(message), MAX_PART):
            value = self._cipher(CipherMode.MAC, value + message[start : start + MAX_PART])
        return value[:MAC_BYTES]

    def _diversify(self, purpose: Diversification, number: int, data: bytes) -> None:
        command = CommandApdu(PSAM_CLA, CipherPsamInstruction.DIVERSIFY, purpose, number, data)
        self._psam.send(command, "DIVERSIFY")

    def _cipher(self, mode: CipherMode, data: bytes) -> bytes:
        command = CommandApdu(PSAM_CLA, CipherPsamInstruction.CIPHER, mode, 0x00, data)
        answer = self._psam.send(command, mode.name)
        if len(answer) != BLOCK_BYTES:
            raise PsamRefused(command=mode.name, status=f"{len(answer)} bytes")
        return answer
