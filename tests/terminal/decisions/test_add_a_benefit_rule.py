"""What docs/add-a-benefit-rule.md says is true: its example loads and decides, and it lists every name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from terminal.decisions.card_facts import CardFacts, Party
from terminal.decisions.catalogue import ServiceItem, ServiceKind
from terminal.decisions.conditions import FUNCTIONS, MAX_CONDITION, VARIABLES
from terminal.decisions.decide import decide
from terminal.decisions.pack_file import PACK_SHAPE
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.rule_pack import RulePack
from terminal.decisions.standing import NOTHING_KNOWN, Standing
from tests.terminal.decisions.writing import NOON, card, companion_card, ms, service

GUIDE = (Path(__file__).parents[3] / "docs" / "add-a-benefit-rule.md").read_text(encoding="utf-8")
CHINESE, ENGLISH = GUIDE.split("\n---\n")

BUS = service(region="330106", operator="my-city-bus")
ON = frozenset({"my-city-enabled"})


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize(
    ("holder", "item", "companions", "rule", "pays"),
    [
        (card((4,), 1), BUS, 0, "my-city-bus/severe-free", (0, 250)),
        (card((5,), 2), BUS, 1, "my-city-bus/severe-free", (0, 125)),
        (card((5,), 2, "330106"), BUS, 0, "", (250, 250)),
        (card((4,), 3, "330109"), BUS, 0, "my-city-bus/local-half", (120, 250)),
        (card((4,), 3, "330206"), BUS, 0, "my-city-bus/visitors-at-most-one-yuan", (100, 250)),
        (card((4,), 4, "330109"), service(region="330106"), 0, "", (250, 250)),
    ],
)
def test_example_decides(
    holder: CardFacts, item: ServiceItem, companions: int, rule: str, pays: tuple[int, int]
) -> None:
    rules = RuleBook([RulePack.from_bytes(blocks("toml")[0].encode())])

    decision = decide(holder, item, NOON, 250, Party(companions), rules)

    assert (decision.rule, (decision.holder_pays, decision.companion_pays)) == (rule, pays)


@pytest.mark.parametrize(
    ("holder", "kind", "companions", "standing", "outcome"),
    [
        (card(region="330203"), "transit", 0, Standing(ON), "granted"),
        (card(region="330203"), "transit", 0, Standing(ON | {"my-city-review-soon"}), "granted"),
        (card(region="330203"), "transit", 0, NOTHING_KNOWN, "not_enabled"),
        (card(region="330203"), "transit", 0, Standing(ON | {"my-city-review-due"}), "review_due"),
        (card(region="330203"), "transit", 0, Standing(ON, {"my-city-card/monthly": 60}), "quota_used_up"),
        (card(region="330203"), "transit", 0, Standing(ON | {"minors"}), "not_eligible"),
        (card(region="330203"), "transit", 1, Standing(ON | {"minors"}), "granted"),
        (card(region="330106"), "transit", 0, Standing(ON), "not_eligible"),
        (companion_card("330203"), "transit", 0, Standing(ON, follows_holder=True), "granted"),
        (companion_card("330203"), "transit", 0, Standing(ON), "not_eligible"),
        (card(region="330203"), "attraction", 0, Standing(ON), "not_eligible"),  # May: out of season
    ],
)
def test_second_example_decides(
    holder: CardFacts, kind: str, companions: int, standing: Standing, outcome: str
) -> None:
    rules = RuleBook([RulePack.from_bytes(blocks("toml")[1].encode())])
    item = service(ServiceKind(kind), "330203", tickets={"child": 60})

    decision = decide(holder, item, NOON, 200, Party(companions), rules, standing=standing, ticket="full")

    assert decision.outcome == outcome


def test_second_example_sells_the_child_s_ticket_in_summer() -> None:
    rules = RuleBook([RulePack.from_bytes(blocks("toml")[1].encode())])
    item = service(ServiceKind.ATTRACTION, "330203", tickets={"child": 60})

    full, other = (
        decide(card(), item, ms(2026, 7, 1), 200, Party(), rules, standing=Standing(ON), ticket=ticket)
        for ticket in ("full", "")
    )

    assert (full.holder_pays, full.quota) == (60, "my-city-card/summer")
    assert not other.outcome.granted


@pytest.mark.parametrize("half", [CHINESE, ENGLISH], ids=["zh", "en"])
def test_every_name_is_explained_in_both_languages(half: str) -> None:
    named = set(re.findall(r"[\w.]+", " ".join(re.findall(r"`[^`\n]*`", half))))
    # A rule's own fields go by their path, since some (note) have a namesake in the pack.
    fields = {path if path.count(".") == 1 else path.rpartition(".")[2] for path in PACK_SHAPE.hints}

    assert (fields | set(VARIABLES) | FUNCTIONS) - named == set()
    assert str(MAX_CONDITION) in half
