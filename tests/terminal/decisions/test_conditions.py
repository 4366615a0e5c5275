"""Conditions answer yes or no, or are refused when the pack is loaded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.decisions.card_facts import CardKind, Party
from terminal.decisions.catalogue import ServiceFeature
from terminal.decisions.conditions import MAX_CONDITION, VARIABLES, Circumstances, Condition
from terminal.decisions.decide import local_date
from terminal.decisions.errors import ConditionFailed, ConditionRejected
from terminal.decisions.failure import Failure
from terminal.decisions.standing import Standing
from tests.terminal.decisions.writing import card, companion_card, ms, service

CIRCUMSTANCES = Circumstances(
    card((1, 4), 2, "500103"),
    service(region="500112", features=frozenset({ServiceFeature.GOVERNMENT_RUN})),
    200,
    Party(1),
    local_date(ms(2026, 12, 31)),
    9,
    Standing(frozenset({"minors", "qhd-enabled"})),
    "half",
)
COMPANION = Circumstances(
    companion_card(),
    service(),
    200,
    Party(),
    local_date(ms(2026, 12, 31)),
    9,
    Standing(follows_holder=True),
)


@pytest.mark.parametrize(
    "condition",
    [
        "categories == [1, 4] && grade == 2 && region == '500103'",
        "local && same_province && kind == 'transit' && service == 'BUS-1' && operator == 'test-bus'",
        "fare == 200 && companions == 1 && year == 2026 && month == 12 && day == 31 && hotlist_age == 9",
        "government_run && !paid_amusement && !metro",
        "'minors' in lists && !(\"qhd-review-due\" in lists) && ticket == 'half'",
        "!companion_card && !follows_holder",
        "categories.exists(c, c in [4, 5])",
        "size(categories) == 2 && region.startsWith('50') && region.endsWith('03') && region.contains('01')",
    ],
)
def test_every_variable_has_its_value(condition: str) -> None:
    assert Condition.compile(condition).holds(CIRCUMSTANCES) is True


@pytest.mark.parametrize(
    ("issued_in", "used_in", "is_local"),
    [
        ("330106", "330110", True),
        ("330106", "330212", False),
        ("500103", "500233", True),  # a county of a municipality shares two digits with it
        ("429004", "429004", True),
        ("429004", "429005", False),  # counties under the province share four, and no city
    ],
)
def test_local_is_whoever_comes_from_the_service_s_city(issued_in: str, used_in: str, is_local: bool) -> None:
    there = Circumstances(
        card(region=issued_in), service(region=used_in), 200, Party(), local_date(ms(2026, 5, 17)), 0
    )

    assert Condition.compile("local").holds(there) is is_local


def test_a_companion_card_says_so_and_whom_it_follows() -> None:
    condition = "companion_card && follows_holder && grade == 0 && size(categories) == 0"

    assert Condition.compile(condition, CardKind.COMPANION).holds(COMPANION) is True


@pytest.mark.parametrize("condition", ["categories[0] > 0", "1 / grade < 2"])
def test_a_condition_must_answer_for_the_cards_it_is_for(condition: str) -> None:
    assert Condition.compile(condition).source == condition
    with pytest.raises(ConditionRejected, match="for some cards"):
        Condition.compile(condition, CardKind.COMPANION)


def test_exactly_the_documented_variables_are_given() -> None:
    assert set(CIRCUMSTANCES.context.variables) == set(VARIABLES)


@pytest.mark.parametrize(
    ("condition", "problem"),
    [
        ("grad <= 2", "there is no variable grad"),
        ("true || age > 60", "there is no variable age"),
        ("categories.exists(c, d == 1)", "there is no variable d"),
        ("grade", "its answer is neither true nor false for some cards"),
        ("null", "its answer is neither true nor false for some cards"),
        ("grade / 0 == 1", "it divides by zero"),
        ("grade == 3 && 1 / (grade - 3) > 0", "it divides by zero for some cards"),
        ("grade < '2'", "it reckons with values of unlike kinds for some cards"),
        ("categories[5] == 1", "it asks for an element that is not there for some cards"),
        ("9223372036854775807 + grade > 0", "a number grows too large for some cards"),
        ("matches(region, '(a+)+$')", "the function matches can't be used"),
        ("now() > 1", "the function now can't be used"),
        ("timestamp('2026-01-01T00:00:00Z') == timestamp(region)", "the function timestamp can't be used"),
        ("[1].all(a, [1].all(b, a == b))", "it has more than one macro such as exists or all"),
        (f"grade == {'1' * MAX_CONDITION}", f"it is longer than {MAX_CONDITION} characters"),
    ],
)
def test_unusable_condition_is_refused_with_its_fault(condition: str, problem: str) -> None:
    with pytest.raises(ConditionRejected) as rejected:
        Condition.compile(condition)

    assert rejected.value.facts["problem_en"] == problem


@pytest.mark.parametrize("condition", ["", "grade <=", "grade <= 2)", "grade = 2", "(" * 200 + ")" * 200])
def test_what_is_not_cel_is_refused(condition: str) -> None:
    with pytest.raises(ConditionRejected, match="it is not CEL"):
        Condition.compile(condition)


@pytest.mark.parametrize(
    ("condition", "problem"),
    [
        ("grade <=", "it is not CEL: it ends too early"),
        ("grade <= 2 &&", "it is not CEL: it ends too early"),
        ("(grade", "it is not CEL: line 1, column 7: ) is missing"),
        ("grade = 2", "it is not CEL: line 1, column 7: = can't stand there"),
        ("true &&\n  grade == 1))", "it is not CEL: line 2, column 13: ) can't stand there"),
        ("'abc", "it is not CEL: line 1, column 1: 'abc can't stand there"),
    ],
)
def test_a_slip_of_the_pen_is_told_in_words_and_its_place(condition: str, problem: str) -> None:
    with pytest.raises(ConditionRejected) as rejected:
        Condition.compile(condition)

    assert rejected.value.facts["problem_en"] == problem
    assert not any(jargon in str(rejected.value.facts) for jargon in ("expecting", "EOF", "<input>"))


@given(st.text(max_size=80) | st.text(alphabet="grade fare 0123456789<>=&|!()[].,'cx+-/%?:", max_size=60))
def test_any_text_is_a_condition_or_refused(source: str) -> None:
    try:
        condition = Condition.compile(source)
    except ConditionRejected:
        return
    assert condition.holds(CIRCUMSTANCES) in (True, False)


@pytest.mark.parametrize(
    ("condition", "lists"),
    [
        ("grade == 1", set()),
        ("'minors' in lists", {"minors"}),
        ("!('a' in lists) && (grade == 1 || \"b\" in lists ? 'c' in lists : 'a' in lists)", {"a", "b", "c"}),
        ("region == 'lists' // in lists\n", set()),
        ("'a' in lists // why\n", {"a"}),
    ],
)
def test_a_condition_names_the_lists_it_asks_for(condition: str, lists: set[str]) -> None:
    assert Condition.compile(condition).lists == lists


@pytest.mark.parametrize(
    "condition",
    [
        "'Minors' in lists",
        "'' in lists",
        "'a b' in lists",
        r"'mino\x72s' in lists",
        "r'minors' in lists",
        "'''minors''' in lists",
        "region in lists",
        "'a' + 'b' in lists",
        "!'a' in lists",
        "'a' in lists + ['b']",
        "'a' in (lists)",
        "'a' in lists.filter(l, l != 'b')",
        "lists.exists(l, l == 'minors')",
        "lists == ['minors']",
        "size(lists) > 0",
        "categories.exists(lists, lists == 1)",
    ],
)
def test_lists_are_asked_for_by_name_alone(condition: str) -> None:
    with pytest.raises(ConditionRejected) as rejected:
        Condition.compile(condition)

    assert "lists is asked otherwise than as" in str(rejected.value.facts["problem_en"])


@pytest.mark.parametrize(
    "condition",
    [
        "grade > 9 && 1 / 0 == 1",
        "fare > 100000 && fare % 0 == 1",
        "fare > 100000 && fare / (2 - 2) == 1",
        "fare > 100000 && fare / -0 == 1",
        "fare > 100000 && fare / size('') == 1",
        "fare > 100000 && fare / [3, 0][1] == 1",
        "fare > 100000 && fare / 2 / 0 == 1",
        "fare > 100000 && fare / (1 / 0) == 1",
        "fare > 100000 && fare / 0x0 == 1",
        "fare > 100000 && fare /0== 1",
    ],
)
def test_division_by_a_constant_zero_is_refused_even_where_no_probe_gets(condition: str) -> None:
    with pytest.raises(ConditionRejected, match="it divides by zero"):
        Condition.compile(condition)


@pytest.mark.parametrize(
    "condition",
    [
        "fare / 100 == 2",
        "fare % 10 == 0",
        "fare / -100 == -2",
        "region == '1/0' || grade == 2",
        "grade == 2 // not a division: 1/0\n",
        "fare / (companions + 1) == 100",
        "[2].exists(c, fare / c == 100)",
    ],
)
def test_other_divisions_are_taken(condition: str) -> None:
    assert Condition.compile(condition).holds(CIRCUMSTANCES) is True


@pytest.mark.parametrize(
    ("condition", "failure"),
    [
        ("9223372036854775807 + day - 1 > 0 || day < 31", Failure.NUMBER_TOO_LARGE),
        ("day < 31 || fare * 9223372036854775807 > 0", Failure.NUMBER_TOO_LARGE),
        ("day < 31 || (-9223372036854775807 - 1) / (companions - 2) > 0", Failure.NUMBER_TOO_LARGE),
        ("day < 31 || (-9223372036854775807 - 1) % (companions - 2) > 0", Failure.NUMBER_TOO_LARGE),
        ("day < 31 || 1 / (companions - 1) > 0", Failure.DIVISION_BY_ZERO),
        ("day < 31 || fare % (companions - 1) > 0", Failure.DIVISION_BY_ZERO),
        ("day < 31 || categories[fare] > 0", Failure.NO_SUCH_ELEMENT),
        ("day < 31 || [1][-companions] > 0", Failure.NO_SUCH_ELEMENT),
        ("day < 31 || fare > region", Failure.KINDS_UNLIKE),
        ("day < 31 ? true : fare", Failure.NOT_YES_OR_NO),
    ],
)
def test_failure_says_its_kind_and_no_value(condition: str, failure: Failure) -> None:
    with pytest.raises(ConditionFailed) as failed:
        Condition.compile(condition).holds(CIRCUMSTANCES)

    assert failed.value.failure is failure
    assert failed.value.facts == {"failure": failure.words}
    assert "31" not in str(failed.value)
    assert "Error" not in str(failed.value)


@pytest.mark.parametrize("error", [ValueError("5"), RuntimeError("5")])
def test_an_error_of_another_kind_is_one_too(error: Exception) -> None:
    assert Failure.of(error) is Failure.NOT_COMPUTABLE


@pytest.mark.parametrize("number", [2**31, 2**63 - 1, -(2**63), 2**63, 2**70, -(2**70)])
def test_a_huge_number_is_compared_like_any_other(number: int) -> None:
    huge = Circumstances(card(), service(), 200, Party(), local_date(ms(2026, 5, 17)), number)

    assert Condition.compile("hotlist_age > 45").holds(huge) is (number > 45)
