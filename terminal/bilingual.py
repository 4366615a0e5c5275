"""Help that is written in both languages, Chinese first, and shown in one.

The help of a verb stands beside it in the source: `"终端数据目录 / the terminal's data directory"`, or in a
docstring `"列出流水。 List events."`. What comes after the last Chinese character and the mark behind it
is the English; so English help has no Chinese character in it. tests/test_command_tree.py looks at all help.
"""

from __future__ import annotations

import inspect
import re
from typing import Final

from crypto.explained import Language, Text

EXAMPLE: Final = Text(zh="示例：", en="Example: ")

_CHINESE: Final = "\u2e80-\u303f\u3400-\u9fff\uff00-\uffef"
# Chinese; then what belongs to it and is not Chinese, such as a name; the mark between; the English.
_BOTH: Final = re.compile(rf"(.*[{_CHINESE}])(.*)", re.DOTALL)
_MARK: Final = re.compile(r"(.*?)\s+[/·]\s+(.*)", re.DOTALL)
_STOP: Final = "。"
_ENDS: Final = "。！？：…"
_EXAMPLE: Final = re.compile(r"\s*(?:例 · )?Example:\s*(.*)", re.DOTALL)
_FORMAT: Final = "--json:"
_BREAK_IN_CHINESE: Final = re.compile(rf"(?<=[{_CHINESE}])\n(?=[{_CHINESE}])")


def is_chinese(text: str) -> bool:
    """Whether there is a Chinese character or mark in it."""
    return re.search(f"[{_CHINESE}]", text) is not None


def halves(paragraph: str) -> Text | None:
    """What one paragraph or line says in each language; None where it is written in one."""
    found = _BOTH.fullmatch(paragraph)
    if found is None:
        return None
    chinese, rest = found.groups()
    marked = _MARK.fullmatch(rest)
    if marked is not None:
        zh, en = chinese + marked[1], marked[2].strip()
        return Text(zh=zh + _STOP if en.endswith(".") and zh[-1] not in _ENDS else zh, en=en)
    # Without a mark only a sentence's end parts the two: `输出 JSON` is Chinese as a whole.
    if chinese[-1] in _ENDS and rest.strip():
        return Text(zh=chinese, en=rest.strip())
    return None


def in_language(help_text: str, language: Language) -> str:
    """A help text in one language; examples and formats are in both."""
    paragraphs = (_paragraph(one, language) for one in inspect.cleandoc(help_text).split("\n\n"))
    return "\n\n".join(one for one in paragraphs if one)


def text_of(help_text: str) -> Text:
    """A help text in both languages, each as it would be shown."""
    return Text(zh=in_language(help_text, Language.ZH), en=in_language(help_text, Language.EN))


def _paragraph(text: str, language: Language) -> str:
    example = _EXAMPLE.fullmatch(text)
    if example is not None:
        return EXAMPLE.in_language(language) + example[1]
    if text.startswith(_FORMAT):
        return text
    both = halves(text)
    if both is not None:
        shown = both.in_language(language)
    else:
        shown = text if is_chinese(text) is (language is Language.ZH) else ""
    return _BREAK_IN_CHINESE.sub("", shown).replace("\n", " ")
