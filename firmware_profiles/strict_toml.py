"""TOML into typed structs, with nothing unknown let through.

A misspelt key that is silently ignored leaves a reader half configured; so every unknown key is refused,
with the file, the line and what to write instead. Used for reader profiles here and for card profiles in
`card`.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

import msgspec

from crypto.explained import ExplainedError, Text
from firmware_profiles.toml_lines import Path, line_of, path_of

Document = TypeVar("Document", bound=msgspec.Struct)

_NOT_UTF8 = Text(zh="不是 UTF-8 编码", en="not UTF-8")
_SAVE_AS_UTF8 = Text(zh="请把文件存为 UTF-8", en="Save the file as UTF-8")
_CORRECT_TOML = Text(zh="请在该处改正 TOML 语法", en="Correct the TOML there")
_RIGHT_TYPE = Text(zh="请在该处写所要求类型的值", en="Write a value of the type that is expected there")
_MISSING = re.compile(r"Object missing required field `(\w+)`")
_ADD_FIELD = Text(zh="请在该处加上 `{field}`", en="Add `{field}` there")
_PLACE = re.compile(r"(?: - at `(\$[^`]*)`)?\Z")


@dataclass(frozen=True)
class _Source:
    """The text that is read and how to refuse it."""

    file: str
    text: str
    refused: type[ExplainedError]

    def refusal(self, path: Path, problem: object, instead: Text) -> ExplainedError:
        """The error that points to the line of `path`."""
        return self.refused(file=f"{self.file}:{line_of(self.text, path)}", problem=problem, instead=instead)


def read_toml(data: bytes, into: type[Document], file: str, refused: type[ExplainedError]) -> Document:
    """The struct that the TOML in `data` describes.

    Raises `refused` with the facts file (`NAME:LINE`), problem and instead, for text that is no TOML, a key
    that `into` does not have, a value of the wrong type, and a value that a struct's own check refuses
    (ValueError, whose second argument, a Text, says what to write).
    """
    try:
        text = data.decode()
        document = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise refused(file=file, problem=_NOT_UTF8, instead=_SAVE_AS_UTF8) from error
    except tomllib.TOMLDecodeError as error:
        raise refused(file=file, problem=str(error), instead=_CORRECT_TOML) from error
    source = _Source(file, text, refused)
    _require_known_keys(document, into, (), source)
    try:
        return msgspec.convert(document, into)
    except msgspec.ValidationError as error:
        raise _explained(error, source) from error


def _explained(error: msgspec.ValidationError, source: _Source) -> ExplainedError:
    message = str(error)
    place = _PLACE.search(message)
    path = path_of(place[1]) if place is not None and place[1] else ()
    problem = message[: place.start()] if place is not None else message
    cause = error.__cause__
    if isinstance(cause, ValueError) and len(cause.args) == 2 and isinstance(cause.args[1], Text):
        return source.refusal(path, cause.args[0], cause.args[1])
    if missing := _MISSING.match(problem):
        return source.refusal(path, problem, _ADD_FIELD.format(field=missing[1]))
    return source.refusal(path, message, _RIGHT_TYPE)


def _require_known_keys(
    document: Mapping[str, object], into: type[msgspec.Struct], path: Path, source: _Source
) -> None:
    fields = {field.encode_name: field.type for field in msgspec.structs.fields(into)}
    for key, value in document.items():
        here = (*path, key)
        if key not in fields:
            raise source.refusal(here, _unknown(key), _suggestion(key, list(fields)))
        inner = _struct_in(fields[key])
        if inner is None:
            continue
        if isinstance(value, Mapping):
            _require_known_keys(value, inner, here, source)
        elif isinstance(value, Sequence):
            for index, item in enumerate(value):
                if isinstance(item, Mapping):
                    _require_known_keys(item, inner, (*here, index), source)


def _struct_in(annotation: Any) -> type[msgspec.Struct] | None:
    """The struct in a type such as `Title`, `Title | None`, `tuple[Title, ...]` or an Annotated of these."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return annotation
    for argument in get_args(annotation):
        if (found := _struct_in(argument)) is not None:
            return found
    return None


def _unknown(key: str) -> Text:
    return Text(zh=f"没有字段 `{key}`", en=f"unknown key `{key}`")


def _suggestion(key: str, known: list[str]) -> Text:
    close = difflib.get_close_matches(key, known, n=1)
    if close:
        return Text(zh=f"请改为 `{close[0]}`", en=f"Write `{close[0]}` instead")
    return Text(zh=f"此处可用的字段：{'、'.join(known)}", en=f"Known here are: {', '.join(known)}")
