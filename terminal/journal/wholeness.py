"""Whether a journal still holds what the centre has signed for, and what it has signed for itself.

One that was lost, or put back from a copy, would go on under numbers that the centre knows other events by:
two chains of one terminal, and taps that no settlement takes. So nothing is written behind such a head.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from crypto.sm2 import PublicKey
from terminal.events.receipt import Receipt
from terminal.journal.begun import has_begun
from terminal.journal.errors import JournalBehind, JournalCut, JournalGone, ReceiptUnusable
from terminal.journal.schema import JournalOwner, damage_named, read_base
from terminal.journal.upload_receipt import read_receipt


def signed_for(uploads: Path, owner: JournalOwner, center: PublicKey) -> Receipt | None:
    """What the centre is known to hold of this journal; None where no receipt with its signature says so.

    `uploads` is the agent's file, `center` the centre's key for receipts. Training journals go nowhere.
    """
    if owner.is_training:
        return None
    try:
        signed = read_receipt(uploads, owner.epoch)
    except ReceiptUnusable:
        # The journal does not suffer for the agent's file; upkeep tells of it (TRM-425).
        return None
    if signed is None or not signed.verify(center):
        return None
    said = signed.receipt
    return said if (said.terminal, said.epoch) == (owner.terminal, owner.epoch) else None


def require_there(path: Path, owner: JournalOwner, receipt: Receipt | None) -> None:
    """Raise JournalBehind where there is no journal, or an empty file, although the centre signed for one.

    And JournalGone where no receipt is there either, but there was a journal once.
    """
    if path.exists() and path.stat().st_size:
        return
    if receipt is not None:
        raise JournalBehind(held=0, acknowledged=receipt.watermark)
    if has_begun(path, owner):
        raise JournalGone(file=path.name)


def require_whole(connection: sqlite3.Connection, receipt: Receipt | None) -> None:
    """Raise JournalBehind where the event that a receipt names is not in this journal as the centre has it.

    What was pruned behind a later receipt is not asked for. Raises JournalDamaged, JournalUnavailable.
    """
    if receipt is None or receipt.watermark <= read_base(connection).sequence:
        return
    with damage_named():
        row = connection.execute(
            "SELECT hash FROM events WHERE sequence = ?", (receipt.watermark,)
        ).fetchone()
        (head,) = connection.execute("SELECT max(sequence) FROM events").fetchone()
    if row is None or row[0] != receipt.hash:
        raise JournalBehind(held=head or 0, acknowledged=receipt.watermark)


def require_signed(connection: sqlite3.Connection, owner: JournalOwner) -> None:
    """Raise JournalCut where a checkpoint is for an event behind the last one: its number is not free.

    Of training journals nothing is asked. Raises JournalDamaged, JournalUnavailable.
    """
    if owner.is_training:
        return
    with damage_named():
        (signed,) = connection.execute("SELECT max(sequence) FROM checkpoints").fetchone()
        (head,) = connection.execute("SELECT max(sequence) FROM events").fetchone()
    held = head or read_base(connection).sequence
    if signed is not None and signed > held:
        raise JournalCut(held=held, signed=signed)
