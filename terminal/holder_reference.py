"""Holder references: they link one holder's taps on one terminal within some days, and nothing beyond.

A reference is HMAC-SM3 of the card id under a random key of the terminal and the window. The key is destroyed
with its window; nobody, the terminal's owner included, can tell afterwards whose reference it was, and no two
windows or terminals have references in common.

The journal's references last a day; their key lies in memory-backed storage only (`DayKeys`): a restart
within the day keeps it, and so does a clock that stands ahead for a while; a power cut destroys it. A quota's
references last as long as the quota counts; their key must outlast a reboot, so it lies on disk, wrapped by
the keystore (`WindowKeys`). What a flash chip keeps of an overwritten file is worth nothing without that
keystore.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Final

from crypto.errors import DecryptionFailed
from crypto.explained import Text
from crypto.key_wrapper import KeyWrapper
from crypto.sm3 import hmac_sm3
from terminal.decisions.window import Window
from terminal.durable_file import write_durably
from terminal.errors import FileNotWritten

KEY_BYTES: Final = 32
REFERENCE_BYTES: Final = 16
MAX_WRAPPED_BYTES: Final = KEY_BYTES + 256
#: Names a folder on a tmpfs for the day's keys, where /dev/shm is shared with users that nobody trusts.
FOLDER_VARIABLE: Final = "TONGKA_DAY_KEYS"
_SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a tmpfs is the point; the folder below it is 0700


class DayKeys:
    """The day's key of one terminal, in a 0700 folder on a tmpfs; keys of other days are removed.

    While a clock stands ahead, the key of the last day that has certainly begun (`settle`) stays beside it:
    once the clock is right again, whoever came today is known, and nobody is served twice.

    All processes of a terminal have to name the same `memory`; by default it is what `FOLDER_VARIABLE` says,
    else /dev/shm. Raises FileNotWritten where the folder can't be made or belongs to someone else.
    """

    def __init__(self, terminal_id: bytes, memory: Path | None = None) -> None:
        memory = memory or Path(os.environ.get(FOLDER_VARIABLE) or _SHARED_MEMORY)
        self.folder: Final = memory / f"tongka-{os.geteuid()}-{terminal_id.hex()}"
        self._day: date | None = None
        self._settled: date | None = None
        self._key = b""

    def settle(self, settled: date) -> None:
        """This is the last day that has certainly begun (terminal.timekeeping.Moment.settled_ms)."""
        if settled != self._settled:
            self._settled, self._day = settled, None

    def reference(self, card_id: bytes, day: date) -> bytes:
        """The holder's 16-byte reference for this day."""
        if day != self._day:
            self._key, self._day = self._key_of(day), day
        return _reference(self._key, card_id)

    def destroy(self) -> None:
        """Remove the key and its folder: this terminal's references can't be made, nor checked, any more."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._day, self._key = None, b""

    def _key_of(self, day: date) -> bytes:
        kept = [_day_file(one) for one in (day, self._settled) if one is not None]
        try:
            _require_private(self.folder)
            for other in self.folder.iterdir():
                if other.name not in kept:
                    other.unlink()
            path = self.folder / _day_file(day)
            if path.exists():
                key = path.read_bytes()
                if len(key) == KEY_BYTES:
                    return key
                path.unlink()
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with os.fdopen(handle, "wb") as file:
                key = secrets.token_bytes(KEY_BYTES)
                file.write(key)
        except OSError as error:
            raise FileNotWritten(file=str(self.folder), detail=error.strerror or "unknown") from error
        return key


class WindowKeys:
    """The keys of the windows that a terminal's quotas count in now, in a 0700 folder of its own on disk.

    Keys of windows that ended before `settled` are destroyed when this opens and by `destroy_ended`. That is
    the last day that has certainly begun (terminal.timekeeping.Moment): for a clock that somebody set ahead
    nothing is destroyed, or setting it back would make a quota fresh. It goes back only where a time service
    corrects a clock that ran ahead; the key of a window that the clock had passed is then gone, and a new one
    is made: counts start anew rather than that every holder is refused until the window ends, and the journal
    marks the correction.
    A damaged file is replaced for the same reason; whoever can damage it could as well remove it.

    Raises FileNotWritten where the folder can't be used or is open to others, and KeystoreRefused where the
    keystore can't be asked.
    """

    def __init__(self, folder: Path, wrapper: KeyWrapper, settled: date) -> None:
        self._folder, self._wrapper = folder, wrapper
        self._keys: dict[Window, bytes] = {}
        self.destroy_ended(settled)

    def reference(self, card_id: bytes, window: Window, today: date) -> bytes:
        """The holder's 16-byte reference in this window. Raises ValueError where `today` is not in it."""
        if today not in window:
            raise ValueError("the window is not open today")
        key = self._keys.get(window)
        if key is None:
            key = self._keys[window] = self._key_of(window)
        return _reference(key, card_id)

    def destroy(self) -> None:
        """Destroy all keys: this terminal's counts can't be matched to a card any more."""
        self._keys.clear()
        if self._folder.exists():
            self._destroy(list(self._folder.iterdir()))

    def destroy_ended(self, settled: date) -> None:
        """Destroy what is no key of a window that is open or yet to come, half-written files included."""
        self._keys = {window: key for window, key in self._keys.items() if window.last >= settled}
        try:
            _require_private(self._folder)
            files = list(self._folder.iterdir())
        except OSError as error:
            raise FileNotWritten(file=str(self._folder), detail=error.strerror or "unknown") from error
        self._destroy([file for file in files if (last := _last_day(file)) is None or last < settled])

    def _key_of(self, window: Window) -> bytes:
        path = self._folder / _file_name(window)
        if (key := self._stored(path)) is not None:
            return key
        key = secrets.token_bytes(KEY_BYTES)
        write_durably(path, self._wrapper.wrap(key, path.name.encode()))
        return key

    def _stored(self, path: Path) -> bytes | None:
        """The key in this file; None where there is none, or no file."""
        try:
            with path.open("rb") as file:
                wrapped = file.read(MAX_WRAPPED_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise FileNotWritten(file=str(path), detail=error.strerror or "unknown") from error
        if len(wrapped) > MAX_WRAPPED_BYTES:
            return None
        try:
            key = self._wrapper.unwrap(wrapped, path.name.encode())
        except DecryptionFailed:
            return None
        return key if len(key) == KEY_BYTES else None

    def _destroy(self, files: list[Path]) -> None:
        for path in files:
            try:
                # In place: on most file systems nothing of the old bytes is left for whoever reads the disk.
                with path.open("r+b") as file:
                    file.write(bytes(MAX_WRAPPED_BYTES))
                    file.flush()
                    os.fsync(file.fileno())
                path.unlink()
            except OSError as error:
                raise FileNotWritten(file=str(path), detail=error.strerror or "unknown") from error


def require_key_folder(folder: Path) -> None:
    """Raise FileNotWritten where no key could be kept in this folder of keys, there or yet to be made."""
    try:
        is_there = os.path.lexists(folder)
        if is_there:
            _require_own(folder)
        place = folder if is_there else folder.parent
        is_read_only = os.statvfs(place).f_flag & os.ST_RDONLY
        refused = not os.access(place, os.R_OK | os.W_OK | os.X_OK)
        number = 0 if place.is_dir() else errno.ENOTDIR
    except OSError as error:
        raise FileNotWritten(file=str(folder), detail=error.strerror or "unknown") from error
    if refused:
        number = errno.EROFS if is_read_only else errno.EACCES
    if number:
        raise FileNotWritten(file=str(folder), detail=os.strerror(number))


def _reference(key: bytes, card_id: bytes) -> bytes:
    return hmac_sm3(key, card_id)[:REFERENCE_BYTES]


def _require_private(folder: Path) -> None:
    """Make the folder if there is none. Raises FileNotWritten unless it is ours alone, or OSError."""
    folder.mkdir(mode=0o700, exist_ok=True)
    _require_own(folder)


def _require_own(folder: Path) -> None:
    status = folder.lstat()
    if status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise FileNotWritten(file=str(folder), detail=Text(zh="其他用户可以打开", en="it is open to others"))


def _day_file(day: date) -> str:
    return f"day-{day.isoformat()}.key"


def _file_name(window: Window) -> str:
    return f"window-{window.first.isoformat()}-{window.last.isoformat()}.key"


def _last_day(path: Path) -> date | None:
    """The last day of the window whose key this file is named for."""
    with suppress(ValueError):
        first, last = date.fromisoformat(path.name[7:17]), date.fromisoformat(path.name[18:28])
        if first <= last and path.name == _file_name(Window(first, last)):
            return last
    return None
