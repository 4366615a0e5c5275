"""Cities, provinces and the reach of rules by GB/T 2260."""

import pytest

from terminal.decisions.region import city_prefix, province_prefix, scopes


@pytest.mark.parametrize(
    ("region", "city"),
    [("330106", "3301"), ("500103", "50"), ("110101", "11"), ("310115", "31"), ("429004", "429004")],
)
def test_city_of_a_place(region: str, city: str) -> None:
    assert city_prefix(region) == city


def test_province_of_a_place() -> None:
    assert province_prefix("330106") == "33"


def test_rules_reach_from_the_nation_to_the_county() -> None:
    assert scopes("330106") == ("330106", "3301", "33", "CN")
