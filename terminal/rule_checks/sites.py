"""Services that stand for all services which a book of rules does not tell apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType
from typing import Final

from crypto.explained import Text
from terminal.decisions.benefit import TicketClassBenefit
from terminal.decisions.catalogue import Catalogue, ServiceDomain, ServiceItem, ServiceKind
from terminal.decisions.region import NATION, scopes
from terminal.decisions.rule_pack import Advice, Rule, RulePack
from terminal.rule_checks.questions import Questions, questions_of
from terminal.rule_checks.region_names import region_name
from terminal.rule_checks.regions import is_prefix, representatives
from terminal.rule_checks.text_samples import CODES, OPERATORS, representative_texts
from terminal.service_names import KIND_NAMES

_ELSEWHERE: Final = Text(zh="其余地区", en="elsewhere")
_TICKET_STEP_FEN: Final = 1_000
_LIST_FARE: Final = 10_000


@dataclass(frozen=True)
class Site:
    """A service and how it is told of; `invented` where it stands for many, whatever their features."""

    service: ServiceItem
    words: Text
    invented: bool


def rules_at(packs: Iterable[RulePack], service: ServiceItem) -> list[Rule]:
    """Every rule that covers a service, on whatever day."""
    reach = scopes(service.region)
    return [
        rule
        for pack in packs
        if pack.region in reach
        for rule in pack.rules
        if rule.applies_to.covers(service)
    ]


def questions_at(rules: Iterable[Rule]) -> Questions:
    """What the conditions of `rules` ask."""
    conditions = (
        condition
        for rule in rules
        for condition in (rule.condition, rule.companion_required)
        if condition is not None
    )
    return Questions.together(questions_of(condition) for condition in conditions)


def catalogue_sites(catalogue: Catalogue) -> Iterator[Site]:
    """The services of a catalogue."""
    for item in catalogue.items.values():
        yield Site(item, Text(zh=f"{item.code} {item.name.zh}", en=f"{item.code} {item.name.en}"), False)


def sites_of(packs: tuple[RulePack, ...]) -> Iterator[Site]:
    """An invented service for each region, kind, operator and code that `packs` tell apart, as far as that
    can be read off their conditions.

    Only those that some rule covers or some `[[otherwise]]` speaks of; of several that are alike in both, and
    that no condition tells apart, the first.
    """
    tickets = ticket_prices(packs)
    seen: set[tuple[object, ...]] = set()
    regions = representatives({"", *_regions_named(packs)})
    for prefix, region in regions.items():
        reaching = [pack for pack in packs if pack.region in scopes(region)]
        asked = questions_at(rule for pack in reaching for rule in pack.rules)
        operators, codes = _named(reaching)
        for kind, operator, code in product(
            _kinds(reaching, codes),
            representative_texts(asked, OPERATORS, operators),
            representative_texts(asked, CODES, codes),
        ):
            service = ServiceItem(
                code=code,
                name=Text(zh="试算", en="trial"),
                domain=ServiceDomain.SOCIAL,
                kind=kind,
                operator=operator,
                region=region,
                fare=_LIST_FARE,
                tickets=tickets,
            )
            likeness = _likeness(service, reaching, asked)
            concerned = rules_at(reaching, service) or _advises(reaching, service)
            if concerned and likeness not in seen:
                seen.add(likeness)
                yield Site(service, _words(prefix, service, asked, operators, codes), invented=True)


def _regions_named(packs: Iterable[RulePack]) -> Iterator[str]:
    """Regions of packs; and those that conditions name, with what they lie in: a service may lie there."""
    for pack in packs:
        if pack.region != NATION:
            yield pack.region
        asked = questions_at(pack.rules)
        for named in (*asked.texts.get("region", ()), *asked.prefixes.get("region", ())):
            if is_prefix(named):
                yield from {named[:2], named[:4], named}


def ticket_prices(packs: Iterable[RulePack]) -> Mapping[str, int]:
    """Every class of ticket that `packs` name at a price of its own, in fen."""
    named = sorted(
        {
            rule.benefit.ticket
            for pack in packs
            for rule in pack.rules
            if isinstance(rule.benefit, TicketClassBenefit)
        }
    )
    return MappingProxyType({ticket: _TICKET_STEP_FEN * (place + 1) for place, ticket in enumerate(named)})


def _named(packs: Sequence[RulePack]) -> tuple[set[str], set[str]]:
    """Operators and codes of services that packs are for."""
    applied = [rule.applies_to for pack in packs for rule in pack.rules]
    applied += [advice.applies_to for pack in packs for advice in pack.otherwise]
    operators = {applies.operator for applies in applied if applies.operator is not None}
    return operators, {code for applies in applied for code in applies.services}


def _kinds(packs: Sequence[RulePack], codes: set[str]) -> list[ServiceKind]:
    """Kinds of services that packs are for; all where there are `codes`, whose kinds are not said."""
    applied = [rule.applies_to for pack in packs for rule in pack.rules]
    applied += [advice.applies_to for pack in packs for advice in pack.otherwise]
    return sorted(ServiceKind if codes else {kind for applies in applied for kind in applies.kinds})


def _likeness(service: ServiceItem, packs: Iterable[RulePack], asked: Questions) -> tuple[object, ...]:
    """Equal for services that are treated alike, seen from a card of like residence."""
    # By identity: in two versions of a pack, rules of one name may cover different services.
    covered = tuple(id(rule) for rule in rules_at(packs, service))
    advised = tuple(map(id, _advises(packs, service)))
    constants = {"kind": service.kind.value, "operator": service.operator, "service": service.code}
    told = tuple(value for name, value in constants.items() if name in asked.asked)
    return covered, advised, told, service.region if "region" in asked.asked else ""


def _advises(packs: Iterable[RulePack], service: ServiceItem) -> list[Advice]:
    """What `[[otherwise]]` of `packs` says of a service."""
    return [advice for pack in packs for advice in pack.otherwise if advice.applies_to.covers(service)]


def _words(prefix: str, service: ServiceItem, asked: Questions, operators: set[str], codes: set[str]) -> Text:
    """ "Chongqing · transit · operator x", as far as each is told apart."""
    parts = [region_name(prefix) if prefix else _ELSEWHERE, KIND_NAMES[service.kind]]
    for form, text, named, noun in (
        (OPERATORS, service.operator, operators, _OPERATOR),
        (CODES, service.code, codes, _SERVICE),
    ):
        if text in named or text in asked.texts.get(form.variable, ()):
            parts.append(Text(zh=f"{noun.zh} {text}", en=f"{noun.en} {text}"))
        elif text != form.another:
            parts.append(Text(zh=f"{noun.zh}如 {text}", en=f"{noun.en} such as {text}"))
    return Text(zh=" · ".join(part.zh for part in parts), en=" · ".join(part.en for part in parts))


_OPERATOR: Final = Text(zh="运营单位", en="operator")
_SERVICE: Final = Text(zh="服务", en="service")
