"""Operators, codes, tickets, regions: what whole comparisons tell apart is there; of others what is said."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.decisions.conditions import Condition
from terminal.rule_checks.questions import Questions, questions_of
from terminal.rule_checks.text_samples import (
    CODES,
    OPERATORS,
    TICKETS,
    TextForm,
    representative_texts,
    suggested_regions,
)

FORMS = [OPERATORS, CODES, TICKETS]


def asked(*sources: str) -> Questions:
    return Questions.together(questions_of(Condition.compile(source)) for source in sources)


def texts_of(form: TextForm) -> st.SearchStrategy[str]:
    """Texts that often begin alike, and like the one that stands for all others."""
    few = "ano-" if form.another.islower() else "OTX-"
    return st.text(few, min_size=1, max_size=form.longest).filter(form.holds)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.variable)
@given(st.data())
def test_each_text_is_told_apart_as_one_of_those_that_stand_for_all(
    form: TextForm, data: st.DataObject
) -> None:
    exact = data.draw(st.sets(texts_of(form), max_size=4))
    prefixes = data.draw(st.sets(texts_of(form).map(lambda text: text[:3]), max_size=5))
    any_text = data.draw(texts_of(form) | st.from_regex(form.pattern, fullmatch=True))
    sources = [f'{form.variable} == "{text}"' for text in exact]
    sources += [f'{form.variable}.startsWith("{prefix}")' for prefix in prefixes]

    found = representative_texts(asked(*sources), form, ())

    def answers(text: str) -> list[bool]:
        return [text == other for other in sorted(exact)] + [text.startswith(p) for p in sorted(prefixes)]

    assert answers(any_text[: form.longest]) in [answers(text) for text in found]
    assert all(form.holds(text) for text in found)


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ('operator.endsWith("-bus")', "-bus$"),
        ('operator.contains("city")', "^city$"),
        ('operator.contains("city")', "^.+city.+$"),
        ("size(operator) == 11", "^.{11}$"),
        ("size(operator) == 11", "^.{12}$"),
        ('operator.startsWith("my-") && operator.endsWith("bus")', "^my-.*bus$"),
        ('operator.endsWith("x") && size(operator) == 9', "^.{8}x$"),
        ('operator > "m"', "^[n-z]"),
        ('operator > "m"', "^[a-l0-9]"),
        ('operator.contains("another")', "^(?!.*another)"),
    ],
)
def test_what_functions_ask_suggests_texts_that_answer_yes_and_no(condition: str, wanted: str) -> None:
    found = representative_texts(asked(condition), OPERATORS, ())

    assert any(re.search(wanted, text) for text in found), found
    assert all(OPERATORS.holds(text) for text in found)


def test_what_no_condition_asks_is_one_text() -> None:
    assert representative_texts(asked("grade <= 2"), OPERATORS, ["own"]) == ("own", "another")


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ('region.contains("0106")', "330106"),
        ('region.endsWith("06")', "330106"),
        ('region > "600000"', "659001"),
        ('region > "330203" && region < "330205"', "330204"),
        ('region.contains("32")', "320101"),
    ],
)
def test_parts_of_a_region_suggest_regions_that_have_them(condition: str, code: str) -> None:
    found = suggested_regions(asked(condition), "330101")

    assert code in found
    assert all(re.fullmatch("[1-6][0-9]{5}", region) for region in found)
    assert suggested_regions(asked('region.startsWith("33")'), "330101") == frozenset()
