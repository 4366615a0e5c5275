"""The messages of `/services`: the catalogue as clients see it."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field

from terminal.decisions.catalogue import ServiceDomain, ServiceItem, ServiceKind
from terminal.local_api.models import Bilingual, Fen, Message


class Service(Message):
    """A catalogue item."""

    code: Annotated[str, Field(examples=["GARDEN"])]
    name: Bilingual
    domain: ServiceDomain
    kind: ServiceKind
    operator: str
    region: Annotated[str, Field(description="GB/T 2260.", examples=["500103"])]
    fare: Fen
    tickets: Annotated[
        dict[str, int],
        Field(
            description="List fare in fen of each class of ticket. 各票种票价（分）。",
            examples=[{"half": 3500}],
        ),
    ]
    offered: Annotated[bool, Field(description="Whether a sale here may be for it. 本机可否售此项。")]

    @classmethod
    def of(cls, item: ServiceItem, operator: str) -> Self:
        """The item as a terminal of this operator offers it."""
        return cls(
            code=item.code,
            name=Bilingual.of(item.name),
            domain=item.domain,
            kind=item.kind,
            operator=item.operator,
            region=item.region,
            fare=item.fare,
            tickets=dict(item.tickets),
            offered=item.operator == operator,
        )


class ServiceFound(Service):
    """A catalogue item that was searched for."""

    why: Annotated[Bilingual, Field(description="Why it was found. 为何找到。")]


class ServiceShown(Service):
    """A catalogue item, whole."""

    description: Annotated[
        dict[str, Any],
        Field(description="As `tongka catalogue show --json` has it: documents, hours, phone, channels …"),
    ]


class Services(Message):
    """A page of the catalogue, ordered by code."""

    version: Annotated[str, Field(examples=["2026.1"])]
    items: list[Service]
    next: Annotated[
        str | None, Field(description="`after` of the next page; null: the last. 下一页的 after。")
    ]


class ServicesFound(Message):
    """What a search found, the best match first."""

    version: Annotated[str, Field(examples=["2026.1"])]
    items: list[ServiceFound]
