"""Precedence, versions and what can't be in force together."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest

from terminal.decisions.card_facts import Party
from terminal.decisions.catalogue import ServiceItem, ServiceKind
from terminal.decisions.decide import decide
from terminal.decisions.errors import RuleBookInconsistent
from terminal.decisions.quota import OpenQuota
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.rule_pack import RulePack
from terminal.decisions.window import Window
from tests.terminal.decisions.writing import NOON, card, ms, pack, rule, service

NATION = pack(name="nation", region="CN")
PROVINCE = pack(name="province", region="33")
CITY = pack(name="city", region="3301")
COUNTY = pack(name="county", region="330106")
HANGZHOU_BUS = service(region="330106")


def deciding_rule(*packs: RulePack, item: ServiceItem = HANGZHOU_BUS) -> str:
    return decide(card(), item, NOON, 200, Party(), RuleBook(packs)).rule


@pytest.mark.parametrize(
    ("packs", "first"),
    [
        ((NATION, PROVINCE, CITY, COUNTY), "county/r"),
        ((NATION, PROVINCE, CITY), "city/r"),
        ((NATION, PROVINCE), "province/r"),
        ((NATION,), "nation/r"),
    ],
)
def test_the_narrowest_region_decides(packs: tuple[RulePack, ...], first: str) -> None:
    assert deciding_rule(*packs) == first
    assert deciding_rule(*reversed(packs)) == first


def test_a_region_without_a_rule_for_the_card_inherits_the_nation_s() -> None:
    city = pack(rule("others", "grade == 1"), name="city", region="3301")

    assert deciding_rule(NATION, city) == "nation/r"


def test_another_city_s_rules_do_not_reach() -> None:
    assert deciding_rule(NATION, pack(name="other", region="3302")) == "nation/r"


def test_the_operator_s_own_rule_comes_first_within_its_region() -> None:
    own = rule("own", applies_to='kinds = ["transit"], operator = "test-bus"')
    region = pack(rule("all"), own, name="city", region="3301")

    assert deciding_rule(region) == "city/own"
    assert deciding_rule(region, item=service(region="330106", operator="other")) == "city/all"


OWN = 'kinds = ["transit"], operator = "test-bus"'


@pytest.mark.parametrize(
    ("regions", "first"),
    [
        ({"CN": "", "33": OWN, "3301": ""}, "p33/r"),
        ({"CN": OWN, "33": "", "3301": "", "330106": ""}, "pcn/r"),
        ({"CN": OWN, "33": OWN, "3301": ""}, "p33/r"),
        ({"33": OWN, "3301": OWN, "330106": ""}, "p3301/r"),
        ({"33": "", "3301": "", "330106": ""}, "p330106/r"),
    ],
)
def test_the_operator_s_own_rules_come_after_the_city_s_in_precedence_and_so_are_tried_first(
    regions: dict[str, str], first: str
) -> None:
    packs = [
        pack(rule(applies_to=applies_to or 'kinds = ["transit"]'), name=f"p{region.lower()}", region=region)
        for region, applies_to in regions.items()
    ]

    assert deciding_rule(*packs) == first
    assert deciding_rule(*reversed(packs)) == first


def test_another_operator_s_rule_of_the_province_takes_nothing_from_the_city_s() -> None:
    province = pack(rule("own", applies_to=OWN), name="province", region="33")

    assert deciding_rule(province, CITY, item=service(region="330106", operator="other")) == "city/r"


def test_a_rule_can_name_single_services() -> None:
    single = pack(rule("line", applies_to='services = ["BUS-1"]'), name="city", region="3301")

    assert deciding_rule(NATION, single) == "city/line"
    assert deciding_rule(NATION, single, item=service(region="330106", code="BUS-2")) == "nation/r"


def test_services_that_differ_in_their_code_alone_have_rules_of_their_own() -> None:
    """In one book, which remembers what it has sorted."""
    rules = RuleBook([NATION, pack(rule(applies_to='services = ["BUS-1"]'), name="city", region="3301")])

    def first(code: str) -> str:
        return rules.rules_for(service(region="330106", code=code), date(2026, 5, 17))[0].name

    assert [first(code) for code in ("BUS-1", "BUS-2", "BUS-1")] == ["city/r", "nation/r", "city/r"]


def test_the_first_advice_of_a_pack_is_given() -> None:
    """As the first rule that holds is the one that counts."""
    advice = '[[otherwise]]\nkinds = ["{0}", "{1}"]\ninstead = {{ zh = "{2}", en = "{2}" }}\n'
    texts = advice.format("transit", "parking", "first") + advice.format("attraction", "transit", "second")
    rules = RuleBook([pack(rule("nobody", "false"), texts)])

    def advised(kind: ServiceKind) -> str:
        instead = decide(card(), service(kind), NOON, 200, Party(), rules).instead
        assert instead is not None
        return instead.en

    kinds = (ServiceKind.TRANSIT, ServiceKind.PARKING, ServiceKind.ATTRACTION)
    assert [advised(kind) for kind in kinds] == ["first", "first", "second"]


def test_the_nearest_advice_is_given() -> None:
    nobody = rule("nobody", "false")
    advice = '[[otherwise]]\nkinds = ["transit"]\ninstead = {{ zh = "{0}", en = "{0}" }}\n'
    rules = RuleBook(
        [
            pack(nobody, advice.format("nation"), name="nation"),
            pack(nobody, advice.format("city"), name="city", region="3301"),
        ]
    )

    there = decide(card(), HANGZHOU_BUS, NOON, 200, Party(), rules).instead
    elsewhere = decide(card(), service(region="440305"), NOON, 200, Party(), rules).instead

    assert there is not None
    assert elsewhere is not None
    assert (there.en, elsewhere.en) == ("city", "nation")


def advised(*written: str, item: ServiceItem, region: str = "3301") -> str | None:
    """What the `[[otherwise]]` entries advise, each by its own first field."""
    entries = "".join(
        f'[[otherwise]]\n{fields}\ninstead = {{ zh = "{number}", en = "{number}" }}\n'
        for number, fields in enumerate(written)
    )
    nation = pack(
        rule("nobody", "false"),
        '[[otherwise]]\nkinds = ["transit", "library"]\ninstead = { zh = "nation", en = "nation" }\n',
        name="nation",
    )
    city = pack(rule("nobody", "false"), entries, name="city", region=region)
    found = RuleBook([nation, city]).instead_for(item, date(2026, 5, 17))
    return None if found is None else found.en


def test_advice_is_given_where_its_operator_or_service_is_asked_and_nowhere_else() -> None:
    entries = ('kinds = ["transit"]', 'kinds = ["transit"]\noperator = "test-bus"', 'services = ["LIB-1"]')
    other = service(region="330106", operator="other")

    assert advised(*entries, item=HANGZHOU_BUS) == "1"
    assert advised(*entries, item=other) == "0"
    assert advised(*entries[1:], item=other) == "nation"
    assert advised(*entries, item=service(ServiceKind.LIBRARY, "330106", code="LIB-1")) == "2"
    assert advised(*entries, item=service(ServiceKind.LIBRARY, "330106", code="LIB-2")) == "nation"
    assert advised(*entries, item=service(ServiceKind.PARKING, "330106")) is None
    assert advised('kinds = ["transit"]\nfor = "companion-card"', item=other) == "nation"
    assert advised('kinds = ["transit"]', 'services = ["BUS-1"]', item=other) == "0"


def test_an_operator_s_advice_of_the_province_comes_before_the_city_s() -> None:
    entry = '[[otherwise]]\nkinds = ["transit"]\n{}instead = {{ zh = "{}", en = "{}" }}\n'
    rules = RuleBook(
        [
            pack(rule(), entry.format("", "city", "city"), name="city", region="3301"),
            pack(rule(), entry.format('operator = "test-bus"\n', "own", "own"), name="province", region="33"),
        ]
    )

    instead = rules.instead_for(HANGZHOU_BUS, date(2026, 5, 17))

    assert instead is not None
    assert instead.en == "own"


def test_version_names_the_packs_whatever_their_order() -> None:
    version = RuleBook([NATION, CITY]).version

    assert re.fullmatch(r"city@1\+nation@1#[0-9a-f]{16}", version)
    assert RuleBook([CITY, NATION]).version == version


def test_version_changes_with_any_byte() -> None:
    changed = pack(rule(condition="true "), name="nation", region="CN")

    assert RuleBook([changed]).version != RuleBook([NATION]).version


def test_version_of_many_packs_fits_an_event() -> None:
    version = RuleBook([pack(name=f"city-{code}", region=str(code)) for code in range(3301, 3400)]).version

    assert re.fullmatch(r"99packs#[0-9a-f]{16}", version)


def test_a_pack_follows_its_predecessor() -> None:
    first = pack(rule("old"), dates="effective_from = 2020-01-01\neffective_until = 2026-06-30\n")
    second = pack(rule("new"), version="2", dates="effective_from = 2026-07-01\n")
    rules = RuleBook([second, first])

    assert decide(card(), service(), ms(2026, 6, 30), 200, Party(), rules).rule == "p/old"
    assert decide(card(), service(), ms(2026, 7, 1), 200, Party(), rules).rule == "p/new"


def test_a_pack_can_not_overlap_its_predecessor() -> None:
    first = pack(dates="effective_from = 2020-01-01\neffective_until = 2026-07-01\n")
    second = pack(version="2", dates="effective_from = 2026-07-01\n")

    with pytest.raises(RuleBookInconsistent, match="p 1 and 2 are in force together"):
        RuleBook([first, second])


def test_a_book_has_packs() -> None:
    with pytest.raises(RuleBookInconsistent, match="there is none"):
        RuleBook([])


SHARED = pack(
    rule("first", extra='quota = "trips"'),
    rule("second", extra='quota = "trips"'),
    rule("third", applies_to='kinds = ["attraction"]', extra='quota = "visits"'),
    rule("fourth", extra='quota = "summer"'),
    name="city",
    region="3301",
    more="""
[[quotas]]
id = "trips"
uses = 130
per = "month"

[[quotas]]
id = "visits"
uses = 1
per = "year"

[[quotas]]
id = "summer"
uses = 9
per = "season"
from = "06-01"
until = "08-31"
""",
)


def test_open_quotas_are_those_of_the_service_s_rules_each_once() -> None:
    rules = RuleBook([NATION, SHARED])

    may = rules.quotas_for(HANGZHOU_BUS, date(2026, 5, 17))
    june = rules.quotas_for(HANGZHOU_BUS, date(2026, 6, 1))
    visits = rules.quotas_for(service(ServiceKind.ATTRACTION, "330106"), date(2026, 5, 17))
    elsewhere = rules.quotas_for(service(region="440305"), date(2026, 5, 17))

    assert may == (OpenQuota("city/trips", 130, Window(date(2026, 5, 1), date(2026, 5, 31))),)
    assert [quota.name for quota in june] == ["city/trips", "city/summer"]
    assert visits == (OpenQuota("city/visits", 1, Window(date(2026, 1, 1), date(2026, 12, 31))),)
    assert elsewhere == ()


def test_what_misuse_brings_is_the_nearest_pack_s() -> None:
    entry = '[misuse]\nwithdrawn = {}\nfollowing_years = 1\nlegal_basis = {{ zh = "办法", en = "rules" }}\n'
    rules = RuleBook(
        [
            pack(name="nation", more=entry.format("true")),
            pack(name="city", region="3301", more=entry.format("false")),
            pack(name="county", region="330106"),
        ]
    )
    here = rules.misuse_in(HANGZHOU_BUS.region, date(2026, 5, 17))
    elsewhere = rules.misuse_in("440305", date(2026, 5, 17))

    assert here is not None
    assert elsewhere is not None
    assert (here.withdrawn, elsewhere.withdrawn) == (False, True)
    assert rules.misuse_in(HANGZHOU_BUS.region, date(2019, 12, 31)) is None


def test_many_threads_and_days_get_the_rules_of_their_own_service_and_day() -> None:
    first = pack(rule("old"), dates="effective_from = 2020-01-01\neffective_until = 2026-06-30\n")
    second = pack(rule("new"), version="2", dates="effective_from = 2026-07-01\n")
    rules = RuleBook([first, second, COUNTY])
    begins = date(2026, 7, 1)
    days = [begins + timedelta(days=offset) for offset in range(-800, 800)]

    def names(day: date) -> list[list[str]]:
        items = (HANGZHOU_BUS, service(region="330102"), service(region="440305"))
        return [[found.name for found in rules.rules_for(item, day)] for item in items]

    with ThreadPoolExecutor(8) as threads:
        for day, found in zip(days * 2, threads.map(names, days * 2), strict=True):
            expected = "p/new" if day >= begins else "p/old"
            assert found == [["county/r", expected], [expected], [expected]]
