"""The file of one encrypted key (docs/adr/0014)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM

from crypto.errors import KeyFileMalformed, KeystoreSealedByAnother
from crypto.explained import Text
from crypto.sm2 import MAX_KEY_FILE_BYTES
from crypto.sm3 import hmac_sm3

WRAPPING_KEY_BYTES: Final = 16
MAGIC: Final = b"TKKEY\x01"  # the last byte is the format's number
WRAPPING_ID_BYTES: Final = 8
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
_NONCE_AT: Final = len(MAGIC) + WRAPPING_ID_BYTES
_CIPHERTEXT_AT: Final = _NONCE_AT + NONCE_BYTES
MAX_BYTES: Final = _CIPHERTEXT_AT + MAX_KEY_FILE_BYTES + TAG_BYTES
_ID_LABEL: Final = b"tongka wrapping key"


@dataclass(frozen=True)
class KeyFile:
    """magic ‖ wrapping key's id (8) ‖ nonce (12) ‖ SM4-GCM ciphertext and its tag (16).

    The id is the beginning of HMAC-SM3(wrapping key, label): it tells a file of another keystore from an
    altered one. The plaintext is a PKCS #8 PEM file. Kind of keystore and name of the key are authenticated
    with it, so that files can't be swapped.
    """

    wrapping_id: bytes
    nonce: bytes
    ciphertext: bytes

    @classmethod
    def from_bytes(cls, data: bytes) -> KeyFile:
        """Take a file apart. Raises KeyFileMalformed."""
        if not data.startswith(MAGIC):
            raise KeyFileMalformed(detail=Text(zh="不是本系统的密钥文件", en="it is no key file of Tongka's"))
        if not _CIPHERTEXT_AT + TAG_BYTES < len(data) <= MAX_BYTES:
            raise KeyFileMalformed(detail=Text(zh="长度不对", en="its length is wrong"))
        return cls(data[len(MAGIC) : _NONCE_AT], data[_NONCE_AT:_CIPHERTEXT_AT], data[_CIPHERTEXT_AT:])

    def to_bytes(self) -> bytes:
        """The file."""
        return MAGIC + self.wrapping_id + self.nonce + self.ciphertext

    @classmethod
    def seal(cls, plaintext: bytes, wrapping_key: bytes, kind: str, name: str) -> KeyFile:
        """Encrypt a key for the file of this name. Raises ValueError for a key that is too long or empty."""
        if not 0 < len(plaintext) <= MAX_KEY_FILE_BYTES:
            raise ValueError(f"{len(plaintext)} bytes are no key")
        wrapping_id, nonce = _id_of(wrapping_key), secrets.token_bytes(NONCE_BYTES)
        encryptor = Cipher(SM4(wrapping_key), GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(_bound(wrapping_id, kind, name))
        return cls(wrapping_id, nonce, encryptor.update(plaintext) + encryptor.finalize() + encryptor.tag)

    def open(self, wrapping_key: bytes, kind: str, name: str) -> bytes:
        """The key's PKCS #8 PEM file. Raises KeystoreSealedByAnother, KeyFileMalformed."""
        if self.wrapping_id != _id_of(wrapping_key):
            raise KeystoreSealedByAnother
        ciphertext, tag = self.ciphertext[:-TAG_BYTES], self.ciphertext[-TAG_BYTES:]
        decryptor = Cipher(SM4(wrapping_key), GCM(self.nonce, tag)).decryptor()
        decryptor.authenticate_additional_data(_bound(self.wrapping_id, kind, name))
        try:
            return decryptor.update(ciphertext) + decryptor.finalize()
        except InvalidTag as error:
            raise KeyFileMalformed(
                detail=Text(zh="内容被改动，或文件被调换", en="it was altered, or is another key's file")
            ) from error


def _id_of(wrapping_key: bytes) -> bytes:
    return hmac_sm3(wrapping_key, _ID_LABEL)[:WRAPPING_ID_BYTES]


def _bound(wrapping_id: bytes, kind: str, name: str) -> bytes:
    """What is authenticated beside the key: every field ends where its length says."""
    fields = (kind.encode(), name.encode())
    return MAGIC + wrapping_id + b"".join(bytes([len(field)]) + field for field in fields)
