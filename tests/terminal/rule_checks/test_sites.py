"""Sites and regions: every service that a rule covers is treated as one of the sites is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminal.decisions.catalogue import ServiceItem, ServiceKind
from terminal.decisions.region import city_prefix, province_prefix
from terminal.decisions.rule_book import RuleBook
from terminal.rule_checks.regions import representatives, residence_prefixes
from terminal.rule_checks.sites import rules_at, sites_of
from tests.terminal.decisions.writing import pack, rule, service
from tests.terminal.rule_checks.books import REGIONS, books

services = st.builds(
    service,
    st.sampled_from(ServiceKind),
    st.sampled_from(REGIONS),
    st.sampled_from(["test-bus", "other"]),
    st.just(frozenset()),
    st.sampled_from(["BUS-1", "BUS-9"]),
)
prefixes = st.sets(st.sampled_from(["", "3", "33", "3301", "330106", "50", "5001", "11", "4290", "429004"]))


@settings(max_examples=200, deadline=None)
@given(books(), services)
def test_a_service_is_covered_by_the_same_rules_as_a_site(rules: RuleBook, item: ServiceItem) -> None:
    covering = [id(rule) for rule in rules_at(rules.packs, item)]
    sites = [[id(rule) for rule in rules_at(rules.packs, site.service)] for site in sites_of(rules.packs)]

    assert not covering or covering in sites


@given(prefixes, st.from_regex(r"[1-9][0-9]{5}", fullmatch=True))
def test_every_region_has_a_representative_with_the_same_prefixes(named: set[str], region: str) -> None:
    longest = max((prefix for prefix in (*named, "") if region.startswith(prefix)), key=len)

    code = representatives({*named, ""})[longest]

    assert len(code) == 6
    assert [code.startswith(prefix) for prefix in sorted(named)] == [
        region.startswith(prefix) for prefix in sorted(named)
    ]


@pytest.mark.parametrize("seen_from", REGIONS)
@given(st.from_regex(r"[1-9][0-9]{5}", fullmatch=True))
def test_residence_is_the_same_for_the_representative(seen_from: str, region: str) -> None:
    prefixes = residence_prefixes(seen_from)
    longest = max((prefix for prefix in prefixes if region.startswith(prefix)), key=len)
    code = representatives(prefixes)[longest]

    assert (city_prefix(code) == city_prefix(seen_from)) is (city_prefix(region) == city_prefix(seen_from))
    assert (province_prefix(code) == province_prefix(seen_from)) is (
        province_prefix(region) == province_prefix(seen_from)
    )


def test_services_that_no_rule_tells_apart_are_one_site() -> None:
    packs = (pack(name="nation"), pack(name="city", region="3301"))

    assert [site.words.en for site in sites_of(packs)] == ["elsewhere · transit", "Hangzhou · transit"]


def test_operators_codes_and_regions_that_conditions_name_are_sites() -> None:
    packs = (pack(rule("r", 'operator == "a" || service == "B" || region.startsWith("3301")')),)

    words = [site.words.en for site in sites_of(packs)]

    assert "elsewhere · transit · operator a · service B" in words
    assert any(word.startswith("Hangzhou · transit") for word in words)
