"""Verification: whatever was done to a journal is named where it is, and the rest stays readable."""

from __future__ import annotations

import sqlite3
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.sm2 import PrivateKey
from crypto.sm3 import sm3
from terminal.errors import TerminalError
from terminal.events.event import UsageEvent
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome
from terminal.journal.errors import JournalDamaged
from terminal.journal.faults import MAX_FAULTS_LISTED, FaultKind
from terminal.journal.items import StoredEvent, Unreadable
from terminal.journal.pruning import DAY_MS, prune, retention
from terminal.journal.pruning_proof import PruningProof
from terminal.journal.reader import JournalReader
from terminal.journal.schema import JournalOwner
from terminal.journal.uses import QuotaCount
from terminal.journal.verification import JournalReport, verify_journal
from terminal.journal.vouching import Known
from terminal.journal.writer import CHECKPOINT_EVERY
from tests.terminal.enrolled import NOON, TERMINAL_ID, SetClock
from tests.terminal.journal.journals import (
    DRAFT,
    EVIDENCE,
    KEY,
    OWNER,
    RECEIPTS,
    append,
    receipt_for,
    unsynced,
    writer,
)

PAGE: Final = 4096
FLIPS: Final = 2_000
WINDOW: Final = date(2026, 12, 31)
Damage = Callable[[sqlite3.Connection], object]


def damage(path: Path, work: Damage) -> None:
    """Do this to the file, with no writer there."""
    with closing(sqlite3.connect(path)) as connection:
        work(connection)
        connection.commit()


def found(report: JournalReport) -> list[tuple[FaultKind, int, int]]:
    """Kind and place of each fault."""
    return [(fault.kind, fault.sequence, fault.last) for fault in report.faults]


def _flip_a_bit(connection: sqlite3.Connection) -> None:
    (data,) = connection.execute("SELECT bytes FROM events WHERE sequence = 3").fetchone()
    flipped = data[:-1] + bytes([data[-1] ^ 1])
    connection.execute("UPDATE events SET bytes = ? WHERE sequence = 3", (flipped,))


def _flip_a_bit_of_its_hash(connection: sqlite3.Connection) -> None:
    (digest,) = connection.execute("SELECT hash FROM events WHERE sequence = 3").fetchone()
    flipped = digest[:-1] + bytes([digest[-1] ^ 1])
    connection.execute("UPDATE events SET hash = ? WHERE sequence = 3", (flipped,))


def _garble(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE events SET bytes = x'00' WHERE sequence = 3")


def _cut_a_row(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM events WHERE sequence = 3")


def _cut_the_start(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM events WHERE sequence < 3")


def _cut_the_start_as_if_pruned(connection: sqlite3.Connection) -> None:
    row = connection.execute("SELECT sequence, hash FROM events WHERE sequence = 2").fetchone()
    connection.execute("INSERT INTO base VALUES (1, ?, ?, x'', x'')", row)
    _cut_the_start(connection)


def _swap_two_rows(connection: sqlite3.Connection) -> None:
    for old, new in ((3, 99), (4, 3), (99, 4)):
        connection.execute("UPDATE events SET sequence = ? WHERE sequence = ?", (new, old))


def _cut_the_tail(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM events WHERE sequence > 4")


def _change_a_service_and_its_hash(connection: sqlite3.Connection) -> None:
    (data,) = connection.execute("SELECT bytes FROM events WHERE sequence = 3").fetchone()
    cheaper = data.replace(b"BUS-1", b"BUS-2")
    UsageEvent.from_bytes(cheaper)
    connection.execute("UPDATE events SET bytes = ?, hash = ? WHERE sequence = 3", (cheaper, sm3(cheaper)))


def _write_anew_from_3(connection: sqlite3.Connection) -> None:
    """As somebody without the key would: the chain is whole again, and the checkpoint can't be."""
    rows = connection.execute("SELECT sequence, bytes FROM events WHERE sequence >= 3 ORDER BY 1").fetchall()
    (previous,) = connection.execute("SELECT hash FROM events WHERE sequence = 2").fetchone()
    for sequence, data in rows:
        old = UsageEvent.from_bytes(data)
        forged = data.replace(b"BUS-1", b"BUS-2").replace(old.previous, previous)
        previous = sm3(forged)
        connection.execute(
            "UPDATE events SET bytes = ?, hash = ? WHERE sequence = ?", (forged, previous, sequence)
        )


@pytest.mark.parametrize(
    ("work", "faults"),
    [
        (_flip_a_bit, [(FaultKind.ALTERED, 3, 3)]),
        (_flip_a_bit_of_its_hash, [(FaultKind.ALTERED, 3, 3)]),
        (_garble, [(FaultKind.MALFORMED, 3, 3)]),
        (_cut_a_row, [(FaultKind.MISSING, 3, 3)]),
        (_cut_the_start, [(FaultKind.MISSING, 1, 2)]),
        (_cut_the_start_as_if_pruned, [(FaultKind.RECEIPT_FORGED, 1, 2), (FaultKind.SEGMENT_BROKEN, 3, 3)]),
        (_swap_two_rows, [(FaultKind.MISPLACED, 3, 3), (FaultKind.MISPLACED, 4, 4)]),
        (_cut_the_tail, [(FaultKind.TAIL_MISSING, 5, 6)]),
        (_change_a_service_and_its_hash, [(FaultKind.CHAIN_BROKEN, 4, 4)]),
        (_write_anew_from_3, [(FaultKind.CONTRADICTED, 1, 6)]),
    ],
)
def test_damage_is_named_where_it_is(
    path: Path, work: Damage, faults: list[tuple[FaultKind, int, int]]
) -> None:
    with writer(path) as journal:
        segment = append(journal, 6)[0].segment
    damage(path, work)
    report = verify_journal(path, KEY.public_key)
    assert found(report) == faults
    assert {fault.segment for fault in report.faults} <= {segment, b""}
    with JournalReader(path) as reader:
        assert len(list(reader.events_from(1))) == report.events


def test_the_segment_of_a_fault_is_the_one_it_stands_in(path: Path) -> None:
    segments = []
    for _ in range(3):
        with writer(path) as journal:
            segments.append(append(journal, 4)[0].segment)
    damage(path, lambda connection: connection.execute("DELETE FROM events WHERE sequence = 6"))
    (fault,) = verify_journal(path, KEY.public_key).faults
    assert (fault.segment, fault.sequence) == (segments[1], 6)


def test_a_segment_whose_first_event_is_gone_is_told_once(path: Path) -> None:
    for _ in range(2):
        with writer(path) as journal:
            append(journal, 5)
    damage(path, lambda connection: connection.execute("DELETE FROM events WHERE sequence = 6"))
    assert found(verify_journal(path, KEY.public_key)) == [(FaultKind.MISSING, 6, 6)]


def test_a_segment_under_another_name_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signed and chained as it is, by whoever has the key: the centre could open nothing of it."""
    with writer(path) as journal:
        monkeypatch.setattr(journal._sealer, "segment_id", b"another!")
        append(journal, 2)
    assert found(verify_journal(path, KEY.public_key)) == [(FaultKind.SEGMENT_BROKEN, 1, 1)]


def test_a_tail_that_no_checkpoint_covers_is_proven_by_a_receipt_or_a_note(path: Path) -> None:
    journal = writer(path)
    events = append(journal, CHECKPOINT_EVERY + 6)
    receipt, noted = Known.of_receipt(receipt_for(events[-1])), events[-3]
    with closing(sqlite3.connect(path)) as connection:  # the writer has not signed the end yet
        connection.execute("DELETE FROM events WHERE sequence > 66")
        connection.commit()
    report = verify_journal(path, KEY.public_key)
    assert (report.faults, report.last, report.signed_up_to) == ((), 66, CHECKPOINT_EVERY)
    for known in (receipt, Known(noted.sequence, noted.hash, receipt.source)):
        cut = verify_journal(path, KEY.public_key, [known])
        assert found(cut) == [(FaultKind.TAIL_MISSING, 67, known.sequence)]
    kept = verify_journal(path, KEY.public_key, [Known(66, events[65].hash, receipt.source)])
    assert (kept.faults, kept.known_up_to) == ((), 66)
    other = verify_journal(path, KEY.public_key, [Known(66, bytes(32), receipt.source)])
    assert found(other) == [(FaultKind.CONTRADICTED, 65, 66)]


def test_a_fork_is_contradicted_by_a_checkpoint_of_the_same_key(path: Path, tmp_path: Path) -> None:
    with writer(path) as journal, writer(tmp_path / "other.db") as other:
        append(journal, 3)
        append(other, 3)
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        (checkpoint,) = connection.execute("SELECT bytes FROM checkpoints").fetchone()
    damage(
        path,
        lambda connection: connection.execute("UPDATE checkpoints SET bytes = ?", (checkpoint,)),
    )
    assert found(verify_journal(path, KEY.public_key)) == [(FaultKind.CONTRADICTED, 1, 3)]


def test_a_checkpoint_of_another_key_is_a_fault(path: Path) -> None:
    with writer(path) as journal:
        append(journal)
    report = verify_journal(path, PrivateKey.generate().public_key)
    assert found(report) == [(FaultKind.CHECKPOINT_FORGED, 1, 1)]
    assert report.signed_up_to == 0


def test_a_garbled_checkpoint_is_a_fault(path: Path) -> None:
    with writer(path) as journal:
        append(journal)
    damage(path, lambda connection: connection.execute("UPDATE checkpoints SET bytes = x'00'"))
    assert found(verify_journal(path, KEY.public_key)) == [(FaultKind.MALFORMED, 1, 1)]


def test_a_journal_copied_to_another_terminal_is_named(path: Path) -> None:
    with writer(path) as journal:
        append(journal, 2)
    other = JournalOwner(bytes(7) + b"\1", 1)
    whole = verify_journal(path, KEY.public_key, expected=other)
    assert found(whole) == [(FaultKind.FOREIGN, 0, 0)]
    assert TERMINAL_ID.hex() in whole.faults[0].what.zh
    damage(
        path,
        lambda connection: connection.execute("UPDATE owner SET terminal = ?", (other.terminal,)),
    )
    relabelled = verify_journal(path, KEY.public_key, expected=other)
    assert found(relabelled) == [
        (FaultKind.FOREIGN, 1, 2),  # both events
        (FaultKind.FOREIGN, 2, 2),  # and the checkpoint
    ]
    epoch = verify_journal(path, KEY.public_key, expected=JournalOwner(TERMINAL_ID, 2))
    assert FaultKind.FOREIGN in {fault.kind for fault in epoch.faults}


def test_faults_without_end_are_counted_and_not_all_held(path: Path) -> None:
    journal = writer(path)
    unsynced(journal)
    append(journal, 2 * MAX_FAULTS_LISTED + 20)
    journal.close()
    every_other = "UPDATE events SET bytes = x'00' WHERE sequence % 2 = 0"
    damage(path, lambda connection: connection.execute(every_other))
    report = verify_journal(path, KEY.public_key)
    assert (len(report.faults), report.fault_count) == (MAX_FAULTS_LISTED, MAX_FAULTS_LISTED + 10)


def test_the_same_fault_of_many_events_is_told_once(path: Path) -> None:
    with writer(path) as journal:
        append(journal, 30)
    damage(path, lambda connection: connection.execute("UPDATE events SET bytes = x'00' WHERE sequence <> 9"))
    report = verify_journal(path, KEY.public_key)
    malformed = [one[1:] for one in found(report) if one[0] is FaultKind.MALFORMED]
    assert malformed == [(1, 8), (10, 30)]
    assert report.fault_count == len(report.faults)


def test_memory_does_not_grow_with_the_journal(path: Path) -> None:
    journal = writer(path)
    unsynced(journal)
    peaks = []
    for more in (3_000, 9_000):
        append(journal, more)
        tracemalloc.start()
        assert verify_journal(path, KEY.public_key).faults == ()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    journal.close()
    # What 9,000 more events take, were they held, is millions of bytes.
    assert max(peaks) < 200_000


def test_a_damaged_page_is_stepped_over(path: Path) -> None:
    journal = writer(path)
    unsynced(journal)
    events = append(journal, 400)
    journal.close()
    data = bytearray(path.read_bytes())
    place = data.index(events[199].to_bytes()[-100:])
    page = place - place % 4096
    data[page] = 0xFF  # no kind of page that there is
    path.write_bytes(bytes(data))
    report = verify_journal(path, KEY.public_key)
    kinds = {fault.kind for fault in report.faults}
    assert kinds == {FaultKind.UNREADABLE, FaultKind.STRUCTURE}
    (run,) = [fault for fault in report.faults if fault.kind is FaultKind.UNREADABLE]
    unreadable = list(range(run.sequence, run.last + 1))
    assert 200 in unreadable
    assert len(unreadable) < 20
    with JournalReader(path) as reader:
        items = list(reader.events_from(1))
    assert [item.sequence for item in items] == list(range(1, 401))
    assert [item.sequence for item in items if isinstance(item, Unreadable)] == unreadable
    whole = {event.sequence: event.to_bytes() for event in events}
    assert all(item.data == whole[item.sequence] for item in items if isinstance(item, StoredEvent))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a small journal in which every table has rows: it was pruned, and an event cancelled."""
    path = tmp_path_factory.mktemp("small") / "journal.db"
    with writer(path, SetClock(NOON)) as journal:
        events = append(unsynced(journal), 70)
        count = QuotaCount("cn/rides", WINDOW, bytes(16))
        last = journal.append(journal.next_place(), DRAFT, EVIDENCE, count, voice=bytes(range(100)))
        journal.append(
            journal.next_place(),
            replace(DRAFT, kind=EventKind.CANCELLATION, outcome=Outcome.RECORDED, refers_to=last.sequence),
            EVIDENCE,
        )
        journal.append(journal.next_place(), DRAFT, EVIDENCE, is_unconfirmed=True)
        prune(journal, retention(OWNER, receipt_for(events[19]), RECEIPTS.public_key, NOON + DAY_MS))
    return path.read_bytes()


def contents(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """All that a journal holds."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        return {
            table: connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608
            for table in (
                "owner",
                "events",
                "checkpoints",
                "base",
                "uses",
                "amended",
                "voices",
                "unconfirmed",
                "sold",
            )
        }


def require_told(path: Path, data: bytes, whole: dict[str, list[tuple[object, ...]]]) -> bool:
    """Whether a journal of these bytes is found damaged; where not, it holds what the whole one does."""
    path.write_bytes(data)
    try:
        report = verify_journal(path, KEY.public_key, receipt_key=RECEIPTS.public_key, expected=OWNER)
    except TerminalError:
        return True
    if report.fault_count:
        return True
    assert contents(path) == whole
    return False


@given(
    places=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=8)
)
def test_a_file_altered_anywhere_is_reported_and_breaks_nothing(
    small: bytes, tmp_path_factory: pytest.TempPathFactory, places: list[tuple[float, int]]
) -> None:
    path = tmp_path_factory.mktemp("altered") / "journal.db"
    path.write_bytes(small)
    whole = contents(path)
    data = bytearray(small)
    for place, change in places:
        data[int(place * len(data))] ^= change
    require_told(path, bytes(data), whole)


def test_a_bit_flipped_in_any_byte_in_use_is_told(small: bytes, tmp_path: Path) -> None:
    """Of every byte one bit, each time another one; the pages that pruning freed are zeros, and left out."""
    path = tmp_path / "journal.db"
    path.write_bytes(small)
    whole = contents(path)
    told = 0
    used = [place for place in range(len(small)) if any(small[place - place % PAGE :][:PAGE])]
    for place in used[:: len(used) // FLIPS]:
        data = bytearray(small)
        data[place] ^= 1 << place % 8
        told += require_told(path, bytes(data), whole)
    assert told > FLIPS / 4  # or nothing was looked at


def test_a_base_that_is_not_the_one_base_is_told(small: bytes, tmp_path: Path) -> None:
    """A row's own number, which SQLite checks no constraint on."""
    path = tmp_path / "journal.db"
    path.write_bytes(small)

    def renumber(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("UPDATE base SET only = 17")

    damage(path, renumber)
    report = verify_journal(path, KEY.public_key, receipt_key=RECEIPTS.public_key)
    assert found(report) == [(FaultKind.STRUCTURE, 0, 0)]


@pytest.mark.parametrize(
    "table", ["events", "checkpoints", "uses", "amended", "voices", "unconfirmed", "sold"]
)
def test_a_damaged_definition_of_a_table_is_told_and_no_riddle(
    small: bytes, tmp_path: Path, table: str
) -> None:
    """SQLite's message would quote the definition, which is no text any more."""
    path = tmp_path / "journal.db"
    place = small.index(f"CREATE TABLE {table}".encode()) + len("CREATE TA")
    data = bytearray(small)
    data[place] ^= 0x80
    path.write_bytes(data)
    with pytest.raises(JournalDamaged):
        verify_journal(path, KEY.public_key)
    with pytest.raises(JournalDamaged):
        writer(path)


def test_a_definition_that_means_something_else_is_told(path: Path) -> None:
    """The checkpoints are not found under their sequences any more; that there are none would be fine."""
    with writer(path) as journal:
        append(journal, 3)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"checkpoints (sequence INTEGER", b"checkpoints (sequence INTEGES"))
    report = verify_journal(path, KEY.public_key)
    assert [fault.kind for fault in report.faults] == [FaultKind.STRUCTURE, FaultKind.UNREADABLE]
    assert (report.events, report.last, report.signed_up_to) == (3, 3, 0)


@pytest.mark.parametrize(
    "addition",
    [
        # It would change what the next process writes.
        "CREATE TRIGGER quiet AFTER INSERT ON checkpoints BEGIN DELETE FROM checkpoints; END",
        "INSERT INTO owner SELECT * FROM owner",
        "INSERT INTO uses VALUES ('cn/rides', '2026-12-31', zeroblob(16), 9, zeroblob(8))",
        "INSERT INTO amended VALUES (1, 2, zeroblob(8))",
        "INSERT INTO voices VALUES (1, zeroblob(9), zeroblob(8))",
        "INSERT INTO unconfirmed VALUES (1, zeroblob(8))",
        "INSERT INTO sold VALUES (1, zeroblob(8))",
    ],
)
def test_what_was_added_to_the_database_is_told(path: Path, addition: str) -> None:
    with writer(path) as journal:
        append(journal, 3)
    damage(path, lambda connection: connection.execute(addition))
    assert found(verify_journal(path, KEY.public_key)) == [(FaultKind.STRUCTURE, 0, 0)]


def test_nothing_pruned_is_said_so(path: Path) -> None:
    with writer(path) as journal:
        append(journal, 2)
    report = verify_journal(path, KEY.public_key, receipt_key=RECEIPTS.public_key, expected=OWNER)
    assert (report.pruning, report.pruned_up_to, report.first, report.last) == (
        PruningProof.NOT_PRUNED,
        0,
        1,
        2,
    )
    assert (report.segments, report.events, report.signed_up_to) == (1, 2, 2)
