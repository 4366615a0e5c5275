"""Easy-read texts are measured: against published grades and the standard's own table of characters."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.explained import Text
from terminal.catalogue.reading_level import MAX_GRADE, common_hanzi, faults, grade, rare_hanzi

NAME = Text(zh="轮椅借用", en="Borrow a wheelchair")
GOOD = Text(zh="您可以借轮椅。用完请还回来。", en="You can borrow a wheelchair. Please bring it back.")


def test_level_1_is_the_standard_s_3755_characters() -> None:
    common = common_hanzi()

    assert len(common) == 3755
    # The first and last cells of rows 16 and 55, and the first of level 2 (GB 2312-80).
    assert {"啊", "剥", "住", "座"} <= common
    assert "亍" not in common
    assert all(unicodedata.name(character).startswith("CJK UNIFIED") for character in common)


@pytest.mark.parametrize(
    ("text", "published"),
    [
        # The examples that explain the formula on the web, with the grades given there.
        ("The cat sat on the mat.", -1.45),
        ("The Australian platypus is seemingly a hybrid of a mammal and reptilian creature.", 11.3),
    ],
)
def test_grades_are_those_published(text: str, published: float) -> None:
    assert grade(text) == pytest.approx(published, abs=0.05)


def test_a_text_that_is_easy_has_no_fault() -> None:
    assert list(faults(GOOD, NAME)) == []


@pytest.mark.parametrize(
    ("zh", "said"),
    [
        ("您可以在这里借轮椅，用完以后请您把轮椅还到这里来。", "一句有 23 字"),
        ("您可以凭据申领器械并缴纳垫付款。蜷缩褴褛。", "生僻字过多：蜷褴褛"),
        ("您可以借两辆轮椅。", "数目请用数字写：两"),
        ("请用三十分钟。", "数目请用数字写：三十"),
        ("请下载 APP。", "不要用缩写或外文：APP"),
        ("请来（东门（一楼））。", "括号里又有括号"),
    ],
)
def test_what_is_hard_in_chinese_is_named(zh: str, said: str) -> None:
    found = list(faults(Text(zh=zh, en=GOOD.en), NAME))

    assert [language for language, _ in found] == ["zh"]
    assert found[0][1].zh.startswith(said)


@pytest.mark.parametrize("zh", ["第三代证也能用。", "大家一起来。", "这是一次性的。", "万一丢了请说。"])
def test_numerals_that_count_nothing_are_words(zh: str) -> None:
    assert list(faults(Text(zh=zh, en=GOOD.en), NAME)) == []


@pytest.mark.parametrize(
    ("en", "said"),
    [
        ("You can go to the desk and ask if they have one that you can use now.", "a sentence has 17 words"),
        ("Documentation necessitates authorisation.", "the reading grade is"),
        ("You can get two of them.", "write the number in digits: two"),
        ("Ask the DPF.", "no abbreviation: DPF"),
        ("Bring a card, a book, etc. now.", "no abbreviation: etc."),
        ("Come (to the gate (left)).", "brackets within brackets"),
    ],
)
def test_what_is_hard_in_english_is_named(en: str, said: str) -> None:
    found = list(faults(Text(zh=GOOD.zh, en=en), NAME))

    assert [language for language, _ in found] == ["en"]
    assert found[0][1].en.startswith(said)


def test_characters_of_the_service_s_own_name_are_not_counted() -> None:
    assert rare_hanzi("请到亍口", "") == ["亍"]
    assert rare_hanzi("请到亍口", "亍口轮椅") == []


@given(st.text(), st.text())
def test_any_text_is_measured(zh: str, en: str) -> None:
    for _language, fault in faults(Text(zh=zh, en=en), NAME):
        assert fault.zh and fault.en
    assert grade("") == 0 <= MAX_GRADE
