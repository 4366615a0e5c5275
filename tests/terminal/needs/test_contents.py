"""What is sealed as a need or rating: one form, a length that tells nothing, words that fool no screen."""

from __future__ import annotations

import unicodedata

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.events.event import MAX_SEALED_BYTES, MAX_WORDS, SealedEvidence
from terminal.events.voice import MAX_VOICE_BYTES
from terminal.needs.contents import (
    BLOCK_BYTES,
    Need,
    Rating,
    Relation,
    left_from_text,
    need,
    rating,
)
from terminal.needs.errors import NeedMalformed, WordsRefused
from terminal.needs.wording_rules import MAX_BYTES, MAX_CHARACTERS, cleaned, is_clean

CODES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=12)


def typed(text: str) -> str:
    """The words as they may travel, or none."""
    try:
        return cleaned(text)
    except WordsRefused:
        return ""


@given(CODES, st.text(max_size=200), st.sampled_from(Relation), st.binary(max_size=30))
def test_a_need_is_read_as_it_was_left(item: str, text: str, relation: Relation, voice: bytes) -> None:
    left = need(item, typed(text), relation, voice)
    assert left_from_text(left.to_text()) == left
    assert len(left.to_text().encode()) % BLOCK_BYTES == 0


@given(st.integers(1, 5), st.text(max_size=200))
def test_a_rating_is_read_as_it_was_left(stars: int, text: str) -> None:
    left = rating(stars, typed(text))
    assert left_from_text(left.to_text()) == left


@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
def test_no_text_is_too_strange(text: str) -> None:
    try:
        left = left_from_text(text)
    except NeedMalformed:
        return
    assert left.to_text() == text


@given(st.text())
def test_words_are_cleaned_once_and_for_all(text: str) -> None:
    try:
        words = cleaned(text)
    except WordsRefused:
        return
    assert is_clean(words) and cleaned(words) == words
    assert not any(unicodedata.category(one) == "Cc" for one in words)


@pytest.mark.parametrize(
    "text", ["a\x00b", "\x1b[2J", "好\u202e坏", "a\u2066b", "字" * 501, "\U00020000" * 376]
)
def test_words_that_fool_a_screen_or_are_too_long_are_refused(text: str) -> None:
    with pytest.raises(WordsRefused):
        cleaned(text)
    with pytest.raises(ValueError):
        need("REHAB-FIX", text)


def test_white_space_is_tidied_and_letters_composed() -> None:
    assert cleaned("  轮椅\r\n 坏了\t ") == "轮椅 坏了"
    assert cleaned("e\u0301") == "é"


def test_the_length_tells_no_item_and_not_whether_there_is_a_recording() -> None:
    lengths = {
        len(need(item, "", relation, voice).to_text())
        for item in ("A", "REHAB-LEND-2")
        for relation in Relation
        for voice in (b"", b"x" * MAX_VOICE_BYTES)
    }
    assert lengths == {BLOCK_BYTES}


@pytest.mark.parametrize(
    "words", ["字" * MAX_CHARACTERS, '"' * MAX_CHARACTERS, "\U00020000" * (MAX_BYTES // 4)]
)
def test_the_longest_words_fit_beside_the_largest_evidence(words: str) -> None:
    text = need("A" * 12, words, Relation.FAMILY, b"x" * MAX_VOICE_BYTES).to_text()
    assert len(text.encode()) <= MAX_WORDS
    evidence = SealedEvidence(b"c" * 255, 2**32 - 1, b"s" * 64, "", "CRD-101", words=text)
    assert len(evidence.to_bytes()) + 16 <= MAX_SEALED_BYTES


def test_no_stars_outside_one_to_five() -> None:
    for stars in (0, 6, -1):
        with pytest.raises(ValueError):
            rating(stars)


@pytest.mark.parametrize(
    ("find", "put"),
    [
        ('"need"', '"wish"'),
        ('"holder"', '"friend"'),
        (",1,", ",2,"),
        ('"坏了"', '"坏\\u0000了"'),
        ('"坏了"', '"\\u574f了"'),  # another spelling of the same
        ("  ", " "),
    ],
)
def test_any_other_form_is_refused(find: str, put: str) -> None:
    text = need("REHAB-FIX", "坏了").to_text()
    assert find in text
    with pytest.raises(NeedMalformed):
        left_from_text(text.replace(find, put, 1))


def test_a_commitment_is_for_this_text_and_this_event() -> None:
    one = need("REHAB-FIX", "坏了")
    other = msgspec.structs.replace(one, words="好了")
    assert (
        len(
            {
                one.commitment(0),
                one.commitment(1),
                other.commitment(0),
                need("REHAB-FIX", "坏了").commitment(0),
            }
        )
        == 4
    )
    assert left_from_text(one.to_text()).commitment(0) == one.commitment(0)


def test_nothing_personal_in_a_repr() -> None:
    assert (repr(need("REHAB-FIX", "坏了")), repr(rating(1, "差"))) == ("Need(…)", "Rating(…)")
    assert isinstance(rating(1), Rating) and isinstance(need("A"), Need)
