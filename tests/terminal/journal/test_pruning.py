"""Pruning: what a genuine receipt covers goes when it is old; a forged one removes nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.sm2 import PrivateKey
from sync.agent.state import APPLICATION_ID, UploadState
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome
from terminal.events.receipt import Receipt, SignedReceipt, sign_receipt
from terminal.journal.errors import JournalDamaged, ReceiptUnusable
from terminal.journal.faults import FaultKind
from terminal.journal.pruning import DAY_MS, compact, count_removable, give_back_log, prune, retention
from terminal.journal.pruning_proof import PruningProof
from terminal.journal.reader import JournalReader
from terminal.journal.schema import JournalOwner, open_for_reading
from terminal.journal.training import training_owner
from terminal.journal.upload_receipt import UPLOADS_APPLICATION_ID, read_receipt
from terminal.journal.verification import verify_journal
from terminal.journal.writer import CHECKPOINT_EVERY, JournalWriter
from tests.terminal.enrolled import NOON, TERMINAL_ID, SetClock, events_in
from tests.terminal.journal.journals import (
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

CENTER = RECEIPTS.public_key
COUNT = 3 * CHECKPOINT_EVERY
LATER = NOON + DAY_MS


@pytest.fixture
def clock() -> SetClock:
    """The terminal's."""
    return SetClock()


@pytest.fixture
def journal(path: Path, clock: SetClock) -> Iterator[JournalWriter]:
    """A journal with `COUNT` events of one day."""
    with writer(path, clock) as journal:
        append(unsynced(journal), COUNT)
        yield journal


def test_what_a_receipt_covers_and_is_old_goes_and_the_rest_verifies(
    path: Path, journal: JournalWriter, clock: SetClock
) -> None:
    old = events_in(path)
    clock.now = LATER
    new = append(journal, 10)
    receipt = receipt_for(new[4])
    allowed = retention(OWNER, receipt, CENTER, LATER)
    assert prune(journal, allowed) == COUNT
    report = verify_journal(path, KEY.public_key, receipt_key=CENTER)
    assert (report.faults, report.pruning, report.pruned_up_to) == ((), PruningProof.PROVEN, COUNT)
    assert (report.first, report.last, report.events) == (COUNT + 1, COUNT + 10, 10)
    assert report.known_up_to == receipt.receipt.watermark
    with JournalReader(path) as reader:
        assert (reader.base.hash, reader.base.segment) == (old[-1].hash, old[-1].segment)
        assert list(reader.checkpoint_sequences(0)) == []
    assert prune(journal, allowed) == 0


def test_the_event_that_the_receipt_names_stays_and_the_journal_goes_on(
    path: Path, journal: JournalWriter
) -> None:
    last = events_in(path)[-1]
    assert prune(journal, retention(OWNER, receipt_for(last), CENTER, LATER)) == COUNT - 1
    assert [event.sequence for event in events_in(path)] == [COUNT]
    journal.close()
    with writer(path) as again:
        (next_,) = append(again)
    assert (next_.sequence, next_.previous) == (COUNT + 1, last.hash)
    assert verify_journal(path, KEY.public_key, receipt_key=CENTER).faults == ()


def test_events_are_kept_until_they_are_old_enough(path: Path, journal: JournalWriter) -> None:
    all_ = events_in(path)
    allowed = retention(OWNER, receipt_for(all_[-1]), CENTER, all_[70].time_ms)
    with closing(open_for_reading(path)) as connection:
        assert count_removable(connection, allowed) == 70
    assert len(events_in(path)) == COUNT
    assert prune(journal, allowed) == 70
    assert events_in(path)[0].sequence == 71


def test_pruning_goes_on_where_it_stopped(path: Path, journal: JournalWriter) -> None:
    all_ = events_in(path)
    allowed = retention(OWNER, receipt_for(all_[-1]), CENTER, LATER)
    steps = iter([True, True, False])
    first = prune(journal, allowed, lambda: next(steps))
    assert 0 < first < COUNT - 1
    assert verify_journal(path, KEY.public_key, receipt_key=CENTER).faults == ()
    assert first + prune(journal, allowed) == COUNT - 1


def test_a_tap_that_is_still_to_be_cancelled_stays(path: Path, clock: SetClock) -> None:
    """Pruned, it would be settled as sold, and its holder's quota knew nothing of it."""
    with writer(path, clock) as journal:
        append(journal, 5)
        waiting = journal.append(journal.next_place(), DRAFT, EVIDENCE, is_unconfirmed=True)
        last = append(journal, 5)[-1]
        allowed = retention(OWNER, receipt_for(last), CENTER, LATER)
        with closing(open_for_reading(path)) as connection:
            assert count_removable(connection, allowed) == 5
        assert prune(journal, allowed) == 5
        assert events_in(path)[0] == waiting
        journal.sell(())
        assert journal.is_sold(waiting.sequence)
        assert prune(journal, allowed) == 5
        assert not journal.is_sold(waiting.sequence)


def test_a_receipt_that_is_not_ours_prunes_nothing(path: Path, journal: JournalWriter) -> None:
    last = events_in(path)[-1]
    said = Receipt(TERMINAL_ID, 1, last.sequence, last.hash, NOON)
    forged = receipt_for(last, PrivateKey.generate())
    with pytest.raises(ReceiptUnusable, match="not signed"):
        retention(OWNER, forged, CENTER, LATER)
    for other in (
        Receipt(bytes(8), 1, said.watermark, said.hash, NOON),
        Receipt(TERMINAL_ID, 2, said.watermark, said.hash, NOON),
    ):
        with pytest.raises(ReceiptUnusable, match="another terminal"):
            retention(OWNER, sign_receipt(other, RECEIPTS), CENTER, LATER)
    for wrong in (
        Receipt(TERMINAL_ID, 1, last.sequence, bytes(32), NOON),
        Receipt(TERMINAL_ID, 1, last.sequence - 1, last.hash, NOON),
        Receipt(TERMINAL_ID, 1, last.sequence + 1, last.hash, NOON),
    ):
        with pytest.raises(ReceiptUnusable, match="not the one"):
            prune(journal, retention(OWNER, sign_receipt(wrong, RECEIPTS), CENTER, LATER))
    with pytest.raises(ReceiptUnusable):
        retention(training_owner(1), receipt_for(last), CENTER, LATER)
    assert len(events_in(path)) == COUNT


def test_a_receipt_over_what_was_altered_since_prunes_nothing(path: Path, journal: JournalWriter) -> None:
    last = events_in(path)[-1]
    with closing(sqlite3.connect(path)) as other:
        other.execute("UPDATE events SET bytes = x'00' WHERE sequence = ?", (last.sequence,))
        other.commit()
    with pytest.raises(ReceiptUnusable, match="not the one"):
        prune(journal, retention(OWNER, receipt_for(last), CENTER, LATER))


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        ("bytes = x'00'", FaultKind.MALFORMED),
        ("bytes = CAST(substr(bytes, 1, length(bytes) - 1) || x'FF' AS BLOB)", FaultKind.ALTERED),
        ("hash = zeroblob(32)", FaultKind.ALTERED),
    ],
)
def test_a_damaged_event_is_left_for_whoever_looks_into_it(
    path: Path, journal: JournalWriter, damage: str, kind: FaultKind
) -> None:
    last = events_in(path)[-1]
    with closing(sqlite3.connect(path)) as other:
        other.execute(f"UPDATE events SET {damage} WHERE sequence = 100")  # noqa: S608
        other.commit()
    with pytest.raises(JournalDamaged, match="100"):
        prune(journal, retention(OWNER, receipt_for(last), CENTER, LATER))
    assert first_event(path) == CHECKPOINT_EVERY + 1
    assert kind in {fault.kind for fault in verify_journal(path, KEY.public_key).faults}


def test_what_is_known_of_an_event_goes_with_it(path: Path, journal: JournalWriter) -> None:
    cancel = replace(DRAFT, kind=EventKind.CANCELLATION, outcome=Outcome.RECORDED)
    for sequence in (3, COUNT):
        last = journal.append(journal.next_place(), replace(cancel, refers_to=sequence), EVIDENCE)
    assert [journal.is_cancelled(sequence) for sequence in (3, 4, COUNT)] == [True, False, True]
    prune(journal, retention(OWNER, receipt_for(events_in(path)[COUNT - 2]), CENTER, LATER))
    assert [journal.is_cancelled(sequence) for sequence in (3, COUNT)] == [False, True]
    assert verify_journal(path, KEY.public_key, receipt_key=CENTER).last == last.sequence


def test_a_cut_tail_shows_in_a_pruned_journal(path: Path, journal: JournalWriter) -> None:
    all_ = events_in(path)
    prune(journal, retention(OWNER, receipt_for(all_[-1]), CENTER, all_[100].time_ms))
    journal.close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("DELETE FROM events WHERE sequence > 150")
        other.execute("DELETE FROM checkpoints WHERE sequence > 150")
        other.commit()
    (fault,) = verify_journal(path, KEY.public_key, receipt_key=CENTER).faults
    assert (fault.kind, fault.sequence, fault.last) == (FaultKind.TAIL_MISSING, 151, COUNT)


@pytest.mark.parametrize(
    ("statement", "proof"),
    [
        ("UPDATE base SET receipt = x'00'", PruningProof.REFUTED),
        ("UPDATE base SET receipt = x''", PruningProof.REFUTED),
        ("UPDATE base SET hash = zeroblob(32)", PruningProof.PROVEN),
        ("UPDATE base SET sequence = 60", PruningProof.PROVEN),
    ],
)
def test_a_base_that_was_altered_shows(
    path: Path, journal: JournalWriter, statement: str, proof: PruningProof
) -> None:
    all_ = events_in(path)
    prune(journal, retention(OWNER, receipt_for(all_[-1]), CENTER, all_[100].time_ms))
    journal.close()
    with closing(sqlite3.connect(path)) as other:
        other.execute(statement)
        other.commit()
    report = verify_journal(path, KEY.public_key, receipt_key=CENTER)
    assert report.fault_count
    assert report.pruning is proof


def test_a_base_whose_receipt_can_not_be_checked_is_said_to_be_so(path: Path, journal: JournalWriter) -> None:
    all_ = events_in(path)
    prune(journal, retention(OWNER, receipt_for(all_[-1]), CENTER, LATER))
    report = verify_journal(path, KEY.public_key)
    assert (report.faults, report.pruning) == ((), PruningProof.NOT_CHECKED)
    other = verify_journal(path, KEY.public_key, receipt_key=PrivateKey.generate().public_key)
    assert [fault.kind for fault in other.faults] == [FaultKind.RECEIPT_FORGED]


def test_what_was_removed_is_not_left_in_the_files(path: Path, journal: JournalWriter) -> None:
    all_ = events_in(path)
    removed = [event.hash for event in all_[:-1]]
    journal._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert all(digest in path.read_bytes() for digest in removed)
    prune(journal, retention(OWNER, receipt_for(all_[-1]), CENTER, LATER))
    give_back_log(path)
    image = b"".join(file.read_bytes() for file in path.parent.iterdir())
    last_removed = removed.pop()  # the base
    assert last_removed in image
    # The hash of an event stands in the next one, too, and in checkpoints.
    assert not [digest for digest in removed if digest in image]


def test_freed_pages_take_the_next_events(path: Path, journal: JournalWriter) -> None:
    journal._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = path.stat().st_size
    prune(journal, retention(OWNER, receipt_for(events_in(path)[-1]), CENTER, LATER))
    append(journal, COUNT - 10)
    journal._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert path.stat().st_size <= size + 2 * 4096


def test_a_stopped_terminals_free_pages_are_given_back(path: Path, journal: JournalWriter) -> None:
    journal._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = path.stat().st_size
    prune(journal, retention(OWNER, receipt_for(events_in(path)[-1]), CENTER, LATER))
    compact(path, journal._connection)
    assert path.stat().st_size < size / 2  # a page for each table, and what is left
    with closing(open_for_reading(path)) as connection:
        assert connection.execute("PRAGMA freelist_count").fetchone() == (0,)
    assert verify_journal(path, KEY.public_key, receipt_key=CENTER).faults == ()


def test_the_receipt_is_read_from_the_agents_file(path: Path, journal: JournalWriter, tmp_path: Path) -> None:
    uploads = tmp_path / "upload.db"
    assert read_receipt(uploads, 1) is None
    with UploadState(uploads, 1) as state:
        assert read_receipt(uploads, 1) is None
        receipt = receipt_for(events_in(path)[-1])
        state.record_answer(receipt, receipt.receipt.watermark, [], NOON)
        assert read_receipt(uploads, 1) == receipt
    assert read_receipt(uploads, 1) == receipt
    assert read_receipt(uploads, 2) is None
    assert UPLOADS_APPLICATION_ID == APPLICATION_ID


@settings(max_examples=30)
@given(data=st.binary(max_size=200))
def test_an_agents_file_with_any_receipt_breaks_nothing(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    uploads = tmp_path_factory.mktemp("uploads") / "upload.db"
    with UploadState(uploads, 1), closing(sqlite3.connect(uploads)) as other:
        other.execute("UPDATE progress SET receipt = ?", (data,))
        other.commit()
    try:
        found = read_receipt(uploads, 1)
    except ReceiptUnusable:
        return
    assert found is None or isinstance(found, SignedReceipt)


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100])
def test_what_is_no_agents_file_is_refused(tmp_path: Path, content: bytes) -> None:
    uploads = tmp_path / "upload.db"
    uploads.write_bytes(content)
    with pytest.raises(ReceiptUnusable):
        read_receipt(uploads, 1)


def test_another_owner_is_another_journal() -> None:
    assert JournalOwner(TERMINAL_ID, 1) == OWNER != training_owner(1)
