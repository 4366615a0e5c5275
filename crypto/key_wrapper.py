"""Keeping small secrets on disk under a keystore's protection."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from crypto.errors import KeystoreRefused
from crypto.explained import Text
from crypto.signer import Keystore


@runtime_checkable
class KeyWrapper(Protocol):
    """Encrypts a symmetric key so that only the keystore that wrapped it can have it back."""

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """`key` encrypted and bound to `context`, at most 256 bytes longer. Raises KeystoreRefused."""

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The key again.

        Raises DecryptionFailed for bytes that this keystore did not make for this context, KeystoreRefused
        where it can't be asked now.
        """


def wrapper_of(keystore: Keystore) -> KeyWrapper:
    """The keystore as a `KeyWrapper`. Raises KeystoreRefused for one whose keys only sign, as a chip's do."""
    if isinstance(keystore, KeyWrapper):
        return keystore
    raise KeystoreRefused(
        name="*",
        detail=Text(
            zh="这种密钥库只能签名，不能保护终端的计次密钥；终端请用 tpm 或 credential",
            en="its keys only sign and can't protect a terminal's counters; use tpm or credential there",
        ),
    )
