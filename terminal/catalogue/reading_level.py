"""How easy a text is to read, measured; for the easy-read texts of services.

The rules are those of "Information for all: European standards for making information easy to read and
understand" (Inclusion Europe, 2009) that a program can check: short sentences, everyday words, digits for
numbers, no abbreviations. What they say in words is made a number here:

* Chinese: a sentence has at most 20 characters; at most 2 in 100 Hanzi are none of the 3,755 common ones of
  GB/T 2312 level 1 (rows 16 to 55), characters of the service's own name left out, since they can't be
  avoided. The bounds are ours.
* English: a sentence has at most 15 words; the Flesch-Kincaid grade is at most 6 (Kincaid, Fishburne, Rogers,
  Chissom, "Derivation of new readability formulas for Navy enlisted personnel", Research Branch Report 8-75,
  1975): 0.39 words a sentence + 11.8 syllables a word - 15.59. Syllables are groups of vowels.

A program does not see whether people understand: let some of those who will read a text read it first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from crypto.explained import Text
from terminal.catalogue.normal_form import is_hanzi

MAX_CHARACTERS: Final = 20
MAX_RARE_SHARE: Final = 0.02
MAX_WORDS: Final = 15
MAX_GRADE: Final = 6.0

_LEVEL_1_ROWS: Final = range(16, 56)
_COLUMNS: Final = range(1, 95)
_GB_2312_OFFSET: Final = 0xA0

_CHINESE_SENTENCE_END: Final = re.compile(r"[。！？；\n]")
_ENGLISH_SENTENCE_END: Final = re.compile(r"[.!?;:](?:\s|\Z)|\n")
_WORD: Final = re.compile(r"[A-Za-z0-9]+(?:['’-][A-Za-z0-9]+)*")
_VOWELS: Final = re.compile(r"[aeiouy]+")
_SILENT_E: Final = re.compile(r"(?<=[^aeiouyl])e\Z")  # not that of "table"
_CHINESE_NUMBER: Final = re.compile(
    r"(?<![第统唯万])[一二两三四五六七八九十百千]+(?=[个张元岁份位名辆本种项级周天]|次(?!性)|年(?!级)|小时|分钟)"
)
_ENGLISH_NUMBER: Final = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|hundred|thousand)\b",
    re.IGNORECASE,
)
_ABBREVIATION: Final = re.compile(r"\b[A-Z]{2,}\b|\b(?:e\.g|i\.e|etc|approx)\.")
_CAPITALS: Final = re.compile(r"[A-Za-z]{2,}")
_BRACKETS: Final = {"（": 1, "(": 1, "[": 1, "【": 1, "）": -1, ")": -1, "]": -1, "】": -1}


@cache
def common_hanzi() -> frozenset[str]:
    """The 3,755 common characters of GB/T 2312 level 1."""
    cells = (
        bytes((row + _GB_2312_OFFSET, column + _GB_2312_OFFSET))
        for row in _LEVEL_1_ROWS
        for column in _COLUMNS
    )
    return frozenset("".join(cell.decode("gb2312", "ignore") for cell in cells))


def rare_hanzi(text: str, known: str) -> list[str]:
    """The Hanzi of `text` that are neither common nor in `known`, as often as they come."""
    allowed = common_hanzi() | set(known)
    return [character for character in text if is_hanzi(character) and character not in allowed]


def grade(text: str) -> float:
    """The Flesch-Kincaid grade of an English text; 0 for one without words."""
    words = _WORD.findall(text)
    if not words:
        return 0.0
    sentences = max(1, len(_sentences(text, _ENGLISH_SENTENCE_END)))
    syllables = sum(map(_syllables, words))
    return 0.39 * len(words) / sentences + 11.8 * syllables / len(words) - 15.59


def faults(text: Text, name: Text) -> Iterator[tuple[str, Text]]:
    """What makes an easy-read text hard, each with the language it is in (zh, en). `name`: the service's."""
    yield from (("zh", fault) for fault in _chinese_faults(text.zh, name.zh))
    yield from (("en", fault) for fault in _english_faults(text.en))


def _chinese_faults(text: str, name: str) -> Iterator[Text]:
    for sentence in _sentences(text, _CHINESE_SENTENCE_END):
        length = sum(character.isalnum() for character in sentence)
        if length > MAX_CHARACTERS:
            yield Text(
                zh=f"一句有 {length} 字，最多 {MAX_CHARACTERS} 字：{sentence}",
                en=f"a sentence has {length} characters, at most {MAX_CHARACTERS}: {sentence}",
            )
    rare = rare_hanzi(text, name)
    if len(rare) > MAX_RARE_SHARE * sum(map(is_hanzi, text)):
        shown = "".join(dict.fromkeys(rare))
        yield Text(zh=f"生僻字过多：{shown}", en=f"too many uncommon characters: {shown}")
    for number in _CHINESE_NUMBER.findall(text):
        yield Text(zh=f"数目请用数字写：{number}", en=f"write the number in digits: {number}")
    for letters in _CAPITALS.findall(text):
        yield Text(zh=f"不要用缩写或外文：{letters}", en=f"no abbreviation or foreign word: {letters}")
    if _is_nested(text):
        yield _NESTED


def _english_faults(text: str) -> Iterator[Text]:
    for sentence in _sentences(text, _ENGLISH_SENTENCE_END):
        length = len(_WORD.findall(sentence))
        if length > MAX_WORDS:
            yield Text(
                zh=f"英文一句有 {length} 词，最多 {MAX_WORDS} 词：{sentence}",
                en=f"a sentence has {length} words, at most {MAX_WORDS}: {sentence}",
            )
    if (reached := grade(text)) > MAX_GRADE:
        yield Text(
            zh=f"英文阅读级别 {reached:.1f}，最高 {MAX_GRADE:.0f}：请用短词短句",
            en=f"the reading grade is {reached:.1f}, at most {MAX_GRADE:.0f}: use short words and sentences",
        )
    for number in _ENGLISH_NUMBER.findall(text):
        yield Text(zh=f"英文数目请用数字写：{number}", en=f"write the number in digits: {number}")
    for short in _ABBREVIATION.findall(text):
        yield Text(zh=f"英文不要用缩写：{short}", en=f"no abbreviation: {short}")
    if _is_nested(text):
        yield _NESTED


_NESTED: Final = Text(zh="括号里又有括号", en="brackets within brackets")


def _sentences(text: str, end: re.Pattern[str]) -> list[str]:
    return [sentence.strip() for sentence in end.split(text) if sentence.strip()]


def _syllables(word: str) -> int:
    return max(1, len(_VOWELS.findall(_SILENT_E.sub("", word.lower()))))


def _is_nested(text: str) -> bool:
    depth = 0
    for character in text:
        depth = max(0, depth + _BRACKETS.get(character, 0))
        if depth > 1:
            return True
    return False
