"""What is left of a journal that can't be verified: its file was cut, emptied, or lost its tables."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from crypto.explained import Text
from terminal.events.errors import EventMalformed
from terminal.events.event import UsageEvent
from terminal.journal.errors import JournalDamaged, JournalUnreadable
from terminal.journal.schema import DATABASE_ERRORS

# sqlite.org/fileformat.html, "The Database Header"
_MAGIC: Final = b"SQLite format 3\0"
_HEADER_BYTES: Final = 100
_PAGE_SIZE, _PAGE_COUNT = slice(16, 18), slice(28, 32)
_NOTHING: Final = Text(zh="没有一条记录还能读出", en="no event in it can be read any more")


def unreadable(path: Path, error: JournalDamaged) -> JournalUnreadable:
    """What is wrong with a file that can't be verified for `error`, and which events it still shows."""
    what = cut_off(path) or error.facts.get("detail") or str(error)
    return JournalUnreadable(file=path.name, what=what, readable=_readable(path))


def cut_off(path: Path) -> Text | None:
    """What the file's size says of it; None where that is as its header says."""
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            header = stream.read(_HEADER_BYTES)
    except OSError:
        return None
    if not size:
        return Text(zh="文件是空的（0 字节）", en="the file is empty (0 bytes)")
    if not header.startswith(_MAGIC[: len(header)]):
        return Text(
            zh="不是 SQLite 数据库，开头已被改写", en="it is no SQLite database: its start was overwritten"
        )
    page = int.from_bytes(header[_PAGE_SIZE])
    whole = (65_536 if page == 1 else page) * int.from_bytes(header[_PAGE_COUNT])
    if len(header) == _HEADER_BYTES and size >= whole:
        return None
    return Text(
        zh=f"文件被截断：只剩 {size} 字节，应有 {whole or '更多'} 字节",
        en=f"the file is cut off: {size} bytes are left of {whole or 'more'}",
    )


def _readable(path: Path) -> Text:
    """The events that can still be read; changes nothing, not even the log beside the file."""
    found: list[int] = []
    with (
        suppress(*DATABASE_ERRORS),
        closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as connection,
    ):
        # Without it SQLite reads nothing of a file that is shorter than its header says.
        connection.execute("PRAGMA writable_schema = ON")
        for sequence, data in connection.execute("SELECT sequence, bytes FROM events ORDER BY sequence"):
            with suppress(EventMalformed, TypeError):
                if UsageEvent.from_bytes(data).sequence == sequence:
                    found.append(sequence)
    if not found:
        return _NOTHING
    return Text(
        zh=f"还能读出 {len(found)} 条，第 {found[0]} 至 {found[-1]} 条",
        en=f"{len(found)} events can still be read, {found[0]} to {found[-1]}",
    )
