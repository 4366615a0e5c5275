"""The centre's receipts, as the agent keeps them: read from its file, which the agent alone writes.

Nothing but this file passes between the two processes. What stands in it is believed when the centre's
signature over it holds, and not before (terminal.journal.pruning).
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from crypto.explained import Text
from terminal.events.errors import EventMalformed
from terminal.events.receipt import SignedReceipt
from terminal.events.voice import SignedVoiceReceipt
from terminal.journal.errors import ReceiptUnusable
from terminal.journal.schema import DATABASE_ERRORS

#: "TKU2": what the agent's file says it is (sync.agent.state).
UPLOADS_APPLICATION_ID: Final = 0x544B5532


def read_receipt(uploads: Path, epoch: int) -> SignedReceipt | None:
    """The newest receipt for this epoch, its signature unchecked; None if there is none yet.

    Raises ReceiptUnusable where the file can't be read or is something else.
    """
    found = _asked(uploads, "SELECT receipt FROM progress WHERE epoch = ?", (epoch,))
    if not found or not found[0]:
        return None
    try:
        return SignedReceipt.from_bytes(found[0] if isinstance(found[0], bytes) else b"")
    except EventMalformed as error:
        raise ReceiptUnusable(detail=_NOT_PARSED) from error


def readable_receipt(uploads: Path, epoch: int) -> SignedReceipt | None:
    """The same; None, too, where the agent's file is damaged: the journal can be checked without it."""
    try:
        return read_receipt(uploads, epoch)
    except ReceiptUnusable:
        return None


def read_voice_receipt(uploads: Path, epoch: int, sequence: int) -> SignedVoiceReceipt | None:
    """The receipt for the recording of this event, its signature unchecked; None if there is none yet.

    Raises as `read_receipt`.
    """
    query = "SELECT receipt FROM voices WHERE epoch = ? AND sequence = ?"
    found = _asked(uploads, query, (epoch, sequence))
    if not found:
        return None
    try:
        return SignedVoiceReceipt.from_bytes(found[0] if isinstance(found[0], bytes) else b"")
    except EventMalformed as error:
        raise ReceiptUnusable(detail=_NOT_PARSED) from error


_NOT_PARSED: Final = Text(zh="无法解析", en="it can't be parsed")


def _asked(uploads: Path, query: str, facts: tuple[int, ...]) -> tuple[object, ...] | None:
    """One row of the agent's file; None where there is no such row, or no file yet."""
    if not uploads.exists():
        return None
    try:
        connection = sqlite3.connect(f"{uploads.resolve().as_uri()}?mode=ro", uri=True, timeout=5)
        try:
            if connection.execute("PRAGMA application_id").fetchone()[0] != UPLOADS_APPLICATION_ID:
                raise ReceiptUnusable(
                    detail=Text(
                        zh=f"{uploads.name} 是别的数据库", en=f"{uploads.name} is some other database"
                    )
                )
            row: tuple[object, ...] | None = connection.execute(query, facts).fetchone()
        finally:
            connection.close()
    except DATABASE_ERRORS as error:
        raise ReceiptUnusable(detail=str(error)) from error
    return row
