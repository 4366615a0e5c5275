"""Verbs whose help is in the operator's language; typer alone would show what the source holds, both."""

from __future__ import annotations

import copy
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from crypto.explained import Language
from terminal.bilingual import in_language
from terminal.typer_words import USAGE, in_chinese

_TEXTS = ("help", "short_help", "epilog")
_METAVARS = ("options_metavar", "subcommand_metavar")


class _Spoken:
    """What a spoken command and a spoken group share; typer's classes have no common one with a name.

    `ctx` and the parameters are of the click that typer brings along; they have no public names.
    """

    language: Language

    def _learn(self, given: dict[str, Any]) -> dict[str, Any]:
        """Keep the operator's language; give typer's texts back in it."""
        self.language = Language.from_environment()
        for param in given.get("params") or ():
            param.help = in_language(param.help or "", self.language)
        return given | {
            name: in_language(given[name], self.language) for name in _TEXTS if given.get(name) is not None
        }

    def _put_typers_words(self, params: list[Any]) -> list[Any]:
        if self.language is Language.ZH:
            for name in _METAVARS:
                if hasattr(self, name):
                    setattr(self, name, in_chinese(getattr(self, name)))
            for param in params:
                param.help = in_chinese(param.help)
        return params

    def _print_help(self, ctx: Any) -> None:
        # A terminal that runs for days need not hold what help is printed with.
        from terminal.help_page import print_help  # noqa: PLC0415

        print_help(self, ctx, self.language)

    def _put_usage(self, usage: str) -> str:
        if self.language is Language.ZH:
            usage = usage.replace(USAGE, in_chinese(USAGE), 1)
        return usage.rstrip()


class SpokenCommand(_Spoken, TyperCommand):
    """One command."""

    def __init__(self, name: str | None, **given: Any) -> None:
        super().__init__(name, **self._learn(given))

    def get_params(self, ctx: Any) -> list[Any]:
        """Its parameters, that of help among them."""
        return self._put_typers_words(super().get_params(ctx))

    def get_usage(self, ctx: Any) -> str:
        """The line that says how it is called."""
        return self._put_usage(super().get_usage(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write its help."""
        self._print_help(ctx)


class SpokenGroup(_Spoken, TyperGroup):
    """A group of commands."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**self._learn(given))
        if self.invoke_without_command and not self.commands:
            self.subcommand_metavar = ""  # a verb of one command is called without a second word

    def get_params(self, ctx: Any) -> list[Any]:
        """Its parameters, that of help among them."""
        return self._put_typers_words(super().get_params(ctx))

    def get_usage(self, ctx: Any) -> str:
        """The line that says how it is called."""
        return self._put_usage(super().get_usage(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write its help."""
        self._print_help(ctx)


def spoken(app: typer.Typer) -> TyperGroup:
    """The group that `app` declares, its help in the operator's language."""
    return typer.main.get_group(_twin(app))


def _twin(app: typer.Typer) -> typer.Typer:
    """A copy of `app` that makes spoken commands; `app` itself stays as its module declared it."""
    twin = copy.copy(app)
    twin.info = copy.copy(app.info)
    twin.info.cls = SpokenGroup
    twin.registered_commands = [copy.copy(each) for each in app.registered_commands]
    for command in twin.registered_commands:
        command.cls = SpokenCommand
    twin.registered_groups = [copy.copy(each) for each in app.registered_groups]
    for group in twin.registered_groups:
        if group.typer_instance is not None:
            group.typer_instance = _twin(group.typer_instance)
    return twin
