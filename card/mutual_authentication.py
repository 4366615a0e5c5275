"""Mutual authentication of card and PSAM, and the session that comes of it: the method `mutual-sm4`.

The three passes of ICAO Doc 9303-11 §4.3 (ISO/IEC 11770-2, mechanism 6), with SM4-CBC and SM4-CMAC:

    card → PSAM   RND.ICC
    PSAM → card   E(K.ENC, RND.IFD ‖ RND.ICC ‖ K.IFD) ‖ MAC(K.MAC, …)
    card → PSAM   E(K.ENC, RND.ICC ‖ RND.IFD ‖ K.ICC) ‖ MAC(K.MAC, …)

K.ENC and K.MAC are the card's own keys, which the PSAM derives from its master keys and the card id. Session
keys come of K.IFD xor K.ICC; they are the PSAM's to give to its terminal, the card's keys never leave it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from card.errors import AuthenticationRefused
from crypto.sm4 import (
    BLOCK_BYTES,
    KEY_BYTES,
    equal_in_constant_time,
    sm4_cbc_decrypt,
    sm4_cbc_encrypt,
    sm4_cmac,
)

RANDOM_BYTES: Final = 16
SECRET_BYTES: Final = 16
TOKEN_BYTES: Final = 56  # three blocks and 8 bytes of MAC
MAC_BYTES: Final = 8
DIVERSIFICATION_CONSTANT: Final = b"\x01"  # NXP AN10922 §2.2: CMAC over a constant and the card's own data
ZERO_BLOCK: Final = bytes(BLOCK_BYTES)


@dataclass(frozen=True, repr=False)
class StaticKeys:
    """A key pair for mutual authentication: of a card, or the master pair it derives from. No `repr`."""

    cipher: bytes
    mac: bytes

    def diversified(self, card_id: bytes) -> StaticKeys:
        """The keys of one card: CMAC(master, 01 ‖ card id), in the manner of NXP AN10922 §2.2."""
        return StaticKeys(
            sm4_cmac(self.cipher, DIVERSIFICATION_CONSTANT + card_id),
            sm4_cmac(self.mac, DIVERSIFICATION_CONSTANT + card_id),
        )

    def to_bytes(self) -> bytes:
        """K.ENC ‖ K.MAC, 32 bytes."""
        return self.cipher + self.mac

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """From 32 bytes. Raises ValueError for any other number."""
        if len(data) != 2 * KEY_BYTES:
            raise ValueError("a key pair has 32 bytes")
        return cls(data[:KEY_BYTES], data[KEY_BYTES:])


@dataclass(frozen=True, repr=False)
class AuthenticationToken:
    """What one side sends: its random, the other's random, and its share of the session secret."""

    own_random: bytes
    other_random: bytes
    secret: bytes

    def to_bytes(self, keys: StaticKeys) -> bytes:
        """Three blocks enciphered with initial value 0, and the first 8 bytes of their CMAC."""
        enciphered = sm4_cbc_encrypt(
            keys.cipher, ZERO_BLOCK, self.own_random + self.other_random + self.secret
        )
        return enciphered + sm4_cmac(keys.mac, enciphered)[:MAC_BYTES]

    @classmethod
    def from_bytes(cls, data: bytes, keys: StaticKeys) -> Self:
        """Check and decipher 56 bytes. Raises AuthenticationRefused."""
        if len(data) != TOKEN_BYTES:
            raise AuthenticationRefused(detail=f"a token of {len(data)} bytes")
        enciphered, mac = data[:-MAC_BYTES], data[-MAC_BYTES:]
        if not equal_in_constant_time(mac, sm4_cmac(keys.mac, enciphered)[:MAC_BYTES]):
            raise AuthenticationRefused(detail="the MAC of the token is wrong")
        plain = sm4_cbc_decrypt(keys.cipher, ZERO_BLOCK, enciphered)
        return cls(plain[:16], plain[16:32], plain[32:])


def shared_secret(first: AuthenticationToken, second: AuthenticationToken) -> bytes:
    """K.IFD xor K.ICC, from which `SessionKeys.derive` makes the session's keys."""
    return bytes(one ^ other for one, other in zip(first.secret, second.secret, strict=True))
