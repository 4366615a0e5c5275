"""Keys of the method `psam-cipher`, as cards and PSAMs derive them: never part of a terminal."""

from __future__ import annotations

from typing import Final

from card.secure_messaging import pad
from crypto.sm4 import BLOCK_BYTES, sm4_block, sm4_cbc_encrypt

DIVERSIFIER_BYTES: Final = 16


def card_key(master: bytes, diversifier: bytes) -> bytes:
    """A card's own key: the 16 bytes of its diversifier, enciphered under the issuer's master key."""
    return sm4_block(master, diversifier)


def session_key(key: bytes, random: bytes) -> bytes:
    """The MAC key of one session: the padded random of the card, enciphered under the card's own key."""
    return sm4_block(key, pad(random))


def cbc_mac(key: bytes, initial: bytes, message: bytes) -> bytes:
    """The last block of SM4-CBC (ISO/IEC 9797-1 MAC algorithm 1); `message` has whole blocks."""
    return sm4_cbc_encrypt(key, initial, message)[-BLOCK_BYTES:]
