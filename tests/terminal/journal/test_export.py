"""Exported journals: checked like the database, as far as a torn one goes, and strictly parsed."""

from __future__ import annotations

import io
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.events.event import UsageEvent
from terminal.journal.errors import JournalFileMalformed
from terminal.journal.export_file import MAGIC, ExportReader
from terminal.journal.export_gaps import GapReason
from terminal.journal.exporting import export_journal
from terminal.journal.faults import FaultKind
from terminal.journal.items import StoredEvent
from terminal.journal.pruning import prune, retention
from terminal.journal.pruning_proof import PruningProof
from terminal.journal.reader import JournalReader
from terminal.journal.training import training_owner
from terminal.journal.verification import JournalReport, verify_journal, verify_source
from terminal.journal.vouching import Known
from tests.terminal.enrolled import NOON
from tests.terminal.journal.journals import KEY, OWNER, RECEIPTS, append, receipt_for, unsynced, writer

COUNT = 200


def export(path: Path, first: int = 1, last: int | None = None, is_training: bool = False) -> bytes:
    """The bytes of an export."""
    target = path.with_name("journal.tkjx")
    with JournalReader(path, is_training) as reader:
        export_journal(reader, target, [], None, NOON, first, last)
    assert not list(path.parent.glob(".*part"))
    return target.read_bytes()


def verify(data: bytes, *known: Known) -> JournalReport:
    """Check an export."""
    return verify_source(ExportReader(io.BytesIO(data)), KEY.public_key, known, RECEIPTS.public_key)


@pytest.fixture
def journal(path: Path) -> Path:
    """A journal of `COUNT` events."""
    with writer(path) as journal:
        append(unsynced(journal), COUNT)
    return path


def test_an_export_tells_the_same_as_the_journal(journal: Path) -> None:
    report = verify(export(journal))
    assert report == verify_journal(journal, KEY.public_key)
    assert (report.faults, report.events, report.signed_up_to) == ((), COUNT, COUNT)


def test_an_extract_verifies_and_reaches_the_next_checkpoint(journal: Path) -> None:
    report = verify(export(journal, 70, 100))
    assert report.faults == ()
    assert (report.first, report.last, report.signed_up_to) == (70, 128, 128)
    assert (report.pruning, report.pruned_up_to) == (PruningProof.EXTRACT, 69)


def test_an_extract_of_a_pruned_journal_verifies(path: Path) -> None:
    with writer(path) as journal:
        events = append(unsynced(journal), COUNT)
        prune(journal, retention(OWNER, receipt_for(events[-1]), RECEIPTS.public_key, events[100].time_ms))
    whole = verify(export(path))
    assert (whole.faults, whole.pruning, whole.first) == ((), PruningProof.PROVEN, 101)
    part = verify(export(path, 1, 120))
    assert (part.faults, part.pruning, part.first, part.last) == ((), PruningProof.EXTRACT, 101, 128)


def test_a_receipt_and_certificates_travel_along_and_the_receipt_proves_the_end(
    journal: Path, tmp_path: Path
) -> None:
    with JournalReader(journal) as reader:
        (last,) = reader.events(COUNT - 1, 1)
        receipt = receipt_for(UsageEvent.from_bytes(last.data))
        export_journal(reader, tmp_path / "whole", ["certificate"], receipt, NOON)
        export_journal(reader, tmp_path / "part", ["certificate"], receipt, NOON, 1, 100)
    whole = (tmp_path / "whole").read_bytes()
    header = ExportReader(io.BytesIO(whole)).header
    assert (header.certificates, header.receipt) == (["certificate"], receipt.to_bytes())
    assert not header.is_extract
    # Of what was left out it proves nothing.
    assert ExportReader(io.BytesIO((tmp_path / "part").read_bytes())).header.receipt == b""
    assert verify(whole, Known.of_receipt(receipt)).known_up_to == COUNT
    cut = verify(whole[: len(whole) // 2], Known.of_receipt(receipt))
    assert [fault.kind for fault in cut.faults] == [FaultKind.TAIL_MISSING, FaultKind.TORN]


def test_damage_in_the_journal_is_in_its_export(journal: Path) -> None:
    with closing(sqlite3.connect(journal)) as connection:
        connection.execute("DELETE FROM events WHERE sequence = 50")
        connection.execute("UPDATE events SET hash = zeroblob(32) WHERE sequence = 90")
        connection.commit()
    found = [(fault.kind, fault.sequence) for fault in verify(export(journal)).faults]
    assert found == [(FaultKind.MISSING, 50), (FaultKind.ALTERED, 90)]


def lacking(path: Path, first: int = 1, last: int | None = None) -> list[tuple[GapReason, int, int]]:
    """What an export says that it does not hold; the segment of each gap is that of the event before."""
    with JournalReader(path) as reader:
        done = export_journal(reader, path.with_name("journal.tkjx"), [], None, NOON, first, last)
        for gap in done.gaps:
            before = (
                reader.events(gap.first - 2, 1) if gap.first > max(reader.base.sequence + 1, first) else []
            )
            assert gap.segment == (UsageEvent.from_bytes(before[0].data).segment if before else b"")
    return [(gap.reason, gap.first, gap.last) for gap in done.gaps]


def test_an_export_names_what_is_missing_in_it(journal: Path) -> None:
    assert lacking(journal) == []
    with closing(sqlite3.connect(journal)) as connection:
        connection.execute("DELETE FROM events WHERE sequence BETWEEN 50 AND 52 OR sequence IN (1, 90)")
        connection.execute("DELETE FROM events WHERE sequence > 190")
        connection.commit()
    missing = GapReason.MISSING
    tail = (GapReason.TAIL_MISSING, 191, COUNT)
    assert lacking(journal) == [(missing, 1, 1), (missing, 50, 52), (missing, 90, 90), tail]
    assert lacking(journal, 51, 60) == [(missing, 51, 52)]
    assert lacking(journal, 91, 100) == []
    assert lacking(journal, 100, COUNT) == [tail]


def test_an_end_that_the_centre_signed_for_is_named(journal: Path, tmp_path: Path) -> None:
    with JournalReader(journal) as reader:
        (last,) = reader.events(COUNT - 1, 1)
    receipt = receipt_for(UsageEvent.from_bytes(last.data))
    with closing(sqlite3.connect(journal)) as connection:
        connection.execute("DELETE FROM events WHERE sequence > 195")
        connection.execute("DELETE FROM checkpoints WHERE sequence > 195")
        connection.commit()

    def lacks(first: int, last: int | None) -> list[tuple[GapReason, int, int]]:
        with JournalReader(journal) as reader:
            done = export_journal(reader, tmp_path / "out", [], receipt, NOON, first, last)
        return [(gap.reason, gap.first, gap.last) for gap in done.gaps]

    tail = (GapReason.TAIL_MISSING, 196, COUNT)
    assert lacks(1, None) == [tail]
    # There is no checkpoint behind these any more that the file could end at.
    assert lacks(1, 194) == lacks(1, 198) == lacks(100, 198) == lacks(196, 199) == [tail]
    assert lacks(198, 199) == [(GapReason.TAIL_MISSING, 198, COUNT)]
    assert verify((tmp_path / "out").read_bytes(), Known.of_receipt(receipt)).faults[0].last == COUNT
    assert lacks(1, 150) == []


def test_an_export_says_what_was_pruned(path: Path) -> None:
    with writer(path) as journal:
        events = append(unsynced(journal), COUNT)
        prune(journal, retention(OWNER, receipt_for(events[-1]), RECEIPTS.public_key, events[100].time_ms))
    assert lacking(path) == [(GapReason.PRUNED, 1, 100)]
    assert lacking(path, 60) == [(GapReason.PRUNED, 60, 100)]
    assert lacking(path, 101) == []
    with JournalReader(path) as reader:
        gaps = export_journal(reader, path.with_name("again"), [], None, NOON).gaps
    assert not any(gap.is_fault for gap in gaps)


def test_a_row_where_none_belongs_is_in_the_export_too(path: Path) -> None:
    with writer(path) as journal:
        events = append(unsynced(journal), COUNT)
        prune(journal, retention(OWNER, receipt_for(events[-1]), RECEIPTS.public_key, events[100].time_ms))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO events SELECT 7, bytes, hash FROM events WHERE sequence = 150")
        connection.commit()
    found = [(fault.kind, fault.sequence) for fault in verify(export(path)).faults]
    assert found == [(FaultKind.MISPLACED, 7)]


def test_a_torn_file_is_read_up_to_the_tear(journal: Path) -> None:
    data = export(journal)
    report = verify(data[: len(data) // 2])
    assert [fault.kind for fault in report.faults] == [FaultKind.TORN]
    assert 0 < report.events < COUNT
    assert report.signed_up_to > 0
    without_end = verify(data[:-1])
    assert ([fault.kind for fault in without_end.faults], without_end.events) == ([FaultKind.TORN], COUNT)
    longer = verify(data + b"x")
    assert [fault.kind for fault in longer.faults] == [FaultKind.TORN]


def test_records_that_were_cut_out_of_a_file_show(journal: Path) -> None:
    data = export(journal)
    source = ExportReader(io.BytesIO(data))
    event = next(item for item in source.items() if isinstance(item, StoredEvent) and item.sequence == 9)
    record = data.index(event.data) - 45
    cut = data[:record] + data[record + 45 + len(event.data) :]
    assert [fault.kind for fault in verify(cut).faults] == [FaultKind.MISSING, FaultKind.TORN]


def test_a_training_export_says_that_it_is_one(path: Path) -> None:
    with writer(path, owner=training_owner(1)) as journal:
        append(journal, 2)
    report = verify(export(path, is_training=True))
    assert (report.faults, report.owner) == ((), training_owner(1))


@given(data=st.binary(max_size=300))
def test_any_bytes_are_refused_or_read(data: bytes) -> None:
    for start in (data, MAGIC + data):
        try:
            reader = ExportReader(io.BytesIO(start))
        except JournalFileMalformed:
            continue
        assert list(reader.items()) == [] or reader.tear is not None


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An export of a few events."""
    path = tmp_path_factory.mktemp("small") / "journal.db"
    with writer(path) as journal:
        append(journal, 4)
    return export(path)


@given(place=st.floats(0, 1, exclude_max=True), change=st.integers(1, 255))
def test_no_altered_byte_of_an_export_goes_unseen(small: bytes, place: float, change: int) -> None:
    data = bytearray(small)
    data[int(place * len(data))] ^= change
    try:
        report = verify(bytes(data))
    except JournalFileMalformed:
        return
    assert report.fault_count
