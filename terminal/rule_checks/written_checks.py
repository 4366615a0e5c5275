"""Checks of what is written in packs: texts in both languages, days between versions, names of services."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Final

from crypto.explained import Text
from terminal.decisions.catalogue import Catalogue
from terminal.decisions.pack_file import AppliesTo
from terminal.decisions.region import NATION, PROVINCES, province_prefix, scopes
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.rule_pack import Rule, RulePack
from terminal.rule_checks.finding import Check, Finding
from terminal.rule_checks.sites import questions_at

_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_LATIN_WORD: Final = re.compile(r"[A-Za-z]{3,}")
_UNFINISHED: Final = re.compile(r"TODO|FIXME|XXX|\?\?|……$|待补|待定|测试测试|lorem", re.IGNORECASE)
# Texts are read aloud, or over a shoulder: for staff, and at most places the holder's and the basis as well.
# Of grades the card's own four; "grades 1-10" of another certificate is none of these.
_CATEGORY: Final = re.compile(
    r"视力|听力|言语|肢体|智力|精神|多重|盲|失明|弱视|聋|失聪|哑|失语|[肢智精视听]残|智障|自闭|孤独症|瘫|截肢|轮椅"
    r"|重度|重残|(?<![\d十])[一二三四1-4]\s*级|(?<![A-Za-z])(?:I{1,3}|IV)\s*级|(?<![\d十])[一二三四五六七1-7]\s*类"
    r"|\b(?:visual|blind|sightless|hearing|deaf|speech|mute\b|physical|intellectual|mental|psychiatric|autis"
    r"|paraly[sz]|amput|multiple|wheelchair|severe)"
    r"|\bgrades?\s+(?:[1-4](?:\s*[-–]\s*[1-4])?\b(?!\s*[-–]\s*\d)|one|two|three|four|(?:I{1,3}|IV)\b)"
    r"|\b(?:first|second|third|fourth|1st|2nd|3rd|4th)[\s-]grade|\bcategor(?:y|ies)\s+(?:[1-7]\b|one|two|three)",
    re.IGNORECASE,
)
_SIX_DIGITS: Final = re.compile(r"[0-9]{6}")
_PREFIX: Final = re.compile(r"[0-9]{1,6}")
_ONE_DAY: Final = timedelta(days=1)


def check_texts(packs: Iterable[RulePack]) -> Iterator[Finding]:
    """Texts alike in both languages, in the wrong one, unfinished, or that name a category or a grade."""
    for pack in packs:
        for rule in pack.rules:
            for name, text in (
                ("legal_basis", rule.legal_basis),
                ("holder_text", rule.holder_text),
                ("staff_text", rule.staff_text),
            ):
                yield from _text(f"{rule.name}, {name}", text)
                yield from _discreet(f"{rule.name}, {name}", text)
        for number, advice in enumerate(pack.otherwise, start=1):
            yield from _text(f"{pack.name}, otherwise {number}", advice.instead)
            yield from _discreet(f"{pack.name}, otherwise {number}", advice.instead)
        for name, gate in (
            ("enabled", pack.terms.enabled),
            ("review", pack.terms.review_due),
        ):
            if gate is not None:
                yield from _text(f"{pack.name}, {name}.instead", gate.instead)
                yield from _discreet(f"{pack.name}, {name}.instead", gate.instead)
        if pack.misuse is not None:
            yield from _text(f"{pack.name}, misuse.legal_basis", pack.misuse.legal_basis)


def _discreet(subject: str, text: Text) -> Iterator[Finding]:
    if any(_CATEGORY.search(unicodedata.normalize("NFKC", each)) for each in (text.zh, text.en)):
        yield Finding(Check.TEXT, subject, _NAMES_CATEGORY)


def _text(subject: str, text: Text) -> Iterator[Finding]:
    if text.zh == text.en:
        yield Finding(Check.TEXT, subject, _SAME)
    elif not _HAN.search(text.zh):
        yield Finding(Check.TEXT, subject, _NOT_CHINESE)
    elif not _LATIN_WORD.search(text.en) or len(_HAN.findall(text.en)) > len(_LATIN_WORD.findall(text.en)):
        yield Finding(Check.TEXT, subject, _NOT_ENGLISH)
    if _UNFINISHED.search(text.zh) or _UNFINISHED.search(text.en):
        yield Finding(Check.TEXT, subject, _NOT_FINISHED)


def check_days(book: RuleBook) -> Iterator[Finding]:
    """Days between two versions of a pack on which neither is in force."""
    for earlier, later in pairwise(book.packs):
        if earlier.name != later.name or earlier.effective_until is None:
            continue
        first, last = earlier.effective_until + _ONE_DAY, later.effective_from - _ONE_DAY
        if first <= last:
            says = _HOLE.format(earlier=earlier.version, later=later.version, first=first, last=last)
            yield Finding(Check.HOLE, earlier.name, says)


def check_regions(packs: Iterable[RulePack]) -> Iterator[Finding]:
    """Packs and conditions for a province that there is not; conditions for places that the pack is not for.

    Cities and counties come and go, and are not looked up.
    """
    for pack in packs:
        if pack.region != NATION and province_prefix(pack.region) not in PROVINCES:
            yield Finding(Check.UNKNOWN_REGION, pack.name, _NO_PROVINCE.format(region=pack.region))
        for rule in pack.rules:
            asked = questions_at([rule])
            affirmed = asked.affirmed.get("region", frozenset())
            for code in sorted(asked.texts.get("region", ())):
                yield from _asked_region(pack, rule, code, _SIX_DIGITS, code in affirmed)
            for prefix in sorted(asked.prefixes.get("region", ())):
                yield from _asked_region(pack, rule, prefix, _PREFIX, prefix in affirmed)


def _asked_region(
    pack: RulePack, rule: Rule, region: str, form: re.Pattern[str], affirmed: bool
) -> Iterator[Finding]:
    if form.fullmatch(region) is None:
        says = (_NOT_SIX_DIGITS if form is _SIX_DIGITS else _NOT_DIGITS).format(region=region)
        yield Finding(Check.UNKNOWN_REGION, rule.name, says)
    elif not any(province.startswith(province_prefix(region)) for province in PROVINCES):
        if affirmed:
            yield Finding(Check.UNKNOWN_REGION, rule.name, _NO_PROVINCE.format(region=region))
        else:
            yield Finding(Check.OUTSIDE_REGION, rule.name, _EXCLUDES_NOBODY.format(region=region))
    elif pack.region != NATION and not (region.startswith(pack.region) or pack.region.startswith(region)):
        says = _OUTSIDE.format(region=region, own=pack.region)
        yield Finding(Check.OUTSIDE_REGION, rule.name, says)


def check_services(packs: Iterable[RulePack], catalogue: Catalogue) -> Iterator[Finding]:
    """Services and operators that are not in the catalogue; rules that cover none of its services."""
    operators = {item.operator for item in catalogue.items.values()}
    for pack in packs:
        reached = [item for item in catalogue.items.values() if pack.region in scopes(item.region)]
        for rule in pack.rules:
            yield from _named(rule.name, rule.applies_to, catalogue, operators)
            if not any(rule.applies_to.covers(item) for item in reached):
                yield Finding(Check.NOWHERE, rule.name, _NOWHERE)
        for number, advice in enumerate(pack.otherwise, start=1):
            yield from _named(f"{pack.name}, otherwise {number}", advice.applies_to, catalogue, operators)


def _named(
    subject: str, applies_to: AppliesTo, catalogue: Catalogue, operators: set[str]
) -> Iterator[Finding]:
    for code in applies_to.services:
        if code not in catalogue.items:
            yield Finding(Check.UNKNOWN_SERVICE, subject, _NO_SERVICE.format(code=code))
    operator = applies_to.operator
    if operator is not None and operator not in operators:
        yield Finding(Check.UNKNOWN_SERVICE, subject, _NO_OPERATOR.format(operator=operator))


_SAME: Final = Text(zh="中文与英文相同", en="the Chinese and the English are the same")
_NOT_CHINESE: Final = Text(zh="zh 中没有汉字", en="zh has no Chinese character")
_NOT_ENGLISH: Final = Text(zh="en 不像英文", en="en does not look English")
_NOT_FINISHED: Final = Text(zh="像是没有写完", en="it looks unfinished")
_NAMES_CATEGORY: Final = Text(
    zh="写出了残疾类别或等级，旁人可能看到或听到",
    en="it names a category or a grade, and others may see or hear it",
)
_HOLE: Final = Text(
    zh="{earlier} 版与 {later} 版之间，{first} 至 {last} 没有规则",
    en="between versions {earlier} and {later} there are no rules from {first} to {last}",
)
_NO_SERVICE: Final = Text(zh="服务目录中没有 {code}", en="the catalogue has no service {code}")
_NO_OPERATOR: Final = Text(
    zh="服务目录中没有运营单位 {operator}", en="the catalogue has no operator {operator}"
)
_NO_PROVINCE: Final = Text(
    zh="GB/T 2260 中没有这个地区：{region}", en="GB/T 2260 has no such region: {region}"
)
_NOT_SIX_DIGITS: Final = Text(
    zh="条件中的发证地 {region} 不是六位代码，没有证等于它（== 永远不成立，!= 永远成立）；"
    "整个市或省请写 region.startsWith",
    en="a condition compares with the region {region}, which is not six digits, so that no card's is equal "
    "to it (== never holds, != always does); write region.startsWith for a city or a province",
)
_EXCLUDES_NOBODY: Final = Text(
    zh="条件排除了发证地 {region}，GB/T 2260 中没有这个地区，没有人被排除",
    en="a condition excludes the region {region}; GB/T 2260 has no such region, so it excludes nobody",
)
_NOT_DIGITS: Final = Text(
    zh="条件中的发证地 {region} 不是一至六位数字",
    en="a condition asks for the region {region}, not 1 to 6 digits",
)
_OUTSIDE: Final = Text(
    zh="条件写了本包地区 {own} 之外的发证地 {region}；是否有意",
    en="a condition names the region {region}, outside the pack's {own}: is it meant",
)
_NOWHERE: Final = Text(zh="服务目录中没有它适用的服务", en="it covers no service of the catalogue")
