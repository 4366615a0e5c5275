"""How long a decision takes over a province's rule packs, and how that grows with the rules that apply.

    python -m benchmarks.decision [--quick]

Floor: the conditions that the decision tries, evaluated by the CEL library alone with the same variables, in
the same run. For one figure the floor is a decision-table engine (zen-engine): it is given the same rules as
a table whose first hit counts, compiled beforehand, and the same variables; its answer must be the same rule.
Progress goes to stderr; stdout has one JSON object a figure.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from functools import partial
from itertools import product
from statistics import median
from time import perf_counter_ns
from typing import Final

import cel
import zen

from benchmarks.figures import median_ms, progress, quick_asked, report
from crypto.explained import Text
from terminal.decisions.card_facts import CardFacts, Party
from terminal.decisions.catalogue import ServiceDomain, ServiceItem, ServiceKind
from terminal.decisions.conditions import Circumstances
from terminal.decisions.decide import decide, local_date
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.rule_pack import Rule, RulePack
from terminal.starter import starter_files

GOAL_MS: Final = 1.0
RULES_PER_CITY: Final = 30
FARE: Final = 200
AT_MS: Final = 1_772_000_000_000
PARTY: Final = Party()
APPLICABLE: Final = (10, 30, 100, 300)
SERVICE: Final = ServiceItem(
    code="BUS-1",
    name=Text(zh="公交", en="bus"),
    domain=ServiceDomain.SOCIAL,
    kind=ServiceKind.TRANSIT,
    operator="test-bus",
    region="440305",
    fare=FARE,
)

_CITY_HEAD: Final = """
name = "city-{city}"
version = "2026.1"
region = "{city}"
effective_from = 2026-01-01
"""
_CITY_RULE: Final = """
[[rules]]
id = "rule-{number}"
applies_to = {{ kinds = ["transit"] }}
condition = "{condition}"
benefit = {{ kind = "percentage", pays_percent = {percent} }}
legal_basis = {{ zh = "测试办法", en = "test rules" }}
holder_text = {{ zh = "优惠", en = "discount" }}
staff_text = {{ zh = "优惠", en = "discount" }}
source = {{ cites = "benchmark", mark = "G" }}
"""


def conditions() -> list[str]:
    """30 conditions of the kind that cities write; some cards meet the first of them, some none."""
    severe = [f"{category} in categories && grade == {grade}" for category in range(1, 8) for grade in (1, 2)]
    local = [f"local && {category} in categories && grade >= 3 && month == 2" for category in range(1, 8)]
    visitors = [
        f"!local && same_province && {category} in categories && fare > 10000" for category in range(1, 8)
    ]
    return [*severe, *local, *visitors, "companions > 8", "grade == 4"]


def province(cities: int) -> RuleBook:
    """The nation's pack and `cities` city packs of 30 rules."""
    packs = [RulePack.from_bytes(starter_files()["rules/cn.toml"], "cn.toml")]
    written = conditions()
    assert len(written) == RULES_PER_CITY
    packs.extend(city_pack(f"{44 + city // 99}{city % 99 + 1:02d}", written) for city in range(1, cities + 1))
    return RuleBook(packs)


def city_pack(code: str, written: Sequence[str]) -> RulePack:
    """A city's pack with a rule for each of the conditions."""
    rules = "".join(
        _CITY_RULE.format(number=number, condition=condition, percent=1 + number % 99)
        for number, condition in enumerate(written)
    )
    return RulePack.from_bytes((_CITY_HEAD.format(city=code) + rules).encode(), f"{code}.toml")


def evaluate_bare(card: CardFacts, programs: Sequence[cel.Program]) -> None:
    """What no decision can do without: the variables handed to CEL once, and each condition evaluated."""
    context = Circumstances(card, SERVICE, FARE, PARTY, local_date(AT_MS), 0).context
    for program in programs:
        program.execute(context)


def cards() -> list[CardFacts]:
    """A card of each category and grade."""
    return [
        CardFacts((category,), grade, SERVICE.region, date(2024, 1, 1), date(2034, 1, 1))
        for category, grade in product(range(1, 8), range(1, 5))
    ]


def measure(book: RuleBook, rounds: int) -> tuple[list[float], list[float]]:
    """Median milliseconds of a decision and of its floor, for a card of each category and grade."""
    programs = {rule.name: rule.condition.program for rule in book.rules_for(SERVICE, local_date(AT_MS))}
    decisions: list[float] = []
    floors: list[float] = []
    for card in cards():
        decision = decide(card, SERVICE, AT_MS, FARE, PARTY, book)
        tried = [programs[trial.rule] for trial in decision.tried]
        floors.append(median_ms(partial(evaluate_bare, card, tried), rounds))
        decisions.append(median_ms(partial(decide, card, SERVICE, AT_MS, FARE, PARTY, book), rounds))
    return decisions, floors


def zen_table(rules: Sequence[Rule]) -> zen.ZenDecision:
    """The conditions of these rules as zen-engine's decision table: a column of conditions, one of names."""
    rows = [
        {"_id": rule.name, "condition": zen_expression(rule.condition.source), "rule": f'"{rule.name}"'}
        for rule in rules
    ]
    table = {
        "hitPolicy": "first",
        "inputs": [{"id": "condition", "name": "condition", "field": ""}],
        "outputs": [{"id": "rule", "name": "rule", "field": "rule"}],
        "rules": rows,
    }
    graph = {
        "nodes": [
            {"id": "in", "type": "inputNode", "name": "in"},
            {"id": "table", "type": "decisionTableNode", "name": "table", "content": table},
            {"id": "out", "type": "outputNode", "name": "out"},
        ],
        "edges": [
            {"id": "to-table", "type": "edge", "sourceId": "in", "targetId": "table"},
            {"id": "to-out", "type": "edge", "sourceId": "table", "targetId": "out"},
        ],
    }
    return zen.ZenEngine().create_decision(zen.ZenDecisionContent(json.dumps(graph)))


def zen_expression(condition: str) -> str:
    """A benchmark's condition in zen-engine's language."""
    return condition.replace("&&", "and").replace("!", "not ")


def measure_zen(book: RuleBook, rounds: int) -> list[float]:
    """Median milliseconds of zen-engine's answer for each card, the table compiled and the card at hand."""
    table = zen_table(book.rules_for(SERVICE, local_date(AT_MS)))
    times: list[float] = []
    for card in cards():
        variables = Circumstances(card, SERVICE, FARE, PARTY, local_date(AT_MS), 0).context.variables
        found = table.evaluate(variables)["result"]
        rule = decide(card, SERVICE, AT_MS, FARE, PARTY, book).rule
        assert (found or {}).get("rule", "") == rule, "the two engines disagree"
        times.append(median_ms(partial(table.evaluate, variables), rounds))
    return times


def measure_growth(rounds: int) -> list[tuple[int, float, float]]:
    """For each number of applicable rules, none of which holds: milliseconds of decision and floor."""
    card = cards()[0]
    found: list[tuple[int, float, float]] = []
    for count in APPLICABLE:
        written = conditions()
        never = [f"{written[number % len(written)]} && fare > 10000" for number in range(count)]
        book = RuleBook([city_pack("4403", never)])
        programs = [rule.condition.program for rule in book.rules_for(SERVICE, local_date(AT_MS))]
        decision = partial(decide, card, SERVICE, AT_MS, FARE, PARTY, book)
        assert len(decision().tried) == count
        found.append(
            (count, median_ms(decision, rounds), median_ms(partial(evaluate_bare, card, programs), rounds))
        )
    return found


def report_ms(figure: str, value: float, floor: float) -> None:
    """One figure; the goal is meant for the median, and shown against every figure."""
    report(figure, value, "ms", floor=floor, goal=f"<= {GOAL_MS} ms", holds=value <= GOAL_MS)


def main() -> None:
    """Run the benchmark."""
    cities, rounds = (10, 50) if quick_asked(__doc__) else (100, 1000)
    progress(f"loading {cities} cities x {RULES_PER_CITY} rules")
    begun = perf_counter_ns()
    book = province(cities)
    progress(f"loaded in {(perf_counter_ns() - begun) / 1e9:.2f} s; deciding")
    decisions, floors = measure(book, rounds)
    size = f"{cities} cities x {RULES_PER_CITY} rules"
    report_ms(f"decision, median over cards, {size}", median(decisions), median(floors))
    report_ms(f"decision, slowest card, {size}", *max(zip(decisions, floors, strict=True)))
    progress("asking zen-engine the same")
    ours, table = median(decisions), median(measure_zen(book, rounds))
    applicable = len(book.rules_for(SERVICE, local_date(AT_MS)))
    report(
        f"decision beside zen-engine's table of the same {applicable} rules",
        ours,
        "ms",
        floor=table,
        goal="<= 1 x zen-engine",
        holds=ours <= table,
    )
    progress("more and more rules")
    (fewest, base, _), *more = measure_growth(rounds)
    for count, value, floor in more:
        report(
            f"decision, {count} applicable rules: {value / base:.1f} x that of {fewest}",
            value,
            "ms",
            floor=floor,
            goal=f"<= {count // fewest} x that of {fewest}, no slower than linear",
            holds=value <= base * count / fewest,
        )


if __name__ == "__main__":
    main()
