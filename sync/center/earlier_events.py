"""The earlier events of a chain that an event rests on, and what the centre made of them.

Results of the running examination are stored a page at a time; until then they are looked up here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crypto.errors import SealBroken
from sync.center.directory import Center
from sync.center.examination import Examination, Proof, StoredEvent
from sync.center.unsealing import Unsealer
from terminal.events.errors import EventMalformed
from terminal.events.event import SealedEvidence, UsageEvent
from terminal.events.kind import EventKind


class EarlierMissing(Exception):
    """An event of the chain that this one rests on has not come, or was not examined yet."""


@dataclass(frozen=True)
class Verdict:
    """What the centre made of an earlier event; `journey` as Examination has it."""

    is_in_order: bool
    journey: int


class EarlierEvents:
    """Looks up what came before an event in its own chain; asked in the order of the chains."""

    def __init__(self, center: Center) -> None:
        self._center = center
        self._fresh: dict[tuple[bytes, int, int], tuple[UsageEvent | None, Examination]] = {}

    def note(self, stored: StoredEvent, event: UsageEvent | None, result: Examination) -> None:
        """This came of an event, and is not stored yet."""
        self._fresh[stored.terminal, stored.epoch, stored.sequence] = (event, result)

    def stored(self) -> None:
        """All that was noted is in the store now."""
        self._fresh.clear()

    def opened(self, event: UsageEvent, sequence: int) -> tuple[UsageEvent, SealedEvidence] | None:
        """An earlier event of the same chain, opened; None where it does not open. Raises EarlierMissing."""
        with self._center.store.reading() as connection:
            row = connection.execute(
                "SELECT bytes FROM events WHERE terminal = ? AND epoch = ? AND sequence = ?",
                (event.terminal, event.epoch, sequence),
            ).fetchone()
        if row is None:
            raise EarlierMissing
        try:
            earlier = UsageEvent.from_bytes(row[0])
            # One of its own: the run's unsealer only goes forward.
            return earlier, Unsealer(self._center).open(earlier)
        except (EventMalformed, SealBroken):
            return None

    def referred(self, event: UsageEvent) -> tuple[UsageEvent, SealedEvidence] | None:
        """The earlier event that this one refers to, opened; None for none. Raises EarlierMissing."""
        return self.opened(event, event.refers_to) if 0 < event.refers_to < event.sequence else None

    def verdict(self, event: UsageEvent, sequence: int) -> Verdict:
        """What was made of an earlier event of the same chain. Raises EarlierMissing."""
        fresh = self._fresh.get((event.terminal, event.epoch, sequence))
        if fresh is not None:
            return Verdict(fresh[1].proof is Proof.VALID and fresh[1].agrees, fresh[1].journey)
        with self._center.store.reading() as connection:
            row = connection.execute(
                "SELECT proof, agrees, journey FROM examined "
                "WHERE terminal = ? AND epoch = ? AND sequence = ?",
                (event.terminal, event.epoch, sequence),
            ).fetchone()
        if row is None:
            raise EarlierMissing
        return Verdict(row[0] == Proof.VALID and bool(row[1]), row[2])

    def has_left(self, event: UsageEvent, card: bytes, since: int) -> bool:
        """Whether the card (a pseudonym) left this service between the event `since` and this one."""
        return any(
            (left.service, left.ticket) == (event.service, event.ticket)
            for left, result in self._between(event, EventKind.CHECK_OUT, since)
            if result.is_in_order and result.card == card
        )

    def left_by_corrections(self, event: UsageEvent, original: UsageEvent) -> tuple[int, int]:
        """The fare and companions that the original has after all corrections before this event."""
        corrections = [
            one
            for one, result in self._between(event, EventKind.CORRECTION, original.sequence)
            if one.refers_to == original.sequence and result.is_amendment
        ]
        last = max(corrections, key=lambda one: one.sequence, default=original)
        return last.fare, last.companions

    def _between(
        self, event: UsageEvent, kind: EventKind, after: int
    ) -> Iterator[tuple[UsageEvent, _Examined]]:
        with self._center.store.reading() as connection:
            rows = connection.execute(
                "SELECT bytes, proof, agrees, card FROM examined "
                "JOIN events USING (terminal, epoch, sequence) "
                "WHERE terminal = ? AND epoch = ? AND kind = ? AND sequence > ? AND sequence < ?",
                (event.terminal, event.epoch, kind.value, after, event.sequence),
            ).fetchall()
        for data, proof, agrees, card in rows:
            yield UsageEvent.from_bytes(data), _Examined(Proof(proof), bool(agrees), card)
        for (terminal, epoch, sequence), (one, result) in self._fresh.items():
            if (terminal, epoch) != (event.terminal, event.epoch) or not after < sequence < event.sequence:
                continue
            if one is not None and one.kind is kind:
                yield one, _Examined(result.proof, result.agrees, result.card)


@dataclass(frozen=True)
class _Examined:
    proof: Proof
    agrees: bool
    card: bytes

    @property
    def is_in_order(self) -> bool:
        return self.proof is Proof.VALID and self.agrees

    @property
    def is_amendment(self) -> bool:
        return self.proof is not Proof.INVALID
