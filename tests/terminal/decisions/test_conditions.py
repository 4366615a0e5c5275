"""Conditions answer yes or no, or are refused when the pack is loaded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.decisions.card_facts import Party
from terminal.decisions.catalogue import ServiceFeature
from terminal.decisions.conditions import MAX_CONDITION, VARIABLES, Circumstances, Condition
from terminal.decisions.decide import local_date
from terminal.errors import ConditionFailed, ConditionRejected
from tests.terminal.decisions.writing import card, ms, service

CIRCUMSTANCES = Circumstances(
    card((1, 4), 2, "500103"),
    service(region="500112", features=frozenset({ServiceFeature.GOVERNMENT_RUN})),
    200,
    Party(1),
    local_date(ms(2026, 12, 31)),
    9,
)


@pytest.mark.parametrize(
    "condition",
    [
        "categories == [1, 4] && grade == 2 && region == '500103'",
        "local && same_province && kind == 'transit' && service == 'BUS-1' && operator == 'test-bus'",
        "fare == 200 && companions == 1 && year == 2026 && month == 12 && day == 31 && hotlist_age == 9",
        "government_run && !paid_amusement",
        "categories.exists(c, c in [4, 5])",
        "size(categories) == 2 && region.startsWith('50') && region.endsWith('03') && region.contains('01')",
    ],
)
def test_every_variable_has_its_value(condition: str) -> None:
    assert Condition.compile(condition).holds(CIRCUMSTANCES) is True


def test_exactly_the_documented_variables_are_given() -> None:
    assert set(CIRCUMSTANCES.context.variables) == set(VARIABLES)


@pytest.mark.parametrize(
    ("condition", "problem"),
    [
        ("grad <= 2", "there is no variable grad"),
        ("true || age > 60", "there is no variable age"),
        ("categories.exists(c, d == 1)", "there is no variable d"),
        ("grade", "it does not answer true or false (answer of type int)"),
        ("null", "it does not answer true or false (answer of type NoneType)"),
        ("grade / 0 == 1", "it divides by zero"),
        ("grade == 3 && 1 / (grade - 3) > 0", "it does not answer true or false (ZeroDivisionError)"),
        ("grade < '2'", "it does not answer true or false (TypeError)"),
        ("categories[5] == 1", "it does not answer true or false (IndexError)"),
        ("9223372036854775807 + grade > 0", "it does not answer true or false (OverflowError)"),
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


@given(st.text(max_size=80) | st.text(alphabet="grade fare 0123456789<>=&|!()[].,'cx+-/%?:", max_size=60))
def test_any_text_is_a_condition_or_refused(source: str) -> None:
    try:
        condition = Condition.compile(source)
    except ConditionRejected:
        return
    assert condition.holds(CIRCUMSTANCES) in (True, False)


def test_failure_says_its_kind_and_no_value() -> None:
    condition = Condition.compile("9223372036854775807 + day - 1 > 0 || day < 31")

    with pytest.raises(ConditionFailed) as failed:
        condition.holds(CIRCUMSTANCES)

    assert failed.value.facts == {"failure": "OverflowError"}
    assert "31" not in str(failed.value)
