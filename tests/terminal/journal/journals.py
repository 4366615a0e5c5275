"""Journals as tests write them, of one terminal with one key."""

from __future__ import annotations

from pathlib import Path

from crypto.sm2 import PrivateKey
from terminal.events.event import SealedEvidence, UsageEvent
from terminal.events.outcome import Outcome
from terminal.events.receipt import Receipt, SignedReceipt, sign_receipt
from terminal.journal.reader import JournalReader
from terminal.journal.schema import JournalOwner
from terminal.journal.writer import EventDraft, JournalWriter
from tests.terminal.enrolled import NOON, TERMINAL_ID, SetClock

OWNER = JournalOwner(TERMINAL_ID, 1)
KEY = PrivateKey.generate()
CENTER = PrivateKey.generate()
RECEIPTS = PrivateKey.generate()  # the centre's key for receipts
DRAFT = EventDraft(
    service="BUS-1",
    fare=200,
    companions=0,
    outcome=Outcome.GRANTED,
    holder_pays=0,
    companion_pays=0,
    pack_version="cn@1#00",
    content=1,
    nonce=bytes(8),
    holder_ref=bytes(16),
)
EVIDENCE = SealedEvidence(credential=b"", counter=0, signature=b"", rule="cn/x", detail="")


def writer(
    path: Path, clock: SetClock | None = None, owner: JournalOwner = OWNER, key: PrivateKey = KEY
) -> JournalWriter:
    """A writer of the test terminal."""
    return JournalWriter(path, owner, key, CENTER.public_key, clock or SetClock())


def append(journal: JournalWriter, count: int = 1) -> list[UsageEvent]:
    """Append events."""
    return [journal.append(journal.next_place(), DRAFT, EVIDENCE) for _ in range(count)]


def first_event(path: Path) -> int:
    """The first event that is left in a journal."""
    with JournalReader(path) as reader:
        return reader.events(0, 1)[0].sequence


def receipt_for(event: UsageEvent, key: PrivateKey = RECEIPTS) -> SignedReceipt:
    """The centre's receipt for a journal up to this event."""
    return sign_receipt(Receipt(event.terminal, event.epoch, event.sequence, event.hash, NOON), key)


def unsynced(journal: JournalWriter) -> JournalWriter:
    """The same journal, which no longer waits for the disk: to fill it in no time."""
    journal._connection.execute("PRAGMA synchronous = OFF")
    return journal
