"""Training mode: its events can't be taken for real ones, by a card's proof, the agent or the centre."""

from __future__ import annotations

from pathlib import Path

import pytest

from crypto.errors import SealBroken
from crypto.sealing import SegmentOpener
from sync.center.ingest import check_batch
from sync.errors import EventForeign
from sync.protocol.batch import Batch
from terminal.data_directory import DataDirectory
from terminal.errors import FileNotWritten
from terminal.events.checkpoint import Checkpoint, sign_checkpoint
from terminal.journal.errors import JournalIsTraining
from terminal.journal.reader import JournalReader
from terminal.journal.training import make_training_folder, training_owner
from terminal.journal.verification import verify_journal
from terminal.journal.writer import JournalWriter
from tests.terminal.enrolled import TERMINAL_ID
from tests.terminal.journal.journals import CENTER, KEY, OWNER, append, writer


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """A training journal with three events."""
    path = DataDirectory(tmp_path).training_journal
    make_training_folder(path)
    make_training_folder(path)
    with writer(path, owner=training_owner(1)) as journal:
        append(journal, 3)
    return path


def test_it_lies_apart_from_the_real_one_and_neither_is_opened_as_the_other(
    trained: Path, tmp_path: Path
) -> None:
    real = DataDirectory(tmp_path).journal
    assert real.parent != trained.parent
    writer(real).close()
    with pytest.raises(JournalIsTraining, match="real journal"):
        JournalReader(trained)
    with pytest.raises(JournalIsTraining):
        JournalReader(real, is_training=True)
    with pytest.raises(JournalIsTraining):
        writer(trained)
    with pytest.raises(JournalIsTraining):
        writer(real, owner=training_owner(1))


def test_its_challenges_and_events_name_no_terminal(trained: Path) -> None:
    with JournalReader(trained, is_training=True) as reader:
        events = [event.data for event in reader.events(0, 10)]
    assert len(events) == 3
    assert not any(TERMINAL_ID in data for data in events)
    report = verify_journal(trained, KEY.public_key, is_training=True, expected=training_owner(1))
    assert (report.faults, report.owner.terminal) == ((), bytes(8))


def test_the_centre_takes_none_of_its_events_as_the_terminals(trained: Path) -> None:
    with JournalReader(trained, is_training=True) as reader:
        events = reader.events(0, 10)
    last = events[-1]
    head = sign_checkpoint(Checkpoint(TERMINAL_ID, 1, last.sequence, last.hash, 0), KEY)
    batch = Batch(terminal=TERMINAL_ID, epoch=1, events=[event.data for event in events], head=head)
    with pytest.raises(EventForeign):
        check_batch(batch, KEY.public_key)


def test_nobody_opens_what_was_sealed_in_training(tmp_path: Path) -> None:
    make_training_folder(tmp_path / "training" / "journal.db")
    with writer(tmp_path / "training" / "journal.db", owner=training_owner(1)) as journal:
        journal.seal_to(KEY.public_key)
        (event,) = append(journal)
    for key in (CENTER, KEY):
        with pytest.raises(SealBroken):
            SegmentOpener(key, event.segment_header)


def test_a_folder_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotWritten):
        make_training_folder(tmp_path / "missing" / "training" / "journal.db")
    assert isinstance(writer(tmp_path / "journal.db", owner=OWNER), JournalWriter)
