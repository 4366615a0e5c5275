"""Agent and pruning share nothing but the receipt: what was pruned is never asked for, the rest goes on."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from typer.testing import CliRunner

from sync.agent.agent import Agent
from sync.agent.state import UploadState
from sync.center.directory import Center
from terminal.data_directory import DataDirectory
from terminal.journal.commands import app
from terminal.journal.reader import JournalReader
from terminal.journal.verification import verify_journal
from terminal.journal.verifier_keys import own_key, own_receipt_key
from tests.sync.cast import snapshot, tap_often


def journal(*arguments: str | Path, expected: int = 0) -> str:
    """What `tongka journal` says to this."""
    done = CliRunner().invoke(app, [str(one) for one in arguments], env={"TONGKA_LANG": "en"})
    assert done.exit_code == expected, done.output
    return done.output


def prune(terminal: DataDirectory, days: int = 0) -> str:
    return journal("prune", "--data", terminal.path, "--keep-days", str(days))


def test_the_upload_goes_on_behind_what_was_pruned(center: Center, terminal: DataDirectory) -> None:
    assert "removed 0" in prune_nothing(terminal)
    tap_often(terminal, 5)
    assert Agent(terminal).deliver()
    assert "removed 0" in prune(terminal, days=30)
    assert "removed 4" in prune(terminal)
    tap_often(terminal, 4)
    assert Agent(terminal).deliver()
    assert "removed 4" in prune(terminal)
    terminal.uploads.unlink()  # its loss costs a second upload of what is there
    tap_often(terminal, 2)
    assert Agent(terminal).deliver()
    with UploadState(terminal.uploads, 1) as state:
        assert (state.progress().acknowledged, state.progress().refused) == (11, {})
    assert len(snapshot(center, "events")["events"]) == 11
    report = verify_journal(terminal.journal, own_key(terminal), receipt_key=own_receipt_key(terminal))
    assert (report.faults, report.first, report.last) == ((), 9, 11)


def prune_nothing(terminal: DataDirectory) -> str:
    """A terminal that was never connected keeps everything."""
    tap_often(terminal, 1)
    said = prune(terminal)
    with JournalReader(terminal.journal) as reader:
        assert reader.head() is not None
    for file in terminal.path.glob("journal*"):  # the tests begin with the first event
        file.unlink()
    return said


def test_commands_on_a_journal_that_is_damaged_cut_or_somebody_elses(
    center: Center, terminal: DataDirectory, tmp_path: Path
) -> None:
    assert center.store is not None
    tap_often(terminal, 5)
    assert Agent(terminal).deliver()
    out = tmp_path / "receipt.bin"
    journal("receipt", "--data", terminal.path, "--out", out)
    report = journal("verify", "--data", terminal.path, "--receipt", out)
    assert "nothing is cut off up to 5" in report
    connection = sqlite3.connect(terminal.journal)
    connection.execute("UPDATE events SET bytes = x'00' WHERE sequence = 2")
    connection.execute("DELETE FROM events WHERE sequence > 3")
    connection.execute("DELETE FROM checkpoints")
    connection.commit()
    connection.close()
    told = journal("verify", "--data", terminal.path, expected=1)
    assert "#2: this event can't be parsed" in told
    assert "#4-5: the end is missing" in told
    listed = journal("list", "--data", terminal.path)
    assert "damaged" in listed
    assert listed.count("BUS-1") == 2
    terminal.configuration_file.write_bytes(
        terminal.configuration_file.read_bytes().replace(b"epoch = 1", b"epoch = 2")
    )
    assert "epoch 1, not of" in journal("verify", "--data", terminal.path, expected=1)
