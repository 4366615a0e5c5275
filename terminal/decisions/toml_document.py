"""Strict reading of a TOML file into a frozen Struct, with errors that a rule's author can act on."""

from __future__ import annotations

import codecs
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

import msgspec

from crypto.explained import Text
from terminal.errors import TerminalError

MAX_BYTES: Final = 1 << 20
_MAX_SHOWN: Final = 200  # characters of a file that an error quotes
_MAX_LABEL: Final = 32

Shape = TypeVar("Shape", bound=msgspec.Struct)

Sentence = Annotated[str, msgspec.Meta(min_length=1, max_length=300, pattern=r"^\S")]
_SLUG: Final = r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?"
Slug = Annotated[str, msgspec.Meta(pattern=rf"^{_SLUG}\Z")]
ServiceCode = Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9][A-Z0-9-]{0,11}\Z")]

_UNKNOWN: Final = re.compile(r"Object contains unknown field `(?P<field>.*)`", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(?P<field>[^`]*)`")
_WHOLE_FILE: Final = Text(
    zh="一个 UTF-8 编码、不超过 {mib} MiB 的 TOML 文件", en="a TOML file in UTF-8 of at most {mib} MiB"
)
# Controls (ESC, line ends), formats (what turns the order of writing, what is not seen), surrogates, private
# use, not assigned, separators of lines and paragraphs.
_UNFIT: Final = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
_INDEX: Final = re.compile(r"\[(\d+|\.\.\.)\]")


def is_slug(text: str) -> bool:
    """Whether `text` is a Slug, where a Struct's field can't say so: a table's key, a word in a condition."""
    return re.fullmatch(_SLUG, text) is not None


class BilingualText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`{ zh = "…", en = "…" }`: one sentence in both languages, of characters that are seen.

    Screens show it to staff and holders: what moves a cursor, ends a line or turns the order of writing would
    let a pack's author show them something else than what a reviewer read.
    """

    zh: Sentence
    en: Sentence

    def __post_init__(self) -> None:
        for text in (self.zh, self.en):
            if not text.isprintable():  # nor is a space other than ASCII's, which may stand here
                for character in text:
                    _require_seen(character)

    @property
    def text(self) -> Text:
        """The sentence as every other module knows it."""
        return Text(zh=self.zh, en=self.en)


@dataclass(frozen=True)
class DocumentShape:
    """How one kind of document is written, and the error that says where one is not.

    `hints` say what to write in each field, by dotted path without indices ("rules.benefit.kind").
    `entries` is the field that holds the list, `label` the field that names one of its entries.
    """

    error: type[TerminalError]
    hints: Mapping[str, Text]
    entries: str
    label: str
    entry_noun: str
    max_bytes: int = MAX_BYTES

    def read(self, data: bytes, shape: type[Shape], file: str) -> Shape:
        """The document in `data` (UTF-8 TOML, at most `max_bytes`); raises `error`."""
        raw = self._parse(data, file)
        # Checked here, so that below every report ends in its path whatever the document's keys are.
        known = self._fields_of("")
        if unknown := [key for key in raw if key not in known]:
            raise self._unknown(file, unknown[0], "")
        try:
            return msgspec.convert(raw, shape, strict=True)
        except msgspec.ValidationError as error:
            raise self._located(str(error), raw, file) from error

    def fault(self, file: str, path: str, problem: Text, entry: str | None = None) -> TerminalError:
        """The error for a field whose form is right and whose content is not."""
        place = path
        if entry is not None:
            place = f"{self.entry_noun} “{entry}”, {path.removeprefix(f'{self.entries}.')}"
        return self._error(file, place, problem, self.hints[path])

    def _error(self, file: str, place: str, problem: Text, write: Text) -> TerminalError:
        return self.error(
            file=file,
            place=_shown(place) or "“”",  # TOML lets a field's name be empty
            problem_zh=_shown(problem.zh),
            problem_en=_shown(problem.en),
            write_zh=write.zh,
            write_en=write.en,
        )

    def _parse(self, data: bytes, file: str) -> dict[str, Any]:
        whole = _WHOLE_FILE.format(mib=self.max_bytes >> 20)
        if len(data) > self.max_bytes:
            problem = Text(zh=f"文件有 {len(data)} 字节", en=f"it has {len(data)} bytes")
            raise self._error(file, "file", problem, whole)
        try:
            # Some editors begin a file with a byte order mark, which TOML does not know.
            return tomllib.loads(data.removeprefix(codecs.BOM_UTF8).decode("utf-8"))
        except RecursionError as error:  # brackets nested past the interpreter's limit
            problem = Text(zh="嵌套过深", en="it is nested too deeply")
            raise self._error(file, "file", problem, whole) from error
        except ValueError as error:  # TOML syntax, UTF-8, or a number longer than Python reads
            problem = Text(zh=f"不是 TOML（{error}）", en=f"it is not TOML ({error})")
            raise self._error(file, "file", problem, whole) from error

    def _located(self, report: str, raw: Mapping[str, Any], file: str) -> TerminalError:
        message, at, path = report.rpartition(" - at `")
        if not at:  # a field of the document itself
            message, path = report, ""
        # A key of a table of ids is reported as "key` in `$.path".
        path = path.rpartition("` in `")[2].rstrip("`").removeprefix("$").lstrip(".")
        dotted = _INDEX.sub("", path)
        if (unknown := _UNKNOWN.fullmatch(message)) is not None:
            return self._unknown(file, self._place(path, unknown["field"], raw), dotted)
        if (missing := _MISSING.fullmatch(message)) is not None:
            return self._error(
                file,
                self._place(path, missing["field"], raw),
                Text(zh="缺少此字段", en="the field is missing"),
                self._hint(f"{dotted}.{missing['field']}".lstrip(".")),
            )
        problem = Text(zh=f"取值不符合要求（{message}）", en=message[:1].lower() + message[1:])
        return self._error(file, self._place(path, "", raw), problem, self._hint(dotted))

    def _unknown(self, file: str, place: str, dotted: str) -> TerminalError:
        known = ", ".join(self._fields_of(dotted))
        return self._error(
            file,
            place,
            Text(zh="没有这个字段", en="there is no such field"),
            Text(zh=f"以下字段之一：{known}", en=f"one of the fields {known}"),
        )

    def _fields_of(self, dotted: str) -> list[str]:
        prefix = f"{dotted}." if dotted else ""
        below = {path.removeprefix(prefix).split(".", 1)[0] for path in self.hints if path.startswith(prefix)}
        return sorted(below or {"zh", "en"})

    def _hint(self, dotted: str) -> Text:
        # The languages of a text (legal_basis.zh) share the hint of the text.
        return self.hints.get(dotted) or self.hints[dotted.rpartition(".")[0]]

    def _place(self, path: str, field: str, raw: Mapping[str, Any]) -> str:
        entry = re.match(rf"{self.entries}\[(?P<index>\d+)\]\.?(?P<rest>.*)", path)
        if entry is None:
            return ".".join(part for part in (path, field) if part)
        index = int(entry["index"])
        table = raw[self.entries][index]
        label = table.get(self.label) if isinstance(table, dict) else None
        named = f"“{label}”" if isinstance(label, str) and len(label) <= _MAX_LABEL else f"number {index + 1}"
        inner = ".".join(part for part in (entry["rest"], field) if part)
        return f"{self.entry_noun} {named}, {inner}" if inner else f"{self.entry_noun} {named}"


def _require_seen(character: str) -> None:
    if unicodedata.category(character) in _UNFIT:
        raise ValueError(f"it holds U+{ord(character):04X}, which is not seen or moves what is")


def _shown(quoted: str) -> str:
    """A line that may quote a hostile file, made fit for a screen: short and without control characters."""
    line = "".join(character if character.isprintable() else "?" for character in quoted)
    return line if len(line) <= _MAX_SHOWN else f"{line[:_MAX_SHOWN]}…"
