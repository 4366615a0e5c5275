"""The catalogue: which services there are, where, by whom and for what list fare.

docs/add-a-service.md describes the format for those who write catalogues; the Structs here are the format.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Final

import msgspec

from crypto.explained import Text
from terminal.decisions.errors import CatalogueMalformed, ServiceUnknown
from terminal.decisions.service_guide import GUIDE_HINTS, NO_GUIDE, GuideFields, ServiceGuide
from terminal.decisions.toml_document import BilingualText, DocumentShape, ServiceCode, Slug
from terminal.events.challenge import MAX_FARE

#: Some 10,000 items that are described in full.
MAX_CATALOGUE_BYTES: Final = 16 << 20


class ServiceDomain(StrEnum):
    """The certificate's three fields of use."""

    IDENTITY = "identity"
    BUSINESS = "business"
    SOCIAL = "social"


class ServiceKind(StrEnum):
    """What a rule of benefit can apply to as a whole."""

    TRANSIT = "transit"
    ATTRACTION = "attraction"
    PARKING = "parking"
    LIBRARY = "library"
    LEISURE = "leisure"  # culture and sports
    APPLICATION = "application"  # an errand at an authority
    ADVICE = "advice"  # somebody helps: legal aid, interpreters, job centres
    TRAINING = "training"
    REHABILITATION = "rehabilitation"
    DAY_CARE = "day_care"
    EVENT = "event"

    @property
    def is_attended(self) -> bool:
        """Whether people come and go, so that a check-in records their attendance."""
        return self in _ATTENDED


_ATTENDED: Final = frozenset(
    {ServiceKind.TRAINING, ServiceKind.REHABILITATION, ServiceKind.DAY_CARE, ServiceKind.EVENT}
)


class ServiceFeature(StrEnum):
    """Facts of a service that rules ask for; each is a boolean variable of the same name in conditions."""

    GOVERNMENT_RUN = "government_run"
    PAID_AMUSEMENT = "paid_amusement"
    METRO = "metro"


@dataclass(frozen=True)
class ServiceItem:
    """One service. `region`: six digits of GB/T 2260; `fare`: list fare a person, in fen.

    A service of the whole nation has the region 100000, one of a province ends in 0000: there the rules of no
    narrower region reach it. `tickets`: the price of each class of ticket by its id, in fen, for rules that
    give a class. `guide` is for people; no rule looks at it.
    """

    code: str
    name: Text
    domain: ServiceDomain
    kind: ServiceKind
    operator: str
    region: str
    fare: int
    features: frozenset[ServiceFeature] = frozenset()
    tickets: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    guide: ServiceGuide = NO_GUIDE

    def list_fare(self, ticket: str) -> int:
        """What one person without a benefit pays for this class of ticket, in fen; "" is the ordinary one."""
        return self.tickets.get(ticket, self.fare)


class _ItemEntry(GuideFields, frozen=True, forbid_unknown_fields=True, kw_only=True):
    code: ServiceCode
    name: BilingualText
    domain: ServiceDomain
    kind: ServiceKind
    operator: Slug
    region: Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{5}\Z")]
    fare: Annotated[int, msgspec.Meta(ge=0, le=MAX_FARE)] = 0
    features: tuple[ServiceFeature, ...] = ()
    tickets: dict[Slug, Annotated[int, msgspec.Meta(ge=0, le=MAX_FARE)]] = msgspec.field(default_factory=dict)

    def item(self) -> ServiceItem:
        return ServiceItem(
            code=self.code,
            name=self.name.text,
            domain=self.domain,
            kind=self.kind,
            operator=self.operator,
            region=self.region,
            fare=self.fare,
            features=frozenset(self.features),
            tickets=MappingProxyType(self.tickets),
            guide=self.guide(),
        )


class _CatalogueFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    version: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z.]{1,16}\Z")]
    items: Annotated[tuple[_ItemEntry, ...], msgspec.Meta(min_length=1, max_length=100_000)]


_KINDS: Final = ", ".join(ServiceKind)
_DOMAINS: Final = ", ".join(ServiceDomain)
_FEATURES: Final = ", ".join(ServiceFeature)

CATALOGUE_SHAPE: Final = DocumentShape(
    error=CatalogueMalformed,
    entries="items",
    label="code",
    entry_noun="item",
    max_bytes=MAX_CATALOGUE_BYTES,
    hints=MappingProxyType(
        {
            "version": Text(
                zh="1–16 位字母、数字或点，如 2026.1", en="1 to 16 letters, digits or dots, as 2026.1"
            ),
            "items": Text(zh="至少一个 [[items]]", en="at least one [[items]]"),
            "items.code": Text(
                zh="1–12 位大写字母、数字或连字符，目录内唯一",
                en="1 to 12 capitals, digits or hyphens, unique in the catalogue",
            ),
            "items.name": Text(zh='{ zh = "…", en = "…" }', en='{ zh = "…", en = "…" }'),
            "items.domain": Text(zh=f"以下之一：{_DOMAINS}", en=f"one of {_DOMAINS}"),
            "items.kind": Text(zh=f"以下之一：{_KINDS}", en=f"one of {_KINDS}"),
            "items.operator": Text(
                zh="运营单位代码：小写字母、数字、连字符",
                en="the operator's id: small letters, digits, hyphens",
            ),
            "items.region": Text(
                zh="GB/T 2260 六位代码；全省写 330000 一类，全国写 100000",
                en="the six digits of GB/T 2260; 330000 for a whole province, 100000 for the nation",
            ),
            "items.fare": Text(
                zh="每人票价，整数，单位分", en="the list fare a person, a whole number of fen"
            ),
            "items.features": Text(zh=f"列表，可含：{_FEATURES}", en=f"a list that may hold {_FEATURES}"),
            "items.tickets": Text(
                zh="票种（小写字母、数字、连字符）与票价（分），如 { half = 3500 }",
                en="classes of ticket (small letters, digits, hyphens) in fen, as { half = 3500 }",
            ),
            **{f"items.{path}": hint for path, hint in GUIDE_HINTS.items()},
        }
    ),
)


@dataclass(frozen=True)
class Catalogue:
    """All services of one catalogue file, by code."""

    version: str
    items: Mapping[str, ServiceItem]

    @classmethod
    def from_bytes(cls, data: bytes, file: str = "catalogue.toml") -> Catalogue:
        """The catalogue in a TOML file; `file` is its name for errors. Raises CatalogueMalformed."""
        catalogue = cls.draft(data, file)
        for code, target in catalogue.dead_references():
            problem = Text(
                zh=f"本目录没有 {target}", en=f"it refers to {target}, which this catalogue has not"
            )
            raise CATALOGUE_SHAPE.fault(file, "items.related", problem, code)
        return catalogue

    @classmethod
    def draft(cls, data: bytes, file: str = "catalogue.toml") -> Catalogue:
        """As `from_bytes`, but items may refer to items that are missing. Raises CatalogueMalformed."""
        document = CATALOGUE_SHAPE.read(data, _CatalogueFile, file)
        items: dict[str, ServiceItem] = {}
        for entry in document.items:
            if entry.code in items:
                problem = Text(zh="代码重复", en="the code is used twice")
                raise CATALOGUE_SHAPE.fault(file, "items.code", problem, entry.code)
            if (fault := entry.guide_fault()) is not None:
                raise CATALOGUE_SHAPE.fault(file, f"items.{fault[0]}", fault[1], entry.code)
            items[entry.code] = entry.item()
        return cls(version=document.version, items=MappingProxyType(items))

    def dead_references(self) -> Iterator[tuple[str, str]]:
        """Each item's code and a code that it names as related and that is not in the catalogue."""
        for item in self.items.values():
            for target in item.guide.related:
                if target not in self.items:
                    yield item.code, target

    def item(self, code: str) -> ServiceItem:
        """The service with this code; raises ServiceUnknown."""
        try:
            return self.items[code]
        except KeyError:
            raise ServiceUnknown(service=code) from None
