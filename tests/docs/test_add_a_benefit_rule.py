"""docs/add-a-benefit-rule.md: its commands, run in order on its example."""

from __future__ import annotations

import re
from pathlib import Path

from tests.docs.shell_blocks import DOCS, bash_blocks, run_bash

PAGE = DOCS / "add-a-benefit-rule.md"


def test_the_example_is_sound_decides_as_its_source_says_and_changes_one_city_alone(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    (tmp_path / "my-city-bus.toml").write_text(example[1], encoding="utf-8")
    lint, test_and_diff = bash_blocks(PAGE)

    linted = run_bash(lint, tmp_path, TONGKA_LANG="en")
    tried = run_bash(test_and_diff, tmp_path, TONGKA_LANG="en")

    assert linted.returncode == 0, linted.stdout + linted.stderr
    assert "0 faults, 3 warnings" in linted.stdout
    warnings = [line for line in linted.stdout.splitlines() if line.startswith("warning")]
    assert [line.rpartition(" (")[0].rpartition(" ")[2] for line in warnings] == [
        "FERRY-1",
        "my-city-bus",
        "FERRY-1",
    ]
    assert tried.returncode == 0, tried.stdout + tried.stderr
    first, *changes = tried.stdout.splitlines()
    assert first == "5 cases, 0 decided otherwise than the source says"
    assert changes
    assert all(line.startswith("Hangzhou · ") for line in changes), tried.stdout


def test_no_page_on_rules_asks_its_reader_to_write_a_program() -> None:
    for page in ("add-a-benefit-rule.md", "write-a-rule.md"):
        assert "```python" not in (DOCS / page).read_text(encoding="utf-8")
