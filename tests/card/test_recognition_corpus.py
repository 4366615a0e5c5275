"""Every ATR of pcsc-tools' list goes through recognition: none fails, none is ours, families are right.

What an ATR can't tell is counted against us here: many eID and bank cards share their chip's ATR with others.
The list has no Chinese social-security card, so that family has no figure; see test_recognition.py.
"""

from functools import cache

import pytest

from card.atr import Atr
from card.errors import AnswerMalformed
from card.foreign_cards import foreign_cards
from tests.card.atr_corpus import FLOORS, Entry, Score, entries, named_by_atr, scores


@cache
def whole_list() -> tuple[Entry, ...]:
    return tuple(entries())


@cache
def score_of(family: str) -> Score:
    return next(score for score in scores() if score.family == family)


def test_the_list_is_there_whole() -> None:
    assert len(whole_list()) > 4000


def test_every_atr_of_the_list_is_foreign_after_two_commands_at_most() -> None:
    known = {family.id for family in foreign_cards().families} | {foreign_cards().generic.id}
    for entry in whole_list():
        for atr in entry.atrs():
            family, commands = named_by_atr(atr)
            assert family in known, entry.pattern
            assert commands <= 2, entry.pattern


def test_every_readable_atr_of_the_list_is_read_again_as_it_was_written() -> None:
    read = 0
    for entry in whole_list():
        for data in entry.atrs():
            try:
                atr = Atr.from_bytes(data)
            except AnswerMalformed:
                continue
            assert Atr.from_bytes(atr.to_bytes()) == atr
            read += 1
    assert read > 3900


@pytest.mark.parametrize("family", FLOORS)
def test_a_family_is_named_as_well_as_before(family: str) -> None:
    score = score_of(family)
    precision, recall = FLOORS[family]
    assert score.precision >= precision, score
    assert score.recall >= recall, score


@pytest.mark.parametrize(
    ("description", "family"),
    [
        ("Resident Identity Card of People Republic of China", "resident-id"),
        ("Chinese ID Card", "resident-id"),
        ("Beijing Transport(YKT)", "transit"),
        ("Beijing Bus", "transit"),
        ("Yikatong BMAC", "transit"),
        ("Shanghai Public Transportation Card", "transit"),
        ("underground network of guangzhou", "transit"),
        ("Octopus, MTR network from Hong Kong", "transit"),
        ("Industrial and Commercial Bank of China", "bank"),
        ("China Merchants Bank card", "bank"),
        ("Agricultural Bank of China", "bank"),
        ("ABC UnionPay card with QuickPass", "bank"),
        ("German passport (passport)", None),
        ('Estonian Identity Card (EstEID 3.0 "JavaCard" cold)', "identity-document"),
        ("US passport (2012)", "identity-document"),
        ("NFC Forum tag type 1 (Topaz)", "nfc-tag"),
    ],
)
def test_the_cards_that_people_here_carry_are_named(description: str, family: str | None) -> None:
    found = [entry for entry in whole_list() if any(description in line for line in entry.descriptions)]
    assert found
    named = {named_by_atr(atr)[0] for entry in found for atr in entry.atrs()}
    assert (named == {family}) if family else named
