"""`changes`: exactly whose outcome changes, and nothing where nothing does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crypto.explained import Language
from terminal.decisions.rule_book import RuleBook
from terminal.rule_checks.diff import Change, ChangeKind, compare
from terminal.rule_checks.grid import grids_of
from terminal.rule_checks.loading import read_book
from terminal.rule_checks.outcomes import judge
from terminal.rule_checks.sites import sites_of
from terminal.rule_checks.situation import Situation
from terminal.starter import starter_files, starter_rule_book
from tests.terminal.decisions.writing import pack, pack_toml, rule
from tests.terminal.rule_checks.books import books, situations
from tests.terminal.rule_checks.locating import cell_of
from tests.terminal.rule_checks.test_grid import for_grid, situation_at

HALF = 'kind = "percentage", pays_percent = 50'
FREE = 'kind = "free"'
CEILING = 'kind = "ceiling", ceiling_fen = {}'


UNTIL_JUNE = "effective_from = 2020-01-01\neffective_until = 2026-06-30\n"


def changes(old: RuleBook, new: RuleBook) -> list[Change]:
    """What changes, where every value was compared."""
    found = compare(old, new)
    assert not found.untried
    return list(found.changes)


def told(old: RuleBook, new: RuleBook) -> list[tuple[str, str, str]]:
    return [(change.who.en, change.before.en, change.after.en) for change in changes(old, new)]


def one(*rules: str, **more: str) -> RuleBook:
    return RuleBook([pack(*rules, **more)])


def test_who_gains_is_told_by_category_grade_and_residence() -> None:
    half = rule("half", "local", HALF)
    old = one(rule("severe", "grade <= 2"), half, region="3301")
    new = one(rule("severe", "grade <= 2 || (local && 5 in categories)"), half, region="3301")

    assert told(old, new) == [("category 5, grades 3–4, local", "pays 50%", "free")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("pays_percent = 1", "pays_percent = 2"),  # alike below a fare of 50 yuan
        ("pays_percent = 98", "pays_percent = 99"),  # and these below one of 1.02
    ],
)
def test_shares_that_differ_at_dear_fares_alone_are_told(old: str, new: str) -> None:
    by_yuan = 'kind = "percentage", {}, rounding = "down_to_yuan"'

    [change] = changes(one(rule(benefit=by_yuan.format(old))), one(rule(benefit=by_yuan.format(new))))

    assert (change.kind, change.who.en) == (ChangeKind.OUTCOME, "every holder")


def test_from_when_is_told() -> None:
    old = one(rule("half", "true", HALF))
    new = RuleBook(
        [
            pack(rule("half", "true", HALF), dates=UNTIL_JUNE),
            pack(rule("free"), version="2", dates="effective_from = 2026-07-01\n"),
        ]
    )

    assert told(old, new) == [("from 2026-07-01", "pays 50%", "free")]
    assert told(new, old) == [("from 2026-07-01", "free", "pays 50%")]


def test_a_new_version_that_leaves_its_past_out_is_seen() -> None:
    old = one(rule("half", "true", HALF))
    new = one(rule("free"), version="2", dates="effective_from = 2026-07-01\n")

    assert told(old, new) == [
        ("2020-01-01 to 2026-06-30", "pays 50%", "no benefit"),
        ("from 2026-07-01", "pays 50%", "free"),
    ]


def test_quotas_and_seasons_are_told() -> None:
    old = one(rule("r", '"minors" in lists'))
    new = one(
        rule("r", '"minors" in lists', extra='quota = "q"'),
        more='[[quotas]]\nid = "q"\nuses = 9\nper = "season"\nfrom = "07-01"\nuntil = "08-31"\n',
    )

    assert told(old, new) == [
        (
            "each year 09-01–06-30 (from 2020-01-01), on the list minors",
            "free",
            "no benefit (out of season)",
        ),
        (
            "each year 07-01–08-31 (from 2020-07-01), on the list minors, p/q not used up",
            "free",
            "free, 9 times from 07-01 to 08-31 each year",
        ),
        (
            "each year 07-01–08-31 (from 2020-07-01), on the list minors, p/q used up",
            "free",
            "no benefit (uses spent)",
        ),
    ]


def test_companions_are_told() -> None:
    old, new = one(rule("r")), one(rule("r", "true", FREE + ', companions = 2, companion_pays = "free"'))

    assert told(old, new) == [
        ("1 along", "free", "free, 1 companion free"),
        ("2 or more along", "free", "free, 2 companions free"),
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("grade <= 2", FREE), ("grade < 3", FREE)),
        (("grade <= 2", FREE), ("!(grade > 2) && categories.all(c, c > 0)", FREE)),
        (("true", HALF), ("companions >= 0", HALF + ', rounding = "down_to_fen"')),
        (("fare <= 100", CEILING.format(100)), ("fare < 101", CEILING.format(200))),
    ],
)
def test_other_bytes_with_the_same_outcomes_are_no_change(
    before: tuple[str, str], after: tuple[str, str]
) -> None:
    old, new = one(rule("r", *before), version="1"), one(rule("other-id", *after), version="2")

    assert old.version != new.version
    assert changes(old, new) == []


def test_a_dear_ceiling_counts_only_above_it() -> None:
    old, new = (one(rule("r", "true", CEILING.format(ceiling))) for ceiling in (30_000, 40_000))

    assert told(old, new) == [("fares from ¥300.01", "pays at most ¥300.00", "pays at most ¥400.00")]


def test_rounding_alone_is_a_change() -> None:
    old, new = one(rule("r", "true", HALF)), one(rule("r", "true", HALF + ', rounding = "down_to_jiao"'))

    assert told(old, new) == [("every holder", "pays 50%", "pays 50% (down to 0.10)")]


def test_changed_words_are_told_apart_from_changed_outcomes() -> None:
    plain = pack_toml(rule("r", "grade == 1"))
    [change] = changes(
        RuleBook([pack(rule("r", "grade == 1"))]),
        RuleBook([type(pack()).from_bytes(plain.replace("let pass", "wave through").encode())]),
    )

    assert change.kind is ChangeKind.WORDS
    assert (change.who.en, change.after.en) == ("grade 1", "“wave through”")


def test_a_rule_that_moves_to_another_kind_of_service_changes_both() -> None:
    old, new = one(rule("r")), one(rule("r", applies_to='kinds = ["attraction"]'))

    found = [(change.services[0].en, change.before.en, change.after.en) for change in changes(old, new)]

    assert found == [
        ("elsewhere · attraction", "no benefit", "free"),
        ("elsewhere · transit", "free", "no benefit"),
    ]


def test_every_city_that_changes_alike_is_told_together() -> None:
    cities = {"a": "3301", "b": "50"}
    old = RuleBook([pack(name=name, region=region) for name, region in cities.items()])
    half = rule("r", "true", HALF)
    new = RuleBook([pack(half, name=name, region=region) for name, region in cities.items()])

    [change] = changes(old, new)

    assert [place.en for place in change.services] == ["Hangzhou · transit", "Chongqing · transit"]


def test_the_starter_does_not_change_against_itself(tmp_path: Path) -> None:
    for name, data in starter_files().items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data + b"\n# a comment\n")

    assert changes(starter_rule_book(), read_book([tmp_path])) == []


@pytest.mark.parametrize(
    ("condition", "variable"),
    [
        ('grade >= 3 && !region.endsWith("53")', "region"),
        ("grade >= 3 && fare % 777 != 3", "fare"),
        ("grade >= 3 && hotlist_age % 13 != 11", "hotlist_age"),
        ("grade >= 3 && year % 19 != 18", "year"),
    ],
)
def test_what_could_only_be_sampled_is_told_and_is_not_nobody(condition: str, variable: str) -> None:
    old, new = one(rule("half", "grade >= 3", HALF)), one(rule("half", condition, HALF))

    found = compare(old, new)

    assert bool(found) is True
    assert [untried.variables for untried in found.untried] == [(variable,)]
    assert not compare(new, new).untried


@pytest.mark.parametrize(
    ("before", "after", "services"),
    [
        (
            'operator.startsWith("xx")',
            'operator.startsWith("my-")',
            ["operator such as my-x", "operator such as xx"],
        ),
        (
            'service.startsWith("FERRY")',
            'service == "FERRY-1"',
            ["service such as FERRY"],
        ),
    ],
)
def test_services_that_begin_otherwise_are_compared(before: str, after: str, services: list[str]) -> None:
    old, new = (one(rule("half", condition, HALF)) for condition in (before, after))

    told_at = {place.en for change in changes(old, new) for place in change.services}

    assert told_at == {f"elsewhere · transit · {service}" for service in services}


@pytest.mark.parametrize(
    ("before", "after", "variable"),
    [
        ('operator.endsWith("bus")', 'operator.endsWith("tram")', "operator"),
        ('operator.contains("city")', "false", "operator"),
        ("size(operator) == 11", "size(operator) == 12", "operator"),
        ('service.endsWith("-1")', 'service.endsWith("-2")', "service"),
        ("size(operator) * 70 == 560", "size(operator) * 70 == 630", "operator"),
    ],
)
def test_services_of_which_some_could_be_compared_are_never_nobody(
    before: str, after: str, variable: str
) -> None:
    old, new = (one(rule("half", condition, HALF)) for condition in (before, after))

    found = compare(old, new)

    assert bool(found.changes) is ("* 70" not in before)
    assert [untried.variables for untried in found.untried] == [(variable,)]


MISUSE = """[misuse]
withdrawn = {withdrawn}
following_years = {years}
legal_basis = {{ zh = "{basis}", en = "rules" }}
"""


def misuse(years: int, withdrawn: str = "true", basis: str = "办法") -> str:
    return MISUSE.format(withdrawn=withdrawn, years=years, basis=basis)


def test_a_changed_bar_for_misuse_is_an_outcome() -> None:
    nation = pack(name="nation")
    old, new = (RuleBook([nation, pack(name="city", region="4201", more=misuse(years))]) for years in (1, 2))

    [change] = changes(old, new)

    assert (change.kind, change.services[0].en) == (ChangeKind.OUTCOME, "4201")
    assert change.who.en == "holders found to have misused the card from 2020-01-01 on"
    assert [text.en for text in (change.before, change.after)] == [
        "withdrawn, barred for that year and 1 more",
        "withdrawn, barred for that year and 2 more",
    ]


def test_a_bar_that_begins_or_whose_basis_alone_changes_is_told() -> None:
    none, some, other = one(), one(more=misuse(1, "false")), one(more=misuse(1, "false", "另一办法"))

    assert told(none, some) == [
        (
            "holders found to have misused the card from 2020-01-01 on",
            "nothing is said",
            "barred for that year and 1 more",
        )
    ]
    [change] = changes(some, other)
    assert (change.kind, change.after.zh) == (ChangeKind.WORDS, "“另一办法”")
    assert change.before.en != change.after.en


def test_a_bar_that_ends_is_told_from_the_day_after_its_last() -> None:
    nation = pack(name="nation")
    old, new = (
        RuleBook([nation, pack(name="city", region="4201", dates=dates, more=misuse(1))])
        for dates in ("effective_from = 2020-01-01\n", UNTIL_JUNE)
    )

    bars = [change.who.en for change in changes(old, new) if "misused" in change.who.en]

    assert bars == ["holders found to have misused the card from 2026-07-01 on"]


OTHERWISE = """
[[otherwise]]
kinds = ["attraction"]
instead = {{ zh = "请问窗口", en = "{advice}" }}
"""


def test_advice_where_no_rule_covers_a_service_is_compared() -> None:
    old, new = (one(rule() + OTHERWISE.format(advice=advice)) for advice in ("ask inside", "ask outside"))

    [change] = changes(old, new)

    assert (change.kind, change.services[0].en) == (ChangeKind.WORDS, "elsewhere · attraction")
    assert (change.before.en, change.after.en) == ("advice “ask inside”", "“ask outside”")


def test_advice_of_a_gate_is_compared() -> None:
    gate = '[enabled]\nlist = "opened"\ninstead = {{ zh = "请先开通", en = "{}" }}\n'
    old, new = (one(more=gate.format(advice)) for advice in ("open it here", "open it there"))

    assert told(old, new) == [("not on the list opened", "advice “open it here”", "“open it there”")]


def test_every_text_that_changes_is_told_in_full_and_in_both_languages() -> None:
    before = pack_toml(rule("r", "grade == 1")).replace('"test rules"', f'"{"long " * 20}first"')
    after = before.replace("first", "second").replace("let pass", "wave through").replace("已优惠", "已减免")
    old, new = (RuleBook([type(pack()).from_bytes(toml.encode())]) for toml in (before, after))

    found = changes(old, new)

    assert [change.after.en for change in found] == [
        f"“{'long ' * 20}second”",
        "(Chinese) “已减免”",
        "“wave through”",
    ]
    assert [change.before.en.split(" “")[0] for change in found] == [
        "legal basis",
        "to the holder (Chinese)",
        "to staff",
    ]
    assert all(
        change.before.in_language(spoken) != change.after.in_language(spoken)
        for change in found
        for spoken in Language
    )
    assert found[0].after.zh == f"（英文）“{'long ' * 20}second”"


def outcome(tap: Situation, book: RuleBook) -> tuple[object, ...]:
    decision = tap.decide(book)
    return decision.outcome, decision.holder_pays, decision.companion_pays, decision.companions_admitted


@settings(max_examples=120, deadline=None)
@given(st.data(), books(), books())
def test_a_tap_in_an_unchanged_cell_is_decided_alike_and_a_changed_cell_has_one_that_is_not(
    data: st.DataObject, old: RuleBook, new: RuleBook
) -> None:
    packs = (*old.packs, *new.packs)
    site = data.draw(st.sampled_from(list(sites_of(packs))))
    tap = data.draw(situations(site.service))
    [grid] = [grid for grid in grids_of(site, packs) if grid.card_kind is tap.card.kind]
    assume(not grid.sampled and min(pack.effective_from for pack in packs) <= tap.on)
    there = for_grid(grid, tap)
    first = grid.start.on
    assume(first <= there.on)
    cell = cell_of(grid, there)
    fares = grid.span("fare", cell)
    standing = situation_at(grid, cell)
    before, after = judge(standing, old, fares), judge(standing, new, fares)

    if before.given == after.given:
        assert outcome(there, old) == outcome(there, new)
    elif before.rule is not None and after.rule is not None and before.given.quota == after.given.quota:
        tried = range(fares[0], min(fares[1], fares[0] + 20_000) + 1)
        assert any(
            outcome(replace(standing, fare=fare), old) != outcome(replace(standing, fare=fare), new)
            for fare in tried
        )
