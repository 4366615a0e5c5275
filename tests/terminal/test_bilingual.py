"""Help in both languages is parted into each, and what typer says is told in both."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.explained import Language, Text
from terminal.bilingual import halves, in_language, is_chinese
from terminal.typer_words import usage_error
from terminal.verb_summary import UNKNOWN, summary


@pytest.mark.parametrize(
    ("written", "zh", "en"),
    [
        ("终端数据目录 / the terminal's data directory", "终端数据目录", "the terminal's data directory"),
        ("输出 JSON · Print JSON.", "输出 JSON。", "Print JSON."),
        ("GB/T 2260 六位代码 / six digits of GB/T 2260", "GB/T 2260 六位代码", "six digits of GB/T 2260"),
        ("类别 1–7，可重复 / a category, 1 to 7", "类别 1–7，可重复", "a category, 1 to 7"),
        ("查看流水。Look at the journal.", "查看流水。", "Look at the journal."),
        ("列出流水。\n列出全部。 List events.", "列出流水。\n列出全部。", "List events."),
    ],
)
def test_chinese_comes_first_and_english_after_the_last_of_it(written: str, zh: str, en: str) -> None:
    assert halves(written) == Text(zh=zh, en=en)


@pytest.mark.parametrize("written", ["输出 JSON", "print JSON", "", "见 docs/commands.md"])
def test_what_is_in_one_language_is_not_parted(written: str) -> None:
    assert halves(written) is None


def test_a_help_text_keeps_examples_and_formats_in_both_languages() -> None:
    written = """核验流水。 Check the journal.

    无需联网。

    No network is needed.

    --json: {"zh", "en"}.

    Example: tongka catalogue search 轮椅
    """

    assert in_language(written, Language.ZH).split("\n\n") == [
        "核验流水。",
        "无需联网。",
        '--json: {"zh", "en"}.',
        "示例：tongka catalogue search 轮椅",
    ]
    assert in_language(written, Language.EN).split("\n\n") == [
        "Check the journal.",
        "No network is needed.",
        '--json: {"zh", "en"}.',
        "Example: tongka catalogue search 轮椅",
    ]


@pytest.mark.parametrize(
    ("said", "zh", "en"),
    [
        ("Missing option '--data'.", "缺少选项 --data", "the option --data is missing"),
        ("Missing argument 'file'.", "缺少参数 file", "the argument file is missing"),
        (
            "Missing option '--domain'. Choose from:\n\tidentity,\n\tsocial",
            "缺少选项 --domain（可选：identity, social）",
            "the option --domain is missing (choose from identity, social)",
        ),
        (
            "Invalid value for '--kind': Value error, 'z' is not one of 'a', 'b'.",
            "--kind 的值无效：'z' 不在 'a', 'b' 之中",
            "the value of --kind is not valid: 'z' is not one of 'a', 'b'",
        ),
        (
            "Invalid value for --region: GB/T 2260: 330100",
            "--region 的值无效：GB/T 2260: 330100",
            "the value of --region is not valid: GB/T 2260: 330100",
        ),
        (
            "Invalid value: --data / --file：二选一 / give one of the two",
            "值无效：--data / --file：二选一",
            "a value is not valid: give one of the two",
        ),
    ],
)
def test_wrong_usage_is_told_in_both_languages(said: str, zh: str, en: str) -> None:
    assert usage_error(said) == Text(zh=zh, en=en)


@given(st.text())
def test_any_text_is_taken(text: str) -> None:
    parted = halves(text)
    if parted is not None:
        assert is_chinese(parted.zh)
        assert not is_chinese(parted.en)
    for language in Language:
        in_language(text, language)
    told = usage_error(text)
    assert told.in_language(Language.ZH) == told.zh


@pytest.mark.parametrize(
    "source", ["", "app = (", "app = other()", "app = typer.Typer(help=TEXT)", "\0", "def app(): pass"]
)
def test_a_verb_whose_source_says_nothing_is_still_listed(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "silent_verb.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    assert summary(EntryPoint("silent", "silent_verb:app", "tongka.commands")) == UNKNOWN
    assert summary(EntryPoint("gone", "no.such.module:app", "tongka.commands")) == UNKNOWN
    assert summary(EntryPoint("gone", "terminal.no_such_module:app", "tongka.commands")) == UNKNOWN
