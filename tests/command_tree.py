"""Every command of `tongka`, found through the entry points that pyproject.toml declares.

Not through those of the installed package, which may be of another day.
"""

from __future__ import annotations

import itertools
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup

from crypto.explained import Language
from terminal.bilingual import EXAMPLE
from terminal.command_line import GROUP
from terminal.spoken_verbs import spoken

PROJECT = Path(__file__).parents[1] / "pyproject.toml"


@dataclass(frozen=True)
class Place:
    """A command or a group, and the words that lead to it. `command` is of typer's click."""

    words: tuple[str, ...]
    command: Any

    @property
    def name(self) -> str:
        """How it is called."""
        return " ".join(("tongka", *self.words))

    @property
    def is_called(self) -> bool:
        """Whether it does something, and not only groups others."""
        return not isinstance(self.command, TyperGroup) or self.command.invoke_without_command

    @property
    def parameters(self) -> list[Any]:
        """What it takes, `--help` apart."""
        return list(self.command.params)

    @property
    def examples(self) -> list[list[str]]:
        """The words of each example in its help, as a shell would part them; without pipes and files."""
        paragraphs = f"{self.command.help or ''}\n\n{self.command.epilog or ''}".split("\n\n")
        starts = (EXAMPLE.zh, EXAMPLE.en)
        return [
            _called(shlex.split(paragraph.removeprefix(start).strip()))
            for paragraph in paragraphs
            for start in starts
            if paragraph.startswith(start)
        ]


def declared_verbs() -> list[EntryPoint]:
    """The verbs that pyproject.toml declares, by name."""
    groups = tomllib.loads(PROJECT.read_text())["project"]["entry-points"]
    return [EntryPoint(name, value, GROUP) for name, value in sorted(groups[GROUP].items())]


def commands(language: Language) -> Iterator[Place]:
    """Every command and group below `tongka`, with help in `language`; groups before what they hold."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TONGKA_LANG", language)
        tops = [(point.name, spoken(point.load())) for point in declared_verbs()]
    for name, group in tops:
        yield from _below((name,), group)


def _called(words: list[str]) -> list[str]:
    """The call of `tongka` in a line such as `echo … | tongka … > file`."""
    first = words.index("tongka") if "tongka" in words else 0
    return list(itertools.takewhile(lambda word: word not in {"|", ">", "<"}, words[first:]))


def _below(words: tuple[str, ...], command: Any) -> Iterator[Place]:
    yield Place(words, command)
    if isinstance(command, TyperGroup):
        for name, each in command.commands.items():
            yield from _below((*words, name), each)
