"""One rule pack: the rules that one authority publishes for one region, read and compiled.

docs/add-a-benefit-rule.md describes the file for those who write packs; terminal.decisions.pack_file is its
format.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from crypto.explained import Text
from crypto.sm3 import sm3
from terminal.decisions.benefit import AnyBenefit
from terminal.decisions.card_facts import CardKind
from terminal.decisions.conditions import Condition
from terminal.decisions.errors import ConditionRejected
from terminal.decisions.pack_file import (
    PACK_SHAPE,
    AppliesTo,
    PackFile,
    QuotaEntry,
    RuleEntry,
)
from terminal.decisions.quota import Quota, QuotaPeriod
from terminal.decisions.source import Source
from terminal.decisions.terms import Gate, Misuse, Terms
from terminal.decisions.window import MonthDay


@dataclass(frozen=True)
class Rule:
    """A rule ready to be tried; `name` is "pack/id"."""

    name: str
    card_kind: CardKind
    applies_to: AppliesTo
    terms: Terms
    condition: Condition
    companion_required: Condition | None
    quota: Quota | None
    benefit: AnyBenefit
    legal_basis: Text
    holder_text: Text
    staff_text: Text
    source: Source


@dataclass(frozen=True)
class Advice:
    """What to do instead where no rule grants a card of this kind anything at these services."""

    applies_to: AppliesTo
    card_kind: CardKind
    instead: Text


@dataclass(frozen=True)
class RulePack:
    """The rules of one authority. `digest`: SM3 over the file; `effective_until`: last day, None if open.

    `otherwise`: what to do instead, the first that is for a service and a card counts.
    """

    name: str
    version: str
    region: str
    effective_from: date
    effective_until: date | None
    terms: Terms
    misuse: Misuse | None
    quotas: tuple[Quota, ...]
    rules: tuple[Rule, ...]
    otherwise: tuple[Advice, ...]
    digest: bytes

    @classmethod
    def from_bytes(cls, data: bytes, file: str = "rules.toml") -> RulePack:
        """The pack in a TOML file; `file` is its name for errors. Raises RulePackMalformed."""
        document = PACK_SHAPE.read(data, PackFile, file)
        if document.effective_until is not None and document.effective_until < document.effective_from:
            problem = Text(zh="早于 effective_from", en="it is before effective_from")
            raise PACK_SHAPE.fault(file, "effective_until", problem)
        if not document.rules and document.misuse is None:
            raise PACK_SHAPE.fault(file, "rules", Text(zh="没有规则", en="there is none"))
        seen: set[str] = set()
        for entry in document.rules:
            _check(entry, entry.id in seen, file)
            seen.add(entry.id)
        terms = _terms(document, file)
        quotas = _quotas(document, file)
        return cls(
            name=document.name,
            version=document.version,
            region=document.region,
            effective_from=document.effective_from,
            effective_until=document.effective_until,
            terms=terms,
            misuse=_misuse(document),
            quotas=tuple(quotas.values()),
            rules=tuple(_compile(document.name, entry, terms, quotas, file) for entry in document.rules),
            otherwise=tuple(_advice(document, file)),
            digest=sm3(data),
        )

    @property
    def lists(self) -> frozenset[str]:
        """Every standing list that the pack asks for: a centre that publishes the pack publishes them too."""
        conditions = [
            condition
            for rule in self.rules
            for condition in (rule.condition, rule.companion_required)
            if condition is not None
        ]
        return self.terms.lists.union(*(condition.lists for condition in conditions))

    def in_force(self, on: date) -> bool:
        """Whether the pack's rules hold on a day (local date)."""
        return self.effective_from <= on and (self.effective_until is None or on <= self.effective_until)

    def overlaps(self, other: RulePack) -> bool:
        """Whether there is a day on which both packs are in force."""
        both_have_begun = max(self.effective_from, other.effective_from)
        return self.in_force(both_have_begun) and other.in_force(both_have_begun)


def _check(entry: RuleEntry, repeated: bool, file: str) -> None:
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


def _terms(document: PackFile, file: str) -> Terms:
    enabled, review = document.enabled, document.review
    if review is not None and review.due in {review.soon, enabled.list_name if enabled else None}:
        problem = Text(zh="同一名单不能又给予又拒绝", en="one list can't both serve and refuse")
        raise PACK_SHAPE.fault(file, "review.due", problem)
    return Terms(
        enabled=Gate(enabled.list_name, enabled.instead.text) if enabled else None,
        review_due=Gate(review.due, review.instead.text) if review else None,
        review_soon=Gate(review.soon, review.instead.text) if review and review.soon else None,
        expiry_grace_days=document.expiry_grace_days,
    )


def _misuse(document: PackFile) -> Misuse | None:
    if (entry := document.misuse) is None:
        return None
    return Misuse(entry.withdrawn, entry.following_years, entry.legal_basis.text)


def _advice(document: PackFile, file: str) -> Iterator[Advice]:
    for entry in document.otherwise:
        if not entry.kinds and not entry.services:
            problem = Text(zh="未指明任何服务", en="it names no service")
            raise PACK_SHAPE.fault(file, "otherwise.kinds", problem)
        yield Advice(entry.applies_to, entry.card_kind, entry.instead.text)


def _quotas(document: PackFile, file: str) -> dict[str, Quota]:
    """The pack's quotas by their id; each is used by a rule."""
    quotas: dict[str, Quota] = {}
    used = {entry.quota for entry in document.rules}
    for entry in document.quotas:
        if entry.id in quotas:
            problem = Text(zh=f"“{entry.id}”重复", en=f"“{entry.id}” is used twice")
            raise PACK_SHAPE.fault(file, "quotas.id", problem)
        if entry.id not in used:
            problem = Text(zh=f"没有规则使用“{entry.id}”", en=f"no rule uses “{entry.id}”")
            raise PACK_SHAPE.fault(file, "quotas.id", problem)
        name = f"{document.name}/{entry.id}"
        quotas[entry.id] = Quota(name, entry.uses, entry.per, _season(entry, file))
    return quotas


def _season(entry: QuotaEntry, file: str) -> tuple[MonthDay, MonthDay] | None:
    if entry.per is not QuotaPeriod.SEASON:
        for path, given in (("quotas.from", entry.first), ("quotas.until", entry.last)):
            if given is not None:
                problem = Text(
                    zh=f"“{entry.id}”按 {entry.per} 计，没有首日与末日",
                    en=f"“{entry.id}” counts by the {entry.per}, which has no dates of its own",
                )
                raise PACK_SHAPE.fault(file, path, problem)
        return None
    for path, given in (("quotas.from", entry.first), ("quotas.until", entry.last)):
        if given is None:
            problem = Text(zh=f"季节“{entry.id}”缺少此字段", en=f"the season “{entry.id}” lacks it")
            raise PACK_SHAPE.fault(file, path, problem)
    first, last = _month_day(entry.first or ""), _month_day(entry.last or "")
    if last < first:
        problem = Text(
            zh=f"季节“{entry.id}”在开始之前就结束", en=f"the season “{entry.id}” ends before it begins"
        )
        raise PACK_SHAPE.fault(file, "quotas.until", problem)
    return first, last


def _month_day(text: str) -> MonthDay:
    month, day = text.split("-")
    return int(month), int(day)


def _compile(pack: str, entry: RuleEntry, terms: Terms, quotas: Mapping[str, Quota], file: str) -> Rule:
    if entry.quota is not None and entry.quota not in quotas:
        problem = Text(zh=f"没有名额“{entry.quota}”", en=f"there is no quota “{entry.quota}”")
        raise PACK_SHAPE.fault(file, "rules.quota", problem, entry.id)
    return Rule(
        name=f"{pack}/{entry.id}",
        card_kind=entry.card_kind,
        applies_to=entry.applies_to,
        terms=terms,
        condition=_condition(entry.condition, "rules.condition", entry, file),
        companion_required=(
            None
            if entry.companion_required is None
            else _condition(entry.companion_required, "rules.companion_required", entry, file)
        ),
        quota=None if entry.quota is None else quotas[entry.quota],
        benefit=entry.benefit,
        legal_basis=entry.legal_basis.text,
        holder_text=entry.holder_text.text,
        staff_text=entry.staff_text.text,
        source=entry.source,
    )


def _condition(source: str, path: str, entry: RuleEntry, file: str) -> Condition:
    try:
        return Condition.compile(source, entry.card_kind)
    except ConditionRejected as rejected:
        problem = Text(zh=str(rejected.facts["problem_zh"]), en=str(rejected.facts["problem_en"]))
        raise PACK_SHAPE.fault(file, path, problem, entry.id) from rejected
