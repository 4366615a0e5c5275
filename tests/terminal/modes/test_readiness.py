"""`tongka terminal status` on terminals that can't tap: each fault is named, and what to do about it."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from card.simulator.boards.pcscd import PrivatePcscd
from crypto.pki.certificate import Certificate
from crypto.pki.revocation import RevocationReason, Revoked
from sync.agent.state import UploadState
from terminal.assembly import open_terminal
from terminal.commands import app
from terminal.data_directory import TERMINAL_KEY
from terminal.errors import FileNotWritten
from terminal.events.event import UsageEvent
from terminal.holder_reference import FOLDER_VARIABLE, DayKeys
from terminal.journal.errors import JournalIncomplete
from terminal.journal.schema import JournalOwner
from terminal.journal.writer import JournalWriter
from tests.terminal.enrolled import TERMINAL_ID, Enrolled, SetClock, enrol
from tests.terminal.journal.journals import CENTER, append, receipt_for
from tests.terminal.own_mount import run_on_mount

OWNER = JournalOwner(TERMINAL_ID, 1)


@pytest.fixture
def bus(tmp_path: Path, private_pcscd: PrivatePcscd) -> Enrolled:
    """A terminal that has all it needs, five events, and a receipt for three of them."""
    assert private_pcscd.readers
    bus = enrol(tmp_path / "bus")
    events = tap(bus, 5)
    with UploadState(bus.directory.uploads, 1) as state:
        state.record_answer(receipt_for(events[2], bus.authority.receipt), 3, [], 0)
    return bus


def tap(bus: Enrolled, count: int, owner: JournalOwner = OWNER) -> list[UsageEvent]:
    key = bus.directory.keystore.load(TERMINAL_KEY)
    with JournalWriter(bus.directory.journal, owner, key, CENTER.public_key, SetClock()) as journal:
        return append(journal, count)


def status(bus: Enrolled, *more: str) -> dict[str, object]:
    """What it says in JSON, after comparing that with what it says in words."""
    place = ["status", "--data", str(bus.directory.path), *more]
    as_json, zh, en = (
        CliRunner().invoke(app, [*place, *option], env={"TONGKA_LANG": language})
        for option, language in ((["--json"], "en"), ([], "zh-CN"), ([], "en"))
    )
    told: dict[str, object] = json.loads(as_json.output)
    troubles = told["troubles"]
    assert isinstance(troubles, list)
    assert as_json.exit_code == zh.exit_code == en.exit_code == any(one["serious"] for one in troubles)
    assert ("一切正常" in zh.output, "Nothing is wanting" in en.output) == (not troubles, not troubles)
    for one in troubles:
        assert f"{one['code']} {one['cause']} → {one['next_step']}\n" in en.output
        assert f"{one['code']} " in zh.output
    return told


def faults(bus: Enrolled, *more: str) -> list[str]:
    """Kind and code of each fault."""
    troubles = status(bus, *more)["troubles"]
    assert isinstance(troubles, list)
    return [f"{one['kind']} {one['code']}" for one in troubles if one["kind"] != "clock_doubtful"]


def test_a_terminal_that_can_tap(bus: Enrolled) -> None:
    said = status(bus)
    assert (said["running"], said["recorded"], said["unsent"]) == (False, 5, 2)
    assert faults(bus) == []
    with open_terminal(bus.directory):
        assert status(bus)["running"] is True
        assert faults(bus) == []


def test_a_terminal_that_never_tapped(tmp_path: Path, private_pcscd: PrivatePcscd) -> None:
    new = enrol(tmp_path / "new")
    assert private_pcscd.readers
    assert faults(new) == []
    assert not new.directory.journal.exists()
    assert status(new)["recorded"] == 0


def test_a_revoked_certificate(bus: Enrolled) -> None:
    own = Certificate.from_pem(bus.directory.certificate_file.read_bytes())
    stolen = Revoked(own.serial, datetime(2026, 11, 1, tzinfo=UTC), RevocationReason.KEY_COMPROMISE)
    bus.authority.revoked.append(stolen)
    bus.publish()
    assert faults(bus) == ["certificate TRM-414"]


def test_a_key_that_others_may_read(bus: Enrolled) -> None:
    (key,) = bus.directory.keys.glob("terminal*")
    key.chmod(0o644)
    assert faults(bus) == ["key CRY-150"]


def test_a_reader_that_is_not_there(bus: Enrolled) -> None:
    assert faults(bus, "--reader", "No such reader") == ["reader CRD-104"]


def test_without_pcscd(bus: Enrolled, tmp_path: Path) -> None:
    """In a process of its own: libpcsclite asks once where the service is."""
    run = "from terminal.commands import app; app()"
    done = subprocess.run(
        [sys.executable, "-c", run, "status", "--data", str(bus.directory.path), "--json"],
        env={**os.environ, "PCSCLITE_CSOCK_NAME": str(tmp_path / "nobody listens")},
        capture_output=True,
        check=False,
    )
    troubles = json.loads(done.stdout)["troubles"]
    assert (done.returncode, [one["code"] for one in troubles]) == (1, ["CRD-102"])


def spoil_end(bus: Enrolled) -> None:
    with closing(sqlite3.connect(bus.directory.journal)) as connection, connection:
        connection.execute("UPDATE events SET hash = zeroblob(32) WHERE sequence = 5")


def roll_back(bus: Enrolled) -> None:
    with closing(sqlite3.connect(bus.directory.journal)) as connection, connection:
        connection.execute("DELETE FROM events WHERE sequence > 2")


def cut_what_is_signed(bus: Enrolled) -> None:
    with closing(sqlite3.connect(bus.directory.journal)) as connection, connection:
        connection.execute("DELETE FROM events WHERE sequence = 5")


def swap(bus: Enrolled) -> None:
    bus.directory.journal.unlink()
    tap(bus, 1, JournalOwner(b"\xff" * 8, 1))


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (spoil_end, "TRM-503"),
        (lambda bus: bus.directory.journal.write_bytes(b"no database " * 999), "TRM-503"),
        (lambda bus: bus.directory.journal.unlink(), "TRM-429"),
        (roll_back, "TRM-429"),
        (cut_what_is_signed, "TRM-433"),
        (swap, "TRM-502"),
    ],
)
def test_a_journal_that_no_terminal_would_go_on_with(
    bus: Enrolled, spoil: Callable[[Enrolled], object], code: str
) -> None:
    spoil(bus)
    said = status(bus)
    assert faults(bus) == [f"journal {code}"]
    assert said["recorded"] is said["unsent"] is None


@pytest.mark.parametrize(
    "tables", [("unconfirmed",), ("uses", "amended"), ("voices",), ("base",), ("owner",), ("checkpoints",)]
)
def test_a_journal_of_an_older_version(bus: Enrolled, tables: tuple[str, ...]) -> None:
    with closing(sqlite3.connect(bus.directory.journal)) as connection:
        for table in tables:
            connection.execute(f"DROP TABLE {table}")
    said = status(bus)
    assert faults(bus) == ["journal TRM-509"]
    assert ", ".join(sorted(tables)) in str(said["troubles"]) and "enrol again" in str(said["troubles"])
    with pytest.raises(JournalIncomplete), open_terminal(bus.directory):
        pass


def open_to_others(folder: Path) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o755)


def no_folder(folder: Path) -> None:
    folder.write_bytes(b"")


@pytest.mark.parametrize("spoil", [open_to_others, no_folder])
@pytest.mark.parametrize("is_of_the_day", [False, True])
def test_keys_of_holders_that_cannot_be_kept(
    tmp_path: Path,
    private_pcscd: PrivatePcscd,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Path], None],
    is_of_the_day: bool,
) -> None:
    assert private_pcscd.readers
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    bus = enrol(tmp_path / "bus")
    assert faults(bus) == []
    days = DayKeys(TERMINAL_ID)
    spoil(days.folder if is_of_the_day else bus.directory.window_keys)
    assert faults(bus) == ["holder_keys TRM-404"]
    # No promise is broken: nobody could tap.
    with pytest.raises(FileNotWritten), open_terminal(bus.directory) as opened:
        opened.desk.day_keys.reference(bytes(16), date(2026, 11, 25))


@pytest.mark.parametrize("how", ["IMMEDIATE", "EXCLUSIVE"])
def test_a_journal_that_another_program_has_locked(bus: Enrolled, how: str) -> None:
    with closing(sqlite3.connect(bus.directory.journal, isolation_level=None)) as other:
        other.execute(f"BEGIN {how}")
        assert faults(bus) == ["journal TRM-506"]
    assert faults(bus) == []


ON_A_READ_ONLY_DISK = """
import subprocess, sys
from pathlib import Path
from tests.terminal.enrolled import enrol
from tests.terminal.modes.test_readiness import faults, tap
folder = Path(sys.argv[1])
bus = enrol(folder / "bus")
tap(bus, 1)
subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
print(faults(bus)[0])
"""


def test_a_disk_that_is_read_only(tmp_path: Path) -> None:
    """On a genuine file system, in a mount namespace of the test's own."""
    output = run_on_mount(tmp_path, 'mount -t tmpfs -o size=100m tmpfs "$1"', ON_A_READ_ONLY_DISK)
    assert output.split() == ["storage", "TRM-422"]
