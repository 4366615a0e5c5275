"""Published answers: a card finds its own, and nothing tells whose an entry of two publications is."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.credential import TapCredential
from crypto.sm3 import hmac_sm3, sm3
from terminal.needs.answers import (
    ANSWERS_A_CARD,
    BLOCK_BYTES,
    MAX_ANSWER_CHARACTERS,
    NO_ANSWERS,
    Answer,
    CaseStatus,
    NeedAnswers,
    answer_secret,
    seal_answers,
)
from terminal.needs.errors import AnswersMalformed
from tests.sync.cast import Issuer
from tests.terminal.needs.cast import ANSWER, WHEELCHAIR

ISSUER = Issuer()
CREDENTIALS = [ISSUER.card((category,), 2).credential for category in range(1, 6)]


def answer(case: int, zh: str = "", en: str = "") -> Answer:
    """How a case stands."""
    return Answer(case, WHEELCHAIR, date(2026, 11, 1), CaseStatus.ASSIGNED, date(2026, 11, 2), zh, en)


def published(*credentials: TapCredential) -> NeedAnswers:
    """A publication with an answer for each of these cards."""
    return seal_answers({answer_secret(one): [answer(case)] for case, one in enumerate(credentials, 1)})


def test_a_card_finds_its_own_and_another_nothing() -> None:
    found = NeedAnswers.from_bytes(published(*CREDENTIALS[:4]).to_bytes())
    assert [found.of_card(one) for one in CREDENTIALS] == [*((answer(case),) for case in range(1, 5)), ()]
    assert NO_ANSWERS.of_card(CREDENTIALS[0]) == ()


def test_the_card_id_alone_finds_nothing() -> None:
    """Registers and hotlists have ids; the key hangs on the whole credential, signature included."""
    mine = CREDENTIALS[0]
    entries = published(mine)
    [entry] = entries.entries
    for guess in (mine.card_id, sm3(mine.card_id), mine.body_bytes(), sm3(mine.body_bytes())):
        for secret in (guess, sm3(b"TONGKA-ANSWERS\x01" + guess)):
            assert hmac_sm3(secret, b"tag" + entries.salt)[:16] != entry.tag
    assert entries.of_card(replace(mine, signature=secrets.token_bytes(64))) == ()


def test_two_publications_have_nothing_in_common() -> None:
    one, two = (published(*CREDENTIALS) for _ in range(2))
    assert not {entry.tag for entry in one.entries} & {entry.tag for entry in two.entries}
    assert not {entry.sealed for entry in one.entries} & {entry.sealed for entry in two.entries}
    assert {len(entry.sealed) for entry in (*one.entries, *two.entries)} == {BLOCK_BYTES + 16}


def test_the_newest_cases_of_a_card_and_the_longest_answers_fit() -> None:
    long = "答" * MAX_ANSWER_CHARACTERS
    mine = CREDENTIALS[0]
    found = seal_answers({answer_secret(mine): [answer(case, long, long) for case in range(1, 20)]})
    shown = NeedAnswers.from_bytes(found.to_bytes()).of_card(mine)
    assert [one.case for one in shown] == list(range(19, 19 - ANSWERS_A_CARD, -1))
    assert shown[0].zh == long


def test_every_altered_byte_of_an_entry_is_refused_or_finds_nothing() -> None:
    whole = published(CREDENTIALS[0])
    [entry] = whole.entries
    for place in range(0, len(entry.sealed), 37):
        altered = bytearray(entry.sealed)
        altered[place] ^= 1
        spoilt = msgspec.structs.replace(entry, sealed=bytes(altered))
        with pytest.raises(AnswersMalformed):
            msgspec.structs.replace(whole, entries=(spoilt,)).of_card(CREDENTIALS[0])
    for salt in (bytes(16), secrets.token_bytes(16)):
        assert msgspec.structs.replace(whole, salt=salt).of_card(CREDENTIALS[0]) == ()


def test_one_cards_entry_is_not_taken_for_anothers() -> None:
    whole = published(*CREDENTIALS[:2])
    first, second = whole.entries
    swapped = (
        msgspec.structs.replace(first, sealed=second.sealed),
        msgspec.structs.replace(second, sealed=first.sealed),
    )
    for one in CREDENTIALS[:2]:
        with pytest.raises(AnswersMalformed):
            msgspec.structs.replace(whole, entries=swapped).of_card(one)


def test_entries_stand_in_order_each_tag_once() -> None:
    whole = published(*CREDENTIALS)
    for entries in (whole.entries[::-1], (*whole.entries, whole.entries[-1])):
        with pytest.raises(AnswersMalformed):
            NeedAnswers.from_bytes(msgspec.structs.replace(whole, entries=entries).to_bytes())


@given(st.binary(max_size=400))
def test_no_bytes_are_too_strange(data: bytes) -> None:
    try:
        found = NeedAnswers.from_bytes(data)
    except AnswersMalformed:
        return
    assert found.to_bytes() == data


@given(st.integers(0, 2**31), st.binary(min_size=1, max_size=3))
def test_no_change_to_a_file_raises_anything_else(place: int, put: bytes) -> None:
    data = bytearray(published(CREDENTIALS[0]).to_bytes())
    at = place % len(data)
    data[at : at + len(put)] = put
    try:
        found = NeedAnswers.from_bytes(bytes(data)).of_card(CREDENTIALS[0])
    except AnswersMalformed:
        return
    assert found in ((), (answer(1),))


@pytest.mark.parametrize("text", ["a\x00b", "字" * 301, "好\u202e"])
def test_an_answer_that_fools_a_screen_is_none(text: str) -> None:
    with pytest.raises(ValueError):
        answer(1, text)


def test_nothing_personal_in_a_repr() -> None:
    assert repr(ANSWER) == "Answer(…)"
    assert all(status.text.zh and status.text.en for status in CaseStatus)
