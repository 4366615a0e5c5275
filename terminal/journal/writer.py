"""Writing the journal: one writer, and no tap counts before its event is on the disk.

with JournalWriter(path, owner, signer, center_key, clock) as journal:
    place = journal.next_place()          # its sequence goes into the tap challenge
    ...                                   # tap, decide
    event = journal.append(place, draft, evidence)
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from crypto.closing import Closing
from crypto.explained import Text
from crypto.sealing import SegmentSealer
from crypto.signer import Signer
from crypto.sm2 import PublicKey
from crypto.sm3 import sm3
from terminal.clock import Clock
from terminal.errors import (
    JournalDamaged,
    JournalLocked,
    JournalOfAnother,
    JournalUnavailable,
    TapNotRecorded,
)
from terminal.events.checkpoint import Checkpoint, sign_checkpoint
from terminal.events.errors import EventMalformed
from terminal.events.event import (
    EVENT_VERSION,
    NO_PREVIOUS,
    SealedEvidence,
    UsageEvent,
)
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome
from terminal.journal.amended import is_cancelled, note_cancelled
from terminal.journal.schema import JournalOwner, damage_named, open_for_writing
from terminal.journal.uses import QuotaCount, forget_ended, transaction
from terminal.timekeeping import Moment, Timekeeper

CHECKPOINT_EVERY: Final = 64


@dataclass(frozen=True)
class Place:
    """Where and when the next event will stand."""

    sequence: int
    moment: Moment

    @property
    def time_ms(self) -> int:
        """The judged time; milliseconds since 1970 UTC."""
        return self.moment.time_ms


@dataclass(frozen=True)
class EventDraft:
    """What a tap, or whatever else is recorded, contributes to its event; members as in UsageEvent."""

    service: str
    fare: int
    companions: int
    outcome: Outcome
    holder_pays: int
    companion_pays: int
    pack_version: str
    content: int
    nonce: bytes
    holder_ref: bytes
    kind: EventKind = EventKind.TAP
    refers_to: int = 0
    ticket: str = ""
    companions_admitted: int = 0


@dataclass(frozen=True)
class _Head:
    sequence: int
    hash: bytes


class JournalWriter(Closing):
    """The journal's only writer, with its own sealed segment.

    Raises JournalLocked, JournalOfAnother, JournalDamaged or JournalUnavailable when opened.
    """

    def __init__(
        self, path: Path, owner: JournalOwner, signer: Signer, center_key: PublicKey, clock: Clock
    ) -> None:
        self._owner = owner
        self._signer, self._center_key = signer, center_key
        self.timekeeper = Timekeeper(clock)
        self._sealer = SegmentSealer(center_key)
        self._segment_is_stored = False
        self._is_open = True
        self._lock = _lock(path.with_name(f"{path.name}.lock"))
        try:
            self._connection = open_for_writing(path, owner)
        except BaseException:
            os.close(self._lock)
            raise
        try:
            self._require_own()
            self._head: _Head | None = self._read_head()
            # What an earlier process wrote and could not sign before it died.
            self._signed_up_to = 0
            self._sign_head()
        except BaseException:
            self._release()
            raise

    def next_place(self) -> Place:
        """The place of the next event, at the present time as it is judged."""
        head = self._current_head()
        self._sealer.prepare()  # half of what sealing takes, while the card is awaited
        return Place(head.sequence + 1, self.timekeeper.now())

    def seal_to(self, center_key: PublicKey) -> None:
        """Seal to this key of the centre's from the next event on; a new key begins a new segment."""
        if center_key != self._center_key:
            self._center_key = center_key
            self._start_segment()

    def append(
        self,
        place: Place,
        draft: EventDraft,
        evidence: SealedEvidence,
        counted: QuotaCount | None = None,
        given_back: QuotaCount | None = None,
    ) -> UsageEvent:
        """Store one event; it is on the disk when this returns. Raises TapNotRecorded, and then it is not.

        `counted` is counted as used with it, and `given_back` as used once less with a cancellation: event
        and count are there together, or neither is.
        """
        head = self._current_head()
        if place.sequence != head.sequence + 1:
            raise TapNotRecorded(
                detail=Text(zh=f"第 {place.sequence} 号已被占用", en=f"place {place.sequence} is taken")
            )
        if self._sealer.is_full:
            self._start_segment()
        header = b"" if self._segment_is_stored else self._sealer.header
        reading = place.moment.reading
        unsealed = UsageEvent(
            version=EVENT_VERSION,
            terminal=self._owner.terminal,
            epoch=self._owner.epoch,
            sequence=place.sequence,
            previous=head.hash,
            time_ms=place.time_ms,
            wall_ms=reading.wall_ms,
            monotonic_ms=reading.monotonic_ms,
            boot=reading.boot,
            clock=place.moment.trust,
            content=draft.content,
            kind=draft.kind,
            refers_to=draft.refers_to,
            service=draft.service,
            fare=draft.fare,
            ticket=draft.ticket,
            companions=draft.companions,
            outcome=draft.outcome,
            holder_pays=draft.holder_pays,
            companion_pays=draft.companion_pays,
            companions_admitted=draft.companions_admitted,
            pack_version=draft.pack_version,
            nonce=draft.nonce,
            holder_ref=draft.holder_ref,
            segment=self._sealer.segment_id,
            segment_header=header,
            index=self._sealer.next_index,
            sealed=b"",
        )
        sealed = self._sealer.seal(evidence.to_bytes(), unsealed.seal_context())
        event = unsealed.with_sealed(sealed.ciphertext)
        data = event.to_bytes()
        digest = sm3(data)
        try:
            if counted is None and draft.kind is not EventKind.CANCELLATION:
                self._insert(event.sequence, data, digest)
            else:
                with transaction(self._connection):
                    self._insert(event.sequence, data, digest)
                    if counted is not None:
                        counted.add(self._connection)
                    if given_back is not None:
                        given_back.give_back(self._connection)
                    if draft.kind is EventKind.CANCELLATION:
                        note_cancelled(self._connection, draft.refers_to, event.sequence)
        except sqlite3.Error as error:
            # Whether the row is there is for the file to say, not for this process to remember. The place in
            # the ratchet is spent; a new segment keeps what the centre must wind past from growing.
            self._head = None
            self._start_segment()
            raise TapNotRecorded(detail=str(error)) from error
        self._head = _Head(event.sequence, digest)
        self._learn_time(event)
        self._segment_is_stored = True
        if event.sequence - self._signed_up_to >= CHECKPOINT_EVERY:
            self._sign_head()
        return event

    def event(self, sequence: int) -> UsageEvent | None:
        """An event of this journal; None where there is none. Raises JournalUnavailable, JournalDamaged."""
        with damage_named():
            row = self._connection.execute(
                "SELECT bytes FROM events WHERE sequence = ?", (sequence,)
            ).fetchone()
        try:
            return None if row is None else UsageEvent.from_bytes(row[0])
        except EventMalformed as error:
            raise JournalDamaged(
                detail=Text(zh=f"第 {sequence} 条无法读取", en=f"event {sequence} can't be read")
            ) from error

    def is_cancelled(self, sequence: int) -> bool:
        """Whether an event was cancelled. Raises JournalUnavailable, JournalDamaged."""
        with damage_named():
            return is_cancelled(self._connection, sequence)

    @property
    def unsigned(self) -> int:
        """How many events are known to stand behind the last signed checkpoint."""
        return 0 if self._head is None else self._head.sequence - self._signed_up_to

    def uses(self, count: QuotaCount) -> int:
        """How often a quota was used by a holder in its window. Raises JournalUnavailable, JournalDamaged."""
        with damage_named():
            return count.read(self._connection)

    def forget_uses(self, today: date) -> None:
        """Remove the counts of windows that have ended. Raises JournalUnavailable, JournalDamaged."""
        with damage_named():
            forget_ended(self._connection, today)

    def close(self) -> None:
        """Sign the last event and let go of the file. Closing twice does nothing."""
        if not self._is_open:
            return
        try:
            self._sign_head()
        finally:
            self._release()

    def _insert(self, sequence: int, data: bytes, digest: bytes) -> None:
        self._connection.execute("INSERT INTO events VALUES (?, ?, ?)", (sequence, data, digest))

    def _start_segment(self) -> None:
        self._sealer = SegmentSealer(self._center_key)
        self._segment_is_stored = False

    def _release(self) -> None:
        self._is_open = False
        self._connection.close()
        os.close(self._lock)

    def _current_head(self) -> _Head:
        if self._head is None:
            self._head = self._read_head()
        return self._head

    def _require_own(self) -> None:
        with damage_named():
            row = self._connection.execute("SELECT terminal, epoch FROM owner").fetchone()
        if row is None:
            raise JournalDamaged(detail=Text(zh="没有写明属于哪台终端", en="it names no owner"))
        if JournalOwner(*row) != self._owner:
            raise JournalOfAnother(terminal=row[0].hex(), epoch=row[1])

    def _read_head(self) -> _Head:
        with damage_named():
            row = self._connection.execute(
                "SELECT sequence, bytes, hash FROM events ORDER BY sequence DESC LIMIT 1"
            ).fetchone()
        if row is None:
            return _Head(0, NO_PREVIOUS)
        sequence, data, digest = row
        try:
            event = UsageEvent.from_bytes(data)
        except EventMalformed as error:
            raise JournalDamaged(
                detail=Text(zh=f"最后一条无法读取（{error}）", en=f"its last event can't be read ({error})")
            ) from error
        if event.sequence != sequence or sm3(data) != digest:
            raise JournalDamaged(
                detail=Text(
                    zh=f"第 {sequence} 条与其哈希不符", en=f"event {sequence} does not match its hash"
                )
            )
        self._learn_time(event)
        return _Head(sequence, digest)

    def _learn_time(self, event: UsageEvent) -> None:
        self.timekeeper.learn(event.time_ms, event.boot, event.monotonic_ms)

    def _sign_head(self) -> None:
        """Sign the journal up to its last event.

        A checkpoint that can't be stored now is made up for at the next event, or by the next process: the
        events themselves are on the disk, and a tap must not fail for it.
        """
        head = self._current_head()
        if head.sequence == 0:
            return
        owner = self._owner
        checkpoint = Checkpoint(
            owner.terminal, owner.epoch, head.sequence, head.hash, self.timekeeper.now().time_ms
        )
        signed = sign_checkpoint(checkpoint, self._signer)
        with suppress(sqlite3.OperationalError):
            self._connection.execute(
                "INSERT OR IGNORE INTO checkpoints VALUES (?, ?)", (head.sequence, signed.to_bytes())
            )
            self._signed_up_to = head.sequence


def _lock(path: Path) -> int:
    """An exclusive lock for as long as the descriptor is open; the kernel drops it when the process dies."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise JournalUnavailable(detail=error.strerror) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise JournalLocked from error
    return descriptor
