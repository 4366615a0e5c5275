"""Each row of the table of rules that the starter packs are written from, and the demo's cast."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from terminal.decisions.card_facts import CardFacts, Party
from terminal.decisions.catalogue import ServiceFeature, ServiceItem, ServiceKind
from terminal.decisions.decide import decide
from terminal.decisions.source import SourceMark
from terminal.events.outcome import Outcome
from terminal.starter import starter_catalogue, starter_files, starter_rule_book
from tests.terminal.decisions.writing import NOON, card, service

BOOK = starter_rule_book()
BUS = starter_catalogue().item("BUS-1")
GARDEN = starter_catalogue().item("GARDEN")
FAR_BUS = service(region="650102")
PRIVATE_SITE = service(ServiceKind.ATTRACTION, "339901", "test-site")
FAIR = service(
    ServiceKind.ATTRACTION,
    "339901",
    "test-garden",
    frozenset({ServiceFeature.GOVERNMENT_RUN, ServiceFeature.PAID_AMUSEMENT}),
)


class Row(NamedTuple):
    """A case of a source's row, at a list fare of 200 fen."""

    case: str
    item: ServiceItem
    holder: CardFacts
    companions: int
    rule: str
    holder_pays: int
    companion_pays: int


SOURCE_ROWS = (
    # Law on the Protection of Persons with Disabilities, art. 50: blind people ride city transit free
    Row("art. 50, visual grade 1", FAR_BUS, card((1,), 1, "650102"), 0, "cn/transit-art-50", 0, 200),
    Row("art. 50, visual grade 2", FAR_BUS, card((1,), 2, "110101"), 0, "cn/transit-art-50", 0, 200),
    Row("art. 50, several categories", FAR_BUS, card((1, 2), 1, "110101"), 1, "cn/transit-art-50", 0, 200),
    Row("art. 50, low vision is not blind", FAR_BUS, card((1,), 3, "650102"), 0, "", 200, 200),
    Row("art. 50, other categories", FAR_BUS, card((4,), 1, "650102"), 0, "", 200, 200),
    # Chongqing 2012: blind and grades 1-2 free; 3-4 half
    Row("Chongqing, blind", BUS, card((1,), 1), 0, "chongqing-bus/severe-free", 0, 200),
    Row("Chongqing, grade 1", BUS, card((6,), 1), 0, "chongqing-bus/severe-free", 0, 200),
    Row("Chongqing, grade 2", BUS, card((2,), 2), 1, "chongqing-bus/severe-free", 0, 200),
    Row("Chongqing, grade 3", BUS, card((3,), 3), 0, "chongqing-bus/half", 100, 200),
    Row("Chongqing, grade 4", BUS, card((4,), 4), 1, "chongqing-bus/half", 100, 200),
    # Yangtze Delta city, attractions: government-run sites free, grades 1-2 plus one companion free; others
    # at least 50% off; paid amusements excluded
    Row("Delta, grade 1", GARDEN, card((5,), 1), 1, "delta-attractions/government-severe", 0, 0),
    Row("Delta, grade 2", GARDEN, card((4,), 2), 1, "delta-attractions/government-severe", 0, 0),
    Row("Delta, grade 3", GARDEN, card((4,), 3), 1, "delta-attractions/government", 0, 200),
    Row("Delta, other site", PRIVATE_SITE, card((1,), 1), 1, "delta-attractions/other-sites-half", 100, 200),
    Row("Delta, paid amusement", FAIR, card((1,), 1), 1, "", 200, 200),
)


@pytest.mark.parametrize("row", SOURCE_ROWS, ids=lambda row: row.case)
def test_row_of_the_source(row: Row) -> None:
    decision = decide(row.holder, row.item, NOON, 200, Party(row.companions), BOOK)

    assert decision.rule == row.rule
    assert (decision.holder_pays, decision.companion_pays) == (row.holder_pays, row.companion_pays)
    assert decision.outcome.granted is (row.rule != "")
    assert (decision.instead is None) is decision.outcome.granted


def test_cast_blind_passenger_rides_free() -> None:
    decision = decide(card((1,), 1, "500112"), BUS, NOON, BUS.fare, Party(), BOOK)

    assert (decision.outcome, decision.holder_pays) == (Outcome.GRANTED, 0)


def test_cast_grade_4_passenger_pays_half() -> None:
    decision = decide(card((4,), 4), BUS, NOON, BUS.fare, Party(), BOOK)

    assert (decision.outcome, decision.holder_pays) == (Outcome.GRANTED, BUS.fare // 2)


def test_cast_wheelchair_user_and_companion_enter_free() -> None:
    decision = decide(card((4,), 1, "330106"), GARDEN, NOON, GARDEN.fare, Party(1), BOOK)

    assert decision.outcome is Outcome.GRANTED_WITH_COMPANION
    assert (decision.holder_pays, decision.companion_pays, decision.companions_admitted) == (0, 0, 1)


def test_cast_second_companion_pays_the_fare() -> None:
    decision = decide(card((4,), 1), GARDEN, NOON, GARDEN.fare, Party(2), BOOK)

    assert (decision.companions_admitted, decision.companion_pays) == (1, 0)


def test_cast_blind_visitor_rides_free() -> None:
    decision = decide(card((1,), 1, "230102"), BUS, NOON, BUS.fare, Party(), BOOK)

    assert (decision.outcome, decision.holder_pays) == (Outcome.GRANTED, 0)


def test_cast_without_a_local_pack_is_told_what_to_do_instead() -> None:
    decision = decide(card((2,), 3, "650102"), FAR_BUS, NOON, 200, Party(), BOOK)

    assert (decision.outcome, decision.holder_pays) == (Outcome.NOT_ELIGIBLE, 200)
    assert decision.instead is not None
    assert "可按票价乘车" in decision.instead.zh
    assert "list fare" in decision.instead.en


def test_no_pack_is_in_force_before_its_first_day() -> None:
    assert decide(card((1,), 1), FAR_BUS, 0, 200, Party(), BOOK).outcome is Outcome.NOT_ELIGIBLE


def test_every_rule_cites_a_source_with_its_mark() -> None:
    rules = [rule for pack in BOOK.packs for rule in pack.rules]

    assert {rule.source.mark for rule in rules} == {SourceMark.SEEN}
    assert all(rule.source.cites for rule in rules)


def test_files_have_the_paths_of_a_content_folder() -> None:
    assert list(starter_files()) == [
        "catalogue.toml",
        "rules/chongqing-bus.toml",
        "rules/cn.toml",
        "rules/delta-attractions.toml",
    ]
