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
from enum import Enum
from typing import Any, TypeVar, get_args

import msgspec

from crypto.explained import ExplainedError, Text
from firmware_profiles.toml_lines import Path, line_of, path_of

Document = TypeVar("Document", bound=msgspec.Struct)

_NOT_UTF8 = Text(zh="不是 UTF-8 编码", en="not UTF-8")
_SAVE_AS_UTF8 = Text(zh="请把文件存为 UTF-8", en="Save the file as UTF-8")
_CORRECT_TOML = Text(zh="请在该处改正 TOML 语法", en="Correct the TOML there")
_NO_TOML = Text(zh="不是 TOML：{detail}", en="it is no TOML: {detail}")
_SYNTAX = re.compile(r"at line (\d+)")
_TOO_DEEP = Text(zh="嵌套过深", en="it is nested too deeply")
_TOO_LONG = Text(zh="文件过大（超过 1 MiB）", en="it has more than 1 MiB")
_SHORTEN = Text(zh="请只保留描述内容", en="Keep nothing but the description in it")
_MISSING_TEXT = Text(zh="缺少字段 `{field}`", en="`{field}` is missing")
_WRONG_VALUE = Text(zh="值不符合要求（{detail}）", en="{detail}")
_ONE_OF = Text(zh="请写以下之一：{values}", en="Write one of {values}")
_PATTERN = Text(
    zh="请按文档写该字段；须符合 {pattern}", en="Write it as the documents say; it must match {pattern}"
)
_REGEX = re.compile(r"matching regex '(.*)'")
MAX_TOML_BYTES = 1 << 20
_RIGHT_TYPE = Text(zh="请在该处写所要求类型的值", en="Write a value of the type that is expected there")
_MISSING = re.compile(r"Object missing required field `(\w+)`")
_ADD_FIELD = Text(zh="请在该处加上 `{field}`", en="Add `{field}` there")
_PLACE = re.compile(r"(?: - at `(\$[^`]*)`)?\Z")


@dataclass(frozen=True)
class _Source:
    """The text that is read and how to refuse it."""

    into: type[msgspec.Struct]
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
    if len(data) > MAX_TOML_BYTES:
        raise refused(file=file, problem=_TOO_LONG, instead=_SHORTEN)
    try:
        text = data.decode()
        document = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise refused(file=file, problem=_NOT_UTF8, instead=_SAVE_AS_UTF8) from error
    except tomllib.TOMLDecodeError as error:
        said = _SYNTAX.search(str(error))
        place = f"{file}:{said[1]}" if said else file
        raise refused(file=place, problem=_NO_TOML.format(detail=error), instead=_CORRECT_TOML) from error
    except RecursionError as error:
        raise refused(file=file, problem=_TOO_DEEP, instead=_CORRECT_TOML) from error
    source = _Source(into, file, text, refused)
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
        field = missing[1]
        return source.refusal(path, _MISSING_TEXT.format(field=field), _ADD_FIELD.format(field=field))
    wrong = _WRONG_VALUE.format(detail=message)
    if allowed := _allowed_values(source.into, path):
        return source.refusal(path, wrong, _ONE_OF.format(values=", ".join(allowed)))
    if pattern := _REGEX.search(problem):
        return source.refusal(path, wrong, _PATTERN.format(pattern=pattern[1]))
    return source.refusal(path, wrong, _RIGHT_TYPE)


def _allowed_values(into: type[msgspec.Struct], path: Path) -> list[str]:
    """The values of the enum at a path of the document; none where it is no enum."""
    struct: type[msgspec.Struct] | None = into
    annotation: Any = into
    for key in path:
        if isinstance(key, int):
            continue
        fields = {field.encode_name: field.type for field in msgspec.structs.fields(struct)} if struct else {}
        annotation = fields.get(key)
        struct = _struct_in(annotation)
    enum = _enum_in(annotation)
    return [str(member.value) for member in enum] if enum is not None else []


def _enum_in(annotation: Any) -> type[Enum] | None:
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return annotation
    return next((found for one in get_args(annotation) if (found := _enum_in(one)) is not None), None)


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
