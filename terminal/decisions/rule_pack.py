"""One rule pack: the rules that one authority publishes for one region, as a TOML file.

docs/add-a-benefit-rule.md describes the format for those who write packs; the Structs here are the format.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Annotated, Final

import msgspec

from crypto.explained import Text
from crypto.sm3 import sm3
from terminal.decisions.benefit import AnyBenefit, Rounding
from terminal.decisions.catalogue import ServiceItem, ServiceKind
from terminal.decisions.conditions import VARIABLES, Condition
from terminal.decisions.source import Source
from terminal.decisions.toml_document import BilingualText, DocumentShape, ServiceCode, Slug
from terminal.errors import ConditionRejected, RulePackMalformed

RegionScope = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(?:CN|[1-9][0-9]|[1-9][0-9](?!00)[0-9]{2}|[1-9][0-9](?!00)[0-9]{2}(?!00)[0-9]{2})\Z"
    ),
]


class AppliesTo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which services a rule is for: any of the kinds or codes, of this operator only if one is named."""

    kinds: tuple[ServiceKind, ...] = ()
    services: tuple[ServiceCode, ...] = ()
    operator: Slug | None = None

    def covers(self, service: ServiceItem) -> bool:
        """Whether a rule for these services is one for `service`."""
        if self.operator is not None and self.operator != service.operator:
            return False
        return service.kind in self.kinds or service.code in self.services


class _RuleEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    id: Slug
    applies_to: AppliesTo
    condition: str
    companion_required: str | None = None
    benefit: AnyBenefit
    legal_basis: BilingualText
    holder_text: BilingualText
    staff_text: BilingualText
    source: Source
    note: BilingualText | None = None


class Otherwise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person can do instead, at services of these kinds, when no rule grants anything."""

    kinds: Annotated[tuple[ServiceKind, ...], msgspec.Meta(min_length=1)]
    instead: BilingualText


class PackFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file as it is written. Notes are for whoever reads it; nothing is decided by them."""

    name: Slug
    version: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z.]{1,16}\Z")]
    region: RegionScope
    effective_from: date
    effective_until: date | None = None
    note: BilingualText | None = None
    rules: Annotated[tuple[_RuleEntry, ...], msgspec.Meta(min_length=1, max_length=500)]
    otherwise: tuple[Otherwise, ...] = ()


_BOTH_LANGUAGES: Final = Text(
    zh='{ zh = "…", en = "…" }，各 1–300 字', en='{ zh = "…", en = "…" } with 1 to 300 characters each'
)
_KINDS: Final = Text(zh=f"列表，可含：{', '.join(ServiceKind)}", en=f"a list of {', '.join(ServiceKind)}")
_CONDITION: Final = Text(
    zh=f"一个得出 true 或 false 的 CEL 表达式，变量有：{', '.join(VARIABLES)}",
    en=f"a CEL expression that is true or false, in the variables {', '.join(VARIABLES)}",
)
_DAY: Final = Text(
    zh="日期，如 2026-01-01，不早于 effective_from", en="a day as 2026-01-01, effective_from or later"
)
_SLUG: Final = Text(
    zh="1–32 位小写字母、数字或连字符，不重复", en="1 to 32 small letters, digits or hyphens, used once"
)

PACK_SHAPE: Final = DocumentShape(
    error=RulePackMalformed,
    entries="rules",
    label="id",
    entry_noun="rule",
    hints=MappingProxyType(
        {
            "name": _SLUG,
            "version": Text(
                zh="1–16 位字母、数字或点，如 2026.1", en="1 to 16 letters, digits or dots, as 2026.1"
            ),
            "region": Text(
                zh="CN（全国）、省 2 位、市 4 位或县 6 位的 GB/T 2260 代码，末尾不带 00",
                en="CN for the nation, or GB/T 2260 without final zeros: 2 digits province, 4 city, 6 county",
            ),
            "effective_from": Text(zh="起始日期，如 2026-01-01", en="the first day, as 2026-01-01"),
            "effective_until": _DAY,
            "note": _BOTH_LANGUAGES,
            "rules": Text(zh="1–500 个 [[rules]]", en="1 to 500 [[rules]]"),
            "rules.id": _SLUG,
            "rules.applies_to": Text(
                zh="至少给出 kinds 或 services", en="a table with kinds or services, at least one of them"
            ),
            "rules.applies_to.kinds": _KINDS,
            "rules.applies_to.services": Text(zh="服务代码列表", en="a list of service codes"),
            "rules.applies_to.operator": Text(zh="运营单位代码", en="the operator's id"),
            "rules.condition": _CONDITION,
            "rules.companion_required": _CONDITION,
            "rules.benefit": Text(zh="一个表，先写 kind", en="a table that begins with kind"),
            "rules.benefit.kind": Text(
                zh="以下之一：free, percentage, ceiling", en="one of free, percentage, ceiling"
            ),
            "rules.benefit.pays_percent": Text(
                zh="持证人所付百分比，1–99 的整数",
                en="the share the holder pays, a whole percentage from 1 to 99",
            ),
            "rules.benefit.ceiling_fen": Text(
                zh="持证人最多付多少分，1–1000000 的整数",
                en="the most the holder pays, in fen, a whole number from 1 to 1000000",
            ),
            "rules.benefit.rounding": Text(
                zh=f"以下之一：{', '.join(Rounding)}", en=f"one of {', '.join(Rounding)}"
            ),
            "rules.benefit.companions": Text(
                zh="享受同行优惠的人数，0–9；大于 0 时 companion_pays 须为 free 或百分比",
                en="how many companions have a fare of their own, 0 to 9; if any, say what companion_pays",
            ),
            "rules.benefit.companion_pays": Text(
                zh='"full"、"free" 或 1–99 的百分比；不为 "full" 时 companions 须大于 0',
                en='"full", or with companions above 0: "free" or a percentage from 1 to 99',
            ),
            "rules.legal_basis": _BOTH_LANGUAGES,
            "rules.holder_text": _BOTH_LANGUAGES,
            "rules.staff_text": _BOTH_LANGUAGES,
            "rules.source": Text(zh="一个表，含 cites 与 mark", en="a table with cites and mark"),
            "rules.source.cites": Text(
                zh="出处，1–300 字", en="the source in words that let others find it, 1 to 300 characters"
            ),
            "rules.source.mark": Text(
                zh='"V"（见于公开来源）或 "G"（一般知识，待核实）',
                en='"V" (seen in a public source) or "G" (general knowledge, to be confirmed)',
            ),
            "rules.note": _BOTH_LANGUAGES,
            "otherwise": Text(zh="零个或多个 [[otherwise]]", en="any number of [[otherwise]]"),
            "otherwise.kinds": _KINDS,
            "otherwise.instead": _BOTH_LANGUAGES,
        }
    ),
)


@dataclass(frozen=True)
class Rule:
    """A rule ready to be tried; `name` is "pack/id"."""

    name: str
    applies_to: AppliesTo
    condition: Condition
    companion_required: Condition | None
    benefit: AnyBenefit
    legal_basis: Text
    holder_text: Text
    staff_text: Text
    source: Source


@dataclass(frozen=True)
class RulePack:
    """The rules of one authority. `digest`: SM3 over the file; `effective_until`: last day, None if open."""

    name: str
    version: str
    region: str
    effective_from: date
    effective_until: date | None
    rules: tuple[Rule, ...]
    otherwise: Mapping[ServiceKind, Text]
    digest: bytes

    @classmethod
    def from_bytes(cls, data: bytes, file: str = "rules.toml") -> RulePack:
        """The pack in a TOML file; `file` is its name for errors. Raises RulePackMalformed."""
        document = PACK_SHAPE.read(data, PackFile, file)
        if document.effective_until is not None and document.effective_until < document.effective_from:
            problem = Text(zh="早于 effective_from", en="it is before effective_from")
            raise PACK_SHAPE.fault(file, "effective_until", problem)
        seen: set[str] = set()
        for entry in document.rules:
            _check(entry, entry.id in seen, file)
            seen.add(entry.id)
        return cls(
            name=document.name,
            version=document.version,
            region=document.region,
            effective_from=document.effective_from,
            effective_until=document.effective_until,
            rules=tuple(_compile(document.name, entry, file) for entry in document.rules),
            otherwise=MappingProxyType(
                {kind: other.instead.text for other in reversed(document.otherwise) for kind in other.kinds}
            ),
            digest=sm3(data),
        )

    def in_force(self, on: date) -> bool:
        """Whether the pack's rules hold on a day (local date)."""
        return self.effective_from <= on and (self.effective_until is None or on <= self.effective_until)

    def overlaps(self, other: RulePack) -> bool:
        """Whether there is a day on which both packs are in force."""
        both_have_begun = max(self.effective_from, other.effective_from)
        return self.in_force(both_have_begun) and other.in_force(both_have_begun)


def _check(entry: _RuleEntry, repeated: bool, file: str) -> None:
    """What the types can't say of a rule."""
    if repeated:
        problem = Text(zh="id 重复", en="the id is used twice")
        raise PACK_SHAPE.fault(file, "rules.id", problem, entry.id)
    if not entry.applies_to.kinds and not entry.applies_to.services:
        problem = Text(zh="未指明任何服务", en="it names no service")
        raise PACK_SHAPE.fault(file, "rules.applies_to", problem, entry.id)
    benefit = entry.benefit
    if benefit.companions and benefit.companion_pays == "full":
        problem = Text(zh="同行人没有得到优惠", en="the companions would be given nothing")
        raise PACK_SHAPE.fault(file, "rules.benefit.companion_pays", problem, entry.id)
    if benefit.companion_pays != "full" and not benefit.companions:
        problem = Text(zh="有同行票价却没有同行人数", en="there is a companion's fare and no companion")
        raise PACK_SHAPE.fault(file, "rules.benefit.companions", problem, entry.id)


def _compile(pack: str, entry: _RuleEntry, file: str) -> Rule:
    required = entry.companion_required
    return Rule(
        name=f"{pack}/{entry.id}",
        applies_to=entry.applies_to,
        condition=_condition(entry.condition, "rules.condition", entry.id, file),
        companion_required=(
            None if required is None else _condition(required, "rules.companion_required", entry.id, file)
        ),
        benefit=entry.benefit,
        legal_basis=entry.legal_basis.text,
        holder_text=entry.holder_text.text,
        staff_text=entry.staff_text.text,
        source=entry.source,
    )


def _condition(source: str, path: str, entry: str, file: str) -> Condition:
    try:
        return Condition.compile(source)
    except ConditionRejected as rejected:
        problem = Text(zh=str(rejected.facts["problem_zh"]), en=str(rejected.facts["problem_en"]))
        raise PACK_SHAPE.fault(file, path, problem, entry) from rejected
