"""docs/operations.md: its commands, run in order against a centre that is started as the page says."""

from __future__ import annotations

import os
from pathlib import Path

from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.applet import ReferenceApplet
from card.simulator.issuing.card_file import CardFile
from terminal.assembly import open_terminal
from terminal.data_directory import DataDirectory
from terminal.tap import tap
from tests.demo.processes import Running
from tests.docs.shell_blocks import DOCS, bash_blocks, run_bash


def test_the_commands_of_the_operations_manual_run_in_order(tmp_path: Path) -> None:
    blocks = bash_blocks(DOCS / "operations.md")
    starts = [number for number, block in enumerate(blocks) if "tongka enrol" in block]
    assert len(blocks) == 8 and starts == [3]
    prepare = run_bash("\n".join(blocks[:3]), tmp_path)
    assert prepare.returncode == 0, prepare.stderr
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
        enrol = run_bash(blocks[3], tmp_path, CENTER=url)
        assert enrol.returncode == 0, enrol.stderr
        _tap(tmp_path)
        work = run_bash("\n".join(blocks[4:]), tmp_path)
    assert work.returncode == 0, work.stderr
    assert "BUS-1" in work.stdout
    assert (tmp_path / "report.html").exists()


def _tap(folder: Path) -> None:
    """The card of the page on the terminal of the page."""
    file = CardFile(folder / "card.json")
    with (
        open_terminal(DataDirectory(folder / "terminal")) as terminal,
        InProcessConnection(ReferenceApplet(file)) as connection,
    ):
        assert tap(terminal.desk, connection, terminal.request()).outcome.granted
