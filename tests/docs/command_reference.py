"""The lists of commands in docs/commands.md, written from the commands themselves.

    python -m tests.docs.command_reference

writes them anew; tests/docs/test_commands.py says when that is due.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from crypto.explained import Language, Text
from terminal.bilingual import EXAMPLE
from terminal.help_page import record
from tests.command_tree import Place, commands

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "commands.md"

_LISTS: Final = re.compile(r"(<!-- commands: (zh-CN|en) -->\n).*?(<!-- end of commands -->)", re.DOTALL)
_HEADINGS: Final = Text(
    zh="| 参数与选项 | 说明 |\n|---|---|", en="| arguments and options | what for |\n|---|---|"
)


def with_lists(document: str) -> str:
    """The document with its lists as they ought to be."""
    return _LISTS.sub(lambda found: found[1] + listed(Language(found[2])) + found[3], document)


def listed(language: Language) -> str:
    """Every command in Markdown, by verb; a group has its sentence before its commands."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TONGKA_LANG", language)
        return "".join(f"{line}\n" for place in commands(language) for line in _lines(place, language))


def _lines(place: Place, language: Language) -> Iterator[str]:
    yield f"{'###' if len(place.words) == 1 else '####'} `{place.name}`"
    yield ""
    for paragraph in filter(
        None, f"{place.command.help or ''}\n\n{place.command.epilog or ''}".split("\n\n")
    ):
        example = paragraph.removeprefix(EXAMPLE.in_language(language))
        yield from (("```", example, "```") if example != paragraph else (_plain(paragraph),))
        yield ""
    if not place.is_called:
        return
    context = place.command.make_context(place.name, [], resilient_parsing=True)
    rows = [record(param, context, language) for param in place.parameters]
    if rows:
        yield _HEADINGS.in_language(language)
        for names, told in rows:
            yield f"| `{_cell(names)}` | {_cell(_plain(told))} |"
        yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _plain(text: str) -> str:
    """Text in which Markdown finds nothing to set."""
    return re.sub(r"([<>*_])", r"\\\1", text)


if __name__ == "__main__":
    DOCUMENT.write_text(with_lists(DOCUMENT.read_text()))
