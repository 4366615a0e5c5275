"""The log is as long as it gets before the first tap, and what stands in it is nobody's."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from terminal.journal import disk
from terminal.journal.log_file import LOG_BYTES, lengthen_log
from terminal.journal.pruning import give_back_log
from terminal.journal.verification import verify_journal
from terminal.journal.writer import JournalWriter
from tests.terminal.journal.journals import KEY, append, unsynced, writer


@pytest.fixture
def journal(path: Path) -> Iterator[JournalWriter]:
    """A journal that was just opened."""
    with writer(path) as journal:
        yield journal


def log(path: Path) -> Path:
    """The log of the journal at `path`."""
    return path.with_name("journal.db-wal")


def test_taps_do_not_lengthen_the_log(path: Path, journal: JournalWriter) -> None:
    length = log(path).stat().st_size
    assert length >= LOG_BYTES
    append(unsynced(journal), 1200)  # SQLite begins the log anew meanwhile
    assert log(path).stat().st_size == length
    assert verify_journal(path, KEY.public_key).events == 1200


def test_what_fills_the_log_is_nothing_to_whoever_opens_it_later(
    path: Path, journal: JournalWriter, tmp_path: Path
) -> None:
    append(journal, 3)
    after = tmp_path / "after"
    after.mkdir()
    for file in (path, log(path)):  # as a power cut leaves them
        shutil.copy(file, after)
    with writer(after / path.name) as again:
        assert append(again)[0].sequence == 4
    report = verify_journal(after / path.name, KEY.public_key)
    assert (report.events, report.signed_up_to, report.faults) == (4, 4, ())


def test_a_log_that_was_emptied_is_made_long_again(path: Path, journal: JournalWriter) -> None:
    append(journal)
    give_back_log(path)
    assert log(path).stat().st_size == 0
    journal.lengthen_log()
    assert log(path).stat().st_size >= LOG_BYTES
    append(journal)
    assert verify_journal(path, KEY.public_key).events == 2


def test_a_disk_that_fills_up_keeps_its_room(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "WARN_BELOW", 2**60)
    with writer(path) as journal:
        append(journal)
        assert log(path).stat().st_size < LOG_BYTES
        journal.close()
        journal.lengthen_log()  # of a journal that is closed: nothing
    assert not log(path).exists()


def test_a_log_that_can_not_be_lengthened_grows_by_itself(path: Path, journal: JournalWriter) -> None:
    append(journal)
    give_back_log(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        journal._connection.execute("PRAGMA busy_timeout = 0")
        lengthen_log(path, journal._connection)
        other.execute("ROLLBACK")
    assert log(path).stat().st_size < LOG_BYTES
    assert append(journal)[0].sequence == 2
