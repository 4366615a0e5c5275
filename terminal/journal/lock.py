"""One process at a time writes a journal."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from terminal.journal.disk import JournalDisk
from terminal.journal.errors import JournalLocked


def lock_journal(path: Path) -> int:
    """An exclusive lock for as long as the descriptor is open; the kernel drops it when the process dies.

    Raises JournalLocked, and what `JournalDisk` raises.
    """
    try:
        descriptor = os.open(
            path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
    except OSError as error:
        raise JournalDisk(path.parent).explained(error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise JournalLocked from error
    return descriptor


def is_journal_locked(path: Path) -> bool:
    """Whether a process has this journal open for writing; asking takes the lock for some microseconds."""
    try:
        descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
