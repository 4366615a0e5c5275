"""Where the API listens: a Unix socket for this machine's users, and TCP on the loopback address alone."""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crypto.explained import Text
from terminal.local_api.errors import ListenRefused

LOOPBACK: Final = "127.0.0.1"
_BACKLOG: Final = 64
_ASK_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Addresses:
    """`socket`: a Unix socket, which its owner may use, and with `for_group` its group.

    `port` on 127.0.0.1, with `for_ipv6` on ::1; 0 takes any free one, None listens on the socket alone.
    """

    socket: Path
    port: int | None = None
    for_group: bool = False
    for_ipv6: bool = False


@contextmanager
def listen(addresses: Addresses) -> Iterator[list[socket.socket]]:
    """Listen there; afterwards the socket's file is gone. Raises ListenRefused."""
    sockets = []
    try:
        sockets.append(_listen_at(addresses.socket, 0o660 if addresses.for_group else 0o600))
        inode = addresses.socket.stat().st_ino
        try:
            if addresses.port is not None:
                sockets.append(_listen_on("::1" if addresses.for_ipv6 else LOOPBACK, addresses.port))
            yield sockets
        finally:
            # Only what is still ours: another terminal may have taken the place.
            with suppress(OSError):
                if addresses.socket.stat().st_ino == inode:
                    addresses.socket.unlink()
    finally:
        for one in sockets:
            one.close()


def url_of(listener: socket.socket) -> str:
    """What a client writes to reach it."""
    name = listener.getsockname()
    if listener.family is socket.AF_UNIX:
        return f"unix:{name}"
    return (
        f"http://[{name[0]}]:{name[1]}"
        if listener.family is socket.AF_INET6
        else f"http://{name[0]}:{name[1]}"
    )


def _listen_on(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ListenRefused(address=f"{host}:{port}", detail=error.strerror or "-") from error


def _listen_at(path: Path, mode: int) -> socket.socket:
    _require_safe_folder(path)
    _remove_stale(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # Linux makes the file with the socket's own mode: nobody else can connect even for an instant.
        os.fchmod(listener.fileno(), 0o600)
        listener.bind(str(path))
        path.chmod(mode)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        detail = error.strerror or str(error)  # a path that is too long has no number
        raise ListenRefused(address=path, detail=detail) from error
    return listener


def _require_safe_folder(path: Path) -> None:
    """Whoever may write the folder may put his own socket in the place of ours."""
    try:
        found = path.parent.stat()
    except OSError as error:
        raise ListenRefused(address=path, detail=error.strerror or "-") from error
    is_open = found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX
    if is_open or found.st_uid not in (0, os.geteuid()):
        raise ListenRefused(
            address=path,
            detail=Text(
                zh="该目录别的用户可以写入，或不归本用户所有",
                en="other users may write to that folder, or own it",
            ),
        )


def _remove_stale(path: Path) -> None:
    """Take away the socket of a process that was killed; never another's, and never one that answers."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise ListenRefused(address=path, detail=error.strerror or "-") from error
    is_ours = stat.S_ISSOCK(found.st_mode) and found.st_uid == os.geteuid()
    if not is_ours:
        raise ListenRefused(
            address=path, detail=Text(zh="那里有别的文件", en="there is something else at that place")
        )
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(_ASK_SECONDS)
        try:
            asking.connect(str(path))
        except ConnectionRefusedError:
            with suppress(FileNotFoundError):
                path.unlink()
            return
        except OSError as error:
            raise ListenRefused(address=path, detail=error.strerror or "-") from error
    raise ListenRefused(address=path, detail=os.strerror(errno.EADDRINUSE))
