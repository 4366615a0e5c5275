"""How names are read, and how typed letters are cut into syllables."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.catalogue.normal_form import fold
from terminal.catalogue.pinyin import MAX_CUTS, Syllabary, initials, syllables, without_tones

KNOWN = ("xi", "an", "xian", "lun", "lu", "n", "yi", "fang", "fan", "gan")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("重庆银行", "chong qing yin hang"),
        ("重度残疾人", "zhong du can ji ren"),
        ("女旅", "nv lv"),
        ("公交1路", "gong jiao 1 lu"),
        ("IC卡", "i c ka"),
        ("〇", "ling"),
    ],
)
def test_readings_depend_on_the_word(text: str, read: str) -> None:
    assert syllables(fold(text)) == read.split()


def test_a_catalogue_corrects_a_reading_only_if_it_has_one_for_each_hanzi() -> None:
    assert syllables("1路长", "lu zhang") == ["1", "lu", "zhang"]
    assert syllables("1路长", "lu") == syllables("1路长")


def test_initials_are_first_letters() -> None:
    assert initials(["zhu", "shi", "1", "lv"]) == ["z", "s", "1", "l"]


@pytest.mark.parametrize(
    ("typed", "letters"),
    [("lun2yi3", "lunyi"), ("lunyi", "lunyi"), ("1lu4", "1lu"), ("12345", "12345"), ("", "")],
)
def test_tones_are_taken_away(typed: str, letters: str) -> None:
    assert without_tones(typed) == letters


def test_letters_are_cut_in_every_way_long_syllables_first() -> None:
    syllabary = Syllabary(KNOWN)

    assert list(syllabary.cuts("xian")) == [("xian",), ("xi", "an")]
    assert list(syllabary.cuts("lunyi")) == [("lun", "yi"), ("lu", "n", "yi")]
    assert list(syllabary.cuts("fangan")) == [("fang", "an"), ("fan", "gan")]
    assert list(syllabary.cuts("fangx")) == []
    assert list(syllabary.begun_cuts("fangx")) == [("fang", "x")]
    assert list(syllabary.begun_cuts("fa")) == [("fa",)]
    assert list(syllabary.begun_cuts("yi")) == []  # no syllable goes on from it
    assert list(Syllabary(()).cuts("a")) == []
    assert len(list(syllabary.cuts("xian" * 10))) == MAX_CUTS


@given(st.text("xianlufgy", max_size=40))
def test_cuts_are_few_whole_and_different(letters: str) -> None:
    syllabary = Syllabary(KNOWN)
    cuts = list(syllabary.cuts(letters))

    assert len(cuts) <= MAX_CUTS
    assert len(set(cuts)) == len(cuts)
    assert all("".join(cut) == letters and set(cut) <= set(KNOWN) for cut in cuts)


@given(st.text())
def test_any_string_has_a_normal_form_and_that_is_its_own(text: str) -> None:
    folded = fold(text)

    assert fold(folded) == folded
    assert all(one != " " or other != " " for one, other in pairwise(folded))
    assert len(syllables(folded)) == len(folded.replace(" ", ""))


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Ｌｕｎ　Ｙｉ", "lun yi"),
        ("lún-yǐ", "lun yi"),
        ("lǚ nǜ Ü", "lv nv v"),
        ("轮椅（借用）", "轮椅 借用"),
        ("\ud800轮\x00椅😀", "轮 椅"),
        ("", ""),
    ],
)
def test_width_case_tones_and_signs_make_no_difference(text: str, folded: str) -> None:
    assert fold(text) == folded
