"""The catalogue in force, for programs: a page of it, a search, one item."""

from __future__ import annotations

import threading
from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from terminal.content.live import ContentSource
from terminal.decisions.catalogue import Catalogue
from terminal.local_api.models import Bilingual
from terminal.local_api.service_models import Service, ServiceFound, Services, ServicesFound, ServiceShown

if TYPE_CHECKING:
    from terminal.catalogue import CatalogueSearch

MAX_PAGE: Final = 200


class ServiceDesk:
    """Answers from any thread. `operator`: whose services can be sold here.

    Pinyin, 55 MB of it, is loaded at the first search, and an index made: a gate that never searches needs
    neither.
    """

    def __init__(self, contents: ContentSource, operator: str) -> None:
        self._contents, self._operator = contents, operator
        self._lock = threading.Lock()
        self._indexed: tuple[Catalogue, CatalogueSearch] | None = None

    def page(self, after: str, limit: int) -> Services:
        """The services behind a code, in the order of codes."""
        catalogue = self._contents.current().catalogue
        codes = sorted(catalogue.items)
        first = bisect_right(codes, after)
        shown = codes[first : first + limit]
        return Services(
            version=catalogue.version,
            items=[Service.of(catalogue.items[code], self._operator) for code in shown],
            next=shown[-1] if first + limit < len(codes) else None,
        )

    def find(self, typed: str, limit: int) -> ServicesFound:
        """What somebody typed. Raises SearchUnavailable."""
        from terminal.catalogue import CatalogueSearch  # noqa: PLC0415

        catalogue = self._contents.current().catalogue
        with self._lock:
            if self._indexed is None or self._indexed[0] is not catalogue:
                if self._indexed is not None:
                    self._indexed[1].close()
                self._indexed = (catalogue, CatalogueSearch(catalogue))
            found = self._indexed[1].find(typed, limit)
        return ServicesFound(
            version=catalogue.version,
            items=[
                ServiceFound(**dict(Service.of(one.item, self._operator)), why=Bilingual.of(one.why))
                for one in found
            ],
        )

    def show(self, code: str) -> ServiceShown:
        """One service. Raises ServiceUnknown."""
        from terminal.catalogue.description import document  # noqa: PLC0415

        item = self._contents.current().catalogue.item(code)
        return ServiceShown(**dict(Service.of(item, self._operator)), description=document(item))
