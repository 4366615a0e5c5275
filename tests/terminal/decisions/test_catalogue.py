"""The catalogue file is read strictly, and each fault is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.decisions.catalogue import Catalogue, ServiceFeature, ServiceKind
from terminal.errors import CatalogueMalformed, ServiceUnknown
from terminal.starter import CATALOGUE_FILE, starter_files

STARTER = starter_files()[CATALOGUE_FILE].decode()


def test_items_are_found_by_code() -> None:
    garden = Catalogue.from_bytes(STARTER.encode()).item("GARDEN")

    assert (garden.kind, garden.operator, garden.region, garden.fare) == (
        ServiceKind.ATTRACTION,
        "test-garden",
        "339901",
        7000,
    )
    assert garden.features == {ServiceFeature.GOVERNMENT_RUN}
    assert garden.name.zh
    assert garden.name.en


def test_classes_of_ticket_have_their_prices() -> None:
    priced = STARTER.replace("fare = 7000", "fare = 7000\ntickets = { half = 3500, child = 0 }")
    items = Catalogue.from_bytes(priced.encode()).items

    assert dict(items["GARDEN"].tickets) == {"half": 3500, "child": 0}
    assert not items["BUS-1"].tickets
    assert len(set(items.values())) == len(items)


def test_unknown_service_is_named() -> None:
    with pytest.raises(ServiceUnknown, match="no service METRO"):
        Catalogue.from_bytes(STARTER.encode()).item("METRO")


@pytest.mark.parametrize(
    ("old", "new", "place", "write"),
    [
        ('version = "2026.1"', "", "version", "2026.1"),
        ('code = "GARDEN"', 'code = "BUS-1"', "item “BUS-1”, code", "unique"),
        ('code = "GARDEN"', 'code = "garden"', "item “garden”, code", "12 capitals"),
        ('code = "GARDEN"', 'code = "A-GARDEN-13CH"', "item “A-GARDEN-13CH”, code", "12 capitals"),
        ('kind = "attraction"', 'kind = "garden"', "item “GARDEN”, kind", "transit, attraction"),
        ('domain = "social"', 'domain = "fun"', "item “BUS-1”, domain", "identity, business, social"),
        ("fare = 7000", "fare = -1", "item “GARDEN”, fare", "fen"),
        ("fare = 7000", "fare = 70.0", "item “GARDEN”, fare", "fen"),
        ("fare = 7000", "price = 7000", "item “GARDEN”, ", "one of the fields"),
        ('region = "339901"', 'region = "3399"', "item “GARDEN”, region", "six digits"),
        ('operator = "test-bus"', "", "item “BUS-1”, operator", "operator's id"),
        ("fare = 7000", "fare = 7000\ntickets = { half = -1 }", "item “GARDEN”, tickets", "in fen"),
        ("fare = 7000", "fare = 7000\ntickets = { half = 3500.0 }", "item “GARDEN”, tickets", "in fen"),
        ("fare = 7000", "fare = 7000\ntickets = { 'A b' = 1 }", "item “GARDEN”, tickets", "small letters"),
        ("fare = 7000", "fare = 7000\ntickets = 3500", "item “GARDEN”, tickets", "classes of ticket"),
        ('["government_run"]', '["private"]', "item “GARDEN”, features[0]", "government_run"),
    ],
)
def test_fault_is_named_with_its_place_and_what_to_write(old: str, new: str, place: str, write: str) -> None:
    assert old in STARTER
    with pytest.raises(CatalogueMalformed) as refused:
        Catalogue.from_bytes(STARTER.replace(old, new, 1).encode(), "city.toml")

    assert refused.value.facts["file"] == "city.toml"
    assert str(refused.value.facts["place"]).startswith(place)
    assert write in str(refused.value.facts["write_en"])


@given(st.binary(max_size=200))
def test_random_bytes_raise_the_package_s_error_only(data: bytes) -> None:
    with pytest.raises(CatalogueMalformed):
        Catalogue.from_bytes(data)
