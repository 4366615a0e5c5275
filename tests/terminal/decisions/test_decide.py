"""Properties of every decision, and the arithmetic of every benefit."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.explained import Language
from terminal.decisions.card_facts import CardFacts, Party
from terminal.decisions.catalogue import ServiceFeature, ServiceItem, ServiceKind
from terminal.decisions.decide import decide, local_date
from terminal.decisions.errors import DecisionInputInvalid
from terminal.decisions.failure import Failure
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.trial import TrialResult
from terminal.events.challenge import MAX_COMPANIONS, MAX_FARE
from terminal.events.outcome import Outcome
from terminal.starter import starter_rule_book
from tests.category_words import CATEGORY_WORDS
from tests.terminal.decisions.recomputation import differing, recompute_elsewhere, records
from tests.terminal.decisions.writing import EXPIRES, ISSUED, NOON, book, card, ms, pack, rule, service

STARTER = starter_rule_book()
MIXED = book(
    rule("december-fails", "1 / (month - 12) < 1 && grade == 1 && 1 in categories"),
    rule("accompanied", "5 in categories", extra='companion_required = "grade <= 2"'),
    rule(
        "share", "grade == 3", 'kind = "percentage", pays_percent = 33, companions = 2, companion_pays = 70'
    ),
    rule(
        "ceiling",
        "grade == 2",
        'kind = "ceiling", ceiling_fen = 150, companions = 1, companion_pays = "free"',
    ),
)
REGIONS = ("500103", "110101", "330106", "339901", "429004", "650102")

cards = st.builds(
    CardFacts,
    st.sets(st.integers(1, 7), min_size=1).map(lambda found: tuple(sorted(found))),
    st.integers(1, 4),
    st.sampled_from(REGIONS),
    st.just(ISSUED),
    st.just(EXPIRES),
)
services = st.builds(
    service,
    st.sampled_from(ServiceKind),
    st.sampled_from(REGIONS),
    st.sampled_from(["test-bus", "other"]),
    st.frozensets(st.sampled_from(ServiceFeature)),
)
fares = st.integers(0, MAX_FARE)
parties = st.integers(0, MAX_COMPANIONS).map(Party)
moments = st.integers(0, ms(2099, 12, 31))


class Tap(NamedTuple):
    """All that a decision depends on."""

    holder: CardFacts
    item: ServiceItem
    at_ms: int
    fare: int
    party: Party
    rules: RuleBook


taps = st.builds(Tap, cards, services, moments, fares, parties, st.sampled_from([STARTER, MIXED]))

REFUSALS = (
    Outcome.NOT_ELIGIBLE,
    Outcome.QUOTA_USED_UP,
    Outcome.REVIEW_DUE,
    Outcome.NOT_ENABLED,
    Outcome.EXPIRED,
)


@given(taps)
def test_nobody_pays_more_than_the_fare_or_less_than_nothing(tap: Tap) -> None:
    decision = decide(*tap)

    assert 0 <= decision.holder_pays <= tap.fare
    assert 0 <= decision.companion_pays <= tap.fare
    assert 0 <= decision.companions_admitted <= tap.party.companions


@given(taps)
def test_outcome_agrees_with_what_is_given(tap: Tap) -> None:
    decision = decide(*tap)

    assert (decision.outcome is Outcome.GRANTED_WITH_COMPANION) is (decision.companions_admitted > 0)
    if not decision.outcome.granted:
        assert decision.outcome in REFUSALS
        assert (decision.holder_pays, decision.companion_pays, decision.rule) == (tap.fare, tap.fare, "")
        assert (decision.quota, decision.rounding, decision.reminder) == ("", None, None)
        assert decision.instead is not None
        assert all(trial.result is not TrialResult.APPLIED for trial in decision.tried)
    else:
        assert [trial.rule for trial in decision.tried if trial.result is TrialResult.APPLIED] == [
            decision.rule
        ]
        assert decision.tried[-1].rule == decision.rule


@given(taps)
def test_the_same_facts_give_the_same_decision(tap: Tap) -> None:
    again = tap._replace(rules=RuleBook(reversed(tap.rules.packs)))

    assert decide(*tap) == decide(*again)


@given(taps)
def test_bystanders_and_logs_learn_no_category(tap: Tap) -> None:
    decision = decide(*tap)

    expected = "优惠已生效" if decision.outcome.granted else "请看屏幕提示"
    assert decision.bystander_text.zh == expected
    for shown in (decision.bystander_text.zh, decision.bystander_text.en.lower(), repr(decision).lower()):
        assert not [word for word in CATEGORY_WORDS if word in shown]
    assert repr(tap.holder) == "CardFacts()"


@given(taps, fares)
def test_a_higher_fare_is_never_cheaper(tap: Tap, other: int) -> None:
    low = decide(*tap._replace(fare=min(tap.fare, other)))
    high = decide(*tap._replace(fare=max(tap.fare, other)))

    assert low.holder_pays <= high.holder_pays
    assert low.companion_pays <= high.companion_pays


@given(taps)
def test_a_more_severe_grade_never_pays_more_by_the_starter_packs(tap: Tap) -> None:
    by_grade = [
        decide(*tap._replace(holder=replace(tap.holder, grade=grade), rules=STARTER)).holder_pays
        for grade in range(1, 5)
    ]

    assert by_grade == sorted(by_grade)


@given(taps)
def test_a_companion_costs_the_holder_nothing(tap: Tap) -> None:
    alone = decide(*tap._replace(party=Party()))

    assert decide(*tap).holder_pays <= alone.holder_pays


def test_another_process_decides_the_same_bit_for_bit() -> None:
    assert recompute_elsewhere(2000) == 0


def test_a_recorded_decision_that_is_altered_or_of_other_rules_is_found() -> None:
    (line,) = records(1)
    fare = json.loads(line)["fare"]
    altered = json.dumps({**json.loads(line), "fare": fare + 1000})
    foreign = json.dumps({**json.loads(line), "book": "other@1#00"})

    assert [differing(iter([one])) for one in (line, altered, foreign)] == [0, 1, 1]


@pytest.mark.parametrize(
    ("benefit", "fare", "pays"),
    [
        ('kind = "free"', 205, 0),
        ('kind = "percentage", pays_percent = 50', 205, 102),
        ('kind = "percentage", pays_percent = 50', 1, 0),
        ('kind = "percentage", pays_percent = 99', MAX_FARE, MAX_FARE * 99 // 100),
        ('kind = "percentage", pays_percent = 50, rounding = "down_to_jiao"', 215, 100),
        ('kind = "percentage", pays_percent = 70, rounding = "down_to_yuan"', 700, 400),
        ('kind = "ceiling", ceiling_fen = 150', 149, 149),
        ('kind = "ceiling", ceiling_fen = 150', 151, 150),
    ],
)
def test_fare_arithmetic(benefit: str, fare: int, pays: int) -> None:
    assert decide(card(), service(), NOON, fare, Party(), book(rule(benefit=benefit))).holder_pays == pays


@pytest.mark.parametrize(
    ("companions", "admitted", "pays"), [(0, 0, 205), (1, 1, 143), (2, 2, 143), (3, 2, 143)]
)
def test_companions_beyond_the_rule_are_not_admitted(companions: int, admitted: int, pays: int) -> None:
    decision = decide(card(grade=3), service(), NOON, 205, Party(companions), MIXED)

    assert (decision.companions_admitted, decision.companion_pays) == (admitted, pays)


def test_a_failing_rule_grants_nothing_and_the_next_is_tried() -> None:
    failing = rule("december", "1 / (month - 12) < 1")
    rules = book(failing, rule("half", "true", 'kind = "percentage", pays_percent = 50'))

    november = decide(card(), service(), ms(2026, 11, 30), 200, Party(), rules)
    december = decide(card(), service(), ms(2026, 12, 1), 200, Party(), rules)

    assert (november.rule, november.holder_pays) == ("p/december", 0)
    assert (december.rule, december.holder_pays) == ("p/half", 100)
    assert [(trial.result, trial.failure) for trial in december.tried] == [
        (TrialResult.FAILED, Failure.DIVISION_BY_ZERO),
        (TrialResult.APPLIED, None),
    ]


@pytest.mark.parametrize(("age", "granted"), [(0, True), (45, True), (46, False)])
def test_a_rule_can_ask_how_old_the_hotlist_is(age: int, granted: bool) -> None:
    decision = decide(
        card(), service(), NOON, 200, Party(), book(rule(condition="hotlist_age <= 45")), hotlist_age=age
    )

    assert decision.outcome.granted is granted


DECEMBER = ms(2026, 12, 1)
FAILING = rule("december", "1 / (month - 12) < 1")


def test_a_failing_rule_alone_never_grants_and_the_refusal_says_why() -> None:
    decision = decide(card(), service(), DECEMBER, 200, Party(), book(FAILING))

    assert (decision.outcome, decision.holder_pays) == (Outcome.NOT_ELIGIBLE, 200)
    assert "nothing is wrong with your card" in decision.holder_text.en
    assert "TRM-321" in decision.staff_text.en
    assert "TRM-321" in decision.staff_text.zh
    assert decision.legal_basis.en == "test rules"
    assert decision.instead is not None
    assert "december" not in f"{decision.staff_text} {decision.holder_text}"  # a rule's name may tell
    trouble = decision.tried[0].trouble
    assert trouble is not None
    assert trouble.explain(Language.ZH).cause == "规则 p/december 对这次刷卡无法求值：除以零。"
    assert "by `tongka rules lint`" in trouble.explain(Language.EN).next_step


def test_the_first_of_failing_rules_is_told_whatever_comes_after_it() -> None:
    later = rule("later", "1 / (month - 12) < 1").replace("test rules", "later rules")

    decision = decide(card(), service(), DECEMBER, 200, Party(), book(FAILING, later, rule("no", "false")))

    assert "TRM-321" in decision.staff_text.en
    assert decision.legal_basis.en == "test rules"


def test_what_the_person_can_do_is_told_before_what_failed() -> None:
    season = rule("season", extra='quota = "summer"')
    summer = '[[quotas]]\nid = "summer"\nuses = 1\nper = "season"\nfrom = "06-01"\nuntil = "08-31"\n'
    rules = RuleBook([pack(FAILING, season, more=summer)])

    decision = decide(card(), service(), DECEMBER, 200, Party(), rules)

    assert [trial.result for trial in decision.tried] == [TrialResult.FAILED, TrialResult.OUT_OF_SEASON]
    assert "2027-06-01" in (decision.instead or decision.holder_text).en


def test_where_all_rules_can_be_worked_out_nothing_is_said_of_failures() -> None:
    refused = decide(card(), service(), NOON, 200, Party(), book(rule(condition="false")))

    assert refused.tried[0].trouble is None
    assert "TRM" not in refused.staff_text.en


def test_advice_is_given_beside_a_failure() -> None:
    advice = '[[otherwise]]\nkinds = ["transit"]\ninstead = { zh = "请询问", en = "ask" }\n'

    decision = decide(card(), service(), DECEMBER, 200, Party(), book(FAILING, advice))

    assert decision.instead is not None
    assert decision.instead.en == "ask"


def test_a_companion_requirement_that_fails_never_grants() -> None:
    rules = book(rule(extra='companion_required = "1 / (month - 12) < 1"'))

    decision = decide(card(), service(), ms(2026, 12, 1), 200, Party(), rules)

    assert decision.outcome is Outcome.NOT_ELIGIBLE
    assert decision.tried[0].result is TrialResult.FAILED


def test_who_must_be_accompanied_is_told_so() -> None:
    alone = decide(card((5,), 1), service(), NOON, 200, Party(), MIXED)
    together = decide(card((5,), 1), service(), NOON, 200, Party(1), MIXED)

    assert alone.outcome is Outcome.NOT_ELIGIBLE
    assert TrialResult.COMPANION_MISSING in [trial.result for trial in alone.tried]
    assert alone.instead is not None
    assert "陪护" in alone.instead.zh
    assert "陪护" in alone.holder_text.zh
    assert "请录入人数后请其再刷" in alone.staff_text.zh
    assert "enter how many" in alone.staff_text.en
    assert together.rule == "p/accompanied"


def test_who_need_not_be_accompanied_may_come_alone() -> None:
    assert decide(card((5,), 4), service(), NOON, 200, Party(), MIXED).rule == "p/accompanied"


def test_every_result_of_a_trial_is_explained_in_both_languages() -> None:
    assert all(result.why.zh and result.why.en for result in TrialResult)


@pytest.mark.parametrize(
    ("at_ms", "day"),
    [
        (ms(2026, 12, 31, 23, 59), (2026, 12, 31)),
        (ms(2027, 1, 1, 0, 0), (2027, 1, 1)),
        (0, (1970, 1, 1)),
    ],
)
def test_the_day_is_china_s(at_ms: int, day: tuple[int, int, int]) -> None:
    found = local_date(at_ms)

    assert (found.year, found.month, found.day) == day


def test_a_pack_ends_with_its_last_day() -> None:
    dates = "effective_from = 2026-01-01\neffective_until = 2026-06-30\n"
    rules = RuleBook([pack(dates=dates)])

    assert decide(card(), service(), ms(2026, 1, 1, 0, 0), 200, Party(), rules).outcome is Outcome.GRANTED
    assert decide(card(), service(), ms(2026, 6, 30, 23, 59), 200, Party(), rules).outcome is Outcome.GRANTED
    assert (
        decide(card(), service(), ms(2026, 7, 1, 0, 0), 200, Party(), rules).outcome is Outcome.NOT_ELIGIBLE
    )
    assert decide(card(), service(), ms(2025, 12, 31), 200, Party(), rules).outcome is Outcome.NOT_ELIGIBLE


@pytest.mark.parametrize(
    ("at_ms", "fare", "companions", "field"),
    [
        (NOON, -1, 0, "fare"),
        (NOON, MAX_FARE + 1, 0, "fare"),
        (NOON, 200, -1, "companions"),
        (NOON, 200, MAX_COMPANIONS + 1, "companions"),
        (-ms(1970, 1, 2), 200, 0, "at_ms"),
        (2**64, 200, 0, "at_ms"),
    ],
)
def test_input_that_no_tap_carries_is_named(at_ms: int, fare: int, companions: int, field: str) -> None:
    with pytest.raises(DecisionInputInvalid) as refused:
        decide(card(), service(), at_ms, fare, Party(companions), MIXED)

    assert refused.value.facts["field"] == field
