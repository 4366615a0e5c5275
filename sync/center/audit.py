"""Who did what to whose events at the centre: entered with the deed, in one transaction."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple


class AuditEntry(NamedTuple):
    """One deed. `sequence`: of the event that it was about; 0 where it was about the terminal's epoch."""

    at_ms: int
    actor: str
    action: str
    terminal: bytes
    epoch: int
    sequence: int = 0


def enter(connection: sqlite3.Connection, entry: AuditEntry) -> None:
    """Put it into the audit, within the caller's transaction."""
    connection.execute(
        "INSERT INTO audit (at_ms, actor, action, terminal, epoch, sequence) VALUES (?, ?, ?, ?, ?, ?)", entry
    )
