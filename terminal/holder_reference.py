"""Holder references: they link one holder's taps on one terminal within a day, and nothing beyond it.

A reference is HMAC-SM3 of the card id under a random key that lives in memory-backed storage only, so that a
restart within the day keeps it and a power cut or a new day destroys it. Nobody, the terminal's owner
included, can tell afterwards whose reference it was.
"""

from __future__ import annotations

import os
import secrets
import shutil
from datetime import date
from pathlib import Path
from typing import Final

from crypto.explained import Text
from crypto.sm3 import hmac_sm3
from terminal.errors import FileNotWritten

KEY_BYTES: Final = 32
REFERENCE_BYTES: Final = 16
_MEMORY_BACKED: Final = Path("/dev/shm")  # noqa: S108 - a tmpfs is the point; the folder below it is 0700


class DayKeys:
    """The day's key of one terminal, in a 0700 folder on a tmpfs; keys of other days are removed.

    Raises FileNotWritten where the folder can't be made or belongs to someone else.
    """

    def __init__(self, terminal_id: bytes, memory: Path = _MEMORY_BACKED) -> None:
        self._folder = memory / f"tongka-{os.geteuid()}-{terminal_id.hex()}"
        self._day: date | None = None
        self._key = b""

    def reference(self, card_id: bytes, day: date) -> bytes:
        """The holder's 16-byte reference for this day."""
        if day != self._day:
            self._key, self._day = self._key_of(day), day
        return hmac_sm3(self._key, card_id)[:REFERENCE_BYTES]

    def destroy(self) -> None:
        """Remove the key and its folder: this terminal's references can't be made, nor checked, any more."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._day, self._key = None, b""

    def _key_of(self, day: date) -> bytes:
        name = f"day-{day.isoformat()}.key"
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            status = self._folder.lstat()
            if status.st_uid != os.geteuid() or status.st_mode & 0o077:
                raise FileNotWritten(
                    file=str(self._folder), detail=Text(zh="其他用户可以打开", en="it is open to others")
                )
            for other in self._folder.iterdir():
                if other.name != name:
                    other.unlink()
            path = self._folder / name
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
            raise FileNotWritten(file=str(self._folder), detail=error.strerror or "unknown") from error
        return key
