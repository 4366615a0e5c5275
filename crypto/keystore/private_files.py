"""Files of which a secret's safety depends: their owner's alone, whole or not there, no symbolic links."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from pathlib import Path

from crypto.errors import KeystoreRefused
from crypto.explained import Text

_NO_ENTRY = Text(zh="文件不存在", en="there is no such file")
_EXISTS = Text(zh="已经存在", en="it exists already")
_LINK = Text(zh="它是一个符号链接", en="it is a symbolic link")


def make_private_directory(directory: Path) -> None:
    """Make the folder (0700) where it is missing. Raises KeystoreRefused where it is not private."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise KeystoreRefused(name=directory.name, detail=said_of(error)) from error
    require_private_directory(directory)


def require_private_directory(directory: Path) -> None:
    """Raises KeystoreRefused unless it is a folder that its owner alone, this user, can enter."""
    try:
        status = directory.lstat()
    except OSError as error:
        raise KeystoreRefused(name=directory.name, detail=said_of(error)) from error
    if not stat.S_ISDIR(status.st_mode):
        raise KeystoreRefused(name=directory.name, detail=Text(zh="它不是目录", en="it is no folder"))
    _require_private(status, directory.name)


def read_private(path: Path, limit: int) -> bytes:
    """A private file of at most `limit` bytes. Raises KeystoreRefused."""
    try:
        # O_NONBLOCK: a pipe of that name must not hang us.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise KeystoreRefused(
                    name=path.name, detail=Text(zh="它不是普通文件", en="it is no plain file")
                )
            _require_private(status, path.name)
            data = file.read(limit + 1)
    except OSError as error:
        raise KeystoreRefused(name=path.name, detail=said_of(error)) from error
    if len(data) > limit:
        raise KeystoreRefused(name=path.name, detail=Text(zh="文件过大", en="the file is too long"))
    return data


def create_private(path: Path, data: bytes) -> None:
    """Write a new file (0600), whole and durably; one that exists stays. Raises KeystoreRefused."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # A link fails where a rename would silently replace what another process just made.
        os.link(temporary, path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise KeystoreRefused(name=path.name, detail=said_of(error)) from error
    finally:
        temporary.unlink(missing_ok=True)


def said_of(error: OSError) -> Text:
    """What the system refused, as a phrase."""
    known = {errno.ENOENT: _NO_ENTRY, errno.EEXIST: _EXISTS, errno.ELOOP: _LINK}
    said = error.strerror or type(error).__name__
    return known.get(error.errno or 0, Text(zh=said, en=said))


def _require_private(status: os.stat_result, name: str) -> None:
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise KeystoreRefused(name=name, detail=Text(zh="其他用户可以打开", en="others may open it"))
    if status.st_uid != os.geteuid():
        raise KeystoreRefused(name=name, detail=Text(zh="属于其他用户", en="it belongs to another user"))
