"""The page that `--help` prints, in one language.

Typer's own page cuts Chinese off at a column's edge, as it has no blanks to break at, and its headings are
English.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text as Styled
from typer.core import TyperGroup

from crypto.explained import Language, Text

_ARGUMENTS: Final = Text(zh="参数", en="Arguments")
_OPTIONS: Final = Text(zh="选项", en="Options")
_COMMANDS: Final = Text(zh="命令", en="Commands")
_REQUIRED: Final = Text(zh="必填", en="required")
_DEFAULT: Final = Text(zh="默认：", en="default: ")
_EXTRA: Final = re.compile(r"(.*?)\s*\[([^\[\]]*)\]", re.DOTALL)
_INDENT: Final = (0, 0, 0, 2)
_NAMES_WIDTH: Final = 34


def print_help(command: Any, context: Any, language: Language) -> None:
    """Write a command's or a group's page to standard output.

    `command` and `context` are of the click that typer brings along; they have no public names.
    """
    console = Console(highlight=False)
    console.print(Styled(command.get_usage(context), style="bold"), soft_wrap=True)
    for paragraph in filter(None, (command.help or "").split("\n\n")):
        console.print()
        console.print(Padding(Styled(paragraph, overflow="fold"), _INDENT, expand=False))
    shown = [param for param in command.get_params(context) if not getattr(param, "hidden", False)]
    arguments = [param for param in shown if param.param_type_name == "argument"]
    options = [param for param in shown if param.param_type_name == "option"]
    _print_table(console, _ARGUMENTS.in_language(language), _records(arguments, context, language))
    _print_table(console, _OPTIONS.in_language(language), _records(options, context, language))
    if isinstance(command, TyperGroup):
        commands = (command.get_command(context, name) for name in command.list_commands(context))
        rows = [
            (each.name or "", _summary(each)) for each in commands if each is not None and not each.hidden
        ]
        _print_table(console, _COMMANDS.in_language(language), rows)
    if command.epilog:
        console.print()
        console.print(Padding(Styled(command.epilog, overflow="fold"), _INDENT, expand=False))


def record(param: Any, context: Any, language: Language) -> tuple[str, str]:
    """A parameter's names with its type, and its help with default, range and whether it must be given."""
    names, told = param.get_help_record(context) or (param.name, param.help or "")
    with_extra = _EXTRA.fullmatch(told)
    if with_extra is None:
        return names, told
    help_text, extra = with_extra.groups()
    said = [_extra(one.strip(), language) for one in extra.split(";")]
    opening, between, closing = ("（", "；", "）") if language is Language.ZH else (" (", "; ", ")")
    return names, f"{help_text}{opening}{between.join(said)}{closing}"


def _extra(said: str, language: Language) -> str:
    if said == "required":
        return _REQUIRED.in_language(language)
    return said.replace("default: ", _DEFAULT.in_language(language), 1)


def _records(params: Iterable[Any], context: Any, language: Language) -> list[tuple[str, str]]:
    return [record(param, context, language) for param in params]


def _summary(command: Any) -> str:
    return (command.short_help or command.help or "").split("\n\n")[0]


def _print_table(console: Console, heading: str, rows: list[tuple[str, str]]) -> None:
    if not rows:
        return
    console.print()
    console.print(Styled(heading, style="bold"))
    table = Table.grid(padding=(0, 2))
    table.add_column(style="cyan", max_width=_NAMES_WIDTH, overflow="fold")
    table.add_column(overflow="fold")
    for names, told in rows:
        table.add_row(Styled(names, overflow="fold"), Styled(told, overflow="fold"))
    console.print(Padding(table, _INDENT, expand=False))
