"""What each verb of `tongka` is for, read from its source without running it.

`tongka --help` and the shell's completion list all verbs; loading them for that would mean to load the
centre's databases and the kiosk's toolkit, and one that can't be loaded would take the list with it.
"""

from __future__ import annotations

import ast
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from pathlib import Path
from typing import Final

UNKNOWN: Final = "（无法载入） / (can't be loaded)"


def summary(point: EntryPoint) -> str:
    """The help that the module behind `point` gives its `typer.Typer`; UNKNOWN where there is none."""
    source = _source(point.module)
    try:
        tree = ast.parse(b"" if source is None else source.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return UNKNOWN
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            named = {each.id for each in node.targets if isinstance(each, ast.Name)}
            if point.attr in named:
                return _help_given(node.value)
    return UNKNOWN


def _help_given(call: ast.Call) -> str:
    """Its short help; else its help."""
    texts = {
        given.arg: given.value.value
        for given in call.keywords
        if isinstance(given.value, ast.Constant) and isinstance(given.value.value, str)
    }
    return texts.get("short_help") or texts.get("help") or UNKNOWN


def _source(module: str) -> Path | None:
    """The file of a module. Only the outermost package is looked up: an inner one would be run for it."""
    outermost, *inner = module.split(".")
    spec = find_spec(outermost)
    if spec is None:
        return None
    if not inner:
        return None if spec.origin is None else Path(spec.origin)
    within = Path(*inner)
    tails = (within.with_suffix(".py"), within / "__init__.py")
    files = (Path(folder) / tail for folder in spec.submodule_search_locations or () for tail in tails)
    return next((file for file in files if file.is_file()), None)
