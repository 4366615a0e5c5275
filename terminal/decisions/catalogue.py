"""The catalogue: which services there are, where, by whom and for what list fare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Final

import msgspec

from crypto.explained import Text
from terminal.decisions.toml_document import BilingualText, DocumentShape, ServiceCode, Slug, is_slug
from terminal.errors import CatalogueMalformed, ServiceUnknown
from terminal.events.challenge import MAX_FARE


class ServiceDomain(StrEnum):
    """The certificate's three fields of use."""

    IDENTITY = "identity"
    BUSINESS = "business"
    SOCIAL = "social"


class ServiceKind(StrEnum):
    """What a rule of benefit can apply to as a whole."""

    TRANSIT = "transit"
    ATTRACTION = "attraction"


class ServiceFeature(StrEnum):
    """Facts of a service that rules ask for; each is a boolean variable of the same name in conditions."""

    GOVERNMENT_RUN = "government_run"
    PAID_AMUSEMENT = "paid_amusement"
    METRO = "metro"


@dataclass(frozen=True)
class ServiceItem:
    """One service. `region`: six digits of GB/T 2260; `fare`: list fare a person, in fen.

    `tickets`: the price of each class of ticket by its id, in fen, for rules that give a class.
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

    def list_fare(self, ticket: str) -> int:
        """What one person without a benefit pays for this class of ticket, in fen; "" is the ordinary one."""
        return self.tickets.get(ticket, self.fare)


class _ItemEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    code: ServiceCode
    name: BilingualText
    domain: ServiceDomain
    kind: ServiceKind
    operator: Slug
    region: Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{5}\Z")]
    fare: Annotated[int, msgspec.Meta(ge=0, le=MAX_FARE)]
    features: tuple[ServiceFeature, ...] = ()
    tickets: dict[str, Annotated[int, msgspec.Meta(ge=0, le=MAX_FARE)]] = {}

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
            "items.region": Text(zh="GB/T 2260 六位代码", en="the six digits of GB/T 2260"),
            "items.fare": Text(
                zh="每人票价，整数，单位分", en="the list fare a person, a whole number of fen"
            ),
            "items.features": Text(zh=f"列表，可含：{_FEATURES}", en=f"a list that may hold {_FEATURES}"),
            "items.tickets": Text(
                zh="票种（小写字母、数字、连字符）与票价（分），如 { half = 3500 }",
                en="classes of ticket (small letters, digits, hyphens) in fen, as { half = 3500 }",
            ),
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
        document = CATALOGUE_SHAPE.read(data, _CatalogueFile, file)
        items: dict[str, ServiceItem] = {}
        for entry in document.items:
            if entry.code in items:
                problem = Text(zh="代码重复", en="the code is used twice")
                raise CATALOGUE_SHAPE.fault(file, "items.code", problem, entry.code)
            for ticket in entry.tickets:
                if not is_slug(ticket):
                    problem = Text(zh=f"票种代码“{ticket}”有误", en=f"“{ticket}” is no ticket class")
                    raise CATALOGUE_SHAPE.fault(file, "items.tickets", problem, entry.code)
            items[entry.code] = entry.item()
        return cls(version=document.version, items=MappingProxyType(items))

    def item(self, code: str) -> ServiceItem:
        """The service with this code; raises ServiceUnknown."""
        try:
            return self.items[code]
        except KeyError:
            raise ServiceUnknown(service=code) from None
