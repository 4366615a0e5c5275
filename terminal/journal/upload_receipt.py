"""The centre's receipt, as the agent keeps it: read from its file, which the agent alone writes.

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
from terminal.journal.errors import ReceiptUnusable

#: "TKU2": what the agent's file says it is (sync.agent.state).
UPLOADS_APPLICATION_ID: Final = 0x544B5532


def read_receipt(uploads: Path, epoch: int) -> SignedReceipt | None:
    """The newest receipt for this epoch, its signature unchecked; None if there is none yet.

    Raises ReceiptUnusable where the file can't be read or is something else.
    """
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
            row = connection.execute("SELECT receipt FROM progress WHERE epoch = ?", (epoch,)).fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise ReceiptUnusable(detail=str(error)) from error
    if row is None or not row[0]:
        return None
    try:
        return SignedReceipt.from_bytes(row[0] if isinstance(row[0], bytes) else b"")
    except EventMalformed as error:
        raise ReceiptUnusable(detail=Text(zh="无法解析", en="it can't be parsed")) from error
