"""Each row of the table of rules that the starter packs are written from, and the demo's cast."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from datetime import date
from typing import NamedTuple

import pytest

from terminal.decisions.card_facts import CardFacts, Party
from terminal.decisions.catalogue import ServiceFeature, ServiceItem, ServiceKind
from terminal.decisions.decide import decide, local_date
from terminal.decisions.source import SourceMark
from terminal.decisions.standing import NOTHING_KNOWN, Standing
from terminal.decisions.window import Window
from terminal.events.outcome import Outcome
from terminal.starter import starter_catalogue, starter_files, starter_rule_book
from tests.terminal.decisions.writing import NOON, card, companion_card, ms, service

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


BEIJING_BUS = service(region="110105")
BEIJING_METRO = service(region="110105", features=frozenset({ServiceFeature.METRO}))
SHANGHAI_BUS = service(region="310115")
TIANJIN_BUS = service(region="120103")
QINHUANGDAO_BUS = service(region="130302")
JINCHENG_BUS = service(region="140502")
WUHAN_BUS = service(region="420106")
YIBIN_BUS = service(region="511502")
BAYANBULAK = service(ServiceKind.ATTRACTION, "652827", "bayanbulak")
NEARBY_SITE = service(ServiceKind.ATTRACTION, "652827", "another")
COMPANION_CARD = companion_card("511502")
FREE_QHD = "qinhuangdao/enabled-free"
MONTHLY = "qinhuangdao/monthly"


class Row(NamedTuple):
    """A case of a source's row, at a list fare of 200 fen; `outcome` is asked where no rule grants."""

    case: str
    item: ServiceItem
    holder: CardFacts
    companions: int
    rule: str
    holder_pays: int
    companion_pays: int
    standing: Standing = NOTHING_KNOWN
    outcome: Outcome = Outcome.NOT_ELIGIBLE


def _listed(*names: str, taps: int = 0, follows: bool = False) -> Standing:
    return Standing(frozenset(names), {MONTHLY: taps}, follows)


SOURCE_ROWS = (
    # Law on the Protection of Persons with Disabilities, art. 50: blind people ride city transit free
    Row("art. 50, visual grade 1", FAR_BUS, card((1,), 1, "650102"), 0, "cn/transit-art-50", 0, 200),
    Row("art. 50, visual grade 2", FAR_BUS, card((1,), 2, "110101"), 0, "cn/transit-art-50", 0, 200),
    Row("art. 50, several categories", FAR_BUS, card((1, 2), 1, "110101"), 1, "cn/transit-art-50", 0, 200),
    Row("art. 50, low vision is not blind", FAR_BUS, card((1,), 3, "650102"), 0, "", 200, 200),
    Row("art. 50, other categories", FAR_BUS, card((4,), 1, "650102"), 0, "", 200, 200),
    # Beijing 2012: any origin free on bus, companion pays; blind free on metro and companion free there
    Row("Beijing bus, resident", BEIJING_BUS, card((4,), 4, "110101"), 0, "beijing/bus-free", 0, 200),
    Row("Beijing bus, visitor", BEIJING_BUS, card((2,), 3, "650102"), 0, "beijing/bus-free", 0, 200),
    Row("Beijing bus, companion pays", BEIJING_BUS, card((1,), 1), 1, "beijing/bus-free", 0, 200),
    Row("Beijing metro, blind", BEIJING_METRO, card((1,), 1), 0, "beijing/metro-blind", 0, 200),
    Row("Beijing metro, companion free", BEIJING_METRO, card((1,), 2), 1, "beijing/metro-blind", 0, 0),
    Row("Beijing metro, others pay", BEIJING_METRO, card((4,), 1, "110101"), 1, "", 200, 200),
    Row("Beijing metro, low vision pays", BEIJING_METRO, card((1,), 3, "110101"), 0, "", 200, 200),
    # Shanghai: visiting visual grade 1-2 ride free
    Row("Shanghai, visitor 1", SHANGHAI_BUS, card((1,), 1, "330106"), 0, "shanghai/visitors-free", 0, 200),
    Row("Shanghai, visitor 2", SHANGHAI_BUS, card((1,), 2, "330106"), 1, "shanghai/visitors-free", 0, 200),
    Row("Shanghai, visitor 3", SHANGHAI_BUS, card((1,), 3, "330106"), 0, "", 200, 200),
    Row("Shanghai, visitor, other", SHANGHAI_BUS, card((4,), 1, "330106"), 0, "", 200, 200),
    Row("Shanghai, resident", SHANGHAI_BUS, card((1,), 1, "310101"), 0, "cn/transit-art-50", 0, 200),
    # Chongqing 2012: blind and grades 1-2 free; 3-4 half
    Row("Chongqing, blind", BUS, card((1,), 1), 0, "chongqing-bus/severe-free", 0, 200),
    Row("Chongqing, grade 1", BUS, card((6,), 1), 0, "chongqing-bus/severe-free", 0, 200),
    Row("Chongqing, grade 2", BUS, card((2,), 2), 1, "chongqing-bus/severe-free", 0, 200),
    Row("Chongqing, grade 3", BUS, card((3,), 3), 0, "chongqing-bus/half", 100, 200),
    Row("Chongqing, grade 4", BUS, card((4,), 4), 1, "chongqing-bus/half", 100, 200),
    # Tianjin 2014: local residence; fares up to 2 yuan; wheelchair users, intellectual, mental and minors
    # must be accompanied; companion pays
    Row("Tianjin, resident", TIANJIN_BUS, card((2,), 4, "120101"), 0, "tianjin/local-free", 0, 200),
    Row("Tianjin, visitor", TIANJIN_BUS, card((2,), 4, "130302"), 0, "", 200, 200),
    Row("Tianjin, visitor, blind", TIANJIN_BUS, card((1,), 1), 0, "cn/transit-art-50", 0, 200),
    Row("Tianjin, intellectual, alone", TIANJIN_BUS, card((5,), 3, "120101"), 0, "", 200, 200),
    Row("Tianjin, intellectual", TIANJIN_BUS, card((5,), 3, "120101"), 1, "tianjin/local-free", 0, 200),
    Row("Tianjin, mental, alone", TIANJIN_BUS, card((6,), 3, "120101"), 0, "", 200, 200),
    Row("Tianjin, mental", TIANJIN_BUS, card((6,), 3, "120101"), 1, "tianjin/local-free", 0, 200),
    Row(
        "Tianjin, wheelchair user, alone",
        TIANJIN_BUS,
        card((4,), 1, "120101"),
        0,
        "",
        200,
        200,
        _listed("wheelchair-users"),
    ),
    Row(
        "Tianjin, wheelchair user",
        TIANJIN_BUS,
        card((4,), 1, "120101"),
        1,
        "tianjin/local-free",
        0,
        200,
        _listed("wheelchair-users"),
    ),
    Row("Tianjin, minor, alone", TIANJIN_BUS, card((2,), 3, "120101"), 0, "", 200, 200, _listed("minors")),
    Row(
        "Tianjin, minor",
        TIANJIN_BUS,
        card((2,), 3, "120101"),
        1,
        "tianjin/local-free",
        0,
        200,
        _listed("minors"),
    ),
    Row("Tianjin, walks alone", TIANJIN_BUS, card((4,), 1, "120101"), 0, "tianjin/local-free", 0, 200),
    # Qinhuangdao 2021: enabled at the counter; 130 taps a month, none carried over, excess pays; annual
    # review in the birthday month; companion pays; loss report
    Row(
        "Qinhuangdao, not enabled",
        QINHUANGDAO_BUS,
        card((4,), 2),
        0,
        "",
        200,
        200,
        outcome=Outcome.NOT_ENABLED,
    ),
    Row("Qinhuangdao, enabled", QINHUANGDAO_BUS, card((4,), 2), 1, FREE_QHD, 0, 200, _listed("qhd-enabled")),
    Row(
        "Qinhuangdao, 130th tap",
        QINHUANGDAO_BUS,
        card((4,), 2),
        0,
        FREE_QHD,
        0,
        200,
        _listed("qhd-enabled", taps=129),
    ),
    Row(
        "Qinhuangdao, excess",
        QINHUANGDAO_BUS,
        card((4,), 2),
        0,
        "",
        200,
        200,
        _listed("qhd-enabled", taps=130),
        Outcome.QUOTA_USED_UP,
    ),
    Row(
        "Qinhuangdao, excess, blind",
        QINHUANGDAO_BUS,
        card((1,), 1),
        0,
        "cn/transit-art-50",
        0,
        200,
        _listed("qhd-enabled", taps=130),
    ),
    Row(
        "Qinhuangdao, birthday month",
        QINHUANGDAO_BUS,
        card((4,), 2),
        0,
        FREE_QHD,
        0,
        200,
        _listed("qhd-enabled", "qhd-review-soon"),
    ),
    Row(
        "Qinhuangdao, review overdue",
        QINHUANGDAO_BUS,
        card((4,), 2),
        0,
        "",
        200,
        200,
        _listed("qhd-enabled", "qhd-review-due"),
        Outcome.REVIEW_DUE,
    ),
    # Jincheng 2017: all categories, nationwide; companion pays
    *(
        Row(f"Jincheng, {kind}", JINCHENG_BUS, card((kind,), 4, "460107"), 1, "jincheng/all-free", 0, 200)
        for kind in range(1, 8)
    ),
    # Wuhan: what misuse brings, and no benefit of its own
    Row("Wuhan, blind", WUHAN_BUS, card((1,), 1, "420106"), 0, "cn/transit-art-50", 0, 200),
    Row("Wuhan, others", WUHAN_BUS, card((4,), 1, "420106"), 0, "", 200, 200),
    # Yangtze Delta city, attractions: government-run sites free, grades 1-2 plus one companion free; others
    # at least 50% off; paid amusements excluded
    Row("Delta, grade 1", GARDEN, card((5,), 1), 1, "delta-attractions/government-severe", 0, 0),
    Row("Delta, grade 2", GARDEN, card((4,), 2), 1, "delta-attractions/government-severe", 0, 0),
    Row("Delta, grade 3", GARDEN, card((4,), 3), 1, "delta-attractions/government", 0, 200),
    Row("Delta, grade 4", GARDEN, card((1,), 4), 0, "delta-attractions/government", 0, 200),
    Row("Delta, other site", PRIVATE_SITE, card((1,), 1), 1, "delta-attractions/other-sites-half", 100, 200),
    Row("Delta, paid amusement", FAIR, card((1,), 1), 1, "", 200, 200),
    # Yibin 2017: blind and grades 1-2 hold a card, their carer a companion card of its own: it rides free
    # only when tapped directly after the holder's, can't be tapped twice running, reviewed yearly
    Row("Yibin, blind", YIBIN_BUS, card((1,), 2, "511502"), 0, "yibin/holder-free", 0, 200),
    Row("Yibin, grade 2", YIBIN_BUS, card((4,), 2, "511502"), 0, "yibin/holder-free", 0, 200),
    Row("Yibin, grade 3", YIBIN_BUS, card((4,), 3, "511502"), 0, "", 200, 200),
    Row(
        "Yibin, companion card follows",
        YIBIN_BUS,
        COMPANION_CARD,
        0,
        "yibin/companion-free",
        0,
        200,
        _listed(follows=True),
    ),
    Row("Yibin, companion card by itself or again", YIBIN_BUS, COMPANION_CARD, 0, "", 200, 200),
    Row(
        "Yibin, companion card overdue",
        YIBIN_BUS,
        COMPANION_CARD,
        0,
        "",
        200,
        200,
        _listed("yibin-review-due", follows=True),
        Outcome.REVIEW_DUE,
    ),
    # Bayanbulak: grades 1-3 free, 4 half
    Row("Bayanbulak, grade 1", BAYANBULAK, card((4,), 1), 0, "bayanbulak/grades-1-3-free", 0, 200),
    Row("Bayanbulak, grade 2", BAYANBULAK, card((2,), 2), 0, "bayanbulak/grades-1-3-free", 0, 200),
    Row("Bayanbulak, grade 3", BAYANBULAK, card((6,), 3), 1, "bayanbulak/grades-1-3-free", 0, 200),
    Row("Bayanbulak, grade 4", BAYANBULAK, card((1,), 4), 0, "bayanbulak/grade-4-half", 100, 200),
    Row("Bayanbulak, another site", NEARBY_SITE, card((1,), 1), 0, "", 200, 200),
)


@pytest.mark.parametrize("row", SOURCE_ROWS, ids=lambda row: row.case)
def test_row_of_the_source(row: Row) -> None:
    decision = decide(row.holder, row.item, NOON, 200, Party(row.companions), BOOK, standing=row.standing)

    assert decision.rule == row.rule
    assert (decision.holder_pays, decision.companion_pays) == (row.holder_pays, row.companion_pays)
    assert decision.outcome.granted is (row.rule != "")
    assert decision.outcome.granted or decision.outcome is row.outcome
    assert (decision.instead is None) is decision.outcome.granted


def test_necessary_aids_travel_free_wherever_someone_rides_or_pays() -> None:
    rides = decide(card((1,), 1), FAR_BUS, NOON, 200, Party(), BOOK)
    pays = decide(card((4,), 1), FAR_BUS, NOON, 200, Party(), BOOK)

    assert "aids" in rides.staff_text.en
    assert pays.instead is not None
    assert "aids travel free" in pays.instead.en


@pytest.mark.parametrize(("fare", "rule"), [(200, "tianjin/local-free"), (201, "")])
def test_tianjin_is_free_up_to_two_yuan(fare: int, rule: str) -> None:
    assert decide(card((2,), 4, "120101"), TIANJIN_BUS, NOON, fare, Party(), BOOK).rule == rule


def test_tianjin_tells_who_must_be_accompanied_to_bring_somebody() -> None:
    decision = decide(card((5,), 3, "120101"), TIANJIN_BUS, NOON, 200, Party(), BOOK)

    assert decision.instead is not None
    assert "companion" in decision.instead.en


def test_qinhuangdao_says_where_to_go_and_when_it_begins_anew() -> None:
    holder, enabled = card((4,), 2), frozenset({"qhd-enabled"})
    standings = {
        "counter": NOTHING_KNOWN,
        "review": Standing(enabled | {"qhd-review-due"}),
        "2026-06-01": Standing(enabled, {MONTHLY: 130}),
    }

    for said, standing in standings.items():
        instead = decide(holder, QINHUANGDAO_BUS, NOON, 200, Party(), BOOK, standing=standing).instead
        assert instead is not None
        assert said in instead.en


def test_qinhuangdao_counts_by_the_month_and_carries_nothing_over() -> None:
    (quota,) = BOOK.quotas_for(QINHUANGDAO_BUS, local_date(NOON))
    (next_month,) = BOOK.quotas_for(QINHUANGDAO_BUS, local_date(ms(2026, 6, 1)))

    assert (quota.name, quota.uses) == (MONTHLY, 130)
    assert (quota.window, next_month.window) == (
        Window(date(2026, 5, 1), date(2026, 5, 31)),
        Window(date(2026, 6, 1), date(2026, 6, 30)),
    )


def test_qinhuangdao_reminds_of_the_review_in_the_birthday_month_alone() -> None:
    enabled = Standing(frozenset({"qhd-enabled"}))
    birthday = Standing(frozenset({"qhd-enabled", "qhd-review-soon"}))
    usual, reminded = (
        decide(card((4,), 2), QINHUANGDAO_BUS, NOON, 200, Party(), BOOK, standing=standing)
        for standing in (enabled, birthday)
    )

    assert usual.reminder is None
    assert reminded.reminder is not None
    assert usual.quota == reminded.quota == MONTHLY


@pytest.mark.parametrize("where", [FAR_BUS, SHANGHAI_BUS, TIANJIN_BUS], ids=lambda item: item.region)
def test_a_card_of_category_7_alone_is_sent_to_the_counter_without_a_word_of_what_it_is(
    where: ServiceItem,
) -> None:
    decision = decide(card((7,), 1, "410102"), where, NOON, 200, Party(), BOOK)

    assert decision.instead is not None
    assert "无须在此说明" in decision.instead.zh
    assert "counter" in decision.instead.en
    assert not re.search("视力|盲|多重|blind|multiple", f"{decision.instead.zh} {decision.instead.en}")


def test_no_pack_gives_a_title_that_its_source_does_not_have() -> None:
    bases = [rule.legal_basis for pack in BOOK.packs for rule in pack.rules]
    bases += [pack.misuse.legal_basis for pack in BOOK.packs if pack.misuse is not None]

    for basis in bases:
        if "残疾人保障法" not in basis.zh:
            assert "依据文件名称待核实" in basis.zh
            assert "to be confirmed" in basis.en


def test_wuhan_bars_for_this_year_and_the_next_and_takes_the_card_back() -> None:
    misuse = BOOK.misuse_in(WUHAN_BUS.region, date(2026, 5, 17))

    assert misuse is not None
    assert misuse.withdrawn
    assert misuse.bar_until(date(2026, 1, 1)) == misuse.bar_until(date(2026, 12, 31)) == date(2027, 12, 31)
    assert BOOK.misuse_in(BUS.region, date(2026, 5, 17)) is None


def test_yibin_s_companion_card_sounds_and_shows_the_same() -> None:
    holder = decide(card((4,), 1), YIBIN_BUS, NOON, 200, Party(), BOOK)
    companion = decide(COMPANION_CARD, YIBIN_BUS, NOON, 200, Party(), BOOK, standing=_listed(follows=True))

    assert (companion.outcome, companion.bystander_text) == (holder.outcome, holder.bystander_text)
    assert (companion.holder_text, companion.staff_text) == (holder.holder_text, holder.staff_text)


def test_yibin_s_companion_is_told_to_tap_after_the_holder() -> None:
    instead = decide(COMPANION_CARD, YIBIN_BUS, NOON, 200, Party(), BOOK).instead

    assert instead is not None
    assert "directly after its holder's" in instead.en


@pytest.mark.parametrize("follows", [False, True])
@pytest.mark.parametrize(
    "item",
    [BUS, GARDEN, FAR_BUS, BEIJING_BUS, SHANGHAI_BUS, TIANJIN_BUS, QINHUANGDAO_BUS, JINCHENG_BUS, BAYANBULAK],
    ids=lambda item: item.region,
)
def test_no_holder_s_rule_serves_a_companion_card(item: ServiceItem, follows: bool) -> None:
    every_list = frozenset().union(*(pack.lists for pack in BOOK.packs)) - {"qhd-review-due"}
    standing = Standing(every_list, follows_holder=follows)
    home = replace(COMPANION_CARD, region=item.region)

    decision = decide(home, item, NOON, 200, Party(), BOOK, standing=standing)

    assert not decision.outcome.granted


def test_bayanbulak_says_that_the_other_scale_is_not_this_card_s() -> None:
    advice = BOOK.instead_for(BAYANBULAK, local_date(NOON))
    file = starter_files()["rules/bayanbulak.toml"].decode()

    assert advice is not None
    assert "1-10" in advice.en
    assert "ticket window" in advice.en
    assert "never mapped" in file


def test_bayanbulak_s_advice_is_not_given_at_other_sites_of_the_county() -> None:
    nearby, anywhere = (
        decide(card((1,), 1), item, NOON, 200, Party(), BOOK).instead
        for item in (NEARBY_SITE, service(ServiceKind.ATTRACTION, "650102"))
    )

    assert nearby is not None
    assert nearby == anywhere
    assert "1-10" not in nearby.en


@pytest.mark.parametrize("grade", range(5, 11))
@pytest.mark.parametrize("item", [BAYANBULAK, BUS, BEIJING_BUS, JINCHENG_BUS], ids=lambda item: item.region)
def test_a_grade_of_the_scale_of_ten_is_never_taken_for_one_of_four(item: ServiceItem, grade: int) -> None:
    decision = decide(card((4,), grade), item, NOON, 200, Party(), BOOK)

    assert decision.outcome is Outcome.NOT_ELIGIBLE
    assert decision.instead is not None
    assert ("ticket window" in decision.instead.en) is (item is BAYANBULAK)


def test_every_pack_says_what_its_source_leaves_open() -> None:
    for path, data in starter_files().items():
        if path.startswith("rules/") and path != "rules/cn.toml":
            note = tomllib.loads(data.decode())["note"]
            assert "silent" in note["en"].lower(), path
            assert "未写明" in note["zh"], path


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
        "rules/bayanbulak.toml",
        "rules/beijing.toml",
        "rules/chongqing-bus.toml",
        "rules/cn.toml",
        "rules/delta-attractions.toml",
        "rules/jincheng.toml",
        "rules/qinhuangdao.toml",
        "rules/shanghai.toml",
        "rules/tianjin.toml",
        "rules/wuhan.toml",
        "rules/yibin.toml",
    ]
