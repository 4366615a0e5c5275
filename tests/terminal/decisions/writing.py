"""Cards, services and rule packs that the tests of decisions are written with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Final

from crypto.explained import Text
from terminal.decisions.card_facts import CardFacts
from terminal.decisions.catalogue import ServiceDomain, ServiceFeature, ServiceItem, ServiceKind
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.rule_pack import RulePack

ISSUED: Final = date(2024, 3, 1)
EXPIRES: Final = date(2034, 3, 1)

RULE: Final = """
[[rules]]
id = "{id}"
applies_to = {{ {applies_to} }}
condition = '''{condition}'''
{extra}
benefit = {{ {benefit} }}
legal_basis = {{ zh = "测试办法", en = "test rules" }}
holder_text = {{ zh = "已优惠", en = "discounted" }}
staff_text = {{ zh = "优惠放行", en = "let pass" }}
source = {{ cites = "a test", mark = "G" }}
"""


def ms(year: int, month: int, day: int, hour: int = 12, minute: int = 0) -> int:
    """Milliseconds since 1970 UTC of a moment on China's clocks."""
    moment = datetime(year, month, day, hour, minute, tzinfo=timezone(timedelta(hours=8)))
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


NOON: Final = ms(2026, 5, 17)


def card(categories: tuple[int, ...] = (4,), grade: int = 3, region: str = "500103") -> CardFacts:
    return CardFacts(categories, grade, region, ISSUED, EXPIRES)


def companion_card(region: str = "500103") -> CardFacts:
    return CardFacts((), 0, region, ISSUED, EXPIRES)


def service(
    kind: ServiceKind = ServiceKind.TRANSIT,
    region: str = "500103",
    operator: str = "test-bus",
    features: frozenset[ServiceFeature] = frozenset(),
    code: str = "BUS-1",
    *,
    tickets: Mapping[str, int] = MappingProxyType({}),
) -> ServiceItem:
    return ServiceItem(
        code,
        Text(zh="测试", en="test"),
        ServiceDomain.SOCIAL,
        kind,
        operator,
        region,
        200,
        features,
        tickets,
    )


def rule(
    rule_id: str = "r",
    condition: str = "true",
    benefit: str = 'kind = "free"',
    applies_to: str = 'kinds = ["transit"]',
    extra: str = "",
) -> str:
    return RULE.format(id=rule_id, condition=condition, benefit=benefit, applies_to=applies_to, extra=extra)


def pack_toml(
    *rules: str, name: str = "p", version: str = "1", region: str = "CN", dates: str = "", more: str = ""
) -> str:
    head = f'name = "{name}"\nversion = "{version}"\nregion = "{region}"\n'
    return head + (dates or "effective_from = 2020-01-01\n") + more + "".join(rules or (rule(),))


def pack(
    *rules: str, name: str = "p", version: str = "1", region: str = "CN", dates: str = "", more: str = ""
) -> RulePack:
    toml = pack_toml(*rules, name=name, version=version, region=region, dates=dates, more=more)
    return RulePack.from_bytes(toml.encode())


def book(*rules: str) -> RuleBook:
    return RuleBook([pack(*rules)])
