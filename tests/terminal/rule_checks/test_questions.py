"""What a condition asks is read off its words, and only where that is certain."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from terminal.decisions.conditions import Condition
from terminal.rule_checks.questions import Questions, questions_of


def asked(source: str) -> Questions:
    return questions_of(Condition.compile(source))


@pytest.mark.parametrize(
    ("source", "steps"),
    [
        ("fare <= 200", {"fare": {201}}),
        ("fare < 200", {"fare": {200}}),
        ("200 < fare", {"fare": {201}}),
        ("200 >= fare", {"fare": {201}}),
        ("fare == 0xC8 || grade != 3", {"fare": {200, 201}, "grade": {3, 4}}),
        ("grade in [1, 4]", {"grade": {1, 2, 4, 5}}),
        ("local ? fare > 5 : (month >= 6 && month <= 8)", {"fare": {6}, "month": {6, 9}}),
    ],
)
def test_comparisons_with_numbers_are_legible(source: str, steps: Mapping[str, set[int]]) -> None:
    found = asked(source)

    assert {name: set(values) for name, values in found.steps.items()} == steps
    assert found.opaque <= {"local"}


def test_texts_prefixes_and_members_are_legible() -> None:
    found = asked(
        'region == "330106" || !region.startsWith("33") || 5 in categories || "minors" in lists'
        " || service in ['A', \"B\"]"
    )

    assert found.texts == {"region": {"330106"}, "service": {"A", "B"}}
    assert found.prefixes == {"region": {"33"}}
    assert found.members == {"categories": {5}, "lists": {"minors"}}
    assert found.opaque == frozenset()


@pytest.mark.parametrize(
    ("source", "opaque"),
    [
        ("fare % 100 == 0", "fare"),
        ("fare * 2 < 300", "fare"),
        ("100 - fare < 50", "fare"),
        ("fare < 100 + grade * 0", "fare"),
        ("fare < 200.5", "fare"),
        ("fare < 7u", "fare"),
        ("(fare) < 200", "fare"),
        ("fare > -1", "fare"),
        ("fare <= 200 == true", "fare"),
        ("fare == companions", "companions"),
        ("size(categories) > 1", "categories"),
        ("categories.exists(c, c > 4)", "categories"),
        ("categories == [1]", "categories"),
        ('region.endsWith("06")', "region"),
        ('region < "5"', "region"),
        ('region == r"33"', "region"),
        ('region == "\\x33"', "region"),
        ("[fare, grade].exists(v, v > 3)", "fare"),
    ],
)
def test_anything_else_is_opaque(source: str, opaque: str) -> None:
    assert opaque in asked(source).opaque


def test_literals_of_what_is_opaque_are_kept() -> None:
    found = asked('operator.endsWith("bus") && size(operator) == 11 && grade < 3 && service == "B"')

    assert found.fragments == {"operator": {"bus"}}
    assert found.sizes == {"operator": {11}}


@pytest.mark.parametrize(
    "condition",
    [
        'operator + "x" == "busx" && grade < 3',
        '(operator).contains("busx") && size("x") < 3',
        '["x", "busx"].exists(part, part == operator + "") || fare < 3',
    ],
)
def test_all_literals_are_kept_of_a_condition_that_asks_in_a_form_of_its_own(condition: str) -> None:
    found = asked(condition)

    assert found.fragments["operator"] - {""} == {"x", "busx"}
    assert found.sizes == {"operator": {3}}


def test_a_comment_asks_nothing() -> None:
    assert asked("grade <= 2 // fare % 3").asked == {"grade"}
