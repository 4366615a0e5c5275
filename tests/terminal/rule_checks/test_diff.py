"""`changes`: exactly whose outcome changes, and nothing where nothing does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crypto.explained import Text
from terminal.decisions.rule_book import RuleBook
from terminal.rule_checks.diff import ChangeKind, changes
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


def told(old: RuleBook, new: RuleBook) -> list[tuple[str, str, str]]:
    return [(change.who.en, change.before.en, change.after.en) for change in changes(old, new)]


def one(*rules: str, **more: str) -> RuleBook:
    return RuleBook([pack(*rules, **more)])


def test_who_gains_is_told_by_category_grade_and_residence() -> None:
    half = rule("half", "local", HALF)
    old = one(rule("severe", "grade <= 2"), half, region="3301")
    new = one(rule("severe", "grade <= 2 || (local && 5 in categories)"), half, region="3301")

    assert told(old, new) == [("category 5, grades 3–4, local", "pays 50%", "free")]


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


def test_a_text_that_changes_in_one_language_is_shown_in_that_language() -> None:
    plain = pack_toml(rule("r", "grade == 1"))
    chinese = plain.replace("优惠放行", "优惠请走")
    assert chinese != plain
    old = RuleBook([pack(rule("r", "grade == 1"))])
    [change] = changes(old, RuleBook([type(pack()).from_bytes(chinese.encode())]))
    assert change.before.en == "“let pass”"
    assert change.after == Text(zh="“优惠请走”", en="“let pass” (the Chinese alone: “优惠放行” → “优惠请走”)")
    english = RuleBook([type(pack()).from_bytes(plain.replace("let pass", "wave through").encode())])
    [change] = changes(old, english)
    assert change.after.zh == "“优惠放行”（只有英文改变：“let pass” → “wave through”）"


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

    assert [place.en for place in change.services] == ["3301 · transit", "50 · transit"]


def test_the_starter_does_not_change_against_itself(tmp_path: Path) -> None:
    for name, data in starter_files().items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data + b"\n# a comment\n")

    assert changes(starter_rule_book(), read_book([tmp_path])) == []


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
