"""How long a decision takes over a province's rule packs, beside the bare CEL conditions it can't do without.

    python -m benchmarks.decision [--quick]

Floor: the conditions that the decision tries, evaluated by the CEL library alone with the same variables, in
the same run. Progress goes to stderr; stdout has one JSON object a figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from itertools import product
from statistics import median
from time import perf_counter_ns
from typing import Final

import cel

from benchmarks.figures import median_ms, progress, quick_asked, report
from crypto.explained import Text
from terminal.decisions.card_facts import CardFacts, Party
from terminal.decisions.catalogue import ServiceDomain, ServiceItem, ServiceKind
from terminal.decisions.conditions import Circumstances
from terminal.decisions.decide import decide, local_date
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.rule_pack import RulePack
from terminal.starter import starter_files

GOAL_MS: Final = 1.0
RULES_PER_CITY: Final = 30
FARE: Final = 200
AT_MS: Final = 1_772_000_000_000
PARTY: Final = Party()
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
    for city in range(1, cities + 1):
        rules = "".join(
            _CITY_RULE.format(number=number, condition=condition, percent=1 + number)
            for number, condition in enumerate(written)
        )
        code = f"{44 + city // 99}{city % 99 + 1:02d}"
        packs.append(RulePack.from_bytes((_CITY_HEAD.format(city=code) + rules).encode(), f"{code}.toml"))
    return RuleBook(packs)


def evaluate_bare(card: CardFacts, programs: Sequence[cel.Program]) -> None:
    """What no decision can do without: the variables handed to CEL once, and each condition evaluated."""
    context = Circumstances(card, SERVICE, FARE, PARTY, local_date(AT_MS), 0).context
    for program in programs:
        program.execute(context)


def measure(book: RuleBook, rounds: int) -> tuple[list[float], list[float]]:
    """Median milliseconds of a decision and of its floor, for a card of each category and grade."""
    programs = {rule.name: rule.condition.program for rule in book.rules_for(SERVICE, local_date(AT_MS))}
    decisions: list[float] = []
    floors: list[float] = []
    for category, grade in product(range(1, 8), range(1, 5)):
        card = CardFacts((category,), grade, SERVICE.region, date(2024, 1, 1), date(2034, 1, 1))
        decision = decide(card, SERVICE, AT_MS, FARE, PARTY, book)
        tried = [programs[trial.rule] for trial in decision.tried]
        floors.append(median_ms(partial(evaluate_bare, card, tried), rounds))
        decisions.append(median_ms(partial(decide, card, SERVICE, AT_MS, FARE, PARTY, book), rounds))
    return decisions, floors


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


if __name__ == "__main__":
    main()
