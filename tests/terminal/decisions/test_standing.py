"""What a decision makes of quotas, gates, expiry and companion cards."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.decisions.benefit import Rounding
from terminal.decisions.card_facts import CardFacts, Party
from terminal.decisions.catalogue import ServiceItem
from terminal.decisions.decide import Decision, decide
from terminal.decisions.failure import Failure
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.standing import NOTHING_KNOWN, Standing
from terminal.decisions.trial import TrialResult
from terminal.events.outcome import Outcome
from tests.terminal.decisions.writing import (
    EXPIRES,
    ISSUED,
    NOON,
    book,
    card,
    companion_card,
    ms,
    pack,
    rule,
    service,
)

HALF = 'kind = "percentage", pays_percent = 50'
TWO_A_MONTH = '[[quotas]]\nid = "q"\nuses = 2\nper = "month"\n'
SUMMER = '[[quotas]]\nid = "q"\nuses = 2\nper = "season"\nfrom = "05-01"\nuntil = "10-31"\n'
ENABLED = '[enabled]\nlist = "enabled"\ninstead = { zh = "请到窗口开通", en = "have it opened" }\n'
REVIEW = '[review]\ndue = "due"\nsoon = "soon"\ninstead = { zh = "请到窗口年审", en = "have it reviewed" }\n'
QUOTA = 'quota = "q"'


def by(
    rules: RuleBook,
    standing: Standing = NOTHING_KNOWN,
    holder: CardFacts | None = None,
    item: ServiceItem | None = None,
    at_ms: int = NOON,
    *,
    ticket: str = "",
) -> Decision:
    return decide(
        holder or card(), item or service(), at_ms, 200, Party(), rules, standing=standing, ticket=ticket
    )


def results(decision: Decision) -> list[TrialResult]:
    return [trial.result for trial in decision.tried]


@pytest.mark.parametrize(
    ("used", "outcome"), [(0, "granted"), (1, "granted"), (2, "quota_used_up"), (9, "quota_used_up")]
)
def test_a_quota_lasts_for_its_uses(used: int, outcome: str) -> None:
    rules = RuleBook([pack(rule(extra=QUOTA), more=TWO_A_MONTH)])

    decision = by(rules, Standing(uses={"p/q": used}))

    assert decision.outcome == outcome
    assert decision.quota == ("p/q" if decision.outcome.granted else "")


def test_a_used_up_quota_says_on_what_basis_and_from_when_it_is_there_again() -> None:
    decision = by(
        RuleBook([pack(rule(extra=QUOTA), more=TWO_A_MONTH)]),
        Standing(uses={"p/q": 2}),
        at_ms=ms(2026, 12, 31),
    )

    assert (decision.holder_pays, decision.rule, decision.rounding) == (200, "", None)
    assert decision.legal_basis.en == "test rules"
    assert decision.instead is not None
    assert "2027-01-01" in decision.instead.zh
    assert "2027-01-01" in decision.instead.en
    assert decision.bystander_text.en == "Please see the screen"


def test_a_used_up_quota_leaves_the_rules_after_it_alone() -> None:
    rules = RuleBook([pack(rule("best", extra=QUOTA), rule("next", benefit=HALF), more=TWO_A_MONTH)])

    fresh, spent = by(rules), by(rules, Standing(uses={"p/q": 2}))

    assert (fresh.rule, fresh.holder_pays, fresh.quota) == ("p/best", 0, "p/q")
    assert (spent.rule, spent.holder_pays, spent.quota) == ("p/next", 100, "")
    assert results(spent) == [TrialResult.QUOTA_USED, TrialResult.APPLIED]


def test_two_rules_can_share_a_quota() -> None:
    shared = RuleBook(
        [
            pack(
                rule("severe", "grade <= 2", extra=QUOTA),
                rule("half", "grade >= 3", HALF, extra=QUOTA),
                more=TWO_A_MONTH,
            )
        ]
    )
    spent = Standing(uses={"p/q": 2})

    assert [by(shared, holder=card(grade=grade)).quota for grade in (1, 4)] == ["p/q", "p/q"]
    assert {by(shared, spent, card(grade=grade)).outcome for grade in (1, 4)} == {Outcome.QUOTA_USED_UP}


def test_the_quota_of_another_pack_is_another() -> None:
    rules = RuleBook([pack(rule(extra=QUOTA), more=TWO_A_MONTH)])

    assert by(rules, Standing(uses={"other/q": 2, "q": 2})).outcome is Outcome.GRANTED


def test_out_of_season_the_rule_gives_nothing_and_says_when_it_will() -> None:
    rules = RuleBook([pack(rule(extra=QUOTA), more=SUMMER)])

    summer, winter = by(rules, at_ms=ms(2026, 10, 31)), by(rules, at_ms=ms(2026, 11, 1))

    assert summer.outcome is Outcome.GRANTED
    assert (winter.outcome, results(winter)) == (Outcome.NOT_ELIGIBLE, [TrialResult.OUT_OF_SEASON])
    assert winter.instead is not None
    assert "2027-05-01" in winter.instead.en
    assert "season" in winter.holder_text.en
    assert "季节" in winter.staff_text.zh


def test_who_has_not_opened_the_benefit_is_told_how() -> None:
    rules = RuleBook([pack(rule(), more=ENABLED)])

    closed, opened = by(rules), by(rules, Standing(frozenset({"enabled"})))

    assert (closed.outcome, closed.holder_pays) == (Outcome.NOT_ENABLED, 200)
    assert closed.instead is not None
    assert closed.instead.en == "have it opened"
    assert opened.outcome is Outcome.GRANTED


def test_an_overdue_review_refuses_and_one_in_its_grace_reminds() -> None:
    rules = RuleBook([pack(rule(), more=REVIEW)])

    fine, soon, due, both = (
        by(rules, Standing(frozenset(lists))) for lists in ((), ("soon",), ("due",), ("soon", "due"))
    )

    assert (fine.outcome, fine.reminder) == (Outcome.GRANTED, None)
    assert soon.outcome is Outcome.GRANTED
    assert soon.reminder is not None
    assert soon.reminder.en == "have it reviewed"
    for refused in (due, both):
        assert (refused.outcome, refused.reminder) == (Outcome.REVIEW_DUE, None)
        assert refused.instead is not None
        assert refused.instead.en == "have it reviewed"


def test_gates_are_a_pack_s_own_and_the_nation_s_rules_stand_behind() -> None:
    nation = pack(rule("law", "1 in categories", HALF), name="nation")
    city = pack(rule(), name="city", region="50", more=ENABLED)
    rules = RuleBook([nation, city])

    assert by(rules, holder=card((1,), 1)).rule == "nation/law"
    assert by(rules, holder=card((4,), 1)).outcome is Outcome.NOT_ENABLED


def test_who_is_not_meant_at_all_is_not_told_to_open_it() -> None:
    rules = RuleBook([pack(rule(condition="grade == 1"), more=ENABLED + REVIEW)])

    assert by(rules, holder=card(grade=4)).outcome is Outcome.NOT_ELIGIBLE


@pytest.mark.parametrize(
    ("days", "outcome"), [(0, Outcome.GRANTED), (30, Outcome.GRANTED), (31, Outcome.EXPIRED)]
)
def test_a_card_is_served_for_its_days_of_grace_and_no_longer(days: int, outcome: Outcome) -> None:
    rules = RuleBook([pack(rule(), more="expiry_grace_days = 30\n")])
    on = EXPIRES + timedelta(days=days)

    decision = by(rules, at_ms=ms(on.year, on.month, on.day))

    assert decision.outcome is outcome
    assert rules.expiry_grace_days(service(), on) == 30


def test_one_pack_s_patience_is_not_another_s() -> None:
    patient = pack(rule(condition="grade == 1"), name="city", region="50", more="expiry_grace_days = 30\n")
    rules = RuleBook([pack(rule(benefit=HALF), name="nation"), patient])
    after = ms(2034, 3, 2)

    assert rules.expiry_grace_days(service(), date(2034, 3, 2)) == 30
    assert by(rules, holder=card(grade=1), at_ms=after).rule == "city/r"
    assert by(rules, holder=card(grade=3), at_ms=after).outcome is Outcome.EXPIRED


def test_no_rule_for_holders_serves_a_companion_card() -> None:
    rules = book(rule("severe", "grade <= 2"), rule("all", "true"), rule("none", "size(categories) == 0"))

    decision = by(rules, Standing(follows_holder=True), companion_card())

    assert decision.outcome is Outcome.NOT_ELIGIBLE
    assert set(results(decision)) == {TrialResult.OTHER_CARD}


def test_no_rule_for_companion_cards_serves_a_holder() -> None:
    rules = book(rule(condition="true", extra='for = "companion-card"'))

    assert by(rules, Standing(follows_holder=True)).outcome is Outcome.NOT_ELIGIBLE
    assert by(rules, holder=companion_card()).outcome is Outcome.GRANTED


@pytest.mark.parametrize("facts", [((), 1), ((1,), 0), ((4,), -1), ((), -1), ((4,), 5), ((4,), 10)])
@pytest.mark.parametrize("extra", ["", 'for = "companion-card"'])
def test_facts_that_no_card_has_are_served_by_no_rule(facts: tuple[tuple[int, ...], int], extra: str) -> None:
    categories, grade = facts
    odd = CardFacts(categories, grade, "500103", ISSUED, EXPIRES)

    assert by(book(rule(extra=extra)), holder=odd).outcome is Outcome.NOT_ELIGIBLE


def test_a_class_of_ticket_costs_what_the_service_says_and_never_more_than_the_fare() -> None:
    rules = book(rule(benefit='kind = "ticket_class", ticket = "half"'))

    cheap, dear = (by(rules, item=service(tickets={"half": price})) for price in (80, 300))

    assert (cheap.holder_pays, dear.holder_pays) == (80, 200)


def test_a_class_of_ticket_that_the_service_has_not_fails_the_rule_alone() -> None:
    rules = book(rule("class", benefit='kind = "ticket_class", ticket = "half"'), rule("next", benefit=HALF))

    decision = by(rules, item=service(tickets={"child": 80}))

    assert (decision.rule, results(decision)) == ("p/next", [TrialResult.FAILED, TrialResult.APPLIED])
    assert decision.tried[0].failure is Failure.TICKET_UNPRICED


@pytest.mark.parametrize(("ticket", "rule_name"), [("", ""), ("first", ""), ("second", "p/r")])
def test_a_rule_can_ask_for_the_class_of_ticket(ticket: str, rule_name: str) -> None:
    assert by(book(rule(condition="ticket == 'second'")), ticket=ticket).rule == rule_name


@pytest.mark.parametrize(("written", "named"), [(None, "DOWN_TO_FEN"), ("down_to_jiao", "DOWN_TO_JIAO")])
def test_the_decision_names_how_it_rounded(written: str | None, named: str) -> None:
    benefit = HALF if written is None else f'{HALF}, rounding = "{written}"'

    assert by(book(rule(benefit=benefit))).rounding is Rounding[named]


def test_the_first_thing_in_the_way_is_what_the_holder_is_told() -> None:
    spent = pack(rule(extra=QUOTA), name="city", region="50", more=TWO_A_MONTH)
    closed = pack(rule(), name="nation", more=ENABLED)
    rules = RuleBook([spent, closed])

    decision = by(rules, Standing(uses={"city/q": 2}))

    assert results(decision) == [TrialResult.QUOTA_USED, TrialResult.NOT_ENABLED]
    assert decision.outcome is Outcome.QUOTA_USED_UP


LISTS = ("enabled", "due", "soon", "minors")
EVERYTHING = RuleBook(
    [
        pack(
            rule("minor", '"minors" in lists', HALF, extra='companion_required = "grade == 1"'),
            rule("quota", "grade <= 2", extra=QUOTA),
            rule("companion", "follows_holder", extra='for = "companion-card"'),
            rule("class", "ticket == 'half'", 'kind = "ticket_class", ticket = "half"'),
            name="city",
            region="50",
            more=f"expiry_grace_days = 30\n{ENABLED}{REVIEW}{SUMMER}",
        ),
        pack(rule("law", "1 in categories && grade <= 2"), name="nation"),
    ]
)
standings = st.builds(
    Standing,
    st.frozensets(st.sampled_from(LISTS)),
    st.dictionaries(st.sampled_from(["city/q", "other/q"]), st.integers(0, 3)),
    st.booleans(),
)
holders = st.one_of(
    st.builds(card, st.integers(1, 7).map(lambda category: (category,)), st.integers(1, 4)),
    st.just(companion_card()),
)


@given(holders, standings, st.integers(0, ms(2034, 6, 1)), st.sampled_from(["", "half"]))
def test_whatever_the_standing_a_grant_names_its_rule_and_a_refusal_what_to_do(
    holder: CardFacts, standing: Standing, at_ms: int, ticket: str
) -> None:
    item = service(tickets={"half": 90})

    decision = by(EVERYTHING, standing, holder, item, at_ms, ticket=ticket)

    assert decision == by(EVERYTHING, standing, holder, item, at_ms, ticket=ticket)
    assert 0 <= decision.holder_pays <= 200
    assert decision.outcome.granted is bool(decision.rule) is (decision.rounding is not None)
    assert decision.outcome.granted is (decision.instead is None)
    assert decision.quota in ({"", "city/q"} if decision.rule == "city/quota" else {""})
    if decision.rule.startswith("city/"):
        assert "enabled" in standing.lists
        assert "due" not in standing.lists
    if decision.rule == "city/quota":
        assert standing.uses.get("city/q", 0) < 2
    assert (decision.rule == "city/companion") <= (not holder.categories and standing.follows_holder)
    assert repr(standing) == "Standing()"


def test_more_uses_never_cost_less() -> None:
    for grade, categories in product(range(1, 5), ((1,), (4,))):
        pays = [
            by(
                EVERYTHING,
                Standing(frozenset({"enabled"}), {"city/q": used}),
                card(categories, grade),
            ).holder_pays
            for used in range(4)
        ]
        assert pays == sorted(pays)
