"""The starter's conditions, asked of an engine of other people's making: the same rule holds first.

zen-engine knows neither gates nor quotas, so what is compared is the first rule whose condition holds,
whatever its pack's terms then make of it.
"""

from __future__ import annotations

import json
from itertools import product

import pytest
import zen

from terminal.decisions.card_facts import CardFacts, Party
from terminal.decisions.catalogue import ServiceFeature, ServiceItem, ServiceKind
from terminal.decisions.conditions import Circumstances
from terminal.decisions.decide import decide, local_date
from terminal.decisions.standing import Standing
from terminal.decisions.trial import TrialResult
from terminal.starter import starter_rule_book
from tests.terminal.decisions.writing import NOON, card, companion_card, service

BOOK = starter_rule_book()
TODAY = local_date(NOON)
NOT_MEANT = (TrialResult.CONDITION_FALSE, TrialResult.OTHER_CARD)
REGIONS = ("110105", "120103", "130302", "140502", "310115", "339901", "420106", "500103", "511502", "650102")
SERVICES = [
    *(service(region=region) for region in REGIONS),
    service(region="110105", features=frozenset({ServiceFeature.METRO})),
    service(ServiceKind.ATTRACTION, "652827", "bayanbulak"),
    service(ServiceKind.ATTRACTION, "339901", features=frozenset({ServiceFeature.GOVERNMENT_RUN})),
    service(ServiceKind.ATTRACTION, "339901", features=frozenset({ServiceFeature.PAID_AMUSEMENT})),
    service(ServiceKind.ATTRACTION, "339901"),
]
CARDS = [
    *(
        card((category,), grade, region)
        for category, grade, region in product(range(1, 8), range(1, 5), ("120101", "310101"))
    ),
    card((1, 5), 2),
    companion_card(),
]


def table(item: ServiceItem, holder: CardFacts) -> zen.ZenDecision:
    """The conditions of the rules for this service and kind of card; the first that holds is the answer."""
    rules = [rule for rule in BOOK.rules_for(item, TODAY) if rule.card_kind is holder.kind]
    content = {
        "hitPolicy": "first",
        "inputs": [{"id": "condition", "name": "condition", "field": ""}],
        "outputs": [{"id": "rule", "name": "rule", "field": "rule"}],
        "rules": [
            {"_id": rule.name, "condition": in_zen(rule.condition.source), "rule": f'"{rule.name}"'}
            for rule in rules
        ],
    }
    graph = {
        "nodes": [
            {"id": "in", "type": "inputNode", "name": "in"},
            {"id": "table", "type": "decisionTableNode", "name": "table", "content": content},
            {"id": "out", "type": "outputNode", "name": "out"},
        ],
        "edges": [
            {"id": "to-table", "type": "edge", "sourceId": "in", "targetId": "table"},
            {"id": "to-out", "type": "edge", "sourceId": "table", "targetId": "out"},
        ],
    }
    return zen.ZenEngine().create_decision(json.dumps(graph))


def in_zen(condition: str) -> str:
    return condition.replace("&&", "and").replace("||", "or").replace("!", "not ")


@pytest.mark.parametrize("item", SERVICES, ids=lambda item: f"{item.kind}-{item.region}")
def test_another_engine_finds_the_same_rule_first(item: ServiceItem) -> None:
    tables = {holder.kind: table(item, holder) for holder in CARDS}
    found: set[str] = set()
    for holder, follows, fare in product(CARDS, (False, True), (200, 201)):
        standing = Standing(follows_holder=follows)
        circumstances = Circumstances(holder, item, fare, Party(), TODAY, 0, standing)

        answer = tables[holder.kind].evaluate(circumstances.context.variables)["result"] or {}
        decision = decide(holder, item, NOON, fare, Party(), BOOK, standing=standing)

        ours = next((trial.rule for trial in decision.tried if trial.result not in NOT_MEANT), "")
        assert answer.get("rule", "") == ours
        found.add(ours)
    assert found - {""} or item.features == {ServiceFeature.PAID_AMUSEMENT}
