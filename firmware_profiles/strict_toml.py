"""TOML into typed structs, with nothing unknown let through.

A misspelt key that is silently ignored leaves a reader half configured; so every unknown key is refused,
with the file and what to write instead. Used for reader profiles here and for card profiles in `card`.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from crypto.explained import ExplainedError, Text

Document = TypeVar("Document", bound=msgspec.Struct)

_NOT_UTF8 = Text(zh="不是 UTF-8 编码", en="not UTF-8")
_SAVE_AS_UTF8 = Text(zh="请把文件存为 UTF-8", en="Save the file as UTF-8")
_CORRECT_TOML = Text(zh="请在该处改正 TOML 语法", en="Correct the TOML there")
_RIGHT_TYPE = Text(zh="请在该处写所要求类型的值", en="Write a value of the type that is expected there")


def read_toml(data: bytes, into: type[Document], file: str, refused: type[ExplainedError]) -> Document:
    """The struct that the TOML in `data` describes.

    Raises `refused` with the facts file, problem and instead, for text that is no TOML, a key that `into`
    does not have, and a value of the wrong type.
    """
    try:
        document = tomllib.loads(data.decode())
    except UnicodeDecodeError as error:
        raise refused(file=file, problem=_NOT_UTF8, instead=_SAVE_AS_UTF8) from error
    except tomllib.TOMLDecodeError as error:
        raise refused(file=file, problem=str(error), instead=_CORRECT_TOML) from error
    _require_known_keys(document, into, file, refused)
    try:
        return msgspec.convert(document, into)
    except msgspec.ValidationError as error:
        raise refused(file=file, problem=str(error), instead=_RIGHT_TYPE) from error


def _require_known_keys(
    document: Mapping[str, object], into: type[msgspec.Struct], file: str, refused: type[ExplainedError]
) -> None:
    fields = {field.encode_name: field.type for field in msgspec.structs.fields(into)}
    for key, value in document.items():
        if key not in fields:
            raise refused(file=file, problem=_unknown(key), instead=_suggestion(key, list(fields)))
        inner = fields[key]
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct) and isinstance(value, Mapping):
            _require_known_keys(value, inner, file, refused)


def _unknown(key: str) -> Text:
    return Text(zh=f"没有字段 `{key}`", en=f"unknown key `{key}`")


def _suggestion(key: str, known: list[str]) -> Text:
    close = difflib.get_close_matches(key, known, n=1)
    if close:
        return Text(zh=f"请改为 `{close[0]}`", en=f"Write `{close[0]}` instead")
    return Text(zh=f"此处可用的字段：{'、'.join(known)}", en=f"Known here are: {', '.join(known)}")
