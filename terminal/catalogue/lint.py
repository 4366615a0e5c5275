"""The check of a catalogue before it is published: what a strict reader takes and people would miss."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from crypto.explained import Text
from terminal.catalogue import reading_level
from terminal.catalogue.normal_form import fold, is_hanzi
from terminal.decisions.catalogue import Catalogue, ServiceItem, ServiceKind
from terminal.decisions.region import PROVINCES, province_prefix
from terminal.decisions.rule_pack import RulePack
from terminal.decisions.service_guide import PICTOGRAMS

_CHINA: Final = "100000"
_MISSING: Final = Text(zh="缺少", en="it is missing")


@dataclass(frozen=True)
class Finding:
    """What is wrong in one field. `entry`: an item's code, or for a rule "pack/id"."""

    entry: str
    field: str
    problem: Text


def lint(catalogue: Catalogue, packs: Iterable[RulePack] = ()) -> list[Finding]:
    """All that is wrong with a catalogue (see Catalogue.draft), and in rule packs that name its services."""
    return [
        *(finding for item in catalogue.items.values() for finding in _item_findings(item)),
        *_unknown_regions(catalogue),
        *_dead_references(catalogue),
        *_duplicates(catalogue),
        *(finding for pack in packs for finding in _pack_findings(pack, catalogue)),
    ]


def _item_findings(item: ServiceItem) -> Iterator[Finding]:
    guide = item.guide
    for field, value in (
        ("easy_read", guide.easy_read),
        ("pictogram", guide.pictogram),
        ("words", guide.words),
        ("offered_by", guide.offered_by),
        ("hours", guide.hours or guide.hours_remark),
        ("channels", guide.channels or guide.phone),
        ("legal_basis", guide.legal_basis),
        ("source", guide.source),
        ("documents", guide.documents or item.kind is not ServiceKind.APPLICATION),
    ):
        if not value:
            yield Finding(item.code, field, _MISSING)
    if guide.pictogram and guide.pictogram not in PICTOGRAMS:
        known = ", ".join(PICTOGRAMS)
        problem = Text(
            zh=f"自助终端没有图形“{guide.pictogram}”，有：{known}",
            en=f"no kiosk draws “{guide.pictogram}”, but {known}",
        )
        yield Finding(item.code, "pictogram", problem)
    if guide.easy_read is not None:
        for language, problem in reading_level.faults(guide.easy_read, item.name):
            yield Finding(item.code, f"easy_read.{language}", problem)
    yield from _name_findings(item)


def _name_findings(item: ServiceItem) -> Iterator[Finding]:
    hanzi = sum(map(is_hanzi, fold(item.name.zh)))
    if not hanzi:
        yield Finding(item.code, "name.zh", Text(zh="没有汉字", en="it has no Chinese character"))
    if any(map(is_hanzi, item.name.en)):
        yield Finding(item.code, "name.en", Text(zh="不是英文", en="it is not English"))
    syllables = len(item.guide.pinyin.split())
    if syllables and syllables != hanzi:
        problem = Text(
            zh=f"有 {syllables} 个音节，名称有 {hanzi} 个汉字",
            en=f"it has {syllables} syllables, and the name {hanzi} Chinese characters",
        )
        yield Finding(item.code, "pinyin", problem)
    for field, words in (("words", item.guide.words), ("asked", item.guide.asked)):
        for word in words:
            if not fold(word):
                problem = Text(zh=f"没有可搜索的字：{word}", en=f"nothing in it can be typed: {word}")
                yield Finding(item.code, field, problem)


def _dead_references(catalogue: Catalogue) -> Iterator[Finding]:
    for code, target in catalogue.dead_references():
        problem = Text(zh=f"目录中没有服务 {target}", en=f"the catalogue has no service {target}")
        yield Finding(code, "related", problem)
    for item in catalogue.items.values():
        if item.code in item.guide.related:
            problem = Text(zh="与自己相关", en="it is related to itself")
            yield Finding(item.code, "related", problem)


def _unknown_regions(catalogue: Catalogue) -> Iterator[Finding]:
    for item in catalogue.items.values():
        if item.region != _CHINA and province_prefix(item.region) not in PROVINCES:
            problem = Text(zh=f"没有这个地区：{item.region}", en=f"there is no such region: {item.region}")
            yield Finding(item.code, "region", problem)


def _duplicates(catalogue: Catalogue) -> Iterator[Finding]:
    """Names that a person could not tell apart, in one place."""
    first: dict[tuple[str, str, str], str] = {}
    for item in catalogue.items.values():
        for language, name in (("zh", item.name.zh), ("en", item.name.en)):
            other = first.setdefault((language, fold(name).replace(" ", ""), item.region), item.code)
            if other != item.code:
                problem = Text(zh=f"与 {other} 同名：{name}", en=f"{other} has the same name: {name}")
                yield Finding(item.code, f"name.{language}", problem)


def _pack_findings(pack: RulePack, catalogue: Catalogue) -> Iterator[Finding]:
    operators = {item.operator for item in catalogue.items.values()}
    for rule in pack.rules:
        for code in rule.applies_to.services:
            if code not in catalogue.items:
                problem = Text(zh=f"目录中没有服务 {code}", en=f"the catalogue has no service {code}")
                yield Finding(rule.name, "applies_to.services", problem)
        operator = rule.applies_to.operator
        if operator is not None and operator not in operators:
            problem = Text(
                zh=f"目录中没有运营单位 {operator} 的服务",
                en=f"the catalogue has no service of the operator {operator}",
            )
            yield Finding(rule.name, "applies_to.operator", problem)
