"""Who holds SM2 private keys: a file, a TPM-sealed file, a chip behind PC/SC, a licensed module.

Whoever signs or opens something takes one of these and never asks where the key lies.
"""

from __future__ import annotations

from typing import Protocol

from crypto.sm2 import DEFAULT_SIGNER_ID, PublicKey


class Signer(Protocol):
    """The holder of an SM2 key that signs."""

    @property
    def public_key(self) -> PublicKey:
        """The public half."""

    def sign(self, message: bytes, signer_id: bytes = DEFAULT_SIGNER_ID) -> bytes:
        """SM2-with-SM3 over `message`: r ‖ s, 64 bytes."""


class KeyHolder(Signer, Protocol):
    """The holder of an SM2 key that also opens what was encrypted to it."""

    def decrypt(self, ciphertext: bytes) -> bytes:
        """What was encrypted to this key (DER of GM/T 0009 §7.2). Raises DecryptionFailed."""


class Keystore(Protocol):
    """Named SM2 keys in one place."""

    @property
    def is_protected(self) -> bool:
        """Whether its keys stay secret when the disk is stolen; production mode takes no others."""

    def exists(self, name: str) -> bool:
        """Whether a key of this name was created."""

    def create(self, name: str) -> KeyHolder:
        """Make a key and keep it durably; one that exists is never overwritten. Raises KeystoreRefused."""

    def load(self, name: str) -> KeyHolder:
        """The key of this name. Raises KeystoreRefused."""
