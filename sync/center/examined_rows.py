"""The centre's rows on either side of an examination: events to examine, and what came of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from sync.center.examination import Examination, StoredEvent
from sync.center.store import CenterStore
from terminal.decisions.decide import local_date
from terminal.events.event import UsageEvent

PAGE: Final = 500


def unexamined(store: CenterStore) -> Iterator[list[StoredEvent]]:
    """Pages of unexamined events in the order of their chains, past those that have to wait."""
    after = (b"", 0, 0)
    while True:
        with store.reading() as connection:
            rows = connection.execute(
                "SELECT terminal, epoch, sequence, bytes, hash, operator, watermark, revoked_ms, "
                "received_ms "
                "FROM events JOIN terminals USING (terminal, epoch) "
                "WHERE (terminal, epoch, sequence) > (?, ?, ?) AND NOT EXISTS ("
                "  SELECT 1 FROM examined WHERE examined.terminal = events.terminal"
                "  AND examined.epoch = events.epoch AND examined.sequence = events.sequence) "
                "ORDER BY terminal, epoch, sequence LIMIT ?",
                (*after, PAGE),
            ).fetchall()
        if not rows:
            return
        page = [StoredEvent(*row) for row in rows]
        after = (page[-1].terminal, page[-1].epoch, page[-1].sequence)
        yield page


def keep(store: CenterStore, results: list[tuple[StoredEvent, UsageEvent | None, Examination]]) -> None:
    """Store what came of each event; one that is stored already stays as it is."""
    with store.transaction() as connection:
        connection.executemany(
            "INSERT INTO examined (terminal, epoch, sequence, operator, service, day, kind, refers_to, "
            "outcome, granted, proof, reason, card, counter, proof_digest, list_fare, paid, claimed, due, "
            "agrees, content, goes_with, journey, time_ms, clock) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            [_row(stored, event, result) for stored, event, result in results],
        )
        connection.executemany(
            "INSERT INTO quota_uses (terminal, epoch, sequence, tally, most, said, used) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [
                (*_place(stored), use.tally, use.most, use.said, use.used)
                for stored, _event, result in results
                for use in result.uses
            ],
        )


def _row(stored: StoredEvent, event: UsageEvent | None, result: Examination) -> tuple[object, ...]:
    return (
        *_place(stored),
        stored.operator,
        event.service if event else "",
        (local_date(event.time_ms) if event else date.min).isoformat(),
        event.kind.value if event else "",
        event.refers_to if event else 0,
        event.outcome.value if event else "",
        event.outcome.granted if event else False,
        result.proof.value,
        result.reason.value,
        result.card,
        result.counter,
        result.proof_digest,
        result.list_fare,
        result.paid,
        result.claimed,
        result.due,
        result.agrees,
        result.content,
        result.goes_with,
        result.journey,
        event.time_ms if event else 0,
        event.clock.value if event else "",
    )


def _place(stored: StoredEvent) -> tuple[bytes, int, int]:
    return stored.terminal, stored.epoch, stored.sequence
