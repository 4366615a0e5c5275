"""What the centre gives out: signed, numbered, never changed, and kept for judging old taps."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sync.center.directory import Center, open_center
from sync.center.ingest import take_batch
from sync.center.reconciliation import reconcile_center
from sync.errors import ContentInvalid
from tests.sync.cast import Card, Chain, Issuer, now_ms, put_hotlist

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


@pytest.fixture
def folder(center: Center, tmp_path: Path) -> Path:
    assert center.publications.current.version == 1
    return tmp_path / "authority"


def publish(folder: Path, center: Center) -> int:
    return center.publish(folder / "content-source", datetime.now(UTC))


@pytest.mark.parametrize("name", ["catalogue.toml", "hotlist/base.bin", "rules/cn.toml", "trust.json"])
def test_altered_content_is_not_opened(folder: Path, center: Center, name: str) -> None:
    path = center.publications.store.blob(center.publications.manifest.unverified().file(name).digest)
    assert path is not None
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(ContentInvalid), open_center(folder / "center"):
        pass


def test_an_altered_manifest_is_not_opened(folder: Path) -> None:
    (manifest,) = (folder / "center" / "content" / "manifests").iterdir()
    data = manifest.read_bytes()
    manifest.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(ContentInvalid), open_center(folder / "center"):
        pass


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("catalogue.toml", b"version = "),
        ("hotlist/base.bin", b"TKHL"),
        ("hotlist/delta-0001.bin", b"TKHD"),
        ("rules/cn.toml", b"name = 1"),
    ],
)
def test_content_that_can_not_be_parsed_changes_nothing(
    folder: Path, center: Center, name: str, data: bytes
) -> None:
    (folder / "content-source" / name).write_bytes(data)
    with pytest.raises(ContentInvalid):
        publish(folder, center)
    assert center.publications.store.versions() == (1,)


def test_an_older_hotlist_is_not_published(folder: Path, center: Center) -> None:
    put_hotlist(folder / "content-source", version=5)
    assert publish(folder, center) == 2
    put_hotlist(folder / "content-source", version=4)
    with pytest.raises(ContentInvalid, match="TRM-410"):
        publish(folder, center)
    assert center.publications.store.versions() == (1, 2)


def test_a_tap_is_judged_by_the_rules_its_terminal_had(
    folder: Path, center: Center, chain: Chain, issuer: Issuer
) -> None:
    card = issuer.card((4,), 4)
    chain.tap(card)
    rules = folder / "content-source" / "rules" / "chongqing-bus.toml"
    dearer = rules.read_text("utf-8").replace("pays_percent = 50", "pays_percent = 80")
    rules.write_text(dearer.replace("2012.1", "2026.9"), "utf-8")
    publish(folder, center)

    with open_center(folder / "center") as newer:
        assert newer.publications.current.rules.version != chain.content.rules.version
        chain.content = newer.publications.current
        chain.tap(card)
        take_batch(newer.store, newer.keys, chain.batch(), now_ms())
        result = reconcile_center(newer, now_ms())

    assert result.findings == []
    assert [claim.accepted for claim in result.claims] == [100, 40]


def publish_listed(folder: Path, center: Center, card: Card) -> None:
    put_hotlist(folder / "content-source", card.credential.card_id, version=2)
    publish(folder, center)


def test_a_card_on_the_hotlist_that_the_terminal_had_is_not_paid(
    folder: Path, center: Center, chain: Chain, issuer: Issuer
) -> None:
    lost, other = issuer.card((4,), 4), issuer.card((4,), 4)
    rules = folder / "content-source" / "rules" / "chongqing-bus.toml"
    rules.write_text(rules.read_text("utf-8").replace("2012.1", "2026.9"), "utf-8")
    publish_listed(folder, center, lost)

    with open_center(folder / "center") as newer:
        chain.tap(lost)  # by the older publication, in which nothing was listed
        chain.content = newer.publications.current
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
        assert newer.publications.current.rules.version == chain.content.rules.version
        assert newer.publications.current.catalogue.item("BUS-1").fare == 100
        take_batch(newer.store, newer.keys, chain.batch(), now_ms())
        result = reconcile_center(newer, now_ms())

    assert result.findings == []
    assert [claim.accepted for claim in result.claims] == [100]
