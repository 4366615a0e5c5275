"""What is fuzzed of the catalogue: its file, and what people type into its search."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from terminal.catalogue.lint import lint
from terminal.catalogue.search import CatalogueSearch
from terminal.decisions.catalogue import Catalogue
from terminal.decisions.errors import CatalogueMalformed
from terminal.starter import starter_catalogue

LIMIT: Final = 5


def catalogue(data: bytes) -> bool:
    """A catalogue's file: refused, or found in whole by its own search and check."""
    try:
        parsed = Catalogue.draft(data)
    except CatalogueMalformed as error:
        assert str(error.facts["place"]).isprintable()
        return False
    with CatalogueSearch(parsed) as search:
        for item in parsed.items.values():
            assert search.find(item.code, 1)[0].item is item
            search.find(item.name.zh, 1)
    for finding in lint(parsed):
        assert finding.problem.zh and finding.problem.en
    return True


def typed(data: bytes) -> bool:
    """Anything in the search's field: taken, and the same services each time."""
    text = data.decode("utf-8", "surrogateescape")
    search = _starter()
    found = search.find(text, LIMIT)
    assert found == search.find(text, LIMIT)
    assert [one.match for one in found] == sorted(one.match for one in found)
    return bool(found)


@cache
def _starter() -> CatalogueSearch:
    return CatalogueSearch(starter_catalogue())


CATALOGUE_TARGETS: Final[Mapping[str, Callable[[bytes], bool]]] = MappingProxyType(
    {"catalogue": catalogue, "catalogue-search": typed}
)
