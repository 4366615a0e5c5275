"""Small catalogues for tests."""

from __future__ import annotations

from crypto.explained import Text
from terminal.decisions.catalogue import Catalogue, ServiceDomain, ServiceItem, ServiceKind
from terminal.decisions.service_guide import ServiceGuide


def item(code: str, zh: str, en: str = "Service", guide: ServiceGuide | None = None) -> ServiceItem:
    """A service with these names."""
    return ServiceItem(
        code=code,
        name=Text(zh=zh, en=en),
        domain=ServiceDomain.SOCIAL,
        kind=ServiceKind.ADVICE,
        operator="test",
        region="330106",
        fare=0,
        guide=guide or ServiceGuide(),
    )


def catalogue(*items: ServiceItem) -> Catalogue:
    """A catalogue of these services."""
    return Catalogue(version="1", items={one.code: one for one in items})
