"""Taking a batch in: check it without the store, then store it in one transaction, or nothing of it.

Exactly once: an event is stored under (terminal, epoch, sequence) and inserted only where nothing stands, so
a batch may come any number of times. Where something else stands, the terminal's chain has forked: that is
recorded with both hashes and the terminal's own signature, and the stored chain stays as it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from crypto.errors import CertificateRefused
from crypto.pki.certificate import Certificate
from crypto.pki.chain import verify_chain
from crypto.pki.role import Role
from crypto.sm2 import PublicKey
from crypto.sm3 import sm3
from sync.center.keys import CenterKeys
from sync.center.store import CenterStore
from sync.errors import (
    CertificateNotValid,
    ChainBroken,
    EventForeign,
    EventMalformed,
    ForkFound,
    HeadMismatch,
    HeadSignatureInvalid,
    MessageRefused,
    TerminalUnknown,
)
from sync.protocol.batch import MAX_GAPS, Batch, BatchAnswer, Fork, Gap
from terminal.events.errors import EventMalformed as NotAnEvent
from terminal.events.event import NO_PREVIOUS, UsageEvent
from terminal.events.receipt import Receipt, sign_receipt


@dataclass(frozen=True)
class ChainLink:
    """An event as the store keeps it: its bytes, their hash, and the hash of the event before."""

    sequence: int
    data: bytes
    hash: bytes
    previous: bytes


@dataclass(frozen=True)
class _Position:
    """Where a terminal's chain stands; `hash` is that of the event at the watermark."""

    watermark: int
    hash: bytes
    gaps: list[Gap]


def check_batch(batch: Batch, terminal_key: PublicKey) -> list[ChainLink]:
    """The batch's events as links of one chain that ends in the signed head; looks at its arguments alone.

    Raises HeadSignatureInvalid, HeadMismatch, EventMalformed, EventForeign or ChainBroken.
    """
    head = batch.head.checkpoint
    # The signature first: a stranger's batch is not worth parsing.
    if not batch.head.verify(terminal_key):
        raise HeadSignatureInvalid(terminal=batch.terminal.hex())
    links: list[ChainLink] = []
    for position, data in enumerate(batch.events, start=1):
        try:
            event = UsageEvent.from_bytes(data)
        except NotAnEvent as error:
            raise EventMalformed(position=position) from error
        if (event.terminal, event.epoch) != (batch.terminal, batch.epoch):
            raise EventForeign(position=position)
        follows = links[-1].sequence + 1 == event.sequence if links else True
        expected = links[-1].hash if links else (NO_PREVIOUS if event.sequence == 1 else event.previous)
        if not follows or event.previous != expected:
            raise ChainBroken(sequence=event.sequence)
        links.append(ChainLink(event.sequence, data, sm3(data), event.previous))
    last = links[-1]
    if (head.terminal, head.epoch, head.sequence, head.hash) != (
        batch.terminal,
        batch.epoch,
        last.sequence,
        last.hash,
    ):
        raise HeadMismatch(sequence=last.sequence)
    return links


def take_batch(store: CenterStore, keys: CenterKeys, batch: Batch, now_ms: int) -> BatchAnswer:
    """Store a batch and say what the centre holds now, with a signed receipt.

    Raises a MessageRefused where the batch is not acceptable; that is counted, and nothing else changes.
    """
    try:
        key = terminal_key(store, keys, batch.terminal, batch.epoch, now_ms)
        links = check_batch(batch, key)
    except MessageRefused as error:
        count_refusal(store, batch.terminal, batch.epoch, error, now_ms)
        raise
    with store.transaction() as connection:
        fork = _find_fork(connection, batch, links)
        if fork is None:
            _store(connection, batch, links, now_ms)
        else:
            _record_fork(connection, batch, links, fork, now_ms)
        position = _advance(connection, batch.terminal, batch.epoch)
    receipt = None
    if position.watermark:
        statement = Receipt(batch.terminal, batch.epoch, position.watermark, position.hash, now_ms)
        receipt = sign_receipt(statement, keys.receipt)
    return BatchAnswer(
        watermark=position.watermark,
        gaps=position.gaps,
        fork=fork,
        rejected=ForkFound.code if fork else None,
        receipt=receipt,
    )


def count_refusal(
    store: CenterStore, terminal: bytes, epoch: int, error: MessageRefused, now_ms: int
) -> None:
    """Count a refusal under the terminal it names; all that name none enrolled here share one line."""
    known = not isinstance(error, TerminalUnknown)
    with store.transaction() as connection:
        connection.execute(
            "INSERT INTO refusals VALUES (?, ?, ?, 1, ?, ?) "
            "ON CONFLICT DO UPDATE SET times = times + 1, last_ms = excluded.last_ms",
            (terminal if known else b"", epoch if known else 0, error.code, now_ms, now_ms),
        )


def terminal_key(store: CenterStore, keys: CenterKeys, terminal: bytes, epoch: int, now_ms: int) -> PublicKey:
    """The key of a terminal enrolled here. Raises TerminalUnknown, CertificateNotValid."""
    with store.reading() as connection:
        row = connection.execute(
            "SELECT certificate FROM terminals WHERE terminal = ? AND epoch = ?", (terminal, epoch)
        ).fetchone()
    if row is None:
        raise TerminalUnknown(terminal=terminal.hex(), epoch=epoch)
    try:
        now = datetime.fromtimestamp(now_ms / 1000, UTC)
        certificate = Certificate.from_pem(row[0])
        chain = (keys.province_certificate,)
        return verify_chain(certificate, chain, keys.root_certificate, now, Role.TERMINAL).public_key
    except CertificateRefused as error:
        raise CertificateNotValid(terminal=terminal.hex()) from error


def _find_fork(connection: sqlite3.Connection, batch: Batch, links: list[ChainLink]) -> Fork | None:
    """The lowest sequence number at which the batch and the stored chain are not the same chain."""
    first, last = links[0], links[-1]
    rows = connection.execute(
        "SELECT sequence, hash, previous FROM events "
        "WHERE terminal = ? AND epoch = ? AND sequence BETWEEN ? AND ?",
        (batch.terminal, batch.epoch, first.sequence - 1, last.sequence + 1),
    )
    stored = {sequence: (hash_, previous) for sequence, hash_, previous in rows}
    before, after = stored.get(first.sequence - 1), stored.get(last.sequence + 1)
    if before and before[0] != first.previous:
        return Fork(sequence=first.sequence - 1, stored_hash=before[0], other_hash=first.previous)
    for link in links:
        if link.sequence in stored and stored[link.sequence][0] != link.hash:
            return Fork(sequence=link.sequence, stored_hash=stored[link.sequence][0], other_hash=link.hash)
    if after and after[1] != last.hash:
        # The event at `last` is not stored, but the one after it names its hash.
        return Fork(sequence=last.sequence, stored_hash=after[1], other_hash=last.hash)
    return None


def _store(connection: sqlite3.Connection, batch: Batch, links: Iterable[ChainLink], now_ms: int) -> None:
    connection.executemany(
        "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [
            (batch.terminal, batch.epoch, link.sequence, link.data, link.hash, link.previous, now_ms)
            for link in links
        ],
    )
    head = batch.head.checkpoint
    connection.execute(
        "INSERT INTO heads VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (head.terminal, head.epoch, head.sequence, head.hash, batch.head.to_bytes(), now_ms),
    )


def _record_fork(
    connection: sqlite3.Connection, batch: Batch, links: Iterable[ChainLink], fork: Fork, now_ms: int
) -> None:
    event = next((link.data for link in links if link.sequence == fork.sequence), b"")
    connection.execute(
        "INSERT INTO forks VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            batch.terminal,
            batch.epoch,
            fork.sequence,
            fork.stored_hash,
            fork.other_hash,
            event,
            batch.head.to_bytes(),
            now_ms,
        ),
    )


def _advance(connection: sqlite3.Connection, terminal: bytes, epoch: int) -> _Position:
    """Move the watermark over what has become contiguous, and list what is missing above it."""
    who = (terminal, epoch)
    (before,) = connection.execute(
        "SELECT watermark FROM terminals WHERE terminal = ? AND epoch = ?", who
    ).fetchone()
    watermark = before
    for (sequence,) in connection.execute(
        "SELECT sequence FROM events WHERE terminal = ? AND epoch = ? AND sequence > ? ORDER BY sequence",
        (*who, before),
    ):
        if sequence != watermark + 1:
            break
        watermark = sequence
    if watermark != before:
        connection.execute(
            "UPDATE terminals SET watermark = ? WHERE terminal = ? AND epoch = ?", (watermark, *who)
        )
    gaps = connection.execute(
        "SELECT below + 1, sequence - 1 FROM ("
        "  SELECT sequence, LAG(sequence, 1, :watermark) OVER (ORDER BY sequence) AS below FROM events"
        "  WHERE terminal = :terminal AND epoch = :epoch AND sequence > :watermark"
        ") WHERE sequence > below + 1 ORDER BY sequence LIMIT :limit",
        {"watermark": watermark, "terminal": terminal, "epoch": epoch, "limit": MAX_GAPS},
    )
    row = connection.execute(
        "SELECT hash FROM events WHERE terminal = ? AND epoch = ? AND sequence = ?", (*who, watermark)
    ).fetchone()
    return _Position(watermark, row[0] if row else b"", [Gap(first, last) for first, last in gaps])
