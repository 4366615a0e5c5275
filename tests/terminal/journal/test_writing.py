"""The journal: durable, chained, one writer; damage is named where it is, and the rest stays readable."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from crypto.sealing import SegmentOpener
from terminal.clock import ClockSource
from terminal.events.event import NO_PREVIOUS, ClockTrust
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome
from terminal.journal.errors import (
    JournalCut,
    JournalDamaged,
    JournalLocked,
    JournalMissing,
    JournalOfAnother,
    JournalUnavailable,
    TapNotRecorded,
)
from terminal.journal.pruning import prune, retention
from terminal.journal.reader import JournalReader
from terminal.journal.schema import JournalOwner
from terminal.journal.training import training_owner
from terminal.journal.uses import QuotaCount
from terminal.journal.verification import verify_journal
from terminal.journal.writer import CHECKPOINT_EVERY
from tests.terminal.enrolled import NOON, TERMINAL_ID, SetClock
from tests.terminal.journal.journals import (
    CENTER,
    DRAFT,
    EVIDENCE,
    KEY,
    OWNER,
    RECEIPTS,
    append,
    receipt_for,
    writer,
)


def test_events_are_chained_from_the_first(path: Path) -> None:
    with writer(path) as journal:
        events = append(journal, 3)
    assert [event.sequence for event in events] == [1, 2, 3]
    assert [event.previous for event in events] == [NO_PREVIOUS, events[0].hash, events[1].hash]
    with JournalReader(path) as reader:
        assert (reader.terminal, reader.epoch, reader.head()) == (TERMINAL_ID, 1, (3, events[2].hash))
        assert [stored.sequence for stored in reader.events(1, 10)] == [2, 3]
        assert [stored.data for stored in reader.events(0, 1)] == [events[0].to_bytes()]


def test_a_use_is_counted_with_its_event_or_not_at_all(path: Path) -> None:
    count = QuotaCount("cn/rides", date(2026, 12, 31), bytes(16))
    other = replace(count, reference=bytes([1] * 16))
    cancellation = replace(DRAFT, kind=EventKind.CANCELLATION, outcome=Outcome.RECORDED, refers_to=1)
    with writer(path) as journal:
        for _ in range(3):
            journal.append(journal.next_place(), DRAFT, EVIDENCE, counted=count)
        append(journal)
        assert (journal.uses(count), journal.uses(other)) == (3, 0)
        journal.append(journal.next_place(), cancellation, EVIDENCE, given_back=count)
        assert journal.uses(count) == 2
        place = journal.next_place()
        journal._connection.execute(
            "CREATE TRIGGER stop BEFORE UPDATE ON uses BEGIN SELECT RAISE(FAIL, 'no'); END"
        )
        with pytest.raises(TapNotRecorded):
            journal.append(place, DRAFT, EVIDENCE, counted=count)
        journal._connection.execute("DROP TRIGGER stop")
        assert journal.event(place.sequence) is None
    with writer(path) as journal:
        assert journal.uses(count) == 2
        journal.forget_uses(date(2026, 12, 31))
        assert journal.uses(count) == 2
        journal.forget_uses(date(2027, 1, 1))
        assert journal.uses(count) == 0
    assert verify_journal(path, KEY.public_key).faults == ()


def test_a_new_writer_goes_on_where_the_last_one_stopped(path: Path) -> None:
    with writer(path) as journal:
        (first,) = append(journal)
    with writer(path) as journal:
        (second,) = append(journal)
    assert (second.sequence, second.previous) == (2, first.hash)
    assert second.segment != first.segment
    assert first.segment_header and second.segment_header


def test_the_header_of_a_segment_stands_in_its_first_event_alone(path: Path) -> None:
    with writer(path) as journal:
        first, second = append(journal, 2)
    assert first.segment_header
    assert not second.segment_header
    assert (first.index, second.index) == (0, 1)


def test_each_commit_waits_for_the_disk(path: Path) -> None:
    with writer(path) as journal:
        ask = journal._connection.execute
        assert ask("PRAGMA synchronous").fetchone() == (2,)  # FULL
        assert ask("PRAGMA journal_mode").fetchone() == ("wal",)


def test_only_one_writer_at_a_time(path: Path) -> None:
    with writer(path), pytest.raises(JournalLocked):
        writer(path)
    writer(path).close()


def test_a_journal_of_another_terminal_or_epoch_is_refused(path: Path) -> None:
    writer(path).close()
    for owner in (JournalOwner(bytes(8), 1), JournalOwner(TERMINAL_ID, 2)):
        with pytest.raises(JournalOfAnother, match=TERMINAL_ID.hex()):
            writer(path, owner=owner)
    writer(path).close()  # the refusals let go of the lock


def test_a_clock_set_back_is_marked(path: Path) -> None:
    clock = SetClock(source=ClockSource.FREE)
    with writer(path, clock) as journal:
        append(journal)
        clock.now = NOON - 3_600_000
        (marked,) = append(journal)
    with writer(path, clock) as journal:  # a new process knows it from the journal
        (again,) = append(journal)
        clock.now = NOON + 60_000
        (after,) = append(journal)
    for event in (marked, again):
        assert event.clock is ClockTrust.SET_BACK
        assert event.wall_ms < NOON < event.time_ms
    assert (after.clock, after.time_ms) == (ClockTrust.FREE, after.wall_ms)
    assert (after.boot, after.monotonic_ms > again.monotonic_ms) == (clock.boot, True)


def test_a_place_can_be_taken_once(path: Path) -> None:
    with writer(path) as journal:
        place = journal.next_place()
        journal.append(place, DRAFT, EVIDENCE)
        with pytest.raises(TapNotRecorded, match="taken"):
            journal.append(place, DRAFT, EVIDENCE)
        append(journal)
    assert verify_journal(path, KEY.public_key).faults == ()


def test_a_tap_that_can_not_be_stored_does_not_count_and_the_next_one_does(path: Path) -> None:
    with writer(path) as journal:
        append(journal)
        blocker = sqlite3.connect(path)
        blocker.execute("BEGIN IMMEDIATE")  # as a full disk would, this makes the insert fail
        journal._connection.execute("PRAGMA busy_timeout = 0")
        with pytest.raises(TapNotRecorded, match="another program holds the journal"):
            append(journal)
        blocker.rollback()
        blocker.close()
        (event,) = append(journal)
    assert event.sequence == 2
    assert verify_journal(path, KEY.public_key).faults == ()


def test_after_failures_a_new_segment_begins(path: Path) -> None:
    """So that a day of full disk never puts an event further into a ratchet than the centre winds."""
    with writer(path) as journal:
        append(journal)
        blocker = sqlite3.connect(path)
        blocker.execute("BEGIN IMMEDIATE")
        journal._connection.execute("PRAGMA busy_timeout = 0")
        for _ in range(3):
            with pytest.raises(TapNotRecorded):
                append(journal)
        blocker.rollback()
        blocker.close()
        after, next_ = append(journal, 2)
    assert (after.sequence, after.index, next_.index) == (2, 0, 1)
    opener = SegmentOpener(CENTER, after.segment_header)
    assert opener.open(next_.index, next_.sealed, next_.seal_context()) == EVIDENCE.to_bytes()
    assert verify_journal(path, KEY.public_key).faults == ()


def test_a_checkpoint_that_can_not_be_stored_fails_no_tap_and_is_made_up_for(path: Path) -> None:
    with writer(path) as journal:
        other = sqlite3.connect(path)
        other.execute("CREATE TRIGGER stop BEFORE INSERT ON checkpoints BEGIN SELECT RAISE(FAIL, 'no'); END")
        other.commit()
        events = append(journal, CHECKPOINT_EVERY)
        assert verify_journal(path, KEY.public_key).signed_up_to == 0
        other.execute("DROP TRIGGER stop")
        other.commit()
        other.close()
        assert [event.sequence for event in events] == list(range(1, CHECKPOINT_EVERY + 1))
        append(journal)
        report = verify_journal(path, KEY.public_key)
    assert (report.signed_up_to, report.faults) == (CHECKPOINT_EVERY + 1, ())


def test_a_full_disk_is_not_called_damage(path: Path) -> None:
    with writer(path) as journal:
        pages = journal._connection.execute("PRAGMA page_count").fetchone()[0]
        journal._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(TapNotRecorded, match="full"):
            for _ in range(50):
                append(journal)
    # Closing did not call it damage either; and what was recorded is whole.
    assert verify_journal(path, KEY.public_key).faults == ()


def test_a_place_that_can_not_be_written_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(JournalUnavailable, match="No such file"):
        writer(tmp_path / "missing" / "journal.db")


def test_closing_twice_does_nothing(path: Path) -> None:
    journal = writer(path)
    append(journal)
    journal.close()
    journal.close()
    writer(path).close()


def test_checkpoints_vouch_for_every_event_once_the_writer_is_closed(path: Path) -> None:
    with writer(path) as journal:
        append(journal, CHECKPOINT_EVERY + 3)
        assert verify_journal(path, KEY.public_key).signed_up_to == CHECKPOINT_EVERY
    report = verify_journal(path, KEY.public_key)
    assert (report.events, report.signed_up_to, report.faults) == (
        CHECKPOINT_EVERY + 3,
        CHECKPOINT_EVERY + 3,
        (),
    )


def test_a_writer_does_not_go_on_after_a_damaged_end(path: Path) -> None:
    with writer(path) as journal:
        append(journal, 2)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE events SET bytes = x'00' WHERE sequence = 2")
    connection.commit()
    connection.close()
    with pytest.raises(JournalDamaged, match="last event"):
        writer(path)


@pytest.mark.parametrize("kept", [8, 6])
def test_a_number_that_a_checkpoint_names_is_not_given_again(path: Path, kept: int) -> None:
    with writer(path) as journal:
        first = append(journal, 9)
        prune(journal, retention(OWNER, receipt_for(first[5]), RECEIPTS.public_key, first[-1].time_ms))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM events WHERE sequence > ?", (kept,))
    for _ in range(2):  # and the first try has changed nothing
        with pytest.raises(JournalCut) as caught:
            writer(path)
        assert caught.value.facts == {"held": kept, "signed": 9}
    with JournalReader(path) as reader:
        assert list(reader.checkpoint_sequences(1)) == [9]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM checkpoints")
    with writer(path) as journal:
        assert append(journal)[0].sequence == kept + 1


def test_a_training_journal_goes_on_whatever_became_of_its_end(path: Path) -> None:
    with writer(path, owner=training_owner(1)) as journal:
        append(journal, 9)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM events WHERE sequence = 9")
    with writer(path, owner=training_owner(1)) as journal:
        assert append(journal)[0].sequence == 9


@pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough to be looked at" * 50])
def test_what_is_no_journal_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(JournalDamaged):
        JournalReader(path)
    if content:
        with pytest.raises(JournalDamaged):
            writer(path)
        assert path.read_bytes() == content


def test_another_programs_database_is_refused_and_left_alone(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE precious (x)")
    connection.commit()
    connection.close()
    with pytest.raises(JournalDamaged, match="some other database"):
        writer(path)
    with pytest.raises(JournalDamaged, match="no journal"):
        JournalReader(path)


def test_a_missing_journal_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(JournalMissing, match="none"):
        JournalReader(tmp_path / "none.db")
    assert not (tmp_path / "none.db").exists()


def test_the_files_are_for_their_owner_alone(path: Path) -> None:
    with writer(path) as journal:
        append(journal)
        for file in path.parent.iterdir():
            assert file.stat().st_mode & 0o077 == 0, file.name


DAY_MS = 86_400_000


@pytest.mark.parametrize("boots", [False, True])
@pytest.mark.parametrize("taps", [1, 3])
def test_a_clock_that_was_ahead_once_leaves_nothing_in_the_journal(
    path: Path, taps: int, boots: bool
) -> None:
    """Whether the process goes on, is started anew, or the machine is: what it knew before, it knows."""
    clock = SetClock(source=ClockSource.FREE)
    with writer(path, clock) as journal:
        (before,) = append(journal)
        clock.now += 365 * DAY_MS
        ahead = append(journal, taps)
    if boots:
        clock.boot, clock.monotonic = b"boot-two", 1_000
    with writer(path, clock) as journal:
        ahead += append(journal, taps)
        clock.now -= 365 * DAY_MS
        (after,) = append(journal)
        clock.now = before.time_ms - 3_600_000
        (behind,) = append(journal)
    assert {event.clock for event in ahead} == {ClockTrust.STEPPED}
    assert all(event.time_ms == event.wall_ms for event in ahead)
    assert (after.clock, after.time_ms) == (ClockTrust.FREE, after.wall_ms)
    assert (behind.clock, behind.time_ms >= after.time_ms) == (ClockTrust.SET_BACK, True)
    with writer(path, clock) as journal:
        (still,) = append(journal)
    assert (still.clock, still.time_ms >= behind.time_ms) == (ClockTrust.SET_BACK, True)
    assert verify_journal(path, KEY.public_key).faults == ()


def test_what_was_known_is_found_behind_events_that_can_not_be_read(path: Path) -> None:
    clock = SetClock(source=ClockSource.FREE)
    with writer(path, clock) as journal:
        (before,) = append(journal)
        clock.now += 365 * DAY_MS
        append(journal, 3)
    with sqlite3.connect(path) as damaged:
        damaged.execute("UPDATE events SET bytes = x'00' WHERE sequence = 3")
    clock.now = before.time_ms - DAY_MS
    with writer(path, clock) as journal:
        (event,) = append(journal)
    assert (event.clock, event.time_ms >= before.time_ms) == (ClockTrust.SET_BACK, True)
    assert event.time_ms < before.time_ms + DAY_MS


def test_where_only_taps_with_the_clock_ahead_are_left_nothing_is_known_by_them(path: Path) -> None:
    clock = SetClock(source=ClockSource.FREE)
    with writer(path, clock) as journal:
        journal.timekeeper.learn_signed(NOON)
        clock.now += 365 * DAY_MS
        append(journal)
        clock.now = NOON + DAY_MS
    with writer(path, clock) as journal:
        journal.timekeeper.learn_signed(NOON)
        (event,) = append(journal)
    assert (event.clock, event.time_ms) == (ClockTrust.FREE, event.wall_ms)
