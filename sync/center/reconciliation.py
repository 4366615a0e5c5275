"""From the centre's store to a reconciliation: examine what is new, hand the rows to `sync.reconcile`."""

from __future__ import annotations

import sqlite3

from sync.center.directory import Center
from sync.center.evidence import examine_events
from sync.reconcile.ledger import SCHEMAS, Ledger
from sync.reconcile.report import Coverage, Reconciliation, reconcile


def reconcile_center(center: Center, now_ms: int) -> Reconciliation:
    """Examine, find and settle everything that the centre holds."""
    progress = examine_events(center)
    with center.store.reading() as connection:
        rows = {name: _rows(connection, name) for name in SCHEMAS}
    coverage = Coverage(stored=len(rows["events"]), examined=len(rows["examined"]), pending=progress.pending)
    with Ledger(rows) as ledger:
        return reconcile(ledger, coverage, now_ms)


def _rows(connection: sqlite3.Connection, table: str) -> list[tuple[object, ...]]:
    columns = ", ".join(SCHEMAS[table].names)
    return connection.execute(f"SELECT {columns} FROM {table}").fetchall()  # noqa: S608 - names from SCHEMAS
