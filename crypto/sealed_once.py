"""SM4-GCM under a key that serves exactly once, so that a fixed nonce does (NIST SP 800-38D §8)."""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM

from crypto.errors import SealBroken

KEY_BYTES: Final = 16
TAG_BYTES: Final = 16
_NONCE: Final = bytes(12)


def seal_once(key: bytes, plaintext: bytes, associated_data: bytes) -> bytes:
    """Ciphertext ‖ tag, under a 16-byte key that seals nothing else."""
    encryptor = Cipher(SM4(key), GCM(_NONCE)).encryptor()
    encryptor.authenticate_additional_data(associated_data)
    return encryptor.update(plaintext) + encryptor.finalize() + encryptor.tag


def open_once(key: bytes, sealed: bytes, associated_data: bytes) -> bytes:
    """What `seal_once` sealed. Raises SealBroken."""
    if len(sealed) < TAG_BYTES:
        raise SealBroken(detail="it is too short")
    decryptor = Cipher(SM4(key), GCM(_NONCE, sealed[-TAG_BYTES:])).decryptor()
    decryptor.authenticate_additional_data(associated_data)
    try:
        return decryptor.update(sealed[:-TAG_BYTES]) + decryptor.finalize()
    except InvalidTag as error:
        raise SealBroken(detail="it was altered, or sealed under another key") from error
