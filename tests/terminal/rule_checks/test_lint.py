"""`lint`: what is amiss is found, named exactly, and nothing else."""

from __future__ import annotations

import re
from datetime import date
from math import prod
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from terminal.decisions.catalogue import Catalogue
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.rule_pack import RulePack
from terminal.rule_checks.finding import Check, Finding, Level
from terminal.rule_checks.grid import grids_of
from terminal.rule_checks.lint import lint, lint_book
from terminal.rule_checks.region_names import region_name
from terminal.rule_checks.sites import sites_of
from terminal.rule_checks.written_checks import check_regions
from terminal.starter import starter_catalogue, starter_files, starter_rule_book
from tests.terminal.decisions.writing import pack, pack_toml, rule
from tests.terminal.rule_checks.books import books, situations
from tests.terminal.rule_checks.test_grid import for_grid

HALF = 'kind = "percentage", pays_percent = 50'
TRANSIT = 'kinds = ["transit"]'
TODAY = date(2026, 5, 17)
OVER = "effective_from = 2020-01-01\neffective_until = 2026-05-16\n"
BEFORE_THE_LAW = "effective_from = 2012-01-01\neffective_until = 2018-10-25\n"
ADVICE = '\n[[otherwise]]\nkinds = ["transit"]\ninstead = { zh = "请按票价乘车", en = "Pay the list fare" }\n'

CATALOGUE = Catalogue.from_bytes(
    b"""
version = "1"

[[items]]
code = "BUS-1"
name = { zh = "\xe5\x85\xac\xe4\xba\xa4", en = "bus" }
domain = "social"
kind = "transit"
operator = "test-bus"
region = "330106"
fare = 200
"""
)


def book(*rules: str, advice: str = ADVICE) -> RuleBook:
    return RuleBook([pack(*rules, advice)])


def found(rules: RuleBook, check: Check, catalogue: Catalogue | None = None) -> list[Finding]:
    return [finding for finding in lint_book(rules, catalogue, TODAY) if finding.check is check]


def places(findings: list[Finding]) -> list[str]:
    return [place.en for finding in findings for place in finding.where]


def test_the_starter_has_no_fault_and_no_warning() -> None:
    levels = {finding.level for finding in lint_book(starter_rule_book(), None, TODAY)}

    assert levels <= {Level.NOTE}


def test_a_sound_pack_has_nothing_to_find() -> None:
    assert lint_book(book(rule("a", "grade <= 2"), rule("b", "grade > 2", HALF)), None, TODAY) == []


@pytest.mark.parametrize(
    "condition",
    [
        "grade <= 2 && grade >= 3",
        "local && !same_province",
        "month > 12",
        "year < 2020",
        "grade == 5",
        'region == "330106" && !region.startsWith("33")',
        "companions > 255",
        "1 in categories && !(1 in categories)",
    ],
)
def test_a_condition_that_holds_for_nobody_is_found(condition: str) -> None:
    [finding] = found(book(rule("dead", condition), rule("alive")), Check.UNREACHABLE)

    assert finding.subject == "p/dead@1"
    assert "for no card" in finding.says.en


@pytest.mark.parametrize(
    "condition",
    [
        *("companions >= 255", "day == 31 && month == 12", "month == 2 && day == 29"),
        *("fare == 4294967295", "year == 2999"),
    ],
)
def test_a_condition_that_holds_seldom_is_not(condition: str) -> None:
    assert found(book(rule("seldom", condition), rule("always")), Check.UNREACHABLE) == []


@pytest.mark.parametrize(
    "condition",
    [
        *('operator.startsWith("my-")', 'operator.endsWith("bus")', 'operator.contains("city")'),
        *("size(operator) == 11", 'service.startsWith("FERRY")', 'service.contains("-")'),
        *('region.contains("0106")', 'region > "600000"', 'ticket.startsWith("half")'),
    ],
)
def test_a_condition_on_part_of_a_text_is_not_called_unreachable(condition: str) -> None:
    rules = book(rule("some", condition), rule("all"))

    assert [one for one in lint_book(rules, None, TODAY) if one.level is not Level.NOTE] == []


def test_where_not_every_value_was_tried_a_rule_is_not_said_to_be_unreachable_but_warned_of() -> None:
    rules = book(rule("some", GUESSED_BY_NOBODY), rule("all"))

    [finding] = found(rules, Check.UNREACHED)

    assert (finding.subject, finding.level) == ("p/some@1", Level.WARNING)
    assert "of operator only some were" in finding.says.en
    assert found(rules, Check.UNREACHABLE) == []
    assert found(rules, Check.UNREACHED, CATALOGUE) == []


def test_a_shadow_that_not_every_value_was_tried_of_is_warned_of() -> None:
    rules = book(rule("nearly-all", f"!({GUESSED_BY_NOBODY})"), rule("rest"))

    assert [finding.subject for finding in found(rules, Check.UNREACHED)] == ["p/rest@1"]
    assert found(rules, Check.UNREACHABLE) == []


def test_a_condition_that_holds_for_nobody_is_found_beside_one_that_could_only_be_sampled() -> None:
    rules = book(rule("dead", "grade > 4"), rule("some", GUESSED_BY_NOBODY), rule("all"))

    assert [finding.subject for finding in found(rules, Check.UNREACHABLE)] == ["p/dead@1"]


def test_a_shadowed_rule_is_found_with_those_that_shadow_it() -> None:
    blind = rule("blind", "1 in categories && grade == 1")
    rules = book(rule("severe", "grade <= 2"), blind, rule("rest", "grade >= 3"))

    [finding] = found(rules, Check.UNREACHABLE)

    assert (finding.subject, finding.level) == ("p/blind@1", Level.FAULT)
    assert finding.says.en == "never applies: wherever it holds, p/severe holds before it"


def test_a_rule_that_several_shadow_only_together_is_found() -> None:
    rules = book(rule("a", "local"), rule("b", "!local"), rule("c", "grade == 1"))

    [finding] = found(rules, Check.UNREACHABLE)

    assert "one of p/a, p/b holds before it" in finding.says.en
    assert "p/a, p/b 总有其中一条先成立" in finding.says.zh


def test_a_rule_shadowed_at_one_operator_alone_is_reachable() -> None:
    own = rule("own", applies_to='kinds = ["transit"], operator = "test-bus"')

    assert found(book(rule("all"), own), Check.UNREACHABLE) == []


def test_a_narrower_pack_shadows_only_within_its_region() -> None:
    rules = RuleBook([pack(name="city", region="3301"), pack(name="nation")])

    assert found(rules, Check.UNREACHABLE) == []


def test_a_gap_is_told_by_whom_and_when_it_concerns() -> None:
    rules = book(rule("r", "grade <= 2 && 1 in categories"), advice="")

    assert places(found(rules, Check.GAP)) == [
        "elsewhere · transit: categories 2–7 (without 1)",
        "elsewhere · transit: category 1, grades 3–4",
    ]


@pytest.mark.parametrize(("number", "more"), [(4, []), (5, ["… and 1 more"]), (6, ["… and 2 more"])])
def test_of_many_places_the_first_are_told_and_how_many_there_are_more(number: int, more: list[str]) -> None:
    holes = " || ".join(f"(fare == {each} && month == {each})" for each in range(1, number + 1))

    told = places(found(book(rule("r", f"!({holes})"), advice=""), Check.GAP))

    assert (len(told), told[4:]) == (4 + len(more), more)


def test_days_without_any_rule_are_no_gap() -> None:
    ended = pack(rule("r"), dates="effective_from = 2020-01-01\neffective_until = 2026-12-31\n")

    assert found(RuleBook([ended]), Check.GAP) == []


def test_advice_of_one_operator_leaves_the_others_with_a_gap() -> None:
    own = ADVICE.replace("kinds", 'operator = "test-bus"\nkinds')

    assert places(found(book(rule("r", "grade <= 2"), advice=own), Check.GAP)) == [
        "elsewhere · transit: grades 3–4"
    ]
    assert found(book(rule("r", "grade <= 2"), advice=own + ADVICE), Check.GAP) == []


def test_places_and_people_are_told_in_words_not_in_codes() -> None:
    asked = (
        rule("both", "metro && 1 in categories && 5 in categories && !(6 in categories)"),
        rule("listed", '"wheelchair-users" in lists && region.startsWith("3302") && 6 in categories'),
    )
    gaps = found(RuleBook([pack(*asked, region="1303")]), Check.GAP)
    told = [place.zh for gap in gaps for place in gap.where]

    assert any(place.startswith("秦皇岛市 · 公共交通：") for place in told)
    said = " ".join(told)
    assert "不是地铁" in said and "除精神外各类" in said
    assert "除（视力兼智力类（不兼精神））外各类" in said
    assert not any(raw in said for raw in ("transit", "metro", "类别 ", "1 + 5", "1303"))


def test_a_region_without_a_name_is_told_by_its_province_and_its_code() -> None:
    assert [region_name(code).zh for code in ("33", "330299", "9912")] == [
        "浙江省",
        "浙江省（330299）",
        "地区 9912",
    ]


def test_what_hinders_a_rule_is_told_in_words() -> None:
    alone = rule("alone", "companions == 0", extra='companion_required = "true"')

    [finding] = found(book(alone, rule("all")), Check.UNREACHABLE)

    assert finding.says.zh == "永远用不上：条件成立之处总有别的阻碍（条件成立，但须有人陪同）"


def test_what_was_amiss_in_the_past_is_not_told() -> None:
    early = pack(rule("r", "grade <= 2"), dates="effective_from = 2020-01-01\neffective_until = 2025-12-31\n")
    later = pack(rule("r"), version="2", dates="effective_from = 2026-01-01\n")

    assert found(RuleBook([early, later]), Check.GAP) == []
    assert [finding.check for finding in lint_book(RuleBook([early, later]), None, date(2025, 12, 31))] == [
        Check.GAP
    ]


def test_a_better_rule_that_comes_later_is_warned_of() -> None:
    rules = book(rule("half", "grade <= 3", HALF), rule("free", "grade == 1 || grade == 4"))

    [finding] = found(rules, Check.LESS_FIRST)

    assert (finding.subject, finding.level) == ("p/half", Level.WARNING)
    assert "p/free holds too and gives more" in finding.says.en
    assert places([finding]) == ["elsewhere · transit: grade 1"]


def test_a_better_rule_that_comes_first_is_noted() -> None:
    [finding] = lint_book(book(rule("free", "grade <= 2"), rule("half", "true", HALF)), None, TODAY)

    assert (finding.check, finding.level) == (Check.OVERLAP, Level.NOTE)


def test_two_rules_that_give_the_same_do_not_overlap() -> None:
    assert lint_book(book(rule("a", "grade == 1"), rule("b", "true")), None, TODAY) == []


def test_a_condition_that_fails_for_some_is_found() -> None:
    [finding] = found(book(rule("r", "12 / (month - 12) < 0")), Check.FAILS)

    assert (finding.subject, finding.level) == ("p/r", Level.FAULT)
    assert "(it divides by zero) and grants nothing (TRM-321)" in finding.says.en
    assert places([finding]) == ["elsewhere · transit: each year 12-01–12-31 (from 2020-12-01)"]


def test_what_could_only_be_sampled_is_said() -> None:
    [finding] = found(book(rule("r", "fare % 100 == 0")), Check.SAMPLED)

    assert (finding.subject, finding.level) == ("fare", Level.NOTE)


def starter_with(**changed: str) -> RuleBook:
    """The starter's packs with others: text replaced in the pack of the name, as `old → new`, or none."""
    files = {path: data.decode() for path, data in starter_files().items() if path.startswith("rules/")}
    for name, edit in changed.items():
        old, _arrow, new = edit.partition(" → ")
        toml = files.pop(f"rules/{name}.toml")
        assert old in toml
        if new:
            files[name] = toml.replace(old, new)
    return RuleBook(RulePack.from_bytes(toml.encode()) for toml in files.values())


@pytest.mark.parametrize(
    ("benefit", "applies_to", "condition", "where"),
    [
        (HALF, TRANSIT, "true", "Hangzhou · transit: category 1, grades 1–2"),
        (HALF, TRANSIT, "grade >= 2", "Hangzhou · transit: category 1, grade 2"),
        (HALF, TRANSIT, "grade <= 2 && 4 in categories", "Hangzhou · transit: categories 1 + 4, grades 1–2"),
        (HALF, TRANSIT, "!local", "Hangzhou · transit: category 1, grades 1–2, same province or elsewhere"),
        (
            'kind = "ceiling", ceiling_fen = 1',
            TRANSIT,
            "metro",
            "Hangzhou · transit: metro, category 1, grades 1–2",
        ),
        (
            HALF,
            f'{TRANSIT}, operator = "o"',
            "true",
            "Hangzhou · transit · operator o: category 1, grades 1–2",
        ),
        (
            'kind = "percentage", pays_percent = 1, rounding = "down_to_yuan"',
            TRANSIT,
            "true",
            "Hangzhou · transit: category 1, grades 1–2",
        ),
    ],
)
@pytest.mark.parametrize("beside", [True, False], ids=["beside the nation's", "alone"])
def test_a_local_rule_that_gives_less_than_the_law_is_a_fault(
    benefit: str, applies_to: str, condition: str, where: str, beside: bool
) -> None:
    local = pack(rule("less", condition, benefit, applies_to), name="hz", region="3301")
    rules = RuleBook([local, *(starter_rule_book().packs if beside else ())])

    [finding] = found(rules, Check.BELOW_LAW)

    assert (finding.subject, finding.level) == ("hz/less", Level.FAULT)
    assert finding.says.zh == (
        "给得比全国规则 cn/transit-art-50 少（《中华人民共和国残疾人保障法》第五十条）；"
        "法律没有例外，地方只能多给"
    )
    assert finding.says.en == (
        "gives less than the nation's rule cn/transit-art-50 (Law on the Protection of Persons with "
        "Disabilities, article 50); the law has no exception, only more may be given"
    )
    assert places([finding]) == [where.replace(": ", ": from 2020-01-01, ")]


@pytest.mark.parametrize(
    ("asked", "sampled"),
    [
        ('operator.startsWith("test")', []),
        ('operator.endsWith("-bus")', ["operator"]),
        ('operator.contains("city")', ["operator"]),
        ("size(operator) == 11", ["operator"]),
        ('service.startsWith("FERRY")', []),
        ('service.endsWith("-1")', ["service"]),
        ('size(service) == 7 || operator > "m"', ["operator, service"]),
        ('region.contains("0106")', ["region"]),
        ('ticket.startsWith("half")', []),
        ('ticket.endsWith("fare")', ["ticket"]),
    ],
)
def test_less_than_the_law_at_services_that_a_part_of_a_text_picks_out_is_a_fault(
    asked: str, sampled: list[str]
) -> None:
    less = rule("less", f"!(1 in categories && grade <= 2) || {asked}", HALF)
    rules = RuleBook([pack(less, name="cq", region="5001"), *starter_rule_book().packs])

    assert [finding.subject for finding in found(rules, Check.BELOW_LAW)] == ["cq/less"]
    assert [finding.subject for finding in found(rules, Check.SAMPLED)] == sampled


GUESSED_BY_NOBODY = "size(operator) * 70 == 560"  # as test-bus, the catalogue's, has it


@pytest.mark.parametrize("beside", [True, False], ids=["beside the nation's", "alone"])
def test_less_than_the_law_at_a_service_of_the_catalogue_is_a_fault(beside: bool) -> None:
    less = rule("less", f"!(1 in categories && grade <= 2) || {GUESSED_BY_NOBODY}", HALF)
    nation = starter_rule_book().packs if beside else ()
    rules = RuleBook([pack(less, name="hz", region="3301"), *nation])

    assert found(rules, Check.BELOW_LAW) == []
    assert [finding.subject for finding in found(rules, Check.SAMPLED)] == ["operator"]
    [finding] = found(rules, Check.BELOW_LAW, CATALOGUE)
    assert finding.subject == "hz/less"
    assert places([finding]) == ["BUS-1 bus: from 2020-01-01, category 1, grades 1–2"]


def test_what_is_less_everywhere_is_not_told_again_at_each_service() -> None:
    rules = RuleBook([pack(rule("less", "true", HALF), region="3301")])

    assert found(rules, Check.BELOW_LAW, CATALOGUE) == found(rules, Check.BELOW_LAW) != []


@pytest.mark.parametrize(
    "local",
    [
        rule("less", "true", HALF, 'kinds = ["attraction"]'),  # the law says nothing of them
        rule("less", "!(1 in categories)", HALF),
        rule("less", "grade >= 3", HALF),
        rule("few", extra='quota = "few"') + '\n[[quotas]]\nid = "few"\nuses = 1\nper = "year"\n',
        rule("accompanied", extra='companion_required = "true"'),
        rule("carers", "true", HALF, extra='for = "companion-card"'),
    ],
)
def test_where_the_nation_s_rule_still_serves_the_law_is_kept(local: str) -> None:
    rules = RuleBook([pack(local, name="hz", region="3301"), *starter_rule_book().packs])

    assert found(rules, Check.BELOW_LAW) == []


def test_a_past_rule_below_the_law_and_one_before_the_law_are_no_fault() -> None:
    over = pack(rule("less", "true", HALF), region="3301", dates=OVER)
    before = pack(rule("less", "true", HALF), region="3301", dates=BEFORE_THE_LAW)

    assert found(RuleBook([over]), Check.BELOW_LAW) == []
    assert [
        finding
        for finding in lint_book(RuleBook([before]), None, date(2018, 1, 1))
        if finding.check is Check.BELOW_LAW
    ] == []


def test_the_nation_s_pack_itself_may_not_give_less() -> None:
    half = starter_with(cn='{ kind = "free" } → { kind = "percentage", pays_percent = 50 }')
    fewer = starter_with(cn="grade <= 2 → grade <= 1")

    assert [finding.subject for finding in found(half, Check.BELOW_LAW)] == ["cn/transit-art-50"]
    [refused] = found(fewer, Check.BELOW_LAW)
    assert "no rule gives what it gives (Law on the Protection of Persons" in refused.says.en
    assert "elsewhere · transit: category 1, grade 2" in places([refused])


def test_content_without_the_nation_s_rule_is_a_fault_at_services_where_none_else_serves() -> None:
    rules = starter_with(cn="name")

    assert found(rules, Check.BELOW_LAW) == []
    [finding] = [
        finding
        for finding in lint_book(rules, CATALOGUE, TODAY, whole=True)
        if finding.check is Check.BELOW_LAW
    ]
    assert places([finding]) == ["BUS-1 bus: category 1, grades 1–2"]


def test_days_between_two_versions_are_found() -> None:
    first = pack(dates="effective_from = 2020-01-01\neffective_until = 2026-06-29\n")
    second = pack(version="2", dates="effective_from = 2026-07-01\n")

    [finding] = found(RuleBook([first, second]), Check.HOLE)

    assert "from 2026-06-30 to 2026-06-30" in finding.says.en


@pytest.mark.parametrize(
    ("written", "instead", "says"),
    [
        ('{ zh = "已优惠", en = "discounted" }', '{ zh = "discounted", en = "discounted" }', "are the same"),
        ('{ zh = "已优惠", en = "discounted" }', '{ zh = "discount", en = "discounted" }', "no Chinese"),
        ('{ zh = "已优惠", en = "discounted" }', '{ zh = "已优惠", en = "优惠" }', "not look English"),
        ('{ zh = "已优惠", en = "discounted" }', '{ zh = "待补", en = "TODO" }', "unfinished"),
        ('{ zh = "优惠放行", en = "let pass" }', '{ zh = "盲人免费", en = "let pass" }', "names a category"),
    ],
)
def test_suspicious_texts_are_found(written: str, instead: str, says: str) -> None:
    toml = pack_toml(rule("r")) + ADVICE
    assert written in toml

    texts = found(RuleBook([type(pack()).from_bytes(toml.replace(written, instead).encode())]), Check.TEXT)

    assert any(says in finding.says.en and finding.subject.startswith("p/r, ") for finding in texts)


@pytest.mark.parametrize(
    ("zh", "en", "warns"),
    [
        ("二级以上免费", "free", True),
        ("3 级半价", "half", True),
        ("重度者免费", "free", True),
        ("免费", "free with grade 2", True),
        ("免费", "free with grades 1-2", True),
        ("免费", "free for the deaf", True),
        *(
            (zh, "free", True)
            for zh in ("失明者免费", "自闭症患者免费", "精残免费", "瘫痪者免费", "重残免费")
        ),
        *(
            (zh, "free", True)
            for zh in ("I级免费", "Ⅱ级免费", "IV 级半价", "1 类免费", "二类免费", "２级免费")
        ),
        *(("免费", f"free for {en}", True) for en in ("the sightless", "autistic people", "category 1")),
        *(("免费", f"free for {en}", True) for en in ("the first grade", "2nd-grade holders", "grade II")),
        ("免费乘观光车", "free on the sightseeing bus, commuters and class 1 alike", False),
        ("持工伤证件（一至十级）的另有优惠", "others with work-injury grades 1-10", False),
        ("免费乘车", "rides free at a higher grade of comfort", False),
    ],
)
@pytest.mark.parametrize("field", ["legal_basis", "staff_text", "holder_text", "instead"])
def test_a_text_that_tells_category_or_grade_to_whoever_stands_by_is_found(
    zh: str, en: str, warns: bool, field: str
) -> None:
    toml = pack_toml(rule("r")) + ADVICE
    changed = re.sub(rf"(?m)^{field} = .*$", f'{field} = {{ zh = "{zh}", en = "{en}" }}', toml)
    assert changed != toml

    texts = found(RuleBook([type(pack()).from_bytes(changed.encode())]), Check.TEXT)

    assert bool(texts) is warns
    assert {(one.level, one.says.en) for one in texts} <= {
        (Level.WARNING, "it names a category or a grade, and others may see or hear it")
    }


@pytest.mark.parametrize(("region", "is_found"), [("9999", True), ("999999", True), ("3301", False)])
def test_a_pack_for_a_province_that_there_is_not_is_found(region: str, is_found: bool) -> None:
    rules = RuleBook([pack(rule("r"), region=region)])
    assert bool(found(rules, Check.UNKNOWN_REGION)) is is_found
    assert not found(starter_rule_book(), Check.UNKNOWN_REGION)


@pytest.mark.parametrize(
    ("condition", "region", "check", "says"),
    [
        ('region == "999901"', "CN", Check.UNKNOWN_REGION, "no such region: 999901"),
        ('region in ["330106", "160101"]', "33", Check.UNKNOWN_REGION, "no such region: 160101"),
        ('grade == 1 && region.startsWith("99")', "CN", Check.UNKNOWN_REGION, "no such region: 99"),
        ('region.startsWith("9")', "CN", Check.UNKNOWN_REGION, "no such region: 9"),
        ('region == "3301"', "33", Check.UNKNOWN_REGION, "3301, which is not six digits"),
        ('region != "杭州"', "33", Check.UNKNOWN_REGION, "杭州, which is not six digits"),
        ('region != "3301"', "33", Check.UNKNOWN_REGION, "(== never holds, != always does)"),
        ('!(region.startsWith("9"))', "CN", Check.OUTSIDE_REGION, "so it excludes nobody"),
        ('!region.startsWith("99") && local', "33", Check.OUTSIDE_REGION, "so it excludes nobody"),
        ('region != "999901"', "CN", Check.OUTSIDE_REGION, "so it excludes nobody"),
        ('!(grade == 1 && (local || "160101" == region))', "CN", Check.OUTSIDE_REGION, "excludes nobody"),
        ('!(local && region in ["160101"])', "CN", Check.OUTSIDE_REGION, "excludes nobody"),
        ('!!region.startsWith("99")', "CN", Check.UNKNOWN_REGION, "no such region: 99"),
        ('!(region != "999901")', "CN", Check.UNKNOWN_REGION, "no such region: 999901"),
        ('!(local) && region.startsWith("9")', "CN", Check.UNKNOWN_REGION, "no such region: 9"),
        ('region != "999901" || region == "999901"', "CN", Check.UNKNOWN_REGION, "no such region"),
        ('!region.startsWith("")', "33", Check.UNKNOWN_REGION, "not 1 to 6 digits"),
        ('region.startsWith("32")', "33", Check.OUTSIDE_REGION, "region 32, outside the pack's 33"),
        ('"320102" == region', "3301", Check.OUTSIDE_REGION, "region 320102, outside the pack's 3301"),
        ('region == "330206"', "3301", Check.OUTSIDE_REGION, "region 330206, outside the pack's 3301"),
        ('region.startsWith("3")', "3301", None, ""),
        ('region.startsWith("33")', "3301", None, ""),
        ('region == "330106"', "3301", None, ""),
        ('region == "110101"', "CN", None, ""),
    ],
)
@pytest.mark.parametrize("field", ["condition", "companion_required"])
def test_regions_in_conditions_are_looked_at(
    condition: str, region: str, check: Check | None, says: str, field: str
) -> None:
    asking = rule("r", condition) if field == "condition" else rule("r", extra=f"{field} = '{condition}'")

    findings = list(check_regions([pack(asking, region=region)]))

    assert [(one.check, one.subject) for one in findings] == ([(check, "p/r")] if check else [])
    assert all(says in one.says.en for one in findings)


def test_names_that_the_catalogue_lacks_are_found() -> None:
    rules = book(
        rule("code", applies_to='services = ["FERRY-1"]'),
        rule("operator", applies_to='kinds = ["transit"], operator = "nobody"'),
        rule("sound"),
        advice=ADVICE.replace("kinds", 'operator = "none"\nservices = ["FERRY-2"]\nkinds'),
    )

    unknown = found(rules, Check.UNKNOWN_SERVICE, CATALOGUE)

    assert [(finding.subject, finding.says.en.rpartition(" ")[2]) for finding in unknown] == [
        ("p/code", "FERRY-1"),
        ("p/operator", "nobody"),
        ("p, otherwise 1", "FERRY-2"),
        ("p, otherwise 1", "none"),
    ]
    assert [finding.subject for finding in found(rules, Check.NOWHERE, CATALOGUE)] == ["p/code", "p/operator"]


def test_a_class_of_ticket_without_a_price_is_found_at_its_service() -> None:
    rules = book(rule("r", "true", 'kind = "ticket_class", ticket = "half"'))

    assert found(rules, Check.FAILS) == []
    [finding] = found(rules, Check.FAILS, CATALOGUE)
    assert "BUS-1" in finding.where[0].en
    assert "no price of the ticket" in finding.says.en


def test_an_unreadable_file_is_found_and_the_others_are_checked(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text(pack_toml(rule("dead", "false"), rule("alive")) + ADVICE)
    bad.write_text("name = 5")

    report = lint([good, bad], None, TODAY)

    assert {finding.check for finding in report.findings} == {Check.UNREACHABLE, Check.UNREADABLE}
    assert report.rules == 2


def test_packs_that_overlap_in_time_are_found(tmp_path: Path) -> None:
    for name, version in (("a", "1"), ("b", "2")):
        (tmp_path / f"{name}.toml").write_text(pack_toml(version=version))

    [finding] = lint(sorted(tmp_path.glob("*.toml")), None, TODAY).findings

    assert finding.check is Check.INCONSISTENT
    assert "TRM-205" in finding.says.en


def test_the_starter_s_catalogue_fits() -> None:
    assert found(starter_rule_book(), Check.FAILS, starter_catalogue()) == []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(st.data(), books())
def test_no_tap_is_ever_served_by_a_rule_that_was_called_unreachable(
    data: st.DataObject, rules: RuleBook
) -> None:
    grids = [grid for site in sites_of(rules.packs) for grid in grids_of(site, rules.packs)]
    assume(sum(prod(grid.shape) for grid in grids) < 3_000 and not any(grid.sampled for grid in grids))
    dead = {finding.subject.partition("@")[0] for finding in found(rules, Check.UNREACHABLE)}

    for _ in range(20):
        grid = data.draw(st.sampled_from(grids))
        tap = for_grid(grid, data.draw(situations(grid.site.service)))
        assert tap.decide(rules).rule not in dead
