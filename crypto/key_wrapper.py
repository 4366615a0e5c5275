"""Keeping small secrets on disk under a keystore's protection."""

from __future__ import annotations

from typing import Protocol


class KeyWrapper(Protocol):
    """Encrypts a symmetric key so that only the keystore that wrapped it can have it back."""

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """`key` encrypted and bound to `context`, at most 256 bytes longer. Raises KeystoreRefused."""

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The key again.

        Raises DecryptionFailed for bytes that this keystore did not make for this context, KeystoreRefused
        where it can't be asked now.
        """
