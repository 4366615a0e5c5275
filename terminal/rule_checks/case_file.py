"""Cases that rules must decide as their source says: a TOML file beside the packs, for `tongka rules test`.

docs/write-a-rule.md describes the format for those who write rules; the Structs here are the format.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Annotated, Final

import msgspec

from crypto.explained import Text
from terminal.decisions.card_facts import CardFacts
from terminal.decisions.catalogue import ServiceDomain, ServiceFeature, ServiceItem, ServiceKind
from terminal.decisions.source import SourceMark
from terminal.decisions.toml_document import BilingualText, DocumentShape, Sentence, ServiceCode, Slug
from terminal.events.challenge import MAX_COMPANIONS, MAX_FARE
from terminal.events.outcome import Outcome
from terminal.rule_checks.errors import CaseFileMalformed
from terminal.rule_checks.situation import ALWAYS_ISSUED, NEVER_EXPIRES, Situation

Fen = Annotated[int, msgspec.Meta(ge=0, le=MAX_FARE)]
RegionCode = Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{5}\Z")]
Category = Annotated[int, msgspec.Meta(ge=1, le=7)]
QuotaName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,32}/[a-z0-9-]{1,32}\Z")]
RuleName = Annotated[str, msgspec.Meta(pattern=r"^(?:[a-z0-9-]{1,32}/[a-z0-9-]{1,32})?\Z")]


class _CardEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A card of nobody; a companion card has no categories and grade 0, and says so."""

    categories: Annotated[tuple[Category, ...], msgspec.Meta(max_length=7)] = ()
    grade: Annotated[int, msgspec.Meta(ge=1, le=4)] | None = None
    region: RegionCode
    expires: date | None = None
    companion_card: bool = False

    def facts(self) -> CardFacts:
        return CardFacts(
            categories=tuple(sorted(self.categories)),
            grade=self.grade or 0,
            region=self.region,
            issued=ALWAYS_ISSUED,
            expires=self.expires or NEVER_EXPIRES,
        )


class _ServiceEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    kind: ServiceKind
    region: RegionCode
    fare: Fen
    operator: Slug = "another"
    code: ServiceCode = "CASE"
    features: tuple[ServiceFeature, ...] = ()
    tickets: dict[Slug, Fen] = {}

    def item(self) -> ServiceItem:
        return ServiceItem(
            code=self.code,
            name=Text(zh="试算", en="trial"),
            domain=ServiceDomain.SOCIAL,
            kind=self.kind,
            operator=self.operator,
            region=self.region,
            fare=self.fare,
            features=frozenset(self.features),
            tickets=MappingProxyType(self.tickets),
        )


class Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the source says must come out; a field that is not written may be anything."""

    outcome: Outcome
    holder_pays: Fen
    companion_pays: Fen | None = None
    companions_admitted: Annotated[int, msgspec.Meta(ge=0, le=MAX_COMPANIONS)] | None = None
    rule: RuleName | None = None
    quota: RuleName | None = None
    reminded: bool | None = None


class _CaseEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    case: Sentence
    says: Sentence
    card: _CardEntry
    service: _ServiceEntry
    on: date
    companions: Annotated[int, msgspec.Meta(ge=0, le=MAX_COMPANIONS)] = 0
    lists: tuple[Slug, ...] = ()
    uses: dict[QuotaName, Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]] = {}
    follows_holder: bool = False
    ticket: Slug | None = None
    hotlist_age: Annotated[int, msgspec.Meta(ge=0, le=36_500)] = 0
    expect: Expected


class _MatrixEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    place: BilingualText
    service: _ServiceEntry
    on: date
    card_region: RegionCode
    lists: tuple[Slug, ...] = ()


class _CaseFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    source: Sentence
    mark: SourceMark
    note: BilingualText | None = None
    matrix: tuple[_MatrixEntry, ...] = ()
    cases: Annotated[tuple[_CaseEntry, ...], msgspec.Meta(min_length=1, max_length=2000)]


_KINDS: Final = ", ".join(ServiceKind)
_FEATURES: Final = ", ".join(ServiceFeature)
_OUTCOMES: Final = ", ".join(Outcome)
_SENTENCE: Final = Text(zh="1–300 字", en="1 to 300 characters")
_DAY: Final = Text(zh="日期，如 2026-05-17", en="a day, as 2026-05-17")
_FEN: Final = Text(zh="整数，单位分", en="a whole number of fen")
_REGION: Final = Text(zh="GB/T 2260 六位代码", en="the six digits of GB/T 2260")
_NAMES: Final = Text(zh='名单名列表，如 ["minors"]', en='a list of standing lists, as ["minors"]')
_RULE: Final = Text(zh='"包名/规则名"，没有则为 ""', en='"pack/rule", or "" for none')
_SERVICE_HINTS: Final = {
    "service": Text(zh="一个表，至少含 kind、region、fare", en="a table with kind, region and fare at least"),
    "service.kind": Text(zh=f"以下之一：{_KINDS}", en=f"one of {_KINDS}"),
    "service.region": _REGION,
    "service.fare": _FEN,
    "service.operator": Text(zh="运营单位代码", en="the operator's id"),
    "service.code": Text(zh="服务代码", en="a service code"),
    "service.features": Text(zh=f"列表，可含：{_FEATURES}", en=f"a list that may hold {_FEATURES}"),
    "service.tickets": Text(zh="票种与票价（分）", en="classes of ticket in fen"),
}

CASE_SHAPE: Final = DocumentShape(
    error=CaseFileMalformed,
    entries="cases",
    label="case",
    entry_noun="case",
    hints=MappingProxyType(
        {
            "source": _SENTENCE,
            "mark": Text(zh='"V" 或 "G"', en='"V" or "G"'),
            "note": Text(zh='{ zh = "…", en = "…" }', en='{ zh = "…", en = "…" }'),
            "matrix": Text(zh="零个或多个 [[matrix]]", en="any number of [[matrix]]"),
            "matrix.place": Text(zh='{ zh = "…", en = "…" }', en='{ zh = "…", en = "…" }'),
            **{f"matrix.{path}": hint for path, hint in _SERVICE_HINTS.items()},
            "matrix.on": _DAY,
            "matrix.card_region": _REGION,
            "matrix.lists": _NAMES,
            "cases": Text(zh="至少一个 [[cases]]", en="at least one [[cases]]"),
            "cases.case": Text(zh="试的是什么，1–300 字，不重复", en="what is tried, used once in the file"),
            "cases.says": Text(zh="所试的那句原文，1–300 字", en="the sentence of the source that is tried"),
            "cases.card": Text(
                zh="categories、grade、region；陪护卡写 companion_card = true 与 region",
                en="categories, grade and region; for a companion card companion_card = true and region",
            ),
            "cases.card.categories": Text(zh="类别代码列表，如 [1]", en="a list of category digits, as [1]"),
            "cases.card.grade": Text(zh="1–4 的整数", en="a whole number from 1 to 4"),
            "cases.card.region": _REGION,
            "cases.card.expires": _DAY,
            "cases.card.companion_card": Text(zh="true 或 false", en="true or false"),
            **{f"cases.{path}": hint for path, hint in _SERVICE_HINTS.items()},
            "cases.on": _DAY,
            "cases.companions": Text(zh="同行人数", en="how many people come along"),
            "cases.lists": _NAMES,
            "cases.uses": Text(zh='已用次数，如 { "pack/quota" = 3 }', en='uses, as { "pack/quota" = 3 }'),
            "cases.follows_holder": Text(zh="true 或 false", en="true or false"),
            "cases.ticket": Text(zh="票种代码", en="a class of ticket"),
            "cases.hotlist_age": Text(zh="停用名单距今的天数", en="how many days old the hotlist is"),
            "cases.expect": Text(zh="至少含 outcome、holder_pays", en="outcome and holder_pays at least"),
            "cases.expect.outcome": Text(zh=f"以下之一：{_OUTCOMES}", en=f"one of {_OUTCOMES}"),
            "cases.expect.holder_pays": _FEN,
            "cases.expect.companion_pays": _FEN,
            "cases.expect.companions_admitted": Text(zh="享受优惠的同行人数", en="how many were admitted"),
            "cases.expect.rule": _RULE,
            "cases.expect.quota": _RULE,
            "cases.expect.reminded": Text(
                zh="是否提示年审：true 或 false", en="whether the holder is reminded: true or false"
            ),
        }
    ),
)


@dataclass(frozen=True)
class Case:
    """One case. `says`: the sentence of the source that it tries."""

    name: str
    says: str
    situation: Situation
    expected: Expected


@dataclass(frozen=True)
class MatrixPlace:
    """A place of the matrix: what each category and grade pays there, for cards of `card_region`."""

    name: Text
    service: ServiceItem
    on: date
    card_region: str
    lists: frozenset[str]


@dataclass(frozen=True)
class CaseFile:
    """The cases of one source."""

    file: str
    source: str
    mark: SourceMark
    cases: tuple[Case, ...]
    matrix: tuple[MatrixPlace, ...]

    @classmethod
    def from_bytes(cls, data: bytes, file: str = "cases.toml") -> CaseFile:
        """The cases in a TOML file; `file` is its name for errors. Raises CaseFileMalformed."""
        document = CASE_SHAPE.read(data, _CaseFile, file)
        seen: set[str] = set()
        for entry in document.cases:
            _check(entry, entry.case in seen, file)
            seen.add(entry.case)
        return cls(
            file=file,
            source=document.source,
            mark=document.mark,
            cases=tuple(_case(entry) for entry in document.cases),
            matrix=tuple(
                MatrixPlace(
                    place.place.text,
                    place.service.item(),
                    place.on,
                    place.card_region,
                    frozenset(place.lists),
                )
                for place in document.matrix
            ),
        )


def _check(entry: _CaseEntry, repeated: bool, file: str) -> None:
    """What the types can't say of a case."""
    if repeated:
        problem = Text(zh="case 重复", en="it stands twice")
        raise CASE_SHAPE.fault(file, "cases.case", problem, entry.case)
    card = entry.card
    if card.companion_card and (card.categories or card.grade is not None):
        problem = Text(zh="陪护卡没有类别和等级", en="a companion card has no category and no grade")
        raise CASE_SHAPE.fault(file, "cases.card", problem, entry.case)
    if not card.companion_card and not (card.categories and card.grade is not None):
        problem = Text(zh="没有写类别或等级", en="a category or the grade is missing")
        raise CASE_SHAPE.fault(file, "cases.card", problem, entry.case)
    if len(set(card.categories)) != len(card.categories):
        problem = Text(zh="类别重复", en="a category stands twice")
        raise CASE_SHAPE.fault(file, "cases.card.categories", problem, entry.case)


def _case(entry: _CaseEntry) -> Case:
    service = entry.service.item()
    uses: Mapping[str, int] = MappingProxyType(entry.uses)
    situation = Situation(
        card=entry.card.facts(),
        service=service,
        on=entry.on,
        fare=service.fare,
        companions=entry.companions,
        lists=frozenset(entry.lists),
        uses=uses,
        follows_holder=entry.follows_holder,
        ticket=entry.ticket or "",
        hotlist_age=entry.hotlist_age,
    )
    return Case(entry.case, entry.says, situation, entry.expect)
