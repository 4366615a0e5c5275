"""Rule books of all shapes, and taps to try them on."""

from __future__ import annotations

from datetime import date
from typing import Final

from hypothesis import strategies as st

from terminal.decisions.card_facts import CardFacts
from terminal.decisions.catalogue import ServiceItem
from terminal.decisions.rule_book import RuleBook
from terminal.rule_checks.sites import ticket_prices
from terminal.rule_checks.situation import Situation
from tests.terminal.decisions.writing import pack, rule

FIRST: Final = date(2020, 1, 1)
LAST: Final = date(2030, 12, 31)
#: Places that the books below tell apart, and others beside them.
REGIONS: Final = ("330106", "330109", "330206", "320102", "500103", "500112", "110101", "429004", "650102")

_ATOMS: Final = (
    *("true", "false", "local", "same_province", "!local", "government_run", "paid_amusement"),
    *("grade <= 2", "grade == 3", "3 < grade", "grade % 2 == 1", "grade in [1, 4]"),
    *("1 in categories", "5 in categories || 6 in categories", "size(categories) > 1", "7 in categories"),
    *("categories.exists(c, c >= 5)", "4 in categories && !(1 in categories)"),
    *(
        "fare <= 200",
        "fare > 500",
        "fare == 300",
        "companions >= 1",
        "companions == 2",
        "companions % 2 == 0",
    ),
    *("month >= 5 && month <= 9", "day == 31", "day > 15", "month == 2 && day == 29", "year >= 2025"),
    *("year % 4 == 0", "1 / (month - 12) < 0", "hotlist_age <= 45"),
    *('"minors" in lists', '!("wheelchair-users" in lists)', 'region.startsWith("33")', 'region == "330106"'),
    *('region in ["110101", "330206"]', 'operator == "test-bus"', 'ticket == "half"', 'kind == "transit"'),
)
_COMPANION_ATOMS: Final = (
    *("true", "follows_holder", "!follows_holder", "local", "fare < 1000", "day <= 10"),
)
_BENEFITS: Final = (
    'kind = "free"',
    'kind = "free", companions = 1, companion_pays = "free"',
    'kind = "percentage", pays_percent = 50',
    'kind = "percentage", pays_percent = 50, rounding = "down_to_jiao", companions = 2, companion_pays = 30',
    'kind = "ceiling", ceiling_fen = 200',
    'kind = "ticket_class", ticket = "half"',
)
_QUOTAS: Final = {
    "monthly": '[[quotas]]\nid = "monthly"\nuses = 3\nper = "month"\n',
    "summer": '[[quotas]]\nid = "summer"\nuses = 2\nper = "season"\nfrom = "06-15"\nuntil = "08-31"\n',
}
_TERMS: Final = """
expiry_grace_days = 30
enabled = { list = "enabled", instead = { zh = "请先开通", en = "Have it opened" } }
review = { due = "review-due", instead = { zh = "请年审", en = "Have it reviewed" } }
"""
_APPLIES: Final = (
    'kinds = ["transit"]',
    'kinds = ["transit"], operator = "test-bus"',
    'services = ["BUS-9"]',
)


def conditions(atoms: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Conditions of up to three parts."""
    return st.recursive(
        st.sampled_from(atoms),
        lambda inner: st.builds("({}) {} ({})".format, inner, st.sampled_from(["&&", "||"]), inner),
        max_leaves=3,
    ).filter(lambda condition: condition.count("exists") <= 1)


@st.composite
def rules(draw: st.DrawFn, number: int, quotas: bool) -> str:
    """One rule."""
    companion = draw(st.sampled_from(["", "", "", "companion-card"]))
    extra = ['for = "companion-card"'] if companion else []
    if not companion and draw(st.sampled_from(["", "", "yes"])):
        extra.append('companion_required = "5 in categories"')
    if quotas and draw(st.sampled_from(["", "yes"])):
        extra.append(f'quota = "{draw(st.sampled_from(["monthly", "summer"]))}"')
    return rule(
        f"r{number}",
        draw(conditions(_COMPANION_ATOMS if companion else _ATOMS)),
        draw(st.sampled_from(_BENEFITS)),
        draw(st.sampled_from(_APPLIES)),
        extra="\n".join(extra),
    )


@st.composite
def books(draw: st.DrawFn) -> RuleBook:
    """One to three packs of one to three rules."""
    packs = []
    regions = draw(st.lists(st.sampled_from(["CN", "33", "3301", "330106", "50"]), min_size=1, max_size=3))
    for number, region in enumerate(regions):
        quotas = draw(st.booleans())
        written = [draw(rules(place, quotas)) for place in range(draw(st.integers(1, 3)))]
        dates = draw(st.sampled_from(_DATES))
        terms = _TERMS if draw(st.sampled_from([False, False, True])) else ""
        more = terms + "".join(
            toml for quota, toml in _QUOTAS.items() if any(f'quota = "{quota}"' in text for text in written)
        )
        packs.append(pack(*written, name=f"p{number}", region=region, dates=dates, more=more))
    return RuleBook(packs)


_DATES: Final = (
    "effective_from = 2020-01-01\n",
    "effective_from = 2023-07-01\n",
    "effective_from = 2021-01-01\neffective_until = 2026-02-28\n",
)

_QUOTA_NAMES: Final = tuple(f"p{number}/{quota}" for number in range(3) for quota in ("monthly", "summer"))
_KNOWN_LISTS: Final = ("minors", "wheelchair-users", "enabled", "review-due")


@st.composite
def situations(draw: st.DrawFn, service: ServiceItem) -> Situation:
    """A tap at `service`; on a day that some pack of the books above may be in force."""
    companion = draw(st.sampled_from([False, False, True]))
    categories = draw(st.sets(st.integers(1, 7), min_size=1, max_size=4))
    on = draw(st.dates(FIRST, LAST))
    expired = draw(st.sampled_from([None, None, 1, 29, 30, 31, 400]))
    card = CardFacts(
        categories=() if companion else tuple(sorted(categories)),
        grade=0 if companion else draw(st.integers(1, 4)),
        region=draw(st.sampled_from((*REGIONS, service.region))),
        issued=FIRST,
        expires=date(9999, 12, 31) if expired is None else date.fromordinal(on.toordinal() - expired),
    )
    lists = draw(st.sets(st.sampled_from(_KNOWN_LISTS)))
    return Situation(
        card=card,
        service=service,
        on=on,
        fare=draw(st.sampled_from([1, 2, 199, 200, 201, 300, 301, 500, 501, 999, 1000, 1001, 7_777])),
        companions=draw(st.integers(0, 5)),
        lists=frozenset(lists),
        uses={name: draw(st.integers(0, 4)) for name in _QUOTA_NAMES},
        follows_holder=draw(st.booleans()),
        ticket=draw(st.sampled_from(["", "half", "adult"])),
        hotlist_age=draw(st.sampled_from([0, 45, 46])),
    )


def priced(service: ServiceItem, book: RuleBook) -> ServiceItem:
    """The service with the prices that the checks assume."""
    return ServiceItem(
        service.code,
        service.name,
        service.domain,
        service.kind,
        service.operator,
        service.region,
        service.fare,
        service.features,
        ticket_prices(book.packs),
    )
