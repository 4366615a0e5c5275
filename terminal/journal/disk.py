"""Whether the disk will take the next tap: asked before a card is read, not found out after.

Room is asked of the file system at each tap, which takes a microsecond, and kept with a margin: what the
journal may still need (the write-ahead log, the database that it is moved into, checkpoints, the end of a tap
under way) is far less than `REFUSE_BELOW`. What the file system does not tell beforehand (a quota, a card
that has gone read-only) shows at the first write that fails; from then on a small file is written before each
tap, until that works again. docs/adr/0018 says why there is no preallocated reserve.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final

from terminal.journal.errors import (
    DiskNearlyFull,
    JournalDiskFull,
    JournalNotPermitted,
    JournalQuotaExceeded,
    JournalReadOnly,
    JournalUnavailable,
)

MIB: Final = 2**20
WARN_BELOW: Final = 64 * MIB
REFUSE_BELOW: Final = 16 * MIB
_PROBE_BYTES: Final = 64 * 1024


class JournalDisk:
    """The disk that a journal's folder lies on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def require_room(self, is_doubtful: bool) -> None:
        """Raise JournalDiskFull where the next tap is not safe; `is_doubtful`: the last write failed.

        Then a write is tried, too, and what refuses it is raised: JournalReadOnly, JournalNotPermitted,
        JournalQuotaExceeded, or JournalUnavailable.
        """
        if (free := self._free()) < REFUSE_BELOW:
            raise _full(free)
        if is_doubtful:
            self.require_writable()

    def require_writable(self) -> None:
        """Write and remove a small file, durably. Raises as `require_room`."""
        probe = self._folder / f".probe.{os.getpid()}"
        try:
            descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                left = _PROBE_BYTES
                while left:  # a full disk takes a part first
                    left -= os.write(descriptor, bytes(left))
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
                probe.unlink()
        except OSError as error:
            raise self.explained(error) from error

    def trouble(self) -> DiskNearlyFull | JournalDiskFull | None:
        """What whoever looks after the terminal should know of the disk now."""
        free = self._free()
        if free < REFUSE_BELOW:
            return _full(free)
        if free < WARN_BELOW:
            return DiskNearlyFull(free=_shown(free), refused=_shown(REFUSE_BELOW))
        return None

    def explained(self, error: OSError) -> JournalUnavailable:
        """The error that says what the system refused."""
        if error.errno == errno.ENOSPC:
            return _full(self._free())
        if error.errno == errno.EROFS:
            return JournalReadOnly()
        if error.errno in (errno.EACCES, errno.EPERM):
            return JournalNotPermitted(folder=self._folder.name)
        if error.errno in (errno.EDQUOT, errno.EFBIG):
            return JournalQuotaExceeded()
        return JournalUnavailable(detail=error.strerror)

    def _free(self) -> int:
        """Bytes that this user may still fill; as much as one likes where the folder can't be asked."""
        try:
            found = os.statvfs(self._folder)
        except OSError:
            return WARN_BELOW
        return found.f_bavail * found.f_frsize


def _full(free: int) -> JournalDiskFull:
    return JournalDiskFull(free=_shown(free), needed=_shown(REFUSE_BELOW))


def _shown(count: int) -> str:
    """Rounded down: what lacks a byte must not read like enough."""
    return f"{count * 10 // MIB / 10:g} MiB"
