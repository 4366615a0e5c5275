"""The kind `credential`: the service manager hands in the wrapping key, as systemd does.

systemd.exec(5), "Credentials": a file in $CREDENTIALS_DIRECTORY, in memory that is never swapped out.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from crypto.errors import CredentialRefused
from crypto.explained import Text
from crypto.keystore.key_file import WRAPPING_KEY_BYTES
from crypto.keystore.private_files import said_of
from crypto.keystore.settings import require_only
from crypto.keystore.software import SoftwareKeystore

CREDENTIAL_NAME: Final = "tongka-keystore"
DIRECTORY_VARIABLE: Final = "CREDENTIALS_DIRECTORY"


class KeyFromServiceManager:
    """A wrapping key of 16 bytes that was handed in with the process."""

    @property
    def is_protected(self) -> bool:
        """It is not on the disk, or there as the service manager encrypted it."""
        return True

    def fetch(self) -> bytes:
        """The 16 bytes. Raises CredentialRefused."""
        directory = os.environ.get(DIRECTORY_VARIABLE)
        if not directory:
            raise CredentialRefused(
                detail=Text(zh=f"没有 ${DIRECTORY_VARIABLE}", en=f"${DIRECTORY_VARIABLE} is not set")
            )
        return _read(Path(directory))


class CredentialKind:
    """Makes and opens keystores under the service manager's credential."""

    def make(self, directory: Path, settings: Mapping[str, str]) -> Mapping[str, str]:
        """See that the credential is there. There are no settings. Raises CredentialRefused."""
        require_only(settings, ())
        KeyFromServiceManager().fetch()
        return {}

    def open(self, directory: Path, settings: Mapping[str, str]) -> SoftwareKeystore:
        """The keystore in this folder."""
        require_only(settings, ())
        return SoftwareKeystore(directory, "credential", KeyFromServiceManager())


KIND: Final = CredentialKind()


def _read(directory: Path) -> bytes:
    try:
        folder = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            _require_private(os.fstat(folder))
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            with os.fdopen(os.open(CREDENTIAL_NAME, flags, dir_fd=folder), "rb") as file:
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode):
                    raise CredentialRefused(detail=Text(zh="它不是普通文件", en="it is no plain file"))
                _require_private(status)
                key = file.read(WRAPPING_KEY_BYTES + 1)
        finally:
            os.close(folder)
    except OSError as error:
        raise CredentialRefused(detail=said_of(error)) from error
    if len(key) != WRAPPING_KEY_BYTES:
        raise CredentialRefused(
            detail=Text(zh=f"不是 {WRAPPING_KEY_BYTES} 字节", en=f"it has not {WRAPPING_KEY_BYTES} bytes")
        )
    return key


def _require_private(status: os.stat_result) -> None:
    mode = stat.S_IMODE(status.st_mode)
    if status.st_uid == os.geteuid():
        is_private = not mode & 0o077
    else:
        # For a service that is not root, systemd leaves root the owner and lets the service's user in by an
        # access control list; the list's mask then stands where the group's bits are.
        is_private = status.st_uid == 0 and status.st_gid == 0 and not mode & 0o027
    if not is_private:
        raise CredentialRefused(detail=Text(zh="其他用户可以打开", en="others may open it"))
