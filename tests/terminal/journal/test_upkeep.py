"""Upkeep: signatures while nobody taps, pruning at the start, and never in a tap's way."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import pytest

from crypto.sm2 import DEFAULT_SIGNER_ID, PublicKey
from sync.agent.state import UploadState
from terminal.clock import ClockSource
from terminal.journal.pruning import DAY_MS
from terminal.journal.reader import JournalReader
from terminal.journal.upkeep import JournalUpkeep
from terminal.journal.verification import verify_journal
from terminal.journal.writer import CHECKPOINT_EVERY, JournalWriter
from tests.terminal.enrolled import NOON, SetClock
from tests.terminal.journal.journals import (
    CENTER,
    DRAFT,
    EVIDENCE,
    KEY,
    OWNER,
    RECEIPTS,
    append,
    first_event,
    receipt_for,
    unsynced,
    writer,
)

SOON = 0.02


def eventually(what: Callable[[], bool]) -> bool:
    """Whether this comes about within seconds."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(0.01)
    return False


def upkeep(journal: JournalWriter, uploads: Path, keep_days: int = 30) -> JournalUpkeep:
    """Upkeep in a hurry."""
    return JournalUpkeep(
        journal, uploads, lambda: RECEIPTS.public_key, checkpoint_seconds=SOON, keep_days=keep_days
    )


def signed_up_to(path: Path) -> int:
    """As far as checkpoints vouch."""
    return verify_journal(path, KEY.public_key).signed_up_to


def test_events_do_not_stand_unsigned_for_long(path: Path) -> None:
    with writer(path) as journal, upkeep(journal, path.with_name("upload.db")):
        append(journal, 3)
        assert eventually(lambda: signed_up_to(path) == 3)
        append(journal)
        assert eventually(lambda: signed_up_to(path) == 4)


def test_among_as_many_events_as_are_signed_at_once_the_newest_checkpoint_stays(path: Path) -> None:
    with writer(path) as journal:
        for _ in range(CHECKPOINT_EVERY + 2):
            append(journal)
            journal.sign()
    with JournalReader(path) as reader:
        assert list(reader.checkpoint_sequences(0)) == [CHECKPOINT_EVERY, CHECKPOINT_EVERY + 2]
    assert verify_journal(path, KEY.public_key).faults == ()


class WaitingSigner:
    """A key in a slow chip: it signs when it is let."""

    def __init__(self) -> None:
        self.asked, self.let = Event(), Event()

    @property
    def public_key(self) -> PublicKey:
        return KEY.public_key

    def sign(self, message: bytes, signer_id: bytes = DEFAULT_SIGNER_ID) -> bytes:
        self.asked.set()
        assert self.let.wait(20)
        return KEY.sign(message, signer_id)


def test_taps_do_not_wait_for_a_signature_under_way(path: Path) -> None:
    signer = WaitingSigner()
    with JournalWriter(path, OWNER, signer, CENTER.public_key, SetClock()) as journal:
        append(journal, 2)
        thread = Thread(target=journal.sign)
        thread.start()
        assert signer.asked.wait(20)
        append(journal, 5)  # would hang here
        assert thread.is_alive()
        signer.let.set()
        thread.join(20)
        assert signed_up_to(path) == 2
    assert (signed_up_to(path), verify_journal(path, KEY.public_key).faults) == (7, ())


def test_signing_beside_taps_forks_nothing(path: Path) -> None:
    with writer(path) as journal:
        stop = Event()

        def sign() -> None:
            while not stop.is_set():
                journal.sign()

        threads = [Thread(target=sign) for _ in range(2)]
        for thread in threads:
            thread.start()
        append(unsynced(journal), 400)
        stop.set()
        for thread in threads:
            thread.join()
    report = verify_journal(path, KEY.public_key)
    assert (report.faults, report.events, report.signed_up_to) == ((), 400, 400)


def test_nothing_is_begun_while_a_tap_is_under_way(path: Path) -> None:
    with writer(path) as journal, upkeep(journal, path.with_name("upload.db")):
        append(journal)
        place = journal.next_place()
        assert journal.is_awaited
        time.sleep(10 * SOON)
        assert journal.has_unsigned
        journal.append(place, DRAFT, EVIDENCE)
        assert not journal.is_awaited
        assert eventually(lambda: not journal.has_unsigned)


@pytest.mark.parametrize("source", [ClockSource.SYNCHRONISED, ClockSource.FREE])
def test_what_is_old_and_signed_for_is_pruned_at_the_start(path: Path, source: ClockSource) -> None:
    clock = SetClock()
    with writer(path, clock) as journal:
        events = append(journal, 10)
    uploads = path.with_name("upload.db")
    with UploadState(uploads, 1) as state:
        state.record_answer(receipt_for(events[7]), 8, [], NOON)
    # The terminal was off for a while; its monotonic clock is another boot's.
    later = SetClock(now=NOON + 31 * DAY_MS, source=source, boot=b"boot-two")
    with writer(path, later) as journal:
        journal.timekeeper.learn_signed(NOON + 30 * DAY_MS)  # it has heard of the centre since
        with upkeep(journal, uploads) as keeping:
            assert eventually(lambda: first_event(path) == 8)
            append(journal)
            assert keeping.take_trouble() is None
    assert verify_journal(path, KEY.public_key, receipt_key=RECEIPTS.public_key).faults == ()


def test_pruning_waits_for_a_tap_that_is_under_way(path: Path) -> None:
    uploads = path.with_name("upload.db")
    with writer(path) as journal:
        events = append(journal, 10)
        with UploadState(uploads, 1) as state:
            state.record_answer(receipt_for(events[7]), 8, [], NOON)
        place = journal.next_place()
        with upkeep(journal, uploads, keep_days=0) as keeping:
            time.sleep(10 * SOON)
            assert first_event(path) == 1
            journal.append(place, DRAFT, EVIDENCE)
            assert eventually(lambda: first_event(path) == 8)
            assert keeping.take_trouble() is None


def test_a_clock_that_was_set_ahead_prunes_nothing(path: Path) -> None:
    clock = SetClock(source=ClockSource.FREE)
    uploads = path.with_name("upload.db")
    with writer(path, clock) as journal:
        events = append(journal, 10)
        with UploadState(uploads, 1) as state:
            state.record_answer(receipt_for(events[7]), 8, [], NOON)
        clock.now += 60 * DAY_MS
        with upkeep(journal, uploads) as keeping:
            time.sleep(10 * SOON)
        assert (first_event(path), keeping.take_trouble()) == (1, None)


def test_a_forged_receipt_is_told_and_prunes_nothing(path: Path) -> None:
    uploads = path.with_name("upload.db")
    with writer(path) as journal:
        events = append(journal, 10)
        with UploadState(uploads, 1) as state:
            state.record_answer(receipt_for(events[7], KEY), 8, [], NOON)
        with upkeep(journal, uploads, keep_days=0) as keeping:
            found: list[str] = []

            def told() -> bool:
                trouble = keeping.take_trouble()
                found.extend([trouble.code] if trouble else [])
                return bool(found)

            assert eventually(told)
        assert (first_event(path), found) == (1, ["TRM-425"])
