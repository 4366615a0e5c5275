"""Writing the journal: one writer, and no tap counts before its event is on the disk.

with JournalWriter(path, owner, signer, center_key, clock) as journal:
    place = journal.next_place()          # its sequence goes into the tap challenge
    ...                                   # tap, decide
    event = journal.append(place, draft, evidence)
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from functools import update_wrapper
from pathlib import Path
from typing import Concatenate, Final, NamedTuple, ParamSpec, TypeVar

from crypto.closing import Closing
from crypto.explained import Text
from crypto.sealing import SegmentSealer
from crypto.signer import Signer
from crypto.sm2 import PrivateKey, PublicKey
from crypto.sm3 import sm3
from terminal.clock import Clock
from terminal.events.checkpoint import Checkpoint, SignedCheckpoint, sign_checkpoint
from terminal.events.errors import EventMalformed
from terminal.events.event import (
    EVENT_VERSION,
    NO_PREVIOUS,
    SealedEvidence,
    UsageEvent,
)
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome
from terminal.events.receipt import Receipt
from terminal.journal.amended import amended_by, note_amended
from terminal.journal.begun import has_begun, note_begun
from terminal.journal.disk import JournalDisk
from terminal.journal.errors import (
    JournalDamaged,
    JournalGone,
    JournalOfAnother,
    JournalReplaced,
    JournalUnavailable,
    TapNotRecorded,
)
from terminal.journal.in_place import FilesInPlace
from terminal.journal.lock import lock_journal
from terminal.journal.log_file import lengthen_log
from terminal.journal.schema import JournalOwner, damage_named, open_for_writing, read_owner
from terminal.journal.sold import is_sold, note_sold
from terminal.journal.unconfirmed import (
    drop_all_unconfirmed,
    drop_unconfirmed,
    note_unconfirmed,
    read_unconfirmed,
)
from terminal.journal.uses import QuotaCount, forget_ended, transaction
from terminal.journal.voices import keep_voice
from terminal.journal.wholeness import require_signed, require_there, require_whole
from terminal.known_time import learn_journal
from terminal.timekeeping import Moment, Timekeeper

CHECKPOINT_EVERY: Final = 64
#: A card that has not answered by then does not; the journal's upkeep need wait for it no longer.
TAP_SECONDS: Final = 5.0
_NOT_IN_PLACE: Final = Text(
    zh="流水账文件已不在原处（TRM-507）", en="the journal's file is not where it was (TRM-507)"
)
_LOCKED: Final = Text(zh="流水账正被另一个程序占用", en="another program holds the journal's file")
Parameters = ParamSpec("Parameters")
Returned = TypeVar("Returned")


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


class _Head(NamedTuple):
    sequence: int
    hash: bytes


def _undisturbed(
    work: Callable[Concatenate[JournalWriter, Parameters], Returned],
) -> Callable[Concatenate[JournalWriter, Parameters], Returned]:
    """Keep other threads' transactions out of the journal until `work` is done."""

    def undisturbed(
        journal: JournalWriter, /, *arguments: Parameters.args, **named: Parameters.kwargs
    ) -> Returned:
        with journal._mutex:
            return work(journal, *arguments, **named)

    return update_wrapper(undisturbed, work)


class JournalWriter(Closing):
    """The journal's only writer, with its own sealed segment; taps and `JournalUpkeep` share it.

    `held`: what the centre is known to hold of it (terminal.journal.wholeness). Raises JournalLocked,
    JournalOfAnother, JournalDamaged, JournalBehind, JournalCut, JournalIsTraining when opened, and what
    `JournalDisk` raises.
    """

    def __init__(
        self,
        path: Path,
        owner: JournalOwner,
        signer: Signer,
        center_key: PublicKey,
        clock: Clock,
        *,
        held: Receipt | None = None,
    ) -> None:
        self.path, self._owner = path, owner
        self._signer, self._center_key = signer, center_key
        if owner.is_training:
            # Real cards are tapped in training, too, and nobody has a reason to read which.
            self._center_key = PrivateKey.generate().public_key
        self.timekeeper = Timekeeper(clock)
        self.disk = JournalDisk(path.parent)
        self._sealer = SegmentSealer(self._center_key)
        self._segment_is_stored = False
        self._is_open = True
        # Order: `_mutex` may be held when `_signing` is taken, never the reverse.
        self._mutex, self._signing = threading.RLock(), threading.Lock()
        self._place_given = (0, 0.0)
        self._lock = lock_journal(path)
        try:
            require_there(path, owner, held)
            self._connection = open_for_writing(path, owner)
        except BaseException:
            os.close(self._lock)
            raise
        try:
            self._require_own()
            require_whole(self._connection, held)
            self._head: _Head | None = self._read_head()
            self._require_begun(self._head)
            require_signed(self._connection, owner)
            # What an earlier process wrote and could not sign before it died.
            self._signed_up_to = 0
            self.sign()
            self.lengthen_log()
            self._files = FilesInPlace(path)
        except BaseException:
            self._release()
            raise

    def next_place(self) -> Place:
        """The place of the next event, at the present time as it is judged.

        Raises JournalReplaced and what `JournalDisk.require_room` raises: before a card is read, for its tap
        would be lost.
        """
        self._files.require()
        self.disk.require_room(is_doubtful=self._head is None)
        head = self._current_head()
        self._place_given = (head.sequence + 1, time.monotonic())
        self._sealer.prepare()  # half of what sealing takes, while the card is awaited
        return Place(head.sequence + 1, self.timekeeper.now())

    @property
    def owner(self) -> JournalOwner:
        """Whose journal it is."""
        return self._owner

    @property
    def is_awaited(self) -> bool:
        """Whether a tap is under way that is about to be appended: upkeep leaves the journal alone then."""
        sequence, given = self._place_given
        head = self._head
        is_open = head is not None and sequence == head.sequence + 1
        return is_open and time.monotonic() - given < TAP_SECONDS

    @property
    def has_unsigned(self) -> bool:
        """Whether there are events that no checkpoint covers yet."""
        head = self._head
        return head is not None and head.sequence > self._signed_up_to

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A short transaction between two appends, for upkeep. Raises JournalDamaged, JournalUnavailable."""
        with self._mutex, damage_named(), transaction(self._connection):
            yield self._connection

    @_undisturbed
    def lengthen_log(self) -> None:
        """Make room in the log for some hundred events, as long as the disk has enough for everything."""
        if self._is_open and self.disk.trouble() is None:
            lengthen_log(self.path, self._connection)

    def seal_to(self, center_key: PublicKey) -> None:
        """Seal to this key of the centre's from the next event on; a new key begins a new segment."""
        if center_key != self._center_key and not self._owner.is_training:
            self._center_key = center_key
            self._start_segment()

    @_undisturbed
    def append(
        self,
        place: Place,
        draft: EventDraft,
        evidence: SealedEvidence,
        counted: QuotaCount | None = None,
        given_back: QuotaCount | None = None,
        *,
        voice: bytes = b"",
        is_unconfirmed: bool = False,
    ) -> UsageEvent:
        """Store one event; it is on the disk when this returns. Raises TapNotRecorded, and then it is not.

        `counted` is counted as used with it, and `given_back` as used once less with a cancellation; `voice`
        is its sealed recording (terminal.events.voice); `is_unconfirmed`: it is still to be confirmed. They
        are there together, or none is.
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
            if not (counted or given_back or voice or is_unconfirmed or draft.kind.amends):
                self._insert(event.sequence, data, digest)
            else:
                with transaction(self._connection):
                    self._insert(event.sequence, data, digest)
                    self._note_beside(event, counted, given_back, voice, is_unconfirmed=is_unconfirmed)
        except sqlite3.Error as error:
            self._forget_place()
            raise TapNotRecorded(detail=_LOCKED if _is_locked(error) else str(error)) from error
        try:
            self._files.require()
        except JournalReplaced as error:
            self._forget_place()
            raise TapNotRecorded(detail=_NOT_IN_PLACE) from error
        self._head = _Head(event.sequence, digest)
        self.timekeeper.learn(event)
        self._segment_is_stored = True
        if event.sequence == 1:
            note_begun(self.path, self._owner)
        if event.sequence - self._signed_up_to >= CHECKPOINT_EVERY:
            self.sign()
        return event

    def sign(self) -> None:
        """Sign the journal up to its last event, from any thread.

        A checkpoint that can't be stored now is made up for at the next event, or by the next process: the
        events themselves are on the disk, and a tap must not fail for it.
        """
        with self._mutex:
            if not self._is_open:
                return
            head, time_ms = self._current_head(), self.timekeeper.now().time_ms
        if head.sequence <= self._signed_up_to:
            return
        owner = self._owner
        checkpoint = Checkpoint(owner.terminal, owner.epoch, head.sequence, head.hash, time_ms)
        with self._signing:  # without the mutex: a key in a chip takes its time, and a tap need not wait
            signed = sign_checkpoint(checkpoint, self._signer)
        with self._mutex:
            if self._is_open:
                self._store(signed)

    @_undisturbed
    def event(self, sequence: int) -> UsageEvent | None:
        """An event of this journal; None where there is none. Raises JournalUnavailable, JournalDamaged."""
        with damage_named():
            row = self._connection.execute(
                "SELECT bytes FROM events WHERE sequence = ?", (sequence,)
            ).fetchone()
        try:
            return None if row is None else UsageEvent.from_bytes(row[0])
        except EventMalformed as error:
            raise _unreadable(sequence) from error

    @_undisturbed
    def last_correction(self, sequence: int) -> UsageEvent | None:
        """The latest correction of an event; None where there is none, or it was cancelled.

        Raises JournalUnavailable, JournalDamaged.
        """
        last = self._amendment(sequence)
        return last if last is not None and last.kind is EventKind.CORRECTION else None

    @_undisturbed
    def is_cancelled(self, sequence: int) -> bool:
        """Whether an event was cancelled. Raises JournalUnavailable, JournalDamaged."""
        last = self._amendment(sequence)
        return last is not None and last.kind is EventKind.CANCELLATION

    @property
    def unsigned(self) -> int:
        """How many events are known to stand behind the last signed checkpoint."""
        return 0 if self._head is None else self._head.sequence - self._signed_up_to

    @_undisturbed
    def uses(self, count: QuotaCount) -> int:
        """How often a quota was used by a holder in its window. Raises JournalUnavailable, JournalDamaged."""
        with damage_named():
            return count.read(self._connection)

    @_undisturbed
    def unconfirmed(self) -> tuple[int, ...]:
        """The taps still to be confirmed, by their sequences. Raises JournalUnavailable, JournalDamaged."""
        with damage_named():
            return read_unconfirmed(self._connection)

    def confirm(self) -> None:
        """What was unconfirmed counts; durable when this returns.

        Raises JournalUnavailable, JournalDamaged.
        """
        with self.transaction() as connection:
            drop_all_unconfirmed(connection)

    def sell(self, counts: Iterable[QuotaCount]) -> None:
        """What was unconfirmed is sold, and has used these quotas; durable when this returns, or nothing is.

        Raises JournalUnavailable, JournalDamaged.
        """
        with self.transaction() as connection:
            for count in counts:
                count.add(connection)
            note_sold(connection)
            drop_all_unconfirmed(connection)

    @_undisturbed
    def is_sold(self, sequence: int) -> bool:
        """Whether a tap was of a sale that was confirmed. Raises JournalUnavailable, JournalDamaged."""
        with damage_named():
            return is_sold(self._connection, sequence)

    @_undisturbed
    def forget_uses(self, today: date) -> None:
        """Remove the counts of windows that have ended. Raises JournalUnavailable, JournalDamaged."""
        with damage_named():
            forget_ended(self._connection, today)

    def close(self) -> None:
        """Sign the last event and let go of the file. Closing twice does nothing."""
        with self._mutex:
            if not self._is_open:
                return
            try:
                self.sign()
            finally:
                self._release()

    def _insert(self, sequence: int, data: bytes, digest: bytes) -> None:
        self._connection.execute("INSERT INTO events VALUES (?, ?, ?)", (sequence, data, digest))

    def _note_beside(
        self,
        event: UsageEvent,
        counted: QuotaCount | None,
        given_back: QuotaCount | None,
        voice: bytes,
        *,
        is_unconfirmed: bool,
    ) -> None:
        """What an event brings along, within its transaction."""
        if counted is not None:
            counted.add(self._connection)
        if given_back is not None:
            given_back.give_back(self._connection)
        if is_unconfirmed:
            note_unconfirmed(self._connection, event.sequence)
        if event.kind.amends:
            note_amended(self._connection, event.refers_to, event.sequence)
        if event.kind is EventKind.CANCELLATION:
            drop_unconfirmed(self._connection, event.refers_to)
        if voice:
            keep_voice(self._connection, event.sequence, voice)

    def _forget_place(self) -> None:
        """Whether the row is there is for the file to say, not for this process to remember.

        The place in the ratchet is spent; a new segment keeps what the centre must wind past from growing.
        """
        self._head = None
        self._start_segment()

    def _start_segment(self) -> None:
        self._sealer = SegmentSealer(self._center_key)
        self._segment_is_stored = False

    def _release(self) -> None:
        self._is_open = False
        self._connection.close()
        os.close(self._lock)

    def _current_head(self) -> _Head:
        if self._head is None:
            with self._mutex:
                self._head = self._read_head()
        return self._head

    def _amendment(self, sequence: int) -> UsageEvent | None:
        """The last event that amends this one."""
        with damage_named():
            by = amended_by(self._connection, sequence)
        if by is None:
            return None
        last = self.event(by)
        if last is None or not last.kind.amends or last.refers_to != sequence:
            raise _unreadable(by)
        return last

    def _require_begun(self, head: _Head) -> None:
        """Raise JournalGone where all events of a journal that had some are gone with its base."""
        if head.sequence:
            note_begun(self.path, self._owner)
        elif has_begun(self.path, self._owner):
            raise JournalGone(file=self.path.name)

    def _require_own(self) -> None:
        found = read_owner(self._connection, self._owner.is_training)
        if found != self._owner:
            raise JournalOfAnother(terminal=found.terminal.hex(), epoch=found.epoch)

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
        learn_journal(self.timekeeper, event, self.event)
        return _Head(sequence, digest)

    def _store(self, signed: SignedCheckpoint) -> None:
        """Keep a checkpoint, in place of the one before it among the same `CHECKPOINT_EVERY` events.

        A terminal that is tapped once a minute signs each tap; what a later signature covers as well need not
        be verified one by one for ever.
        """
        sequence = signed.checkpoint.sequence
        first = sequence - (sequence - 1) % CHECKPOINT_EVERY
        with suppress(JournalUnavailable, JournalDamaged), self.transaction() as connection:
            connection.execute(
                "DELETE FROM checkpoints WHERE sequence >= ? AND sequence < ?", (first, sequence)
            )
            connection.execute(
                "INSERT OR IGNORE INTO checkpoints VALUES (?, ?)", (sequence, signed.to_bytes())
            )
            # Only grows: while this one was signed in its own time, a tap may have signed a later one.
            self._signed_up_to = max(self._signed_up_to, sequence)


def _is_locked(error: sqlite3.Error) -> bool:
    # An error of the Python module itself carries no code of SQLite.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _unreadable(sequence: int) -> JournalDamaged:
    return JournalDamaged(detail=Text(zh=f"第 {sequence} 条无法读取", en=f"event {sequence} can't be read"))
