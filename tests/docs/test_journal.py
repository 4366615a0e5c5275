"""docs/journal.md: its commands, run in order on a terminal whose taps the centre has signed for."""

from __future__ import annotations

import re
from pathlib import Path

from sync.agent.agent import Agent
from terminal.journal.faults import FaultKind
from tests.docs.shell_blocks import DOCS, bash_blocks, run_bash
from tests.sync.cast import Issuer, enrolled, new_center, serving, tap_often

PAGE = DOCS / "journal.md"


def test_the_commands_of_the_page_run_in_order(tmp_path: Path) -> None:
    with new_center(tmp_path / "authority", Issuer()) as center, serving(center) as url:
        terminal = enrolled(center, url, tmp_path / "terminal")
        tap_often(terminal, 7)
        assert Agent(terminal).run_once()
    blocks = bash_blocks(PAGE)
    assert len(blocks) == 4
    done = run_bash("\n".join(blocks), tmp_path, TONGKA_LANG="en")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("7 events (1 to 7, 1 segments), signed up to 7, 0 faults") == 4
    assert "3 events (2 to 4" not in done.stdout  # on to the next checkpoint
    assert "6 events (2 to 7" in done.stdout
    assert "6 events may go; none was removed" in done.stdout
    assert "removed 6 events" in done.stdout
    assert "pruned up to 6; the centre signed for it" in done.stdout


def test_the_page_explains_every_fault() -> None:
    explained = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(), re.MULTILINE)
    assert set(FaultKind) <= set(explained)
