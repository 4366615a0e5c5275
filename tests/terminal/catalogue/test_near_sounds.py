"""Sounds that are one, and slips, against a plain computation of the same distance."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from terminal.catalogue.near_sounds import MIN_LETTERS, NearSounds, allowed_errors, sound


def distance_from_the_start(typed: str, text: str) -> int:
    """The fewest errors (optimal string alignment) between `typed` and any beginning of `text`."""
    rows = [list(range(len(text) + 1))]
    for i, letter in enumerate(typed, 1):
        row = [i]
        for j, other in enumerate(text, 1):
            least = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == text[j - 2] and typed[i - 2] == other:
                least = min(least, rows[i - 2][j - 2] + 1)
            row.append(least)
        rows.append(row)
    return min(rows[-1])


def expected(typed: str, texts: Sequence[Sequence[str]], most: int) -> list[tuple[int, int]]:
    """What `find` must give, by trying every start in every text."""
    heard = sound(typed)
    found = []
    for number, parts in enumerate(texts):
        rests = ["".join(map(sound, parts[start:])) for start in range(len(parts))]
        least = min((distance_from_the_start(heard, rest) for rest in rests), default=most + 1)
        if least <= most:
            found.append((number, least))
    return sorted(found, key=lambda one: (one[1], one[0]))


TEXTS = st.lists(st.lists(st.text("lyung", min_size=1, max_size=4), max_size=4), max_size=5)


@st.composite
def slips(draw: st.DrawFn) -> tuple[list[list[str]], str]:
    """Some texts, and what somebody types who means a part of one of them and makes up to three slips."""
    texts = draw(TEXTS)
    meant = draw(st.sampled_from(texts)) if texts else []
    typed = "".join(meant[draw(st.integers(0, len(meant))) :])[: draw(st.integers(0, 12))]
    for _ in range(draw(st.integers(0, 3))):
        at, other = draw(st.integers(0, len(typed))), draw(st.sampled_from("lyunga"))
        rest = typed[at:]
        typed = typed[:at] + draw(
            st.sampled_from((rest[1:], other + rest, other + rest[1:], rest[1:2] + rest[:1] + rest[2:]))
        )
    return texts, typed


@settings(max_examples=400)
@given(slips(), st.integers(0, 2))
@example(([["lun", "yi"]], "lnuyi"), 1)
@example(([["lun", "yi"]], "unyi"), 1)
@example(([["lun"], ["yi"]], "lunyi"), 2)
def test_what_is_found_is_what_a_plain_computation_finds(
    case: tuple[list[list[str]], str], most: int
) -> None:
    texts, typed = case
    wanted = expected(typed, texts, most) if len(typed) >= MIN_LETTERS else []

    assert list(NearSounds(texts).find(typed, most)) == wanted


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("zongguo", "zhongguo"),
        ("cizi", "chizi"),
        ("sangshi", "shangshi"),
        ("liulai", "niunai"),
        ("lanfan", "langfang"),
        ("pengfen", "penfeng"),
        ("yinxin", "yingxing"),
        ("luxing", "lvxing"),
    ],
)
def test_sounds_that_speakers_do_not_tell_apart_are_one(typed: str, meant: str) -> None:
    assert sound(typed) == sound(meant)


@pytest.mark.parametrize(
    ("typed", "other"), [("lun", "len"), ("fei", "hei"), ("ping", "bing"), ("dong", "don")]
)
def test_other_sounds_differ(typed: str, other: str) -> None:
    assert sound(typed) != sound(other)


def test_short_words_must_be_right_and_long_ones_may_have_two_slips() -> None:
    assert [allowed_errors(letters) for letters in (3, 4, 7, 8, 30)] == [0, 1, 1, 2, 2]
    sounds = NearSounds([["lun", "yi"], ["gong", "zu", "fang"]])
    assert list(sounds.find("lu", 2)) == []
    assert list(sounds.find("lumyi", 1)) == [(0, 1)]
    assert list(sounds.find("gnogzufagn", 2)) == [(1, 2)]


def test_nothing_reaches_from_one_text_into_the_next() -> None:
    assert list(NearSounds([["lun"], ["yi"]]).find("lunyi", 1)) == []
    assert list(NearSounds([[], ["lun", "yi"], []]).find("lunyi", 0)) == [(1, 0)]


def test_characters_without_a_sound_are_errors_like_others() -> None:
    sounds = NearSounds([["lun", "yi"]])
    assert list(sounds.find("lun轮yi", 1)) == [(0, 1)]
    assert list(sounds.find("轮椅轮椅", 2)) == []
    assert list(NearSounds([["lun", "𪛖", "yi"]]).find("lunyi", 1)) == [(0, 1)]
