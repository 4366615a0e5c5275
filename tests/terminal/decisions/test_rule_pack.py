"""A malformed pack is refused with its file, rule, field and what to write there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.explained import Language
from terminal.decisions.card_facts import Party
from terminal.decisions.decide import decide
from terminal.decisions.errors import RulePackMalformed
from terminal.decisions.pack_file import PACK_SHAPE, PackFile
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.rule_pack import RulePack
from terminal.decisions.toml_document import MAX_BYTES
from terminal.starter import starter_files
from tests.terminal.decisions.writing import NOON, card, pack_toml, rule, service

FULL = pack_toml(
    rule("first", extra='''quota = "summer"\ncompanion_required = "'alone' in lists"'''),
    rule("carer", "follows_holder", extra='for = "companion-card"\nquota = "monthly"'),
    rule("class", '"minors" in lists', 'kind = "ticket_class", ticket = "half"'),
    more="""expiry_grace_days = 30

[enabled]
list = "enabled"
instead = { zh = "请开通", en = "have it opened" }

[review]
due = "due"
soon = "soon"
instead = { zh = "请年审", en = "have it reviewed" }

[misuse]
withdrawn = true
following_years = 1
legal_basis = { zh = "测试办法", en = "test rules" }

[[quotas]]
id = "summer"
uses = 3
per = "season"
from = "05-01"
until = "10-31"

[[quotas]]
id = "monthly"
uses = 130
per = "month"
""",
)
GOOD = pack_toml(rule("first"), rule("half", "grade >= 3", 'kind = "percentage", pays_percent = 50'))


def refusal(toml: str | bytes) -> dict[str, object]:
    data = toml if isinstance(toml, bytes) else toml.encode()
    with pytest.raises(RulePackMalformed) as refused:
        RulePack.from_bytes(data, "city.toml")
    for language in Language:
        explained = refused.value.explain(language)
        assert "city.toml" in explained.cause
        assert str(refused.value.facts["place"]) in explained.cause
        assert explained.next_step
    assert refused.value.facts["file"] == "city.toml"
    return refused.value.facts


@pytest.mark.parametrize(
    ("entry", "place", "write"),
    [
        ('operator = "o"', "otherwise.kinds", "kinds or services, at least one"),
        ("kinds = []", "otherwise.kinds", "kinds or services, at least one"),
        ('kinds = ["train"]', "otherwise[0].kinds[0]", "kinds or services, at least one"),
        ('services = ["lower"]', "otherwise[0].services[0]", "service codes"),
        ('kinds = ["transit"]\noperator = "Mr X"', "otherwise[0].operator", "the operator's id"),
    ],
)
def test_advice_for_no_service_is_refused(entry: str, place: str, write: str) -> None:
    advice = f'[[otherwise]]\n{entry}\ninstead = {{ zh = "请询问", en = "ask" }}\n'

    facts = refusal(GOOD + advice)

    assert facts["place"] == place
    assert write in str(facts["write_en"])


def test_good_pack_loads() -> None:
    assert [found.name for found in RulePack.from_bytes(GOOD.encode()).rules] == ["p/first", "p/half"]


@pytest.mark.parametrize(
    ("old", "new", "place", "write"),
    [
        ('name = "p"', 'name = "P!"', "name", "small letters"),
        ('version = "1"', "version = 1", "version", "2026.1"),
        ('version = "1"', "", "version", "2026.1"),
        ('region = "CN"', 'region = "330100"', "region", "without final zeros"),
        ('region = "CN"', 'region = "china"', "region", "CN for the nation"),
        ('region = "CN"', 'region = "CN"\ncolour = 1', "colour", "one of the fields effective_from"),
        (
            "effective_from = 2020-01-01",
            "effective_from = 2020-01-01T00:00:00Z",
            "effective_from",
            "2026-01-01",
        ),
        ("effective_from = 2020-01-01", "effective_from = '1.1.2020'", "effective_from", "2026-01-01"),
        (
            "effective_from = 2020-01-01",
            "effective_from = 2020-01-02\neffective_until = 2020-01-01",
            "effective_until",
            "effective_from or later",
        ),
        ('id = "first"', 'id = "First Rule"', "rule “First Rule”, id", "small letters"),
        ('id = "first"', "id = 7", "rule number 1, id", "small letters"),
        ('id = "first"', "", "rule number 1, id", "small letters"),
        ('id = "first"', 'id = "half"', "rule “half”, id", "used once"),
        (
            'id = "half"',
            'id = "half"\ncolour = 1',
            "rule “half”, colour",
            "applies_to, benefit, companion_required",
        ),
        ("pays_percent = 50", "pays_percent = 0", "rule “half”, benefit.pays_percent", "from 1 to 99"),
        ("pays_percent = 50", "pays_percent = 12.5", "rule “half”, benefit.pays_percent", "from 1 to 99"),
        ("pays_percent = 50", "pays_percent = '50'", "rule “half”, benefit.pays_percent", "from 1 to 99"),
        (", pays_percent = 50", "", "rule “half”, benefit.pays_percent", "from 1 to 99"),
        (
            'kind = "percentage"',
            'kind = "half"',
            "rule “half”, benefit.kind",
            "one of free, percentage, ceiling",
        ),
        ('kind = "percentage", ', "", "rule “half”, benefit.kind", "one of free, percentage, ceiling"),
        ('kind = "percentage"', 'kind = "free"', "rule “half”, benefit.pays_percent", "one of the fields"),
        ('kind = "percentage"', 'kind = "ceiling"', "rule “half”, benefit.", "one of the fields"),
        (
            "pays_percent = 50",
            'pays_percent = 50, rounding = "up"',
            "rule “half”, benefit.rounding",
            "down_to_fen",
        ),
        (
            "pays_percent = 50",
            "pays_percent = 50, companions = 1",
            "rule “half”, benefit.companion_pays",
            '"free" or a percentage',
        ),
        (
            "pays_percent = 50",
            'pays_percent = 50, companion_pays = "free"',
            "rule “half”, benefit.companions",
            "0 to 9",
        ),
        (
            "pays_percent = 50",
            'pays_percent = 50, companions = 1, companion_pays = "half"',
            "rule “half”, benefit.companion_pays",
            '"free" or a percentage',
        ),
        ('kinds = ["transit"]', "", "rule “first”, applies_to", "at least one of them"),
        (
            'kinds = ["transit"]',
            'kinds = ["train"]',
            "rule “first”, applies_to.kinds[0]",
            "transit, attraction",
        ),
        ('zh = "测试办法", ', "", "rule “first”, legal_basis.zh", '{ zh = "…", en = "…" }'),
        ('en = "discounted"', 'en = ""', "rule “first”, holder_text.en", '{ zh = "…", en = "…" }'),
        ('en = "let pass"', 'en = "let pass", fr = "passez"', "rule “first”, staff_text.fr", "fields en, zh"),
        ('mark = "G"', 'mark = "X"', "rule “first”, source.mark", "seen in a public source"),
        ("grade >= 3", "grad >= 3", "rule “half”, condition", "categories, grade"),
        ("grade >= 3", "grade", "rule “half”, condition", "true or false"),
        ("grade >= 3", "grade / 0 == 1", "rule “half”, condition", "true or false"),
        ("grade >= 3", "grade >=", "rule “half”, condition", "true or false"),
        (
            'id = "half"',
            'id = "half"\ncompanion_required = "day"',
            "rule “half”, companion_required",
            "true or false",
        ),
        ("[[rules]]", "[rules]", "file", "a TOML file in UTF-8"),
    ],
)
def test_fault_is_named_with_its_place_and_what_to_write(old: str, new: str, place: str, write: str) -> None:
    assert old in GOOD
    facts = refusal(GOOD.replace(old, new, 1))

    assert str(facts["place"]).startswith(place)
    assert write in str(facts["write_en"])


def test_full_pack_loads() -> None:
    found = RulePack.from_bytes(FULL.encode())

    assert [(quota.name, quota.uses, quota.per) for quota in found.quotas] == [
        ("p/summer", 3, "season"),
        ("p/monthly", 130, "month"),
    ]
    assert [rule.quota and rule.quota.name for rule in found.rules] == ["p/summer", "p/monthly", None]
    assert [rule.card_kind for rule in found.rules] == ["holder", "companion-card", "holder"]
    assert found.lists == {"enabled", "due", "soon", "minors", "alone"}
    assert found.terms.expiry_grace_days == 30
    assert found.misuse is not None
    assert found.misuse.withdrawn


@pytest.mark.parametrize(
    ("following_years", "until"), [(0, date(2026, 12, 31)), (1, date(2027, 12, 31)), (3, date(2029, 12, 31))]
)
def test_a_bar_ends_with_a_year(following_years: int, until: date) -> None:
    toml = FULL.replace("following_years = 1", f"following_years = {following_years}")
    misuse = RulePack.from_bytes(toml.encode()).misuse

    assert misuse is not None
    assert misuse.bar_until(date(2026, 5, 17)) == until
    assert misuse.bar_until(date.max) == date.max


def test_a_pack_of_misuse_alone_needs_no_rules() -> None:
    toml = FULL.partition("[enabled]")[0] + "[misuse]" + FULL.partition("[misuse]")[2].partition("[[")[0]

    assert not RulePack.from_bytes(toml.encode()).rules


@pytest.mark.parametrize(
    ("old", "new", "place", "write"),
    [
        ('per = "month"', 'per = "week"', "quotas[1].per", "one of day, month, year, season"),
        ('per = "month"', "", "quotas[1].per", "one of day, month, year, season"),
        ("uses = 130", "uses = 0", "quotas[1].uses", "1 to 10000"),
        ("uses = 130", "uses = 130\ncarry = true", "quotas[1].carry", "from, id, per, until, uses"),
        ('id = "monthly"', 'id = "Monthly"', "quotas[1].id", "small letters"),
        ('id = "monthly"', 'id = "summer"', "quotas.id", "used once"),
        ('id = "monthly"', 'id = "yearly"', "quotas.id", "used once"),
        ('quota = "monthly"', "", "quotas.id", "used once"),
        ('quota = "monthly"', 'quota = "summer"\n', "quotas.id", "used once"),
        ('quota = "summer"', "quota = 1", "rule “first”, quota", "one of this pack's"),
        ('per = "month"', 'per = "month"\nfrom = "01-01"', "quotas.from", "season"),
        ('per = "month"', 'per = "month"\nuntil = "01-01"', "quotas.until", "season"),
        ('from = "05-01"', "", "quotas.from", "05-01"),
        ('until = "10-31"', "", "quotas.until", "10-31"),
        ('from = "05-01"', 'from = "11-01"', "quotas.until", "from or later"),
        ('from = "05-01"', 'from = "02-29"', "quotas[0].from", "not 02-29"),
        ('from = "05-01"', 'from = "5-1"', "quotas[0].from", "05-01"),
        ('from = "05-01"', 'from = "04-31"', "quotas[0].from", "05-01"),
        ('from = "05-01"', "from = 2026-05-01", "quotas[0].from", "05-01"),
        ('list = "enabled"', 'list = "Enabled!"', "enabled.list", "a standing list's name"),
        ('list = "enabled"', "", "enabled.list", "a standing list's name"),
        ('list = "enabled"', 'list = "enabled"\nfrom = 1', "enabled.from", "instead, list"),
        ('en = "have it opened"', 'en = ""', "enabled.instead.en", "1 to 300 characters"),
        ('instead = { zh = "请年审", en = "have it reviewed" }', "", "review.instead", "zh ="),
        ('due = "due"', "", "review.due", "a standing list's name"),
        ('due = "due"', 'due = "soon"', "review.due", "a standing list's name"),
        ('due = "due"', 'due = "enabled"', "review.due", "a standing list's name"),
        ("withdrawn = true", "withdrawn = 1", "misuse.withdrawn", "true if the card is taken back"),
        ("following_years = 1", "following_years = -1", "misuse.following_years", "0 to 20"),
        ("expiry_grace_days = 30", "expiry_grace_days = 400", "expiry_grace_days", "0 to 366"),
        ('for = "companion-card"', 'for = "carer"', "rule “carer”, for", "companion-card"),
        ("follows_holder", "categories[0] == 1", "rule “carer”, condition", "true or false"),
        ('"minors" in lists', '"Minors" in lists', "rule “class”, condition", "true or false"),
        (', ticket = "half"', "", "rule “class”, benefit.ticket", "a class of ticket"),
        ('ticket = "half"', 'ticket = "Half price"', "rule “class”, benefit.ticket", "a class of ticket"),
    ],
)
def test_fault_beyond_the_rules_is_named(old: str, new: str, place: str, write: str) -> None:
    assert old in FULL
    facts = refusal(FULL.replace(old, new, 1))

    assert str(facts["place"]).startswith(place)
    assert write in str(facts["write_en"])


@pytest.mark.parametrize(
    "character",
    ["\x1b", "\n", "\r", "\x07", "\x7f", "\x9b", "\u202e", "\u2066", "\u200b", "\u2028", "\ufeff"],
)
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("field", "place"),
    [
        ("staff_text", "rule “first”, staff_text"),
        ("holder_text", "rule “first”, holder_text"),
        ("legal_basis", "misuse.legal_basis"),
        ("instead", "enabled.instead"),
    ],
)
def test_a_text_that_would_fool_a_screen_is_refused(
    character: str, language: str, field: str, place: str
) -> None:
    written = re.compile(rf'(?m)^({field} = {{.*?\b{language} = ")')
    facts = refusal(written.sub(rf"\1{_escaped(character)}x", FULL, count=1))

    assert facts["place"] == place
    assert f"U+{ord(character):04X}" in str(facts["problem_en"])
    assert "300 characters" in str(facts["write_en"])


def _escaped(character: str) -> str:
    return f"x\\\\u{ord(character):04x}"


def test_a_byte_order_mark_at_the_beginning_is_passed_over() -> None:
    pack = RulePack.from_bytes(b"\xef\xbb\xbf" + GOOD.encode())

    assert [one.name for one in pack.rules] == ["p/first", "p/half"]
    assert refusal(b"\xef\xbb\xbf" * 2 + GOOD.encode())["place"] == "file"


def test_a_quota_that_no_pack_has_is_named_with_its_rule() -> None:
    facts = refusal(GOOD.replace('id = "half"', 'id = "half"\nquota = "no"'))

    assert facts["place"] == "rule “half”, quota"
    assert facts["problem_en"] == "there is no quota “no”"


@pytest.mark.parametrize(
    ("toml", "place"),
    [
        (b"", "name"),
        (b"name = ", "file"),
        (b'"" = 8', "“”"),
        (b"\xff\xfe", "file"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "file"),
        (b"a = " + b"9" * 5000, "file"),
        (b"#" * (MAX_BYTES + 1), "file"),
        (b"rules = 1\n" + GOOD.partition("[[")[0].encode(), "rules"),
        (b"rules = []\n" + GOOD.partition("[[")[0].encode(), "rules"),
        (b"rules = [1]\n" + GOOD.partition("[[")[0].encode(), "rule number 1"),
        (b'"x - at `$.rules[9]" = 1\n' + GOOD.encode(), "x - at"),
    ],
)
def test_what_is_no_pack_at_all_is_refused(toml: bytes, place: str) -> None:
    assert str(refusal(toml)["place"]).startswith(place)


def test_a_field_s_name_can_not_lead_the_error_astray() -> None:
    facts = refusal(GOOD.replace('id = "half"', 'id = "half"\n"y - at `$.rules[99].z" = 1'))

    assert str(facts["place"]).startswith("rule “half”, y - at")


def test_a_file_s_control_characters_do_not_reach_the_screen() -> None:
    facts = refusal(GOOD.replace('name = "p"', 'name = "p"\n"\\u001b[2J" = 1'))

    assert facts["place"] == "?[2J"


@given(st.binary(max_size=200))
def test_random_bytes_raise_the_package_s_error_only(data: bytes) -> None:
    with pytest.raises(RulePackMalformed):
        RulePack.from_bytes(data)


WRITTEN = [
    GOOD,
    FULL,
    *(data.decode() for path, data in starter_files().items() if path.startswith("rules/")),
]
FRAGMENTS = (
    *("", "0", "-1", "99999999999999999999", "1.5", "true", "[]", "{}", "''", '"', "'''", "\n", "\x00", "é"),
    *("inf", "2020-02-30", "1979-05-27T07:32:00Z", '"02-29"', "[[rules]]", "[review]", "[[quotas]]"),
    *("from", "lists", '"X" in lists', "1 / 0", "a = 1\n", "zh", "quota = 'q'\n", "for = 'holder'\n", "CN"),
)
WORD = re.compile(r"\w+|\[\[?|\]\]?|[^\w\s]|\n")


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A valid pack with a few of its words cut out, doubled, exchanged or overwritten."""
    text = draw(st.sampled_from(WRITTEN))
    for _ in range(draw(st.integers(1, 4))):
        spans = [found.span() for found in WORD.finditer(text)] or [(0, 0)]
        start, end = spans[draw(st.integers(0, len(spans) - 1))]
        other_start, other_end = spans[draw(st.integers(0, len(spans) - 1))]
        written = draw(st.sampled_from((*FRAGMENTS, text[other_start:other_end], text[start:end] * 2)))
        text = text[:start] + written + text[end:]
    return text


@settings(max_examples=400)
@given(mutated())
def test_a_mutated_pack_is_taken_or_its_fault_is_named(toml: str) -> None:
    try:
        found = RulePack.from_bytes(toml.encode())
    except RulePackMalformed as refused:
        assert refused.facts["write_en"]
        assert len(str(refused.facts["place"])) <= 201
        return
    decide(card(), service(), NOON, 200, Party(), RuleBook([found]))


toml_values = st.recursive(
    st.booleans() | st.integers(-10, 100) | st.sampled_from(["CN", "free", "x", "true", "transit"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["kind", "zh", "kinds"]), inner)
    ),
    max_leaves=4,
)


@given(st.sampled_from(sorted(PACK_SHAPE.hints)), toml_values)
def test_any_value_in_any_field_is_taken_or_named(path: str, value: object) -> None:
    rules = {
        "id": "r",
        "applies_to": {"kinds": ["transit"]},
        "condition": "true",
        "benefit": {"kind": "free"},
        "legal_basis": {"zh": "a", "en": "a"},
        "holder_text": {"zh": "a", "en": "a"},
        "staff_text": {"zh": "a", "en": "a"},
        "source": {"cites": "a", "mark": "G"},
    }
    document: dict[str, object] = {"name": "p", "version": "1", "region": "CN", "rules": [rules]}
    *above, last = path.split(".")
    place: object = document
    for step in above:
        assert isinstance(place, dict)
        place = place.setdefault(step, [{}])
        if isinstance(place, list):
            place = place[0]
    assert isinstance(place, dict)
    place[last] = value
    toml = "effective_from = 2020-01-01\n" * (path != "effective_from") + "".join(_toml(document))

    try:
        RulePack.from_bytes(toml.encode())
    except RulePackMalformed as refused:
        assert refused.facts["write_en"]


def _toml(document: dict[str, object]) -> Iterator[str]:
    yield from (f"{key} = {_value(value)}\n" for key, value in document.items())


def _value(value: object) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{key} = {_value(inner)}" for key, inner in value.items()) + "}"
        case list():
            return "[" + ", ".join(_value(inner) for inner in value) + "]"
        case bool():
            return str(value).lower()
        case _:
            return repr(value)


def test_every_field_has_a_hint() -> None:
    assert set(_paths(PackFile)) == set(PACK_SHAPE.hints)


def _paths(shape: type) -> Iterator[str]:
    """Every field of a document's shape by its dotted path; a text's two languages count as one field."""
    schema: dict[str, Any] = msgspec.json.schema(shape)

    def walk(part: dict[str, Any], at: str) -> Iterator[str]:
        if "$ref" in part:
            part = schema["$defs"][part["$ref"].rpartition("/")[2]]
        for option in [part["items"]] if "items" in part else part.get("anyOf", ()):
            yield from walk(option, at)
        for name, inner in part.get("properties", {}).items():
            if name not in {"zh", "en"}:
                yield f"{at}{name}"
                yield from walk(inner, f"{at}{name}.")

    return walk(schema, "")
