"""docs/modes.md: its commands, at a terminal where a card was tapped, with the genuine pcscd; its tables."""

from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path

import msgspec
import pytest

from card.simulator.boards.link import InProcessConnection
from card.simulator.boards.pcscd import SOCKET_VARIABLE, PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from terminal.assembly import open_terminal
from terminal.configuration import CareSettings, TerminalConfiguration, ValidatorSettings
from terminal.modes.degraded import DegradationKind
from terminal.tap import tap
from tests.docs.shell_blocks import DOCS, bash_blocks, run_bash
from tests.terminal.enrolled import chip
from tests.terminal.receipts.cast import bus

PAGE = (DOCS / "modes.md").read_text()


def test_the_commands_of_the_page_run_in_order(tmp_path: Path, private_pcscd: PrivatePcscd) -> None:
    enrolled = bus(tmp_path / "terminal").enrolled
    card = enrolled.card(issued=date.today())
    with open_terminal(enrolled.directory) as terminal, InProcessConnection(chip(card)) as connection:
        assert tap(terminal.desk, connection, terminal.request()).outcome.granted
    blocks = bash_blocks(DOCS / "modes.md")
    assert len(blocks) == 4
    with VpcdLink(chip(card), private_pcscd.ports[0]):
        place = {"READER": private_pcscd.readers[0], SOCKET_VARIABLE: os.environ[SOCKET_VARIABLE]}
        done = run_bash("\n".join(blocks), tmp_path, TONGKA_LANG="en", **place)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert sum(line.startswith("Valid: tapped at ") for line in lines) == 1
    assert sum('"is_valid":true' in line for line in lines) == 1
    assert sum(line.startswith("GENUINE: ") for line in lines) == 1


def test_both_tables_name_every_degraded_mode() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .* \| (是|否|yes|no) \|$", PAGE, re.MULTILINE)
    told = [(kind.value, kind.is_serious) for kind in DegradationKind]
    assert [(kind, serious in ("是", "yes")) for kind, serious in rows] == [*told, *told]


@pytest.mark.parametrize("table", ["validator", "care"])
def test_the_settings_of_the_page_are_those_of_the_terminal(tmp_path: Path, table: str) -> None:
    [shown] = re.findall(rf"^```toml\n(\[{table}\]\n.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    configuration = bus(tmp_path / "terminal").enrolled.directory.load_configuration()
    plain = configuration.to_bytes().decode().split("\n[")[0]
    parsed = TerminalConfiguration.from_bytes(f"{plain}\n{shown}".encode())
    given = msgspec.structs.asdict(getattr(parsed, table))
    assert set(re.findall(r"^(\w+) =", shown, re.MULTILINE)) == set(given)
    default: ValidatorSettings | CareSettings = getattr(configuration, table)
    assert given != msgspec.structs.asdict(default)
