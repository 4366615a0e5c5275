"""docs/write-a-rule.md: its commands, run in order; the terminal then decides by the changed rule."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.applet import ReferenceApplet
from card.simulator.issuing.card_file import CardFile
from terminal.assembly import open_terminal
from terminal.data_directory import DataDirectory
from terminal.rule_checks.case_file import CASE_SHAPE
from terminal.tap import tap
from tests.demo.processes import Running
from tests.docs.shell_blocks import DOCS, bash_blocks, run_bash

PAGE = DOCS / "write-a-rule.md"
CHINESE, ENGLISH = PAGE.read_text(encoding="utf-8").split("\n---\n")
ONLY_CHANGE = re.compile(r"^Chongqing · transit: from [\d-]+, grade 3: pays 50% → free$")


def test_the_commands_of_the_page_change_what_the_terminal_decides(tmp_path: Path) -> None:
    prepare, enrol, edit, lint, cases, diff, explain, publish, journal = bash_blocks(PAGE)
    english = {"TONGKA_LANG": "en"}
    prepared = run_bash(prepare, tmp_path)
    assert prepared.returncode == 0, prepared.stderr
    center = Running(
        tmp_path / "center.log",
        "center",
        "run",
        "--data",
        tmp_path / "center",
        "--port",
        "0",
        environment=dict(os.environ),
    )
    with center:
        url = center.line().removeprefix("READY ")
        enrolled = run_bash(enrol, tmp_path, CENTER=url)
        assert enrolled.returncode == 0, enrolled.stderr
        assert pays(tmp_path) == 100
        work = run_bash("\n".join((edit, lint, cases, diff, explain, publish)), tmp_path, **english)
        assert work.returncode == 0, work.stderr
    assert pays(tmp_path) == 0

    assert "0 faults, 0 warnings" in work.stdout
    assert "3 cases, 0 decided otherwise than the source says" in work.stdout
    assert [line for line in work.stdout.splitlines() if "→" in line and "pays" in line] == [
        line for line in work.stdout.splitlines() if ONLY_CHANGE.match(line)
    ]
    assert sum(bool(ONLY_CHANGE.match(line)) for line in work.stdout.splitlines()) == 1
    assert "chongqing-bus/severe-free" in work.stdout
    listed = run_bash(journal, tmp_path, **english)
    assert listed.returncode == 0, listed.stderr
    assert listed.stdout.count("granted") == 2


def pays(folder: Path) -> int:
    """What the card of the page pays at the terminal of the page, now."""
    file = CardFile(folder / "card.json")
    with (
        open_terminal(DataDirectory(folder / "terminal")) as terminal,
        InProcessConnection(ReferenceApplet(file)) as connection,
    ):
        return tap(terminal.desk, connection, terminal.request()).holder_pays


@pytest.mark.parametrize("half", [CHINESE, ENGLISH], ids=["zh", "en"])
def test_every_field_of_a_case_is_explained_in_both_languages(half: str) -> None:
    named = set(re.findall(r"[\w.]+", " ".join(re.findall(r"`[^`\n]*`", half))))
    fields = {
        path if path.count(".") == 1 and path.startswith("cases.") else path.rpartition(".")[2]
        for path in CASE_SHAPE.hints
    }

    assert fields - named - {"cases"} == set()
