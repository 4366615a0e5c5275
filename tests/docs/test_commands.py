"""docs/commands.md says what the commands say of themselves, and every exit code."""

from __future__ import annotations

import re

from terminal.command_line import ExitCode
from tests.docs.command_reference import DOCUMENT, with_lists

STALE = "run `python -m tests.docs.command_reference`"


def test_the_lists_of_commands_are_current() -> None:
    written = DOCUMENT.read_text()
    assert written == with_lists(written), STALE


def test_every_exit_code_is_told_in_both_languages() -> None:
    told = re.findall(r"^\| (\d+) \| ", DOCUMENT.read_text(), re.MULTILINE)
    assert sorted(map(int, told)) == sorted([*map(int, ExitCode)] * 2)
