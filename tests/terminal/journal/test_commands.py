"""`tongka journal` on exported files and training journals, and what it says to wrong use."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crypto.errors import CertificateRefused, KeystoreMissing
from crypto.pki.role import Role
from crypto.sm2 import PrivateKey
from sync.agent.state import UploadState
from terminal.amendments import cancel, correct
from terminal.assembly import open_terminal
from terminal.data_directory import TERMINAL_KEY, DataDirectory
from terminal.errors import TerminalNotEnrolled
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome
from terminal.journal.commands import app
from terminal.journal.errors import (
    ExportExists,
    ExportIntoData,
    JournalLocked,
    JournalUnreadable,
    ReceiptUnusable,
    VerifierKeyMissing,
)
from terminal.journal.export_file import ExportReader
from terminal.journal.items import StoredEvent
from terminal.journal.schema import JournalOwner
from terminal.journal.training import make_training_folder, training_owner
from terminal.journal.writer import JournalWriter
from tests.authority import TestAuthority
from tests.terminal.enrolled import NOON, TERMINAL_ID, Enrolled, SetClock, enrol
from tests.terminal.journal.journals import CENTER, DRAFT, EVIDENCE, append, receipt_for, unsynced

OWNER = JournalOwner(TERMINAL_ID, 1)


def run(*arguments: str | Path, expected: int = 0) -> str:
    """What the command says."""
    done = CliRunner().invoke(app, [str(one) for one in arguments], env={"TONGKA_LANG": "en"})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == expected, done.output
    return done.output


def journal_of(bus: Enrolled, owner: JournalOwner = OWNER) -> JournalWriter:
    """The terminal's journal, written with its own key."""
    directory = bus.directory
    path = directory.training_journal if owner.is_training else directory.journal
    return JournalWriter(path, owner, directory.keystore.load(TERMINAL_KEY), CENTER.public_key, SetClock())


@pytest.fixture
def bus(tmp_path: Path) -> Enrolled:
    """A terminal with a certificate, five events and a receipt for them."""
    bus = enrol(tmp_path / "bus")
    certify(bus, f"{TERMINAL_ID.hex()}.1")
    with journal_of(bus) as journal:
        events = append(journal, 5)
    with UploadState(bus.directory.uploads, 1) as state:
        state.record_answer(receipt_for(events[-1], bus.authority.receipt), 5, [], NOON)
    return bus


def certify(bus: Enrolled, name: str) -> None:
    """Give the terminal's key a certificate in this name."""
    key = bus.directory.keystore.load(TERMINAL_KEY)
    assert isinstance(key, PrivateKey)
    bus.directory.certificate_file.write_bytes(bus.authority.certify(Role.TERMINAL, name, key).pem)


def export(bus: Enrolled, *more: str) -> Path:
    """An exported file."""
    out = bus.directory.path.with_name("journal.tkjx")
    run("export", "--data", bus.directory.path, "--out", out, "--force", *more)
    return out


def test_a_file_is_verified_by_the_root_alone(bus: Enrolled) -> None:
    told = json.loads(run("verify", "--file", export(bus), "--root", bus.directory.authority_file, "--json"))
    assert (told["fault_count"], told["events"], told["known_up_to"]) == (0, 5, 5)
    assert told["terminal"] == TERMINAL_ID.hex()


def test_a_file_is_verified_by_the_terminals_key_alone(bus: Enrolled, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(bus.directory.keystore.load(TERMINAL_KEY).public_key.to_pem())
    assert "5 events" in run("verify", "--file", export(bus), "--key", key)
    key.write_bytes(PrivateKey.generate().public_key.to_pem())
    assert "not signed by this terminal's key" in run(
        "verify", "--file", export(bus), "--key", key, expected=1
    )


def test_a_file_is_not_believed_for_the_certificates_it_brings(bus: Enrolled, tmp_path: Path) -> None:
    other = tmp_path / "other-root.pem"
    other.write_bytes(TestAuthority().root.pem)
    with pytest.raises(CertificateRefused):
        run("verify", "--file", export(bus), "--root", other)
    certify(bus, "8899aabbccddeeff.1")
    with pytest.raises(VerifierKeyMissing, match="another terminal"):
        run("verify", "--file", export(bus), "--root", bus.directory.authority_file)
    bus.directory.certificate_file.unlink()
    with pytest.raises(VerifierKeyMissing, match="no certificate"):
        run("verify", "--file", export(bus), "--root", bus.directory.authority_file)
    with pytest.raises(VerifierKeyMissing, match="--key"):
        run("verify", "--file", export(bus))


def test_a_receipt_of_somebody_elses_proves_nothing(bus: Enrolled, tmp_path: Path) -> None:
    with journal_of(bus) as journal:
        (event,) = append(journal)
    forged = tmp_path / "receipt.bin"
    forged.write_bytes(receipt_for(event, PrivateKey.generate()).to_bytes())
    for content in (forged.read_bytes(), b"no receipt"):
        forged.write_bytes(content)
        with pytest.raises(ReceiptUnusable):
            run("verify", "--data", bus.directory.path, "--receipt", forged)


def test_pruning_waits_for_the_terminal_to_stop_and_counting_does_not(bus: Enrolled) -> None:
    keep = ("--data", bus.directory.path, "--keep-days", "0")
    with journal_of(bus):
        assert "4 events may go" in run("prune", *keep, "--dry-run")
        with pytest.raises(JournalLocked):
            run("prune", *keep)
    assert json.loads(run("prune", *keep, "--json"))["removed"] == 4


def test_training_is_shown_and_verified_on_demand_alone(bus: Enrolled) -> None:
    make_training_folder(bus.directory.training_journal)
    with journal_of(bus, training_owner(1)) as journal:
        append(journal, 2)
    data = ("--data", bus.directory.path)
    assert run("list", *data).count("BUS-1") == 5
    assert run("list", *data, "--training").count("BUS-1") == 2
    assert json.loads(run("verify", *data, "--training", "--json"))["training"]
    out = export(bus, "--training")
    assert "2 events" in run("verify", "--file", out, "--root", bus.directory.authority_file)


def test_without_a_receipt_there_is_none_to_keep(bus: Enrolled, tmp_path: Path) -> None:
    bus.directory.uploads.unlink()
    out = tmp_path / "receipt.bin"
    assert "no receipt" in run("receipt", "--data", bus.directory.path, "--out", out, expected=1)
    assert not out.exists()
    assert "removed 0" in run("prune", "--data", bus.directory.path, "--keep-days", "0")


@pytest.mark.parametrize("expect", ["5", "5:00", "0:" + "00" * 32, f"{2**63}:" + "00" * 32, "x"])
def test_wrong_use_is_2(bus: Enrolled, expect: str) -> None:
    run("verify", "--data", bus.directory.path, "--expect", expect, expected=2)
    run("verify", expected=2)
    run("verify", "--data", bus.directory.path, "--file", expect, expected=2)


def test_a_noted_head_is_compared(bus: Enrolled) -> None:
    data = ("--data", bus.directory.path)
    told = json.loads(run("verify", *data, "--json"))
    assert "up to 5" in run("verify", *data, "--expect", f"5:{told['head']}")
    assert "not the events that" in run("verify", *data, "--expect", "5:" + "00" * 32, expected=1)
    assert "#6-9: the end is missing" in run("verify", *data, "--expect", "9:" + "00" * 32, expected=1)
    assert DataDirectory(bus.directory.path).journal.exists()


def test_a_mistyped_folder_is_no_terminal_and_nobody_is_told_to_enrol_again(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    for folder in (tmp_path / "plain", tmp_path / "typo"):
        for verb in (
            ("verify",),
            ("list",),
            ("export", "--out", tmp_path / "x"),
            ("receipt", "--out", tmp_path / "x"),
            ("prune",),
        ):
            with pytest.raises(TerminalNotEnrolled, match="--data"):
                run(*verb, "--data", folder)


def test_a_terminal_that_lost_its_keys_is_told_so(bus: Enrolled) -> None:
    for file in bus.directory.keys.iterdir():
        file.unlink()

    with pytest.raises(KeystoreMissing):
        _ = bus.directory.keystore


@pytest.mark.parametrize("verb", ["export", "receipt"])
def test_a_file_that_is_there_is_replaced_only_when_told(bus: Enrolled, tmp_path: Path, verb: str) -> None:
    out = tmp_path / "evidence"
    out.write_bytes(b"evidence")
    arguments = (verb, "--data", bus.directory.path, "--out", out)

    with pytest.raises(ExportExists, match="evidence is there"):
        run(*arguments)
    assert out.read_bytes() == b"evidence"
    run(*arguments, "--force")
    assert out.read_bytes() != b"evidence"


@pytest.mark.parametrize("verb", ["export", "receipt"])
def test_nothing_that_the_terminal_lives_on_is_written_over(
    bus: Enrolled, tmp_path: Path, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = bus.directory.path
    (tmp_path / "other-name").symlink_to(data)
    (tmp_path / "linked").symlink_to(bus.directory.configuration_file)
    (tmp_path / "same").hardlink_to(bus.directory.journal)
    elsewhere = tmp_path / "big-disk" / "upload.db"
    elsewhere.parent.mkdir()
    bus.directory.uploads.rename(elsewhere)
    bus.directory.uploads.symlink_to(elsewhere)
    before = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    monkeypatch.chdir(data / "content")

    for out in (
        *(data / name for name in ("journal.db", "terminal.toml", "upload.db", "new", "keys/new")),
        data / "content" / ".." / "journal.db-wal",
        *(tmp_path / name for name in ("other-name/root.pem", "linked", "same")),
        elsewhere,
        Path("../certificate.pem"),
        Path("new"),
    ):
        with pytest.raises(ExportIntoData):
            run(verb, "--data", data, "--out", out, "--force")
    assert {path: path.read_bytes() for path in data.rglob("*") if path.is_file()} == before
    run(verb, "--data", data, "--out", tmp_path / "big-disk" / "beside", "--force")


def test_what_is_no_tap_does_not_look_as_if_something_was_paid(bus: Enrolled) -> None:
    with open_terminal(bus.directory) as terminal:
        cancel(terminal.desk, 2)
        correct(terminal.desk, 3, fare=100, companions=0)
    rows = [json.loads(line) for line in run("list", "--data", bus.directory.path, "--json").splitlines()]
    assert [(row["kind"], row["refers_to"], row["holder_pays"], row["companion_pays"]) for row in rows] == [
        *[("tap", None, 0, 0)] * 5,
        ("cancellation", 2, None, None),
        ("correction", 3, None, None),
    ]
    lines = run("list", "--data", bus.directory.path).splitlines()
    (cancelled,) = [line for line in lines if "cancel" in line]
    assert "#2" in cancelled and cancelled.rstrip(" │").endswith("—")
    (corrected,) = [line for line in lines if "correc" in line]
    assert "#3" in corrected and corrected.rstrip(" │").endswith("—")


def test_every_kind_of_event_has_a_name(bus: Enrolled) -> None:
    with journal_of(bus) as journal:
        for kind in EventKind:
            draft = replace(DRAFT, kind=kind, outcome=Outcome.RECORDED)
            journal.append(journal.next_place(), draft, EVIDENCE)
    rows = [json.loads(line) for line in run("list", "--data", bus.directory.path, "--json").splitlines()]
    assert [row["kind"] for row in rows[5:]] == list(EventKind)
    assert all((row["holder_pays"] is None) is (row["kind"] != "tap") for row in rows)
    run("list", "--data", bus.directory.path)


def test_an_export_tells_of_a_cut_end_whatever_part_is_wanted(bus: Enrolled, tmp_path: Path) -> None:
    with closing(sqlite3.connect(bus.directory.journal)) as connection:
        connection.execute("DELETE FROM events WHERE sequence > 3")
        connection.execute("DELETE FROM checkpoints WHERE sequence > 3")
        connection.commit()
    asked = ("export", "--data", bus.directory.path, "--out", tmp_path / "x", "--force")
    for part in ((), ("--to", "4"), ("--from", "4", "--to", "5")):
        assert "#4-5: the end is missing" in run(*asked, *part, expected=1)
    run(*asked, "--from", "5", "--to", "3", expected=2)


@pytest.fixture
def long(bus: Enrolled) -> Enrolled:
    """With some hundred events, in a file of many pages and no log beside it."""
    with journal_of(bus) as journal:
        append(unsynced(journal), 195)
    assert not bus.directory.journal.with_name("journal.db-wal").exists()
    return bus


@pytest.mark.parametrize(
    ("size", "told"),
    [(4096, "the file is cut off: 4096 bytes"), (50, "the file is cut off: 50 bytes"), (0, "is empty")],
)
def test_a_file_of_which_nothing_is_left(long: Enrolled, size: int, told: str) -> None:
    os.truncate(long.directory.journal, size)
    with pytest.raises(JournalUnreadable, match=told) as caught:
        run("verify", "--data", long.directory.path)
    said = str(caught.value)
    assert "no event in it can be read any more" in said
    assert "Don't delete" in said and "technician" in said and "journal verify" not in said
    assert long.directory.journal.stat().st_size == size


def test_a_file_that_was_cut_in_half_shows_what_is_left(long: Enrolled) -> None:
    whole = json.loads(run("verify", "--data", long.directory.path, "--json"))
    assert (whole["fault_count"], whole["events"]) == (0, 200)
    os.truncate(long.directory.journal, long.directory.journal.stat().st_size // 2 // 4096 * 4096)
    told = json.loads(run("verify", "--data", long.directory.path, "--json", expected=1))
    assert 20 < told["events"] < 180
    assert {"structure", "unreadable", "torn"} <= {fault["kind"] for fault in told["faults"]}
    said = run("verify", "--data", long.directory.path, expected=1)
    assert "the file is cut off: " in said
    assert len(said.splitlines()) < 15, said


def test_what_is_left_of_a_file_that_was_cut_is_exported_and_the_rest_is_named(
    long: Enrolled, tmp_path: Path
) -> None:
    out = tmp_path / "left.tkjx"
    os.truncate(long.directory.journal, long.directory.journal.stat().st_size // 2 // 4096 * 4096)
    exporting = ("export", "--data", long.directory.path, "--out", out)
    told = json.loads(run(*exporting, "--json", expected=1))
    assert 20 < told["events"] < 180
    lacking = {sequence for gap in told["gaps"] for sequence in range(gap["first"], gap["last"] + 1)}
    with out.open("rb") as stream:
        held = [item.sequence for item in ExportReader(stream).items() if isinstance(item, StoredEvent)]
    assert len(held) == told["events"]
    # Each of the 200 is in the file or named, and none is both.
    assert lacking.isdisjoint(held)
    assert lacking | set(held) >= set(range(1, 200))
    assert all(len(gap["segment"]) == 16 for gap in told["gaps"] if gap["first"] > min(held))
    said = run(*exporting, "--force", expected=1)
    assert f"#{told['gaps'][0]['first']}" in said and "is damaged here" in said


@pytest.mark.parametrize("is_end_known", [True, False])
@pytest.mark.parametrize("percent", range(30, 100, 10))
def test_no_event_is_made_up_of_a_file_that_was_cut(
    long: Enrolled, tmp_path: Path, percent: int, is_end_known: bool
) -> None:
    journal, data = long.directory.journal, ("--data", long.directory.path)
    with closing(sqlite3.connect(journal)) as connection, connection:
        hashes = dict(connection.execute("SELECT sequence, hash FROM events"))
        if not is_end_known:
            connection.execute("DELETE FROM checkpoints")
    os.truncate(journal, journal.stat().st_size * percent // 100 // 4096 * 4096)

    told = json.loads(run("export", *data, "--out", tmp_path / "left", "--json", expected=1))
    last = told["gaps"][-1]["last"]
    assert last == 200 if is_end_known else 5 < last <= told["last"] + 1 <= 200
    found = json.loads(run("verify", *data, "--json", expected=1))
    assert (found["events"], found["last"]) == (told["events"], told["last"])
    assert bytes.fromhex(found["head"]) == hashes[found["last"]]
    (unreadable,) = [one for one in found["faults"] if one["kind"] == "unreadable"][-1:]
    assert unreadable["last"] == last


@pytest.mark.parametrize("table", ["owner", "base"])
def test_a_journal_without_what_says_whose_it_is(long: Enrolled, table: str) -> None:
    with closing(sqlite3.connect(long.directory.journal)) as connection:
        connection.execute(f"DROP TABLE {table}")
    with pytest.raises(JournalUnreadable, match="200 events can still be read, 1 to 200") as caught:
        run("verify", "--data", long.directory.path)
    assert f"no such table: {table}" in str(caught.value)


def test_a_journal_without_its_events_is_told_in_few_lines(long: Enrolled) -> None:
    with closing(sqlite3.connect(long.directory.journal)) as connection:
        connection.execute("DROP TABLE events")
    lines = run("verify", "--data", long.directory.path, expected=1).splitlines()
    assert len(lines) < 8
    assert "missing: events" in lines[0]
    assert "the end is missing" in lines[1] and "event 200" in lines[1]
