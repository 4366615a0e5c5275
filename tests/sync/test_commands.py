"""The commands from a shell: make a centre, run it, enrol, upload, reconcile, export."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from terminal.content.asked_lists import asked_lists
from terminal.data_directory import DataDirectory
from terminal.starter import starter_rule_book
from tests.sync.cast import Issuer, tap_often, write_content, write_members
from tests.terminal.decisions.writing import pack_toml, rule
from tests.terminal.hotlists import rules_asking

PROGRAM = [sys.executable, "-c", "from terminal.command_line import main; main()"]
ENGLISH = {**os.environ, "TONGKA_LANG": "en"}


def tongka(*arguments: str | Path, stdin: str = "", expected: int = 0) -> str:
    done = subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        env=ENGLISH,
        timeout=120,
        check=False,
    )
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stdout + done.stderr


@contextmanager
def running(center: Path) -> Iterator[str]:
    server = subprocess.Popen(
        [*PROGRAM, "center", "run", "--data", center, "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    try:
        word, url = server.stdout.readline().split()
        assert word == "READY"
        yield url
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def write_lists(content: Path) -> tuple[str | Path, ...]:
    """The options for the lists that the starter's rules ask for, with no card on any."""
    (content / "lists").mkdir()
    for name in asked_lists(starter_rule_book()):
        write_members(content / "lists" / f"{name}.csv", ())
    return ("--lists", content / "lists", "--issued", write_members(content / "issued.csv", ()))


def test_from_an_empty_folder_to_a_settlement(tmp_path: Path) -> None:
    center, terminal = tmp_path / "center", tmp_path / "terminal"
    content = write_content(tmp_path / "content")
    issuer = Issuer().public_file(tmp_path / "issuer.json")
    without = ("center", "init", "--data", center, "--issuer", issuer, "--content", content)
    assert "SYN-512" in tongka(*without, expected=1)
    making = (*without, *write_lists(content))
    tongka(*making)
    assert "SYN-502" in tongka(*making, expected=1)
    assert (center / "keys").stat().st_mode & 0o077 == 0
    assignment = ("--operator", "test-bus", "--service", "BUS-1", "--region", "500103")
    code = tongka("center", "terminal-code", "--data", center, *assignment, "--no-qr")
    with_picture = tongka("center", "terminal-code", "--data", center, *assignment)
    assert "█" in with_picture
    assert code.strip() not in with_picture

    with running(center) as url:
        enrolling = ("enrol", "--center", url, "--data", terminal, "--code-file", "-")
        assert "SYN-302" in tongka(*enrolling, "--test", stdin="no code", expected=1)
        assert "CRY-155" in tongka(*enrolling, stdin=code, expected=1)
        refusal = tongka(*enrolling, "--test", stdin=with_wrong_secret(code), expected=1)
        assert "SYN-301" in refusal
        assert "ask the centre for a new one" in refusal
        taken = ("--port", url.rpartition(":")[2])
        assert "SYN-508" in tongka("center", "run", "--data", center, *taken, expected=1)
        tongka(*enrolling, "--test", stdin=code)
        tap_often(DataDirectory(terminal), 7)
        before = json.loads(tongka("agent", "status", "--data", terminal, "--json"))
        assert (before["recorded"], before["unsent"], before["refused"]) == (7, 7, {})
        assert before["oldest_unsent_ms"] > 0
        shown = tongka("agent", "run", "--data", terminal, "--until-empty")
        assert "acknowledged by the centre" in shown
        after = json.loads(tongka("agent", "status", "--data", terminal, "--json"))
        assert (after["acknowledged"], after["unsent"], after["oldest_unsent_ms"]) == (7, 0, None)
        assert after["last_contact_ms"] > 0

    tap_often(DataDirectory(terminal), 1)
    assert "SYN-402" in tongka("agent", "run", "--data", terminal, "--once", expected=1)
    assert "SYN-402" in tongka("agent", "status", "--data", terminal)

    report = tmp_path / "out" / "report.html"
    settled = json.loads(tongka("reconcile", "--data", center, "--json", "--html", report))
    assert settled["coverage"] == {"stored": 7, "examined": 7, "pending": 0}
    assert [(line["operator"], line["taps"]) for line in settled["lines"]] == [("test-bus", 7)]
    assert settled["findings"] == []
    assert report.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert "SYN-509" in tongka("reconcile", "--data", center, "--html", tmp_path, expected=1)
    assert "SYN-509" in tongka("reconcile", "--data", center, "--html", report / "below-a-file", expected=1)
    printed = tongka("reconcile", "--data", center)
    assert "Nothing was found" in printed
    assert "…" not in printed
    assert "test-bus" in printed
    who = DataDirectory(terminal).load_configuration().terminal
    exporting = ("center", "export-evidence", "--data", center, "--terminal", who, "--out", tmp_path / "e")
    assert "SYN-506" in tongka(*exporting, "--sequence", "1", expected=1)
    assert "SYN-505" in tongka(*exporting, "--sequence", "99", expected=1)


def with_wrong_secret(code: str) -> str:
    groups = code.strip().split("-")
    return "-".join([groups[0], "0000", *groups[2:]])


def test_a_code_file_that_can_not_be_read(tmp_path: Path) -> None:
    enrolling = ("enrol", "--center", "http://127.0.0.1:1", "--data", tmp_path / "terminal", "--code-file")
    for file in (tmp_path / "none.txt", tmp_path):
        said = tongka(*enrolling, file, expected=1)
        assert "SYN-309" in said
        assert str(file) in said
    binary = tmp_path / "code.bin"
    binary.write_bytes(b"\xff\xfe")
    assert "SYN-302" in tongka(*enrolling, binary, expected=1)


def test_content_that_can_not_be_used_makes_no_centre(tmp_path: Path) -> None:
    content = write_content(tmp_path / "content")
    issuer = Issuer().public_file(tmp_path / "issuer.json")
    (content / "rules" / "broken.toml").write_text("name = 1")
    said = tongka(
        "center", "init", "--data", tmp_path / "center", "--issuer", issuer, "--content", content, expected=1
    )
    assert "SYN-504" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["content", "issuer.json"]


def test_rules_with_faults_are_not_published_unless_they_are_meant(tmp_path: Path) -> None:
    content = write_content(tmp_path / "content")
    data = ("--data", tmp_path / "center")
    issuer = Issuer().public_file(tmp_path / "issuer.json")
    making = ("center", "init", *data, "--issuer", issuer, "--content", content, *write_lists(content))
    nobody = content / "rules" / "nobody.toml"
    nobody.write_text(pack_toml(rule("nobody", "grade > 4"), name="nobody", region="4601"), "utf-8")

    said = tongka(*making, expected=1)

    assert "SYN-516" in said
    assert "nobody/nobody@1: never applies" in said
    assert not (tmp_path / "center").exists()
    tongka(*making, "--despite-faults")
    # What is in force is checked again: rules run out.
    assert "nobody/nobody@1: never applies" in tongka("center", "publish", *data, expected=1)
    assert "Content 2 is published" in tongka("center", "publish", *data, "--despite-faults")
    publishing = ("center", "publish", *data, "--content", content)
    assert "nobody/nobody@1: never applies" in tongka(*publishing, expected=1)
    nobody.unlink()
    assert "Content 3 is published" in tongka(*publishing)
    (content / "rules" / "cn.toml").unlink()
    said = tongka(*publishing, expected=1)
    assert "cn/transit-art-50: no rule gives what it gives" in said


def test_lists_are_made_and_published_from_registers(tmp_path: Path) -> None:
    content = write_content(tmp_path / "content")
    write_lists(content)
    issuer = Issuer().public_file(tmp_path / "issuer.json")
    issued = tmp_path / "issued.csv"
    issued.write_text("0011223344556677,2020-01-01\n8899aabbccddeeff,2021-06-01\n")
    (content / "rules" / "asking.toml").write_bytes(rules_asking("swimmers"))
    swimmers = tmp_path / "swimmers.csv"
    swimmers.write_text("0011223344556677\n")
    data = ("--data", tmp_path / "center")
    making: list[str | Path] = ["center", "init", *data, "--issuer", issuer, "--content", content]
    making += ["--issued", issued, "--lists", content / "lists"]
    said = tongka(*making, expected=1)
    assert "SYN-512" in said
    assert "swimmers (asking/asks-swimmers)" in said
    said = tongka(*making, "--list", f"swimmers={swimmers}", "--list", f"swimers={swimmers}")
    assert "no rule asks for the standing list swimers" in said
    assert said.count("no rule asks") == 1

    publishing = ("center", "publish", *data)
    said = tongka(*publishing)
    assert "standing list swimmers 1, dated " in said
    assert said.count("no rule asks for the standing list swimers") == said.count("no rule asks") == 1
    assert json.loads(tongka(*publishing, "--json"))["unasked"] == ["swimers"]
    dropped = tongka(*publishing, "--drop-list", "swimers")
    assert "no rule asks" not in dropped
    swimmers.write_text("0011223344556677\n8899aabbccddeeff\n")
    made: tuple[str | Path, ...] = ("--list", f"swimmers={swimmers}", "--issued", issued)
    said = tongka(*publishing, *made)
    assert re.search(r"standing list swimmers 5, dated \d{4}-\d\d-\d\d, 1 → 2 cards", said)
    swimmers.write_text("0011223344556677\n0000000000000000\n")
    said = tongka(*publishing, *made, expected=1)
    assert "TRM-302" in said
    assert "swimmers.csv, line 2" in said
    assert "SYN-512" in tongka(*publishing, "--drop-list", "swimmers", expected=1)
    usage: tuple[tuple[str | Path, ...], ...] = (
        made[:2],  # of which cards?
        ("--list", f"Swimmers={swimmers}", *made[2:]),
        ("--list", "swimmers", *made[2:]),
        (*made, *made),
        (*made, "--lists", content / "rules"),  # holds no registers
        (*made, "--issued-until", "2999-01-01"),
    )
    for wrong in usage:
        tongka(*publishing, *wrong, expected=2)


def test_a_folder_that_is_no_centre_or_terminal(tmp_path: Path) -> None:
    assert "SYN-501" in tongka("reconcile", "--data", tmp_path, expected=1)
    assert "TRM-" in tongka("agent", "status", "--data", tmp_path, expected=1)
    assert list(tmp_path.iterdir()) == []
