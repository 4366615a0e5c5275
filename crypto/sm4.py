"""SM4 in the modes that cards use (GB/T 32907; modes of GB/T 17964), from `cryptography`.

Keys, initial values and blocks have 16 bytes. A wrong length is a mistake of the caller, not of a card, and
raises ValueError.
"""

from __future__ import annotations

import hmac
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.cmac import CMAC

BLOCK_BYTES: Final = 16
KEY_BYTES: Final = 16


def sm4_block(key: bytes, block: bytes) -> bytes:
    """One block enciphered."""
    return sm4_cbc_encrypt(key, bytes(BLOCK_BYTES), block)


def sm4_cbc_encrypt(key: bytes, initial: bytes, data: bytes) -> bytes:
    """Whole blocks enciphered in CBC mode."""
    return _through(Cipher(SM4(key), CBC(initial)).encryptor(), data)


def sm4_cbc_decrypt(key: bytes, initial: bytes, data: bytes) -> bytes:
    """Whole blocks deciphered in CBC mode."""
    return _through(Cipher(SM4(key), CBC(initial)).decryptor(), data)


def sm4_cmac(key: bytes, data: bytes) -> bytes:
    """The 16-byte CMAC of data of any length (ISO/IEC 9797-1 MAC algorithm 5, GB/T 15852.1)."""
    mac = CMAC(SM4(key))
    mac.update(data)
    return mac.finalize()


def equal_in_constant_time(first: bytes, second: bytes) -> bool:
    """Whether two cryptograms are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(first, second)


def _through(context: CipherContext, data: bytes) -> bytes:
    return context.update(data) + context.finalize()
