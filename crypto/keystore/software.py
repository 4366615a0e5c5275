"""Keys in files, each encrypted under a wrapping key that something else guards."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, Protocol

from crypto.errors import (
    DecryptionFailed,
    KeyFileMalformed,
    KeyMalformed,
    KeystoreRefused,
    KeystoreSealedByAnother,
)
from crypto.explained import Text
from crypto.keystore.key_file import MAX_BYTES, KeyFile
from crypto.keystore.private_files import create_private, read_private, require_private_directory
from crypto.sm2 import PrivateKey
from crypto.sm3 import sm3

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}\Z", re.ASCII)


class WrappingKey(Protocol):
    """The guardian of one keystore's wrapping key."""

    @property
    def is_protected(self) -> bool:
        """Whether it stays secret when the disk is stolen."""

    def fetch(self) -> bytes:
        """The key, 16 bytes, for as long as it takes to open one file. Raises what the guardian does."""


class SoftwareKeystore:
    """A folder (0700) of encrypted keys (0600). A loaded key lives in this process's memory."""

    def __init__(self, directory: Path, kind: str, wrapping_key: WrappingKey) -> None:
        self._directory = directory
        self._kind = kind
        self._wrapping_key = wrapping_key

    @property
    def is_protected(self) -> bool:
        """Whether its keys stay secret when the disk is stolen."""
        return self._wrapping_key.is_protected

    def exists(self, name: str) -> bool:
        """Whether a key of this name was created. Raises KeystoreRefused for what can't be a name."""
        return self._path(name).exists()

    def create(self, name: str) -> PrivateKey:
        """Make a key and store it durably; one that exists is never overwritten.

        Raises KeystoreRefused and what the wrapping key's guardian raises.
        """
        path = self._path(name)
        require_private_directory(self._directory)
        key = PrivateKey.generate()
        sealed = KeyFile.seal(key.to_pem(), self._wrapping_key.fetch(), self._kind, name)
        create_private(path, sealed.to_bytes())
        return key

    def load(self, name: str) -> PrivateKey:
        """The stored key. Raises KeystoreRefused, KeystoreSealedByAnother and what the guardian raises."""
        path = self._path(name)
        require_private_directory(self._directory)
        try:
            sealed = KeyFile.from_bytes(read_private(path, MAX_BYTES))
            return PrivateKey.from_pem(sealed.open(self._wrapping_key.fetch(), self._kind, name))
        except KeyFileMalformed as error:
            raise KeystoreRefused(name=name, detail=error.facts["detail"]) from error
        except KeyMalformed as error:
            raise KeystoreRefused(
                name=name, detail=Text(zh="文件中没有 SM2 密钥", en="the file holds no SM2 key")
            ) from error

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """A small secret, encrypted and bound to `context`; makes this a `KeyWrapper`.

        Raises what the wrapping key's guardian raises.
        """
        return KeyFile.seal(key, self._wrapping_key.fetch(), self._kind, _wrapped(context)).to_bytes()

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The secret again. Raises DecryptionFailed, and what the guardian raises."""
        try:
            sealed = KeyFile.from_bytes(wrapped)
            return sealed.open(self._wrapping_key.fetch(), self._kind, _wrapped(context))
        except (KeyFileMalformed, KeystoreSealedByAnother) as error:
            raise DecryptionFailed from error

    def _path(self, name: str) -> Path:
        if not _NAME.match(name):
            raise KeystoreRefused(
                name="?",
                detail=Text(zh="名称只能有字母、数字和连字符", en="a name has letters, digits and hyphens"),
            )
        return self._directory / f"{name}.key"


def _wrapped(context: bytes) -> str:
    """A name that no key has: what is wrapped can't stand in for a key's file."""
    return f"wrapped {sm3(context).hex()}"
