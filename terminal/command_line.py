"""The `tongka` command, put together from each package's verbs (entry points `tongka.commands`).

Only the verb that is asked for is loaded: a terminal must not wait for, nor hold in memory, what the centre
or the kiosk needs.
"""

from __future__ import annotations

import sys
from enum import IntEnum
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
from typer.core import TyperGroup

from crypto.explained import ExplainedError, Language
from terminal.errors import CommandBroken, SystemRefused

GROUP = "tongka.commands"


class ExitCode(IntEnum):
    """What a shell sees; usage errors are 2, as everywhere."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    INTERRUPTED = 130


class VerbGroup(TyperGroup):
    """The verbs are entry points, each loaded when it is used.

    `ctx` is the context class of the click that typer brings along; it has no public name.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        """The verbs' names."""
        return sorted(_points())

    def get_command(self, ctx: Any, cmd_name: str) -> TyperGroup | None:
        """One verb, loaded now. Raises CommandBroken where it can't be."""
        point = _points().get(cmd_name)
        if point is None:
            return None
        try:
            group = typer.main.get_group(point.load())
        except ImportError as error:
            raise CommandBroken(verb=point.name, detail=str(error)) from error
        group.name = cmd_name
        return group


def _points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


root = typer.Typer(cls=VerbGroup, no_args_is_help=True, pretty_exceptions_enable=False)


@root.callback()
def tongka() -> None:
    """通卡：第三代智能化残疾人证终端套件。

    Tongka: terminal kit for the third-generation smart disability certificate.
    """


def show_error(error: ExplainedError, language: Language) -> None:
    """Code, cause and next step, on standard error."""
    # A terminal that runs for days without an error need not hold what errors are printed with.
    from rich.console import Console  # noqa: PLC0415
    from rich.markup import escape  # noqa: PLC0415

    shown = error.explain(language)
    console = Console(stderr=True, highlight=False)
    console.print(f"[bold red]{shown.code}[/] {escape(shown.cause)}", soft_wrap=True)
    console.print(f"  → {escape(shown.next_step)}", soft_wrap=True)


def main() -> None:
    """Run one verb; an error that has an explanation is shown as one, and the exit status is 1."""
    try:
        root(prog_name="tongka")
    except ExplainedError as error:
        show_error(error, Language.from_environment())
        sys.exit(ExitCode.REFUSED)
    except OSError as error:
        # No verb should let one through; should one do so, a person still gets a sentence and not a stack.
        named = error.filename or "-"
        show_error(SystemRefused(detail=error.strerror or error, file=named), Language.from_environment())
        sys.exit(ExitCode.REFUSED)
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)


if __name__ == "__main__":
    main()
