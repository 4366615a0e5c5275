"""The `tongka` command, put together from each package's verbs (entry points `tongka.commands`).

Only the verb that is asked for is loaded: a terminal must not wait for, nor hold in memory, what the centre
or the kiosk needs. docs/commands.md tells what is promised to scripts: exit codes, and errors as JSON.
"""

from __future__ import annotations

import itertools
import os
import sys
import traceback
from collections.abc import Sequence
from enum import IntEnum
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from crypto.explained import Language
from terminal.bilingual import in_language
from terminal.command_errors import error_as_json, explained, show_error
from terminal.errors import CommandBroken, InternalFault, UsageRefused
from terminal.spoken_verbs import SpokenGroup, spoken
from terminal.verb_summary import summary

GROUP: Final = "tongka.commands"
AS_JSON: Final = "--json"
END_OF_OPTIONS: Final = "--"
# Set by the shell's completion to what it asks for.
COMPLETION: Final = "_TONGKA_COMPLETE"
# A maintainer's: the stack of an internal error, which may hold personal data, on standard error.
TRACEBACK: Final = "TONGKA_TRACEBACK"


class ExitCode(IntEnum):
    """What a shell sees; docs/commands.md tells people."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    INTERNAL = 70  # EX_SOFTWARE of sysexits.h
    INTERRUPTED = 130  # 128 + SIGINT
    OUTPUT_CLOSED = 141  # 128 + SIGPIPE


class VerbGroup(SpokenGroup):
    """The verbs are entry points: named and summed up without being loaded, loaded when one is used.

    `ctx` is the context class of the click that typer brings along; it has no public name.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        """The verbs' names."""
        return sorted(_points())

    def get_command(self, ctx: Any, cmd_name: str) -> TyperCommand | None:
        """One verb as help and completion show it, not loaded."""
        point = _points().get(cmd_name)
        if point is None:
            return None
        return TyperCommand(cmd_name, help=in_language(summary(point), self.language))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The verb that a command line names, loaded. Raises CommandBroken where it can't be."""
        point = _points().get(args[0])
        if point is not None:
            return args[0], _loaded(point), args[1:]
        # Typer looks here for a name that is like the one that was typed.
        self.commands = {name: TyperCommand(name) for name in self.list_commands(ctx)}
        return super().resolve_command(ctx, args)


def _points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def _loaded(point: EntryPoint) -> TyperGroup:
    try:
        group = spoken(point.load())
    except ImportError as error:
        raise CommandBroken(verb=point.name, detail=str(error)) from error
    group.name = point.name
    return group


root = typer.Typer(cls=VerbGroup, no_args_is_help=True)


@root.callback()
def tongka() -> None:
    """通卡：第三代智能化残疾人证终端套件。
    Tongka: terminal kit for the third-generation smart disability certificate.

    退出码、JSON 与命令补全见 docs/commands.md。 Exit codes, JSON and completion: docs/commands.md.

    Example: tongka rules test
    """


def main() -> None:
    """Run one verb and end with its exit code; what goes wrong is explained, never shown as a stack."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one verb and return its exit code."""
    try:
        status = typer.main.get_command(root).main(arguments, "tongka", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        return _output_closed()
    except SystemExit as ended:
        # Rich and typer end the program themselves when nobody reads on.
        if isinstance(ended.__context__, BrokenPipeError):
            return _output_closed()
        raise
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001  nothing may reach a person as a stack
        # A shell that asks what a word may be wants no sentence in the middle of the line.
        return ExitCode.REFUSED if os.environ.get(COMPLETION) else _told(error, arguments)
    # Typer gives back what a command returned, or the number that ended it.
    return status if isinstance(status, int) else ExitCode.DONE


def _told(error: Exception, arguments: Sequence[str]) -> int:
    said = explained(error)
    if said is None:
        return ExitCode.INTERRUPTED if isinstance(error, typer.Abort) else ExitCode.USAGE
    match said:
        case UsageRefused():
            code = ExitCode.USAGE
        case InternalFault():
            code = ExitCode.INTERNAL
        case _:
            code = ExitCode.REFUSED
    if code is ExitCode.INTERNAL and os.environ.get(TRACEBACK):
        traceback.print_exception(error)
    if AS_JSON in itertools.takewhile(lambda each: each != END_OF_OPTIONS, arguments):
        typer.echo(error_as_json(said, code), err=True)
    else:
        show_error(said, Language.from_environment())
    return code


def _output_closed() -> int:
    """Nobody reads what is written, as behind `| head`: Python shall not complain of it at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return ExitCode.OUTPUT_CLOSED


if __name__ == "__main__":
    main()
