"""Which standing lists a rule book asks for, and who asks: a publication has to hold them all."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from terminal.decisions.rule_book import RuleBook
from terminal.decisions.rule_pack import RulePack


def asked_lists(rules: RuleBook) -> Mapping[str, str]:
    """Each list's name, and the first who asks: "pack/rule", or "pack" where the pack's own terms do."""
    asked: dict[str, str] = {}
    for pack in rules.packs:
        for name in sorted(pack.lists):
            asked.setdefault(name, _asker(pack, name))
    return MappingProxyType(asked)


def lacking(asked: Mapping[str, str], published: Collection[str]) -> str:
    """The lists that are asked for and not published, each with who asks, for an error; empty if none is."""
    return ", ".join(f"{name} ({rule})" for name, rule in asked.items() if name not in published)


def _asker(pack: RulePack, name: str) -> str:
    for rule in pack.rules:
        for condition in (rule.condition, rule.companion_required):
            if condition is not None and name in condition.lists:
                return rule.name
    return pack.name
