"""SM2 keys in files that only their owner can read.

Encryption at rest and keys in a chip come behind the same `Signer` (see docs/adr); whoever holds a loaded key
signs through that interface alone.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from crypto.errors import KeyMalformed, KeystoreRefused
from crypto.explained import Text
from crypto.sm2 import PrivateKey


class Keystore:
    """A folder (0700) of PEM files (0600), one a key. Raises KeystoreRefused for anything laxer."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def exists(self, name: str) -> bool:
        """Whether a key of this name was created."""
        return self._path(name).exists()

    def create(self, name: str) -> PrivateKey:
        """Make a key and store it durably; one that exists is never overwritten."""
        key = PrivateKey.generate()
        path = self._path(name)
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._require_private(self._directory, name)
        temporary = path.with_name(f".{name}.{os.getpid()}")
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(key.to_pem())
                file.flush()
                os.fsync(file.fileno())
            # A link fails where a rename would silently replace a key that another process just made.
            os.link(temporary, path)
        except FileExistsError as error:
            raise KeystoreRefused(
                name=name, detail=Text(zh="密钥已经存在", en="it exists already")
            ) from error
        except OSError as error:
            raise KeystoreRefused(name=name, detail=error.strerror or "not writable") from error
        finally:
            temporary.unlink(missing_ok=True)
        return key

    def load(self, name: str) -> PrivateKey:
        """The stored key."""
        path = self._path(name)
        try:
            self._require_private(path, name)
            return PrivateKey.from_pem(path.read_bytes())
        except OSError as error:
            raise KeystoreRefused(name=name, detail=error.strerror or "not readable") from error
        except KeyMalformed as error:
            raise KeystoreRefused(
                name=name, detail=Text(zh="文件中没有 SM2 密钥", en="the file holds no SM2 key")
            ) from error

    def _path(self, name: str) -> Path:
        if not name.replace("-", "").isalnum():
            raise KeystoreRefused(
                name="?",
                detail=Text(zh="名称只能有字母、数字和连字符", en="a name has letters, digits and hyphens"),
            )
        return self._directory / f"{name}.pem"

    @staticmethod
    def _require_private(path: Path, name: str) -> None:
        status = path.stat()
        if stat.S_IMODE(status.st_mode) & 0o077:
            raise KeystoreRefused(name=name, detail=Text(zh="其他用户可以读取", en="others may read it"))
        if status.st_uid != os.geteuid():
            raise KeystoreRefused(name=name, detail=Text(zh="属于其他用户", en="it belongs to another user"))
