"""What is fuzzed of decisions: the rule packs that a publication brings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from crypto.explained import Text
from terminal.decisions.card_facts import CardFacts, Party
from terminal.decisions.catalogue import ServiceDomain, ServiceItem, ServiceKind
from terminal.decisions.decide import decide
from terminal.decisions.errors import RulePackMalformed
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.rule_pack import RulePack
from terminal.decisions.standing import Standing
from terminal.starter import starter_files

AT_MS: Final = 1_772_000_000_000
FARE: Final = 200
CARDS: Final = tuple(
    CardFacts(categories, grade, "511502", date(2024, 1, 1), date(2034, 1, 1))
    for categories, grade in (((1,), 1), ((4, 7), 4), ((), 0))
)
SERVICES: Final = tuple(
    ServiceItem(
        "BUS-1", Text(zh="公交", en="bus"), ServiceDomain.SOCIAL, ServiceKind.TRANSIT, "bus", region, FARE
    )
    for region in ("511502", "130302", "110105")
)


def rule_pack(data: bytes) -> bool:
    """A pack that is taken decides over any card, never against the passenger and never below nothing."""
    try:
        pack = RulePack.from_bytes(data)
    except RulePackMalformed as refused:
        assert refused.facts["place"]
        assert refused.facts["write_en"]
        return False
    book = RuleBook([pack])
    for card in CARDS:
        for service in SERVICES:
            decision = decide(card, service, AT_MS, FARE, Party(1), book, standing=Standing(pack.lists))
            assert 0 <= decision.holder_pays <= FARE
            assert decision.outcome.granted is bool(decision.rule)
    return True


DECISION_TARGETS: Final[Mapping[str, Callable[[bytes], bool]]] = MappingProxyType({"rule-pack": rule_pack})


def decision_seeds() -> dict[str, list[bytes]]:
    """Inputs that each target accepts."""
    packs = ("beijing", "qinhuangdao", "wuhan", "yibin")
    return {"rule-pack": [starter_files()[f"rules/{name}.toml"] for name in packs]}
