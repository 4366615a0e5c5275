"""What a person, or a program, is told of an error that ended a verb of `tongka`."""

from __future__ import annotations

import json
from traceback import walk_tb
from typing import Final

import typer
from typer.exceptions import TyperException

from crypto.explained import ExplainedError, Language
from terminal.errors import InputEnded, InternalFault, SystemRefused, UsageRefused
from terminal.typer_words import usage_error

PACKAGES: Final = ("crypto", "firmware_profiles", "card", "terminal", "kiosk_ui", "sync")
PLACES: Final = 4


def explained(error: Exception) -> ExplainedError | None:
    """What is to be said of `error`; None where nothing is: the person stopped the verb, or saw its help."""
    match error:
        case ExplainedError():
            return error
        case typer.Abort():
            return InputEnded() if _had_no_input(error) else None
        case TyperException():
            # Help that was shown in place of a command that is missing comes as an error without a message.
            wrong = error.format_message()
            return UsageRefused(wrong=usage_error(wrong), command=_command(error)) if wrong else None
        case OSError():
            return SystemRefused(detail=error.strerror or error, file=error.filename or "-")
        case _:
            return InternalFault(kind=type(error).__name__, place=places(error))


def places(error: BaseException) -> str:
    """Where in our packages it happened, outermost first: modules and lines, no values and no message."""
    frames = [
        f"{name}:{line}"
        for frame, line in walk_tb(error.__traceback__)
        if (name := str(frame.f_globals.get("__name__"))).partition(".")[0] in PACKAGES
    ]
    return " > ".join(frames[-PLACES:]) or "-"


def show_error(error: ExplainedError, language: Language) -> None:
    """Code, cause and next step, on standard error."""
    # A terminal that runs for days without an error need not hold what errors are printed with.
    from rich.console import Console  # noqa: PLC0415
    from rich.markup import escape  # noqa: PLC0415

    shown = error.explain(language)
    console = Console(stderr=True, highlight=False)
    console.print(f"[bold red]{shown.code}[/] {escape(shown.cause)}", soft_wrap=True)
    console.print(f"  → {escape(shown.next_step)}", soft_wrap=True)


def error_as_json(error: ExplainedError, exit_code: int) -> str:
    """One line: {"error": {"code", "cause": {"zh", "en"}, "next_step": {"zh", "en"}}, "exit_code": n}."""
    zh, en = error.explain(Language.ZH), error.explain(Language.EN)
    told = {
        "code": error.code,
        "cause": {"zh": zh.cause, "en": en.cause},
        "next_step": {"zh": zh.next_step, "en": en.next_step},
    }
    return json.dumps({"error": told, "exit_code": exit_code}, ensure_ascii=False)


def _command(error: TyperException) -> str:
    """The command whose line was wrong. The context has no public name."""
    context = getattr(error, "ctx", None)
    return "tongka" if context is None else str(context.command_path)


def _had_no_input(error: typer.Abort) -> bool:
    return isinstance(error.__context__, EOFError)
