"""The journal's tables."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crypto.explained import Text
from terminal.errors import JournalDamaged, JournalMissing, JournalUnavailable
from terminal.journal.amended import AMENDED_TABLE
from terminal.journal.uses import USES_TABLE

APPLICATION_ID: Final = 0x544B4A31  # "TKJ1", SQLite's application_id: what `file` shows

# Primary result codes that speak of the disk, not of what is in the file (sqlite.org/rescode.html).
_STORAGE_ERRORS: Final = frozenset(
    (
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
    )
)
_TABLES: Final = f"""
    PRAGMA application_id = {APPLICATION_ID};
    CREATE TABLE owner (terminal BLOB NOT NULL, epoch INTEGER NOT NULL);
    CREATE TABLE events (sequence INTEGER PRIMARY KEY, bytes BLOB NOT NULL, hash BLOB NOT NULL);
    CREATE TABLE checkpoints (sequence INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
    {USES_TABLE}
    {AMENDED_TABLE}
"""


@dataclass(frozen=True)
class JournalOwner:
    """Whose journal it is: the terminal's 8-byte id, and which of its installations."""

    terminal: bytes
    epoch: int


def open_for_writing(path: Path, owner: JournalOwner) -> sqlite3.Connection:
    """The journal, made if there is none; WAL, a full sync at each commit. Raises JournalDamaged."""
    # Made private before SQLite opens it: the -wal and -shm files take over its mode.
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        path.chmod(0o600)
    except OSError as error:
        raise JournalUnavailable(detail=error.strerror) from error
    with damage_named():
        connection = sqlite3.connect(path, isolation_level=None, timeout=5)
    with _closed_on_error(connection), damage_named():
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise JournalDamaged(
                    detail=Text(zh=f"{path.name} 是别的数据库", en=f"{path.name} is some other database")
                )
            connection.executescript(f"BEGIN; {_TABLES}")
            connection.execute("INSERT INTO owner VALUES (?, ?)", (owner.terminal, owner.epoch))
            connection.execute("COMMIT")
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """The journal, never written through this connection. Raises JournalMissing, JournalDamaged."""
    if not path.exists():
        raise JournalMissing(path=path)
    with damage_named():
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5)
    with _closed_on_error(connection), damage_named():
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise JournalDamaged(detail=Text(zh=f"{path.name} 不是流水账", en=f"{path.name} is no journal"))
    return connection


@contextmanager
def damage_named() -> Iterator[None]:
    """Tell a disk that fails now (JournalUnavailable) from a file that was altered (JournalDamaged)."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        # An error of the Python module itself carries no code of SQLite.
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _STORAGE_ERRORS:
            raise JournalUnavailable(detail=str(error)) from error
        raise JournalDamaged(detail=str(error)) from error


@contextmanager
def _closed_on_error(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise
