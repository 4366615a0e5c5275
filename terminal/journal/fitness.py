"""Whether a journal could be written, asked without becoming its writer."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from crypto.explained import Text
from crypto.sm3 import sm3
from terminal.events.errors import EventMalformed
from terminal.events.event import UsageEvent
from terminal.events.receipt import Receipt
from terminal.journal.errors import JournalDamaged, JournalOfAnother
from terminal.journal.reader import JournalReader
from terminal.journal.schema import JournalOwner, damage_named, require_tables

#: A tap's transaction takes milliseconds: whoever holds the file longer is somebody else.
BUSY_SECONDS: Final = 2.0


def journal_ends_at(path: Path, owner: JournalOwner, held: Receipt | None) -> int:
    """The sequence of its last event, once a writer could go on behind it; `held` as for JournalWriter.

    Raises JournalMissing, JournalOfAnother, JournalIsTraining, JournalDamaged, JournalIncomplete,
    JournalBehind, JournalCut, JournalUnavailable.
    """
    require_tables(path, owner.is_training)
    with JournalReader(path, owner.is_training) as reader:
        if reader.owner != owner:
            raise JournalOfAnother(terminal=reader.terminal.hex(), epoch=reader.epoch)
        reader.require_whole(held)
        reader.require_signed()
        head = reader.head()
        if head is None:
            return 0
        (last,) = reader.events(head[0] - 1, 1)
    try:
        is_whole = UsageEvent.from_bytes(last.data).sequence == last.sequence and sm3(last.data) == last.hash
    except EventMalformed:
        is_whole = False
    if not is_whole:
        raise JournalDamaged(
            detail=Text(
                zh=f"最后一条（第 {last.sequence} 条）已被改动",
                en=f"its last event ({last.sequence}) was altered",
            )
        )
    return last.sequence


def require_writable(path: Path) -> None:
    """Raise JournalUnavailable where another program keeps the journal locked; changes nothing."""
    place = f"{path.resolve().as_uri()}?mode=rw"
    with damage_named(), closing(sqlite3.connect(place, uri=True, timeout=BUSY_SECONDS)) as connection:
        connection.isolation_level = None
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
