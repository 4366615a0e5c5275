"""What the centre gives out: signed, numbered, never changed, and kept for judging old taps."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from sync.center.directory import Center, open_center
from sync.center.ingest import take_batch
from sync.center.publication import publish
from sync.center.reconciliation import reconcile_center
from sync.errors import ContentInvalid
from terminal.hotlist import Hotlist, HotlistReason
from tests.sync.cast import Card, Chain, Issuer, now_ms

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


@pytest.fixture
def folder(center: Center, tmp_path: Path) -> Path:
    assert center.publications.current.files
    return tmp_path / "authority"


@pytest.mark.parametrize("name", ["catalogue.toml", "hotlist.bin", "rules/cn.toml"])
@pytest.mark.parametrize("suffix", ["", ".sig"])
def test_altered_content_is_not_opened(folder: Path, name: str, suffix: str) -> None:
    file = folder / "center" / "content" / "000001" / f"{name}{suffix}"
    data = file.read_bytes()
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(ContentInvalid), open_center(folder / "center"):
        pass


def test_a_rule_pack_passed_off_as_a_catalogue_is_not_opened(folder: Path) -> None:
    content = folder / "center" / "content" / "000001"
    for suffix in ("", ".sig"):
        (content / f"catalogue.toml{suffix}").write_bytes(
            (content / "rules" / f"cn.toml{suffix}").read_bytes()
        )
    with pytest.raises(ContentInvalid), open_center(folder / "center"):
        pass


def test_content_that_can_not_be_parsed_changes_nothing(folder: Path, center: Center) -> None:
    (folder / "content-source" / "catalogue.toml").write_text("version = ", "utf-8")
    target = folder / "center" / "content"
    with pytest.raises(ContentInvalid):
        publish(folder / "content-source", target, center.keys.content)
    assert [path.name for path in target.iterdir()] == ["000001"]


def test_a_hotlist_that_can_not_be_parsed_is_not_published(folder: Path, center: Center) -> None:
    (folder / "content-source" / "hotlist.bin").write_bytes(b"TKHL")
    target = folder / "center" / "content"
    with pytest.raises(ContentInvalid):
        publish(folder / "content-source", target, center.keys.content)
    assert [path.name for path in target.iterdir()] == ["000001"]


def test_a_tap_is_judged_by_the_rules_its_terminal_had(
    folder: Path, center: Center, chain: Chain, issuer: Issuer
) -> None:
    card = issuer.card((4,), 4)
    chain.tap(card)
    rules = folder / "content-source" / "rules" / "chongqing-bus.toml"
    dearer = rules.read_text("utf-8").replace("pays_percent = 50", "pays_percent = 80")
    rules.write_text(dearer.replace("2012.1", "2026.9"), "utf-8")
    publish(folder / "content-source", folder / "center" / "content", center.keys.content)

    with open_center(folder / "center") as newer:
        assert newer.publications.current.rules.version != chain.rules.version
        chain.rules = newer.publications.current.rules
        chain.tap(card)
        take_batch(newer.store, newer.keys, chain.batch(), now_ms())
        result = reconcile_center(newer, now_ms())

    assert result.findings == []
    assert [claim.accepted for claim in result.claims] == [100, 40]


def publish_listed(folder: Path, center: Center, card: Card) -> None:
    listed = Hotlist.of(2, date(2026, 9, 2), {card.credential.card_id: HotlistReason.LOST})
    (folder / "content-source" / "hotlist.bin").write_bytes(listed.to_bytes())
    publish(folder / "content-source", folder / "center" / "content", center.keys.content)


def test_a_card_on_the_hotlist_that_the_terminal_had_is_not_paid(
    folder: Path, center: Center, chain: Chain, issuer: Issuer
) -> None:
    lost, other = issuer.card((4,), 4), issuer.card((4,), 4)
    rules = folder / "content-source" / "rules" / "chongqing-bus.toml"
    rules.write_text(rules.read_text("utf-8").replace("2012.1", "2026.9"), "utf-8")
    publish_listed(folder, center, lost)

    with open_center(folder / "center") as newer:
        chain.tap(lost)  # by the older rules, with which nothing was listed
        chain.rules = newer.publications.current.rules
        chain.tap(lost)
        chain.tap(other)
        take_batch(newer.store, newer.keys, chain.batch(), now_ms())
        result = reconcile_center(newer, now_ms())

    assert [(one.kind.value, one.first, one.detail) for one in result.findings] == [("card_hotlisted", 2, "")]
    assert [claim.withheld_for for claim in result.claims] == ["", "card_hotlisted", ""]
    assert [claim.accepted for claim in result.claims] == [100, 0, 100]


def test_a_later_hotlist_or_lower_fare_takes_nothing_from_earlier_taps(
    folder: Path, center: Center, chain: Chain, issuer: Issuer
) -> None:
    card = issuer.card((4,), 4)
    chain.tap(card)
    catalogue = folder / "content-source" / "catalogue.toml"
    catalogue.write_text(catalogue.read_text("utf-8").replace("fare = 200", "fare = 100"), "utf-8")
    publish_listed(folder, center, card)

    with open_center(folder / "center") as newer:
        assert newer.publications.current.rules.version == chain.rules.version
        assert newer.publications.current.catalogue.item("BUS-1").fare == 100
        take_batch(newer.store, newer.keys, chain.batch(), now_ms())
        result = reconcile_center(newer, now_ms())

    assert result.findings == []
    assert [claim.accepted for claim in result.claims] == [100]
