"""What the shell's completion offers where a service is asked for."""

from __future__ import annotations

from pathlib import Path

import typer

from crypto.explained import ExplainedError, Language
from terminal.catalogue.opening import open_catalogue


def service_codes(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """The codes that begin so, with their names, of the catalogue that the line names; else the starter's.

    A catalogue that can't be read completes nothing: a person in the middle of a line is told nothing.
    """
    data, file = (ctx.params.get(name) for name in ("data", "file"))
    try:
        catalogue = open_catalogue(_path(data), _path(file))
    except ExplainedError:
        return []
    language = Language.from_environment()
    wanted = incomplete.upper()
    return [
        (code, item.name.in_language(language))
        for code, item in catalogue.items.items()
        if code.startswith(wanted)
    ]


def _path(given: object) -> Path | None:
    return None if given is None else Path(str(given))
