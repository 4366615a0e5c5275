"""The write-ahead log's length is made beforehand, so that no tap waits for a file to grow.

A commit that makes a file longer waits for the file system twice, for its data and for the record of its new
length; one that writes over what is there waits once. SQLite begins the log anew at its start once it is
`LOG_BYTES` long, and without this every append until then, some 850, took twice the time (docs/adr/0018).
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Final

_HEADER_BYTES, _FRAME_HEADER_BYTES = 32, 24  # sqlite.org/fileformat2.html
_PAGE_BYTES: Final = 4096
_PAGES: Final = 1000  # `wal_autocheckpoint`, as SQLite has it by default
LOG_BYTES: Final = _HEADER_BYTES + _PAGES * (_FRAME_HEADER_BYTES + _PAGE_BYTES)
_USUAL_CACHE: Final = -2000  # KiB, as SQLite has it by default
_SMALL_CACHE: Final = 10  # pages, which may stay out of the log
_FILLING: Final = LOG_BYTES + 2 * _SMALL_CACHE * _PAGE_BYTES


def lengthen_log(path: Path, connection: sqlite3.Connection) -> None:
    """Make the log as long as it gets, durably; leaves it to grow by itself where that fails.

    A transaction that does not fit into SQLite's cache is written to the log as it goes. Rolled back, its
    pages are in nobody's way, and the next transaction is written over them.
    """
    log = path.with_name(f"{path.name}-wal")
    with suppress(OSError, sqlite3.OperationalError):
        if log.exists() and log.stat().st_size >= LOG_BYTES:
            return
        connection.execute(f"PRAGMA cache_size = {_SMALL_CACHE}")
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO checkpoints VALUES (0, zeroblob(?))", (_FILLING,))
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            connection.execute(f"PRAGMA cache_size = {_USUAL_CACHE}")
        _sync(log)


def _sync(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
