"""Typer's own words in Chinese: headings of help, and what was wrong with a command line.

Typer writes these in English. Nothing else of a command is, but for the two lines with which
`--install-completion` says where it put its script (docs/commands.md).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from crypto.explained import Text
from terminal.bilingual import halves

USAGE: Final = "Usage: "

_SAID: Final = {
    USAGE: "用法：",
    "[OPTIONS]": "[选项]",
    "COMMAND [ARGS]...": "命令 [参数]...",
    "Show this message and exit.": "显示本说明后退出。",
    "Install completion for the current shell.": "为当前的 shell 安装命令补全。",
    "Show completion for the current shell, to copy it or customize the installation.": (
        "显示当前 shell 的补全脚本，可自行安装。"
    ),
}
# What is wrong, as typer writes it, and the same in both languages; {0} and {1} are its parts.
_WRONG: Final = tuple(
    (re.compile(pattern, re.DOTALL), Text(zh=zh, en=en))
    for pattern, zh, en in (
        (r"Missing option '(.+?)'\.(?: Choose from:\s*(.*))?", "缺少选项 {0}", "the option {0} is missing"),
        (
            r"Missing argument '(.+?)'\.(?: Choose from:\s*(.*))?",
            "缺少参数 {0}",
            "the argument {0} is missing",
        ),
        (r"Missing command\.", "缺少命令", "the command is missing"),
        (r"No such option: (\S+)(?: \(Possible options: (.*)\))?", "没有选项 {0}", "there is no option {0}"),
        (r"No such command '(.+?)'\.(?: Did you mean (.*)\?)?", "没有命令 {0}", "there is no command {0}"),
        (r"Got unexpected extra argument\(s\) \((.*)\)", "多余的参数 {0}", "unexpected argument {0}"),
        (r"Option '(.+?)' does not take a value\.", "选项 {0} 不带值", "the option {0} takes no value"),
        (r"Option '(.+?)' requires .*", "选项 {0} 须带值", "the option {0} needs a value"),
        (r"Invalid value for '?(.+?)'?: (.*)", "{0} 的值无效", "the value of {0} is not valid"),
        (r"Invalid value: (.*)", "值无效", "a value is not valid"),
    )
)
_OF_VALUES: Final = tuple(said for _pattern, said in _WRONG[-2:])
_CHOICES: Final = Text(zh="可选：{0}", en="choose from {0}")
_VALUES: Final = tuple(
    (re.compile(pattern, re.DOTALL), Text(zh=zh, en=en))
    for pattern, zh, en in (
        (r"Input should be a valid integer.*", "应为整数", "a whole number is expected"),
        (r"Input should be a valid number.*", "应为数字", "a number is expected"),
        (r"Input should be greater than or equal to (.+)", "不得小于 {0}", "at least {0}"),
        (r"Input should be less than or equal to (.+)", "不得大于 {0}", "at most {0}"),
        (r"Value error, (.+) is not one of (.+)\.", "{0} 不在 {1} 之中", "{0} is not one of {1}"),
        (
            r"Value error, (.+) does not match the formats? (.+)\.",
            "{0} 不合格式 {1}",
            "{0} is not of the form {1}",
        ),
    )
)


def in_chinese(words: str) -> str:
    """What typer says, in Chinese; what it takes from elsewhere stays as it is."""
    return _SAID.get(words, words)


def usage_error(message: str) -> Text:
    """What was wrong with a command line, in both languages, without a full stop.

    A message that a verb wrote may be in both languages or be the same in both.
    """
    for pattern, said in _WRONG:
        found = pattern.fullmatch(message)
        if found is not None:
            return _told(said, found)
    return halves(message) or Text(zh=message, en=message)


def _told(said: Text, found: re.Match[str]) -> Text:
    parts = [part for part in found.groups() if part]
    told = _filled(said, parts)
    if said in _OF_VALUES:
        return _joined(told, _value(parts[-1]))
    if len(parts) < 2:
        return told
    choices = _filled(_CHOICES, [_listed(parts[1])])
    return Text(zh=f"{told.zh}（{choices.zh}）", en=f"{told.en} ({choices.en})")


def _value(message: str) -> Text:
    """What was wrong with a value."""
    for pattern, said in _VALUES:
        found = pattern.fullmatch(message)
        if found is not None:
            return _filled(said, found.groups())
    return halves(message) or Text(zh=message, en=message)


def _filled(said: Text, parts: Sequence[str]) -> Text:
    return Text(zh=said.zh.format(*parts), en=said.en.format(*parts))


def _joined(first: Text, second: Text) -> Text:
    return Text(zh=f"{first.zh}：{second.zh}", en=f"{first.en}: {second.en}")


def _listed(choices: str) -> str:
    return ", ".join(one.strip().strip("'") for one in choices.split(","))
