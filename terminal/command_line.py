"""The `tongka` command, put together from each package's verbs (entry points `tongka.commands`)."""

from __future__ import annotations

import sys
from enum import IntEnum
from importlib.metadata import entry_points

import typer
from rich.console import Console

from crypto.explained import ExplainedError, Language
from terminal.errors import CommandBroken

GROUP = "tongka.commands"


class ExitCode(IntEnum):
    """What a shell sees; usage errors are 2, as everywhere."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    INTERRUPTED = 130


def assemble() -> typer.Typer:
    """The whole command; raises CommandBroken for a verb that can't be loaded."""
    root = typer.Typer(
        name="tongka",
        help="通卡：第三代智能化残疾人证终端套件。Tongka: terminal kit for the smart disability certificate.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    for point in sorted(entry_points(group=GROUP), key=lambda one: one.name):
        try:
            app = point.load()
        except ImportError as error:
            raise CommandBroken(verb=point.name, detail=str(error)) from error
        root.add_typer(app, name=point.name)
    return root


def show_error(error: ExplainedError, language: Language) -> None:
    """Code, cause and next step, on standard error."""
    shown = error.explain(language)
    console = Console(stderr=True, highlight=False)
    console.print(f"[bold red]{shown.code}[/] {shown.cause}", soft_wrap=True)
    console.print(f"  → {shown.next_step}", soft_wrap=True)


def main() -> None:
    """Run one verb; an error that has an explanation is shown as one, and the exit status is 1."""
    try:
        assemble()()
    except ExplainedError as error:
        show_error(error, Language.from_environment())
        sys.exit(ExitCode.REFUSED)
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
