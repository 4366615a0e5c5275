"""All rule packs that a terminal or the centre decides by, in their order of precedence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import pairwise
from types import MappingProxyType
from typing import Final, TypeAlias

from crypto.explained import Text
from crypto.sm3 import sm3
from terminal.decisions.card_facts import CardKind
from terminal.decisions.catalogue import ServiceItem, ServiceKind
from terminal.decisions.errors import RuleBookInconsistent
from terminal.decisions.quota import OpenQuota
from terminal.decisions.region import scopes
from terminal.decisions.rule_pack import Rule, RulePack
from terminal.decisions.terms import Misuse

_MAX_NAMES: Final = 120  # characters of pack names in a version; an event has room for 200
_MAX_SORTED: Final = 1024  # services and days whose rules are remembered in their order

# What decides which rules are for a service: region, operator, kind, code, and the day.
_Applicable: TypeAlias = tuple[str, str, ServiceKind, str, date]


class RuleBook:
    """Rule packs that can be in force together; the order they are given in makes no difference.

    `version` names the packs and ends in a digest over their bytes, so that equal versions decide equally.
    Raises RuleBookInconsistent.
    """

    def __init__(self, packs: Iterable[RulePack]) -> None:
        self.packs: Final = tuple(sorted(packs, key=lambda pack: (pack.name, pack.effective_from)))
        if not self.packs:
            raise RuleBookInconsistent(problem_zh="没有规则包", problem_en="there is none")
        for earlier, later in pairwise(self.packs):
            if earlier.name == later.name and earlier.overlaps(later):
                raise RuleBookInconsistent(
                    problem_zh=f"{earlier.name} 的 {earlier.version} 版与 {later.version} 版有效期重叠",
                    problem_en=f"{earlier.name} {earlier.version} and {later.version} are in force together",
                )
        self.version: Final = _version(self.packs)
        by_region: dict[str, list[RulePack]] = {}
        for pack in self.packs:
            by_region.setdefault(pack.region, []).append(pack)
        self._by_region: Final = MappingProxyType(by_region)
        self._sorted: Final[dict[_Applicable, tuple[Rule, ...]]] = {}

    def rules_for(self, service: ServiceItem, on: date) -> tuple[Rule, ...]:
        """The rules for a service on a day, in the order they are tried.

        Rules that name the service's operator come first, whoever made them; then those for every operator.
        Among each the narrowest region comes first: county, city, province, nation; then packs by name, then
        as the file has them. docs/adr/0027-precedence.md says why.
        """
        key = (service.region, service.operator, service.kind, service.code, on)
        # Threads may tap at once: each of these steps is whole by itself, and at worst two sort the same.
        found = self._sorted.get(key)
        if found is None:
            if len(self._sorted) >= _MAX_SORTED:
                self._sorted.clear()
            found = self._sorted[key] = tuple(self._sort(service, on))
        return found

    def instead_for(
        self, service: ServiceItem, on: date, card_kind: CardKind = CardKind.HOLDER
    ) -> Text | None:
        """What is advised where no rule grants anything, in the rules' order; None if nothing is."""
        advised = [
            advice
            for pack in self._reaching(service, on)
            for advice in pack.otherwise
            if advice.card_kind is card_kind and advice.applies_to.covers(service)
        ]
        first = min(advised, key=lambda advice: advice.applies_to.operator is None, default=None)
        return None if first is None else first.instead

    def quotas_for(self, service: ServiceItem, on: date) -> tuple[OpenQuota, ...]:
        """The quotas of the rules for a service whose window is open on a day, in the rules' order."""
        quotas = {rule.quota.name: rule.quota for rule in self.rules_for(service, on) if rule.quota}
        opened = (quota.opened(on) for quota in quotas.values())
        return tuple(quota for quota in opened if quota is not None)

    def expiry_grace_days(self, service: ServiceItem, on: date) -> int:
        """For how many days after its last day a card may still be served, by the most patient rule.

        Whether it is served is then `decide`'s to say: each rule has its own pack's patience.
        """
        return max((rule.terms.expiry_grace_days for rule in self.rules_for(service, on)), default=0)

    def misuse_in(self, region: str, on: date) -> Misuse | None:
        """What misuse in a `region` of six digits brings, by the narrowest pack; None if none says."""
        for scope in scopes(region):
            for pack in self._in_force(scope, on):
                if pack.misuse is not None:
                    return pack.misuse
        return None

    def _sort(self, service: ServiceItem, on: date) -> list[Rule]:
        covering = [
            rule
            for pack in self._reaching(service, on)
            for rule in pack.rules
            if rule.applies_to.covers(service)
        ]
        return sorted(covering, key=lambda rule: rule.applies_to.operator is None)

    def _reaching(self, service: ServiceItem, on: date) -> Iterator[RulePack]:
        for scope in scopes(service.region):
            yield from self._in_force(scope, on)

    def _in_force(self, scope: str, on: date) -> Iterator[RulePack]:
        return (pack for pack in self._by_region.get(scope, ()) if pack.in_force(on))


def _version(packs: tuple[RulePack, ...]) -> str:
    names = "+".join(f"{pack.name}@{pack.version}" for pack in packs)
    if len(names) > _MAX_NAMES:
        names = f"{len(packs)}packs"
    return f"{names}#{sm3(b''.join(pack.digest for pack in packs))[:8].hex()}"
