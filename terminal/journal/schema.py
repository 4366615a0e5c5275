"""The journal's tables."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from crypto.explained import Text
from terminal.events.event import NO_PREVIOUS
from terminal.journal.amended import AMENDED_TABLE
from terminal.journal.disk import JournalDisk
from terminal.journal.errors import (
    JournalDamaged,
    JournalIncomplete,
    JournalIsTraining,
    JournalMissing,
    JournalUnavailable,
)
from terminal.journal.row_digest import is_table_whole, offer_row_digest
from terminal.journal.sold import SOLD_TABLE
from terminal.journal.unconfirmed import UNCONFIRMED_TABLE
from terminal.journal.uses import USES_TABLE
from terminal.journal.voices import VOICES_TABLE

# SQLite's application_id, what `file` shows; the first byte says whose program it is.
APPLICATION_ID: Final = 0x544B4A32  # "TKJ2"
TRAINING_APPLICATION_ID: Final = 0x544B5432  # "TKT2"

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
# `base` has one row once events were pruned: what the first event left follows, and the receipt for it.
_TABLES: Final = f"""
    CREATE TABLE owner (terminal BLOB NOT NULL, epoch INTEGER NOT NULL);
    CREATE TABLE events (sequence INTEGER PRIMARY KEY, bytes BLOB NOT NULL, hash BLOB NOT NULL);
    CREATE TABLE checkpoints (sequence INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
    CREATE TABLE base (
        only INTEGER PRIMARY KEY CHECK (only = 1), sequence INTEGER NOT NULL, hash BLOB NOT NULL,
        segment BLOB NOT NULL, receipt BLOB NOT NULL
    );
    {USES_TABLE}
    {AMENDED_TABLE}
    {VOICES_TABLE}
    {UNCONFIRMED_TABLE}
    {SOLD_TABLE}
"""
_DEFINITIONS: Final = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"
# Rows that none of ours can be; SQLite checks no constraint on what is a row's own number.
_STRANGE: Final = {
    "owner": "SELECT 1 FROM owner LIMIT 1 OFFSET 1",
    "base": "SELECT 1 FROM base WHERE +only <> 1",
}
_DIGESTED: Final = ("uses", "amended", "voices", "unconfirmed", "sold")
#: What reading a damaged file raises: where the message would quote a damaged definition, the second.
DATABASE_ERRORS: Final = (sqlite3.DatabaseError, UnicodeDecodeError)
_KINDS: Final = {
    True: Text(zh="培训流水账", en="a training journal"),
    False: Text(zh="真实流水账", en="a real journal"),
}


@dataclass(frozen=True)
class JournalOwner:
    """Whose journal it is: the terminal's 8-byte id, and which of its installations.

    A training journal's (terminal.journal.training) stands for no terminal.
    """

    terminal: bytes
    epoch: int
    is_training: bool = False


@dataclass(frozen=True)
class JournalBase:
    """What the first event in a journal follows.

    `sequence` and `hash` are those of the event before it, `segment` the one that is still open there;
    `receipt` is the centre's for that event or a later one, where the events before were pruned.
    """

    sequence: int
    hash: bytes
    segment: bytes = b""
    receipt: bytes = b""


#: The base of a journal that begins with its first event.
BEGINNING: Final = JournalBase(0, NO_PREVIOUS)


def open_for_writing(path: Path, owner: JournalOwner) -> sqlite3.Connection:
    """The journal, made if there is none; WAL, a full sync at each commit, what is deleted overwritten.

    May be used from several threads, one at a time. Raises JournalDamaged, JournalIncomplete,
    JournalIsTraining, and what `JournalDisk` raises.
    """
    disk = JournalDisk(path.parent)
    # Made private before SQLite opens it: the -wal and -shm files take over its mode.
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        path.chmod(0o600)
    except OSError as error:
        raise disk.explained(error) from error
    try:
        return _opened(path, owner)
    except JournalUnavailable:
        # SQLite knows that a write failed, and seldom why.
        disk.require_writable()
        raise


def _opened(path: Path, owner: JournalOwner) -> sqlite3.Connection:
    with damage_named():
        connection = sqlite3.connect(path, isolation_level=None, timeout=5, check_same_thread=False)
    with _closed_on_error(connection), damage_named():
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        offer_row_digest(connection)
        if connection.execute("PRAGMA application_id").fetchone()[0] == 0:
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise _some_other(path)
            kind = TRAINING_APPLICATION_ID if owner.is_training else APPLICATION_ID
            connection.executescript(f"BEGIN; PRAGMA application_id = {kind}; {_TABLES}")
            connection.execute("INSERT INTO owner VALUES (?, ?)", (owner.terminal, owner.epoch))
            connection.execute("COMMIT")
        else:
            _require_kind(connection, path, owner.is_training)
            _require_tables(connection, path)
    return connection


def require_tables(path: Path, is_training: bool) -> None:
    """Raise JournalIncomplete where a journal lacks a table; and as `open_for_reading`."""
    with closing(open_for_reading(path, is_training)) as connection, damage_named():
        _require_tables(connection, path)


def open_for_reading(path: Path, is_training: bool = False, *, is_cut: bool = False) -> sqlite3.Connection:
    """The journal, never written through this connection; `is_cut`: even if its file is too short.

    Raises JournalMissing, JournalDamaged, JournalIsTraining, JournalUnavailable.
    """
    if not path.exists():
        raise JournalMissing(path=path)
    if path.stat().st_size == 0:
        # SQLite would take it for a new database, and remove a log that may hold all the rest.
        raise JournalDamaged(detail=Text(zh=f"{path.name} 是空文件", en=f"{path.name} is empty"))
    how = "mode=ro&immutable=1" if _is_at_rest(path) else "mode=ro"
    with damage_named():
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?{how}", uri=True, timeout=5, isolation_level=None
        )
        offer_row_digest(connection)
    with _closed_on_error(connection), damage_named():
        if is_cut:
            connection.execute("PRAGMA writable_schema = ON")
        _require_kind(connection, path, is_training)
    return connection


def _is_at_rest(path: Path) -> bool:
    """Whether nobody can be writing it: SQLite wants to write beside a database that somebody might."""
    if os.access(path.parent, os.W_OK):
        return False
    log = path.with_name(f"{path.name}-wal")
    return not log.exists() or log.stat().st_size == 0


def _require_kind(connection: sqlite3.Connection, path: Path, is_training: bool) -> None:
    found = connection.execute("PRAGMA application_id").fetchone()[0]
    if found not in (APPLICATION_ID, TRAINING_APPLICATION_ID):
        raise _some_other(path)
    if (found == TRAINING_APPLICATION_ID) is not is_training:
        raise JournalIsTraining(path=path.name, kind=_KINDS[not is_training], wanted=_KINDS[is_training])


def _require_tables(connection: sqlite3.Connection, path: Path) -> None:
    if gone := _missing(dict(connection.execute(_DEFINITIONS))):
        raise JournalIncomplete(file=path.name, missing=gone)


def _missing(found: dict[str, str]) -> str:
    """The tables that are not there, by name."""
    return ", ".join(sorted(_definitions().keys() - found.keys()))


def _some_other(path: Path) -> JournalDamaged:
    return JournalDamaged(
        detail=Text(
            zh=f"{path.name} 不是流水账，是别的数据库",
            en=f"{path.name} is no journal but some other database",
        )
    )


def read_owner(connection: sqlite3.Connection, is_training: bool) -> JournalOwner:
    """Whose journal it is. Raises JournalDamaged, JournalUnavailable."""
    with damage_named():
        row = connection.execute("SELECT terminal, epoch FROM owner").fetchone()
    if row is None or not isinstance(row[0], bytes) or not isinstance(row[1], int):
        raise JournalDamaged(detail=Text(zh="没有写明属于哪台终端", en="it names no owner"))
    return JournalOwner(row[0], row[1], is_training)


def read_base(connection: sqlite3.Connection) -> JournalBase:
    """What its first event follows. Raises JournalDamaged, JournalUnavailable."""
    with damage_named():
        row = connection.execute("SELECT sequence, hash, segment, receipt FROM base").fetchone()
    if row is None:
        return BEGINNING
    if not isinstance(row[0], int) or not all(isinstance(part, bytes) for part in row[1:]):
        raise JournalDamaged(detail=Text(zh="清除起点无法读取", en="what was pruned can't be read"))
    return JournalBase(row[0], row[1], row[2], row[3])


def wrong_structure(connection: sqlite3.Connection) -> str | None:
    """What is wrong with the database around its rows, as SQLite and the definitions of the tables tell.

    Reads the whole file. Raises what `DATABASE_ERRORS` are.
    """
    found_definitions = dict(connection.execute(_DEFINITIONS))
    if gone := _missing(found_definitions):
        return f"missing: {gone}"
    if found_definitions != _definitions():
        return "table definitions"
    (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        return " ".join(str(found).split())
    for table, strange in _STRANGE.items():
        if connection.execute(strange).fetchone() is not None:
            return f"table {table}"
    return next((f"table {table}" for table in _DIGESTED if not is_table_whole(connection, table)), None)


@cache
def _definitions() -> dict[str, str]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(_TABLES)
        return dict(connection.execute(_DEFINITIONS))


@contextmanager
def damage_named() -> Iterator[None]:
    """Tell a disk that fails now (JournalUnavailable) from a file that was altered (JournalDamaged)."""
    try:
        yield
    except DATABASE_ERRORS as error:
        if is_of_the_disk(error):
            raise JournalUnavailable(detail=str(error)) from error
        raise JournalDamaged(detail=str(error)) from error


def is_of_the_disk(error: Exception) -> bool:
    """Whether it speaks of the disk now, and not of what is in the file."""
    # An error of the Python module itself carries no code of SQLite.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _STORAGE_ERRORS


@contextmanager
def _closed_on_error(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise
