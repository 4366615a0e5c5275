"""Cases: strictly read, run exactly; and the starter packs do what the table of rules of use says."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.decisions.rule_book import RuleBook
from terminal.rule_checks.case_file import CaseFile
from terminal.rule_checks.case_run import CaseResult, Mismatch, run_cases
from terminal.rule_checks.errors import CaseFileMalformed
from terminal.rule_checks.loading import starter_cases
from terminal.rule_checks.matrix import matrix
from terminal.rule_checks.quotations import untried_clauses
from terminal.starter import starter_rule_book
from tests.terminal.decisions.writing import pack, rule

RESULTS = tuple(run_cases(starter_rule_book(), starter_cases()))

GOOD = """
source = "A place: grades 1-2 free, 08:30 to 17:00; companions pay"
mark = "V"

[[matrix]]
place = { zh = "某地", en = "somewhere" }
service = { kind = "transit", region = "330106", fare = 200 }
on = 2026-05-17
card_region = "330106"

[[cases]]
case = "first"
says = "grades 1-2 free"
card = { categories = [5, 4], grade = 2, region = "330106", expires = 2030-01-01 }
service.kind = "transit"
service.region = "330106"
service.fare = 200
service.operator = "o"
service.code = "C"
service.features = ["metro"]
service.tickets = { half = 100 }
on = 2026-05-17
companions = 1
lists = ["minors"]
uses = { "p/q" = 3 }
follows_holder = false
ticket = "half"
hotlist_age = 3
expect.outcome = "granted"
expect.holder_pays = 0
expect.companion_pays = 200
expect.companions_admitted = 0
expect.rule = "p/r"
expect.quota = ""
expect.reminded = false

[[cases]]
case = "second"
says = "grades 1-2 free"
card = { region = "330106", companion_card = true }
service = { kind = "transit", region = "330106", fare = 200 }
on = 2026-05-17
expect = { outcome = "not_eligible", holder_pays = 200 }
"""


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: f"{result.file.file}: {result.case.name}")
def test_the_starter_packs_decide_as_the_table_of_rules_says(result: CaseResult) -> None:
    assert result.mismatches == (), result.decision.tried


def test_every_starter_pack_has_cases_and_every_rule_is_used_by_one() -> None:
    rules = {rule.name for held in starter_rule_book().packs for rule in held.rules}

    assert rules == {result.decision.rule for result in RESULTS} - {""}
    assert {held.name for held in starter_rule_book().packs} == {
        result.file.file.removesuffix(".toml") for result in RESULTS
    }


# What a source says and no case tries: it is not for rules to decide.
NOT_FOR_RULES = {
    "necessary aids travel free",  # nothing is asked for them; the texts of the nation's rules say so
    "loss report",  # the hotlist's: tests/sync/test_next_tap.py
    "sounds the same",  # the terminal's: what is shown and heard is not in a rule
    "work-injury/military 1-6 free",  # of another document, never mapped to grades 1 to 4
    "7-10 half",
}


def test_every_clause_of_a_source_is_tried_by_a_case() -> None:
    assert all(result.quoted for result in RESULTS)
    untried = untried_clauses((result.file, result.case, result.rule) for result in RESULTS)
    assert {clause.clause for clause in untried} == NOT_FOR_RULES


CITED = rule("r", "grade <= 2").replace(
    '"a test"', '"Elsewhere: grades 1-2 free on ferries, too; Companions  pay; 1,000 rides"'
)


@pytest.mark.parametrize(
    ("says", "quoted"),
    [
        ("grades 1-2 free", True),
        ("Grades  1-2 FREE", True),
        ("ＧＲＡＤＥＳ 1-2 free", True),
        ("grades 1-2 free on ferries", True),  # the deciding rule's own source
        ("grades 1-3 free", False),
        ("free grades 1-2", False),
        ("too", True),  # little, but a clause
        ("companions pay", True),
        ("grades", False),
        ("a", False),
        (":", False),
        ("rades 1-2 free", False),
        ("00 rides", False),
    ],
)
def test_what_a_case_says_stands_in_its_source_or_in_the_deciding_rule_s(says: str, quoted: bool) -> None:
    toml = GOOD.replace('says = "grades 1-2 free"', f'says = "{says}"', 1)

    first, second = run_cases(RuleBook([pack(CITED)]), [CaseFile.from_bytes(toml.encode())])

    assert (first.quoted, first.passed, second.quoted) == (quoted, quoted, True)
    assert first.mismatches == ()


def test_a_refusal_is_not_quoted_from_a_rule_that_gave_nothing() -> None:
    before, last = GOOD.rsplit('says = "grades 1-2 free"', 1)
    toml = f'{before}says = "free on ferries"{last}'

    _first, second = run_cases(RuleBook([pack(CITED)]), [CaseFile.from_bytes(toml.encode())])

    assert (second.rule, second.mismatches, second.quoted) == (None, (), False)


def test_clauses_that_no_case_tries_are_told_once_each_with_their_source() -> None:
    results = list(run_cases(RuleBook([pack(CITED)]), [CaseFile.from_bytes(GOOD.encode(), "good.toml")]))

    untried = list(untried_clauses((one.file, one.case, one.rule) for one in results + results))

    assert [(one.file, one.rule, one.clause) for one in untried] == [
        ("good.toml", "", "08:30 to 17:00"),
        ("good.toml", "", "companions pay"),
        ("good.toml", "p/r", "too"),
        ("good.toml", "p/r", "1,000 rides"),
    ]


def test_a_chinese_source_is_divided_at_its_own_signs() -> None:
    toml = GOOD.replace("A place: grades 1-2 free, 08:30 to 17:00; companions pay", "某地：甲，乙；丙。丁")
    toml = toml.replace('says = "grades 1-2 free"', 'says = "乙"')
    results = list(run_cases(RuleBook([pack()]), [CaseFile.from_bytes(toml.encode())]))

    untried = untried_clauses((one.file, one.case, None) for one in results)

    assert [one.clause for one in untried] == ["甲", "丙", "丁"]


@pytest.mark.parametrize(
    ("says", "quoted", "untried"),
    [
        ("级", False, ["一级免费", "二级半价", "免费"]),
        ("通知", False, ["一级免费", "二级半价", "免费"]),
        ("级半价", False, ["一级免费", "二级半价", "免费"]),
        ("免费", True, ["一级免费", "二级半价"]),
        ("二级半价", True, ["一级免费", "免费"]),
        ("一级免费，二级半价", True, ["免费"]),
    ],
)
def test_a_few_characters_are_no_quotation_and_try_no_clause(
    says: str, quoted: bool, untried: list[str]
) -> None:
    toml = GOOD.replace(
        "A place: grades 1-2 free, 08:30 to 17:00; companions pay", "通知：一级免费，二级半价；免费"
    )
    toml = toml.replace('says = "grades 1-2 free"', f'says = "{says}"')
    results = list(run_cases(RuleBook([pack()]), [CaseFile.from_bytes(toml.encode())]))

    assert {one.quoted for one in results} == {quoted}
    assert [one.clause for one in untried_clauses((one.file, one.case, None) for one in results)] == untried


def test_every_part_of_a_case_is_read() -> None:
    file = CaseFile.from_bytes(GOOD.encode(), "good.toml")
    first, second = file.cases

    assert (file.file, file.mark, len(file.matrix)) == ("good.toml", "V", 1)
    assert (first.situation.card.categories, first.situation.card.grade) == ((4, 5), 2)
    assert first.situation.card.expires == date(2030, 1, 1)
    assert first.situation.service.tickets == {"half": 100}
    assert (first.situation.companions, first.situation.lists, first.situation.uses) == (
        1,
        frozenset({"minors"}),
        {"p/q": 3},
    )
    assert (first.situation.ticket, first.situation.hotlist_age, first.expected.rule) == ("half", 3, "p/r")
    assert (second.situation.card.categories, second.situation.card.grade) == ((), 0)
    assert first.situation.fare == 200


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('mark = "V"', 'mark = "X"', "mark"),
        ('case = "second"', 'case = "first"', "case “first”, case"),
        ("grade = 2", "grade = 5", "case “first”, card.grade"),
        ("categories = [5, 4]", "categories = [8]", "case “first”, card.categories[0]"),
        ("categories = [5, 4]", "categories = [4, 4]", "case “first”, card.categories"),
        ("categories = [5, 4], ", "", "case “first”, card"),
        ("companion_card = true", "companion_card = true, grade = 1", "case “second”, card"),
        ('region = "330106", expires', 'region = "3301", expires', "case “first”, card.region"),
        ("hotlist_age = 3", "hotlist_agee = 3", "case “first”, hotlist_agee"),
        ("service.fare = 200", "service.fare = -1", "case “first”, service.fare"),
        ('outcome = "granted"', 'outcome = "grantd"', "case “first”, expect.outcome"),
        ("expect.holder_pays = 0\n", "", "case “first”, expect.holder_pays"),
        ('features = ["metro"]', 'features = ["train"]', "case “first”, service.features[0]"),
        ("on = 2026-05-17\ncompanions", "on = 2026-13-17\ncompanions", "file"),
        ('"p/q" = 3', '"p" = 3', "case “first”, uses"),
    ],
)
def test_a_fault_is_named_with_its_place(old: str, new: str, place: str) -> None:
    assert old in GOOD

    with pytest.raises(CaseFileMalformed) as refused:
        CaseFile.from_bytes(GOOD.replace(old, new).encode(), "bad.toml")

    assert (refused.value.facts["file"], refused.value.facts["place"]) == ("bad.toml", place)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_cases_or_named_malformed(data: bytes) -> None:
    try:
        CaseFile.from_bytes(data)
    except CaseFileMalformed as refused:
        assert refused.code == "TRM-331"


@given(st.integers(0, len(GOOD)), st.integers(0, len(GOOD)), st.text(max_size=12))
def test_altered_cases_are_cases_or_named_malformed(start: int, length: int, text: str) -> None:
    altered = GOOD[:start] + text + GOOD[start + length :]
    try:
        CaseFile.from_bytes(altered.encode())
    except CaseFileMalformed as refused:
        assert refused.facts["file"] == "cases.toml"


def test_a_case_that_comes_out_otherwise_says_how() -> None:
    rules = RuleBook([pack(rule("r", "grade == 1"), rule("other", "5 in categories"))])

    first, second = run_cases(rules, [CaseFile.from_bytes(GOOD.encode())])

    assert second.passed
    assert first.mismatches == (Mismatch("rule", "p/r", "p/other"),)
    assert [trial.rule for trial in first.decision.tried] == ["p/r", "p/other"]


def test_the_matrix_groups_categories_that_pay_alike() -> None:
    rules = RuleBook(
        [
            pack(
                rule("a", "grade == 1", 'kind = "free", companions = 1, companion_pays = "free"'),
                rule("b", "1 in categories || 2 in categories", 'kind = "ceiling", ceiling_fen = 150'),
                rule("c", "grade == 4", extra='companion_required = "true"'),
            )
        ]
    )

    rows = list(matrix(rules, CaseFile.from_bytes(GOOD.encode()).matrix))

    assert [(row.categories, [pays.en for pays in row.pays]) for row in rows] == [
        ((1, 2), ["free, 1 companion free", *["pays at most ¥1.50"] * 3]),
        ((3, 4, 5, 6, 7), ["free, 1 companion free", "list fare", "list fare", "accompanied: free"]),
    ]


def test_every_row_of_the_table_has_several_cases_and_a_place_in_the_matrix() -> None:
    assert len(starter_cases()) == len(starter_rule_book().packs)
    assert all(len(file.cases) >= 3 and file.matrix for file in starter_cases())
