"""The demo as an acceptance test: the whole way through the genuine pcscd, in processes of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from card.simulator.boards.pcscd import SOCKET_VARIABLE


def run_demo(out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """`make demo` without the installation."""
    environment = {key: value for key, value in os.environ.items() if key != SOCKET_VARIABLE}
    return subprocess.run(
        [sys.executable, "-m", "tests.demo", "--out", str(out), *options],
        capture_output=True,
        text=True,
        timeout=240,
        env={**environment, "TONGKA_LANG": "en"},
        check=False,
    )


def test_every_tap_arrives_exactly_once_and_is_settled(tmp_path: Path) -> None:
    done = run_demo(tmp_path / "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("│")]
    bus, garden, total = (re.findall(r"[\w-]+", row.split("¥")[0]) for row in rows[-3:])
    assert (bus[0], garden[0]) == ("test-bus", "test-garden")
    taps, journaled, accepted, lost, duplicated = map(int, total[1:])
    assert taps == journaled == accepted == int(bus[1]) + int(garden[1]) == 13
    assert (lost, duplicated) == (0, 0)
    assert (tmp_path / "demo" / "kiosk.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "demo" / "receipt.png").read_bytes().startswith(b"\x89PNG")
    assert "GENUINE" in done.stdout
    assert "Nothing was found." in done.stdout
    report = (tmp_path / "demo" / "report.html").read_text()
    assert "test-bus" in report and "test-garden" in report


def test_issuers_and_centres_keys_never_leave_a_signing_card(tmp_path: Path) -> None:
    done = run_demo(tmp_path / "demo", "--keystore", "card")
    assert done.returncode == 0, done.stdout + done.stderr
    told = re.search(r"keys in the signing card \w{16}: (.*)", done.stdout)
    assert told is not None, done.stdout
    names = told[1].split(", ")
    assert names[0] == "content" and names[1].startswith("issuer-")
    assert names[2:] == ["province", "receipt", "root", "sealing"]


def test_terminals_keys_open_with_their_own_tpm_alone() -> None:
    # A socket's path is short.
    with TemporaryDirectory() as folder:
        done = run_demo(Path(folder) / "demo", "--keystore", "tpm")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "with another TPM:\nCRY-157" in done.stdout


def test_it_touches_no_folder_that_it_did_not_make(tmp_path: Path) -> None:
    precious = tmp_path / "precious.txt"
    precious.write_text("mine")
    done = run_demo(tmp_path)
    assert done.returncode == 1
    assert "choose another" in done.stdout
    assert precious.read_text() == "mine"
