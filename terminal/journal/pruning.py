"""Removing events that the centre has signed for and that were kept long enough.

An event goes when a receipt with the centre's signature covers it, names this journal's own event by its
hash, the event is older than the days of retention, and no tap up to it waits for its sale's confirmation.
The event that the receipt names always stays, and so does the chain: what was removed last is remembered by
sequence and hash beside the receipt (table `base`), so that whoever verifies the journal later starts from
there.

Each step is one short transaction; whoever is killed between two steps leaves a journal that verifies.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from crypto.explained import Text
from crypto.sm2 import PublicKey
from crypto.sm3 import sm3
from terminal.events.errors import EventMalformed
from terminal.events.event import UsageEvent
from terminal.events.receipt import SignedReceipt
from terminal.journal.errors import JournalDamaged, ReceiptUnusable
from terminal.journal.schema import JournalOwner, damage_named, read_base
from terminal.journal.unconfirmed import first_unconfirmed

#: How long an event stays after it was recorded, at least; its centre may still have to be restored.
KEEP_DAYS: Final = 30
DAY_MS: Final = 86_400_000
STEP_EVENTS: Final = 64
_OLDEST: Final = "SELECT sequence, bytes, hash FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?"


class Transactions(Protocol):
    """Whoever can write the journal."""

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """One short transaction."""


@dataclass(frozen=True)
class Retention:
    """What may be removed: events before `before_ms` that `receipt` covers."""

    owner: JournalOwner
    receipt: SignedReceipt
    before_ms: int

    @property
    def watermark(self) -> int:
        """The last event that the receipt covers."""
        return self.receipt.receipt.watermark


def retention(owner: JournalOwner, receipt: SignedReceipt, center: PublicKey, before_ms: int) -> Retention:
    """What a receipt allows, once it is known to be the centre's and for this journal.

    `center` is the centre's key for receipts. Raises ReceiptUnusable.
    """
    said = receipt.receipt
    if owner.is_training or (said.terminal, said.epoch) != (owner.terminal, owner.epoch):
        raise ReceiptUnusable(detail=Text(zh="属于另一台终端", en="it is for another terminal"))
    if not receipt.verify(center):
        raise ReceiptUnusable(detail=Text(zh="不是中心所签", en="it is not signed by the centre"))
    return Retention(owner, receipt, before_ms)


def prune(journal: Transactions, allowed: Retention, may_go_on: Callable[[], bool] = lambda: True) -> int:
    """Remove what may go; how many events that were.

    `may_go_on` is asked before each step; it may wait, and ends the work with False. Raises ReceiptUnusable
    where the receipt names another event than the journal has, JournalDamaged at an event that does not fit
    its chain (it is left for whoever looks into it), and JournalUnavailable.
    """
    removed = 0
    while may_go_on():
        with journal.transaction() as connection:
            gone = _removable(connection, allowed, STEP_EVENTS)
            if not gone:
                break
            last, event = gone[-1]
            connection.execute("DELETE FROM events WHERE sequence <= ?", (event.sequence,))
            connection.execute("DELETE FROM checkpoints WHERE sequence <= ?", (event.sequence,))
            connection.execute("DELETE FROM amended WHERE sequence <= ?", (event.sequence,))
            connection.execute("DELETE FROM sold WHERE sequence <= ?", (event.sequence,))
            connection.execute(
                "INSERT OR REPLACE INTO base VALUES (1, ?, ?, ?, ?)",
                (event.sequence, last, event.segment, allowed.receipt.to_bytes()),
            )
        removed += len(gone)
    return removed


def count_removable(connection: sqlite3.Connection, allowed: Retention) -> int:
    """How many events `prune` would remove now. Raises as it does."""
    return sum(1 for _ in _each_removable(connection, allowed))


def give_back_log(path: Path) -> None:
    """Empty the write-ahead log, where old pages still show what was removed; left alone while it is read."""
    with damage_named(), closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")  # most of the work; holds up no writer
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def compact(path: Path, connection: sqlite3.Connection) -> None:
    """Give the disk back what pruning left free, where that is over half of the file and there is room to.

    For a journal that no terminal process has open: a running one fills the free pages with its next events.
    """
    with damage_named():
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (free,) = connection.execute("PRAGMA freelist_count").fetchone()
        found = os.statvfs(path.parent)
        if free * 2 > pages and path.stat().st_size < found.f_bavail * found.f_frsize:
            connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _removable(
    connection: sqlite3.Connection, allowed: Retention, limit: int
) -> list[tuple[bytes, UsageEvent]]:
    found = []
    for one in _each_removable(connection, allowed):
        found.append(one)
        if len(found) == limit:
            break
    return found


def _each_removable(connection: sqlite3.Connection, allowed: Retention) -> Iterator[tuple[bytes, UsageEvent]]:
    """Hash and event of each that may go, ascending, none beyond one that may not.

    A tap whose sale is not confirmed stays: it is still to be cancelled, or would be settled as sold.
    """
    base = read_base(connection)
    if allowed.watermark <= base.sequence:
        return
    _require_own(connection, allowed)
    follows = (base.sequence, base.hash)
    with damage_named():
        unconfirmed = first_unconfirmed(connection)
        for sequence, data, digest in connection.execute(
            _OLDEST, (base.sequence, allowed.watermark - base.sequence - 1)
        ):
            if unconfirmed is not None and sequence >= unconfirmed:
                return
            event = _fitting(sequence, data, digest, follows)
            if event.time_ms >= allowed.before_ms:
                return
            yield digest, event
            follows = (sequence, digest)


def _require_own(connection: sqlite3.Connection, allowed: Retention) -> None:
    said = allowed.receipt.receipt
    with damage_named():
        row = connection.execute(
            "SELECT bytes, hash FROM events WHERE sequence = ?", (said.watermark,)
        ).fetchone()
    if row is None or row[1] != said.hash or sm3(row[0]) != said.hash:
        raise ReceiptUnusable(
            detail=Text(
                zh=f"本机第 {said.watermark} 条不是它所说的记录",
                en=f"event {said.watermark} here is not the one it is for",
            )
        )


def _fitting(sequence: int, data: object, digest: object, follows: tuple[int, bytes]) -> UsageEvent:
    """The event, once it is whole and follows the one before."""
    if isinstance(data, bytes) and sm3(data) == digest:
        try:
            event = UsageEvent.from_bytes(data)
        except EventMalformed:
            pass
        else:
            if (sequence - 1, event.previous) == follows and event.sequence == sequence:
                return event
    raise JournalDamaged(
        detail=Text(zh=f"第 {sequence} 条与其链不符", en=f"event {sequence} does not fit its chain")
    )
