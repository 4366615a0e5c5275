"""A journal that was lost or rolled back behind the centre's back: nobody taps on, and everybody is told."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sync.agent import commands
from sync.agent.agent import Agent, upload_status
from sync.agent.state import UploadState
from sync.center.directory import Center
from terminal.assembly import open_terminal
from terminal.data_directory import DataDirectory
from terminal.journal.errors import JournalBehind, JournalGone, JournalReplaced, TapNotRecorded
from tests.sync.cast import open_journal, snapshot, tap_often
from tests.terminal.journal.journals import DRAFT, EVIDENCE


@pytest.fixture
def delivered(center: Center, terminal: DataDirectory) -> DataDirectory:
    """A terminal with ten events, all acknowledged."""
    tap_often(terminal, 10)
    assert Agent(terminal).deliver()
    assert len(snapshot(center, "events")["events"]) == 10
    return terminal


def roll_back(terminal: DataDirectory, last: int) -> None:
    """The journal as it was when it ended there."""
    with closing(sqlite3.connect(terminal.journal)) as connection, connection:
        connection.execute("DELETE FROM events WHERE sequence > ?", (last,))
        connection.execute("DELETE FROM checkpoints WHERE sequence > ?", (last,))


def lose(terminal: DataDirectory) -> None:
    """`rm journal.db*`."""
    for file in terminal.path.glob("journal.db*"):
        file.unlink()


def agent(terminal: DataDirectory, *verb: str) -> tuple[int, str]:
    """What `tongka agent` says, and its exit code."""
    done = CliRunner().invoke(
        commands.app, [*verb, "--data", str(terminal.path)], env={"TONGKA_LANG": "en"}, terminal_width=200
    )
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        return 1, str(done.exception)
    return done.exit_code, done.output


def require_refused(terminal: DataDirectory, held: int) -> None:
    """The terminal does not serve, and the agent says why."""
    with pytest.raises(JournalBehind) as caught, open_terminal(terminal):
        pass
    assert caught.value.facts == {"held": held, "acknowledged": 10}
    with pytest.raises(JournalBehind):
        Agent(terminal).deliver()
    unsent = max(0, held - 10)
    assert upload_status(terminal).unsent == unsent
    for verb in (("run", "--once"), ("run", "--until-empty"), ("status",)):
        status, said = agent(terminal, *verb)
        assert (status, "TRM-429" in said) == (1, True), said
    status, said = agent(terminal, "status", "--json")
    told = json.loads(said)
    assert (status, told["behind"], told["unsent"]) == (1, "TRM-429", unsent)
    assert told["last_error"]["code"] == "TRM-429"


def test_a_journal_that_was_rolled_back(delivered: DataDirectory) -> None:
    roll_back(delivered, 7)
    require_refused(delivered, 7)


def test_a_journal_that_was_lost(delivered: DataDirectory) -> None:
    lose(delivered)
    require_refused(delivered, 0)
    assert not delivered.journal.exists()  # no new one was begun


def test_a_journal_that_went_on_from_an_old_copy(
    center: Center, delivered: DataDirectory, tmp_path: Path
) -> None:
    """Longer than what the centre has, and another from event 8 on."""
    roll_back(delivered, 7)
    delivered.uploads.rename(tmp_path / "upload.db")
    tap_often(delivered, 5)
    (tmp_path / "upload.db").rename(delivered.uploads)
    require_refused(delivered, 12)
    assert len(snapshot(center, "events")["events"]) == 10


def test_a_receipt_that_the_centre_did_not_sign_stops_nobody(delivered: DataDirectory) -> None:
    with UploadState(delivered.uploads, 1) as state:
        receipt = state.receipt()
    assert receipt is not None
    forged = type(receipt)(receipt.receipt, bytes(len(receipt.signature)))
    with closing(sqlite3.connect(delivered.uploads)) as connection, connection:
        connection.execute("UPDATE progress SET receipt = ?", (forged.to_bytes(),))
    roll_back(delivered, 7)
    with open_terminal(delivered) as opened:
        assert opened.desk.journal.next_place().sequence == 8


def test_a_whole_journal_opens_with_and_without_what_was_pruned(delivered: DataDirectory) -> None:
    tap_often(delivered, 2)
    with open_terminal(delivered) as opened:
        assert opened.desk.journal.next_place().sequence == 13
    assert upload_status(delivered).behind is None
    with closing(sqlite3.connect(delivered.journal)) as connection, connection:
        (digest,) = connection.execute("SELECT hash FROM events WHERE sequence = 11").fetchone()
        connection.execute("DELETE FROM events WHERE sequence <= 11")
        connection.execute("INSERT INTO base VALUES (1, 11, ?, x'', x'')", (digest,))
    with open_terminal(delivered) as opened:
        assert opened.desk.journal.next_place().sequence == 13


@pytest.mark.parametrize("how", ["deleted", "moved", "replaced", "log deleted"])
def test_a_journal_that_goes_while_the_terminal_runs(
    terminal: DataDirectory, tmp_path: Path, how: str
) -> None:
    def somebody_comes() -> None:
        if how == "deleted":
            lose(terminal)
        elif how == "log deleted":
            terminal.journal.with_name("journal.db-wal").unlink()
        else:
            shutil.copy(terminal.journal, tmp_path / "copy")
            terminal.journal.rename(tmp_path / "moved")
            if how == "replaced":
                shutil.copy(tmp_path / "copy", terminal.journal)

    with ExitStack() as running:
        journal = running.enter_context(open_journal(terminal))
        place = journal.next_place()
        somebody_comes()
        with pytest.raises(TapNotRecorded) as caught:
            journal.append(place, DRAFT, EVIDENCE)
        assert "TRM-507" in str(caught.value)
        for _ in range(2):
            with pytest.raises(JournalReplaced):
                journal.next_place()
        if how == "moved":
            (tmp_path / "moved").rename(terminal.journal)
            place = journal.next_place()
            assert journal.append(place, DRAFT, EVIDENCE).sequence == place.sequence


def test_a_journal_that_was_lost_with_all_receipts(terminal: DataDirectory) -> None:
    """`rm *.db*`, on a terminal that may never have reached its centre."""
    tap_often(terminal, 1)
    lose(terminal)
    terminal.uploads.unlink(missing_ok=True)
    with pytest.raises(JournalGone) as caught, open_terminal(terminal):
        pass
    assert caught.value.facts == {"file": "journal.db"}
    with pytest.raises(JournalGone):
        Agent(terminal).deliver()
    for verb in (("run", "--once"), ("status",)):
        status, said = agent(terminal, *verb)
        assert (status, "TRM-431" in said) == (1, True), said
    assert not terminal.journal.exists()  # no new one was begun


def test_an_emptied_journal_is_no_new_one(terminal: DataDirectory) -> None:
    tap_often(terminal, 3)
    roll_back(terminal, 0)
    with pytest.raises(JournalGone), open_terminal(terminal):
        pass
    terminal.journal.write_bytes(b"")
    for log in terminal.path.glob("journal.db-*"):
        log.unlink()
    with pytest.raises(JournalGone), open_terminal(terminal):
        pass
    assert terminal.journal.stat().st_size == 0


def test_a_terminal_that_never_tapped_may_begin_its_journal_anew(terminal: DataDirectory) -> None:
    with open_terminal(terminal):
        pass
    assert terminal.journal.exists()
    lose(terminal)
    with open_terminal(terminal) as opened:
        assert opened.desk.journal.next_place().sequence == 1
    assert Agent(terminal).deliver()


def test_a_journal_of_older_software_is_marked_when_it_is_opened(terminal: DataDirectory) -> None:
    tap_often(terminal, 3)
    [mark] = terminal.path.glob("*.begun")
    mark.unlink()
    with open_terminal(terminal):
        pass
    assert mark.read_bytes() == b""
    lose(terminal)
    with pytest.raises(JournalGone), open_terminal(terminal):
        pass
