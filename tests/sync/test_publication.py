"""What the centre gives out: signed, numbered, never changed, and kept for judging old taps."""

from __future__ import annotations

import secrets
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from crypto.errors import IssuingRefused
from crypto.pki.revocation import RevocationReason
from sync.center.authority import add_issuer, issuers, retire_issuer, revoke_issuer
from sync.center.directory import Center, create_center, open_center, read_issuer_request
from sync.center.ingest import take_batch
from sync.center.reconciliation import reconcile_center
from sync.errors import CenterDataMissing, ContentInvalid, IssuerKnown, IssuerNotKnown
from tests.sync.cast import (
    ISSUER_KEY_ID,
    MADE,
    Card,
    Chain,
    Issuer,
    new_center,
    now_ms,
    put_hotlist,
    write_content,
)

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


@pytest.fixture
def folder(center: Center, tmp_path: Path) -> Path:
    assert center.publications.current.version == 1
    return tmp_path / "authority"


def publish(folder: Path, center: Center) -> int:
    return center.publish(folder / "content-source", MADE)


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


@pytest.mark.parametrize("name", ["rules/My_Rule.toml", "hotlist/extra.bin"])
def test_a_file_that_can_not_be_published_is_named(folder: Path, center: Center, name: str) -> None:
    (folder / "content-source" / name).write_bytes(b"x")
    with pytest.raises(ContentInvalid, match=name):
        publish(folder, center)


def test_the_damaged_file_of_a_hotlist_is_named(folder: Path, center: Center) -> None:
    base = folder / "content-source" / "hotlist" / "base.bin"
    base.write_bytes(base.read_bytes()[:-1])
    with pytest.raises(ContentInvalid, match=r"hotlist/base\.bin can't be published: TRM-303"):
        publish(folder, center)


def test_a_hotlist_that_collapses_is_published_only_if_that_is_meant(folder: Path, center: Center) -> None:
    cards = [secrets.token_bytes(8) for _ in range(40)]
    put_hotlist(folder / "content-source", *cards, version=2)
    publish(folder, center)
    put_hotlist(folder / "content-source", *cards[:37], version=3)
    publish(folder, center)  # a few less are a day's work
    put_hotlist(folder / "content-source", *cards[:20], version=4)
    with pytest.raises(ContentInvalid, match="from 37 cards to 20"):
        publish(folder, center)
    assert center.publish(folder / "content-source", MADE, may_shrink=True) == 4


def test_two_publishers_get_two_numbers(folder: Path, center: Center) -> None:
    with open_center(folder / "center") as other, ThreadPoolExecutor(2) as both:
        publishers = [center, other] * 3
        numbers = list(both.map(lambda one: one.publish(None, MADE), publishers))
    assert sorted(numbers) == [2, 3, 4, 5, 6, 7]


def test_keys_that_are_not_the_certificates_are_not_worked_with(
    folder: Path, center: Center, issuer: Issuer, tmp_path: Path
) -> None:
    with new_center(tmp_path / "other", issuer):
        pass
    for file in (tmp_path / "other" / "center" / "keys").iterdir():
        if file.is_file() and file.name != "pseudonym.key":
            shutil.copy(file, folder / "center" / "keys" / file.name)
    with (
        pytest.raises(CenterDataMissing, match="root is not the certificate's"),
        open_center(folder / "center"),
    ):
        pass


def test_a_mistake_in_the_content_makes_no_keys(tmp_path: Path, issuer: Issuer) -> None:
    content = write_content(tmp_path / "content")
    (content / "catalogue.toml").write_text("version = ")
    made: list[str] = []

    def kind_named(name: str) -> None:
        made.append(name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crypto.keystore.directory.kind_named", kind_named)
        with pytest.raises(ContentInvalid):
            create_center(tmp_path / "c", issuer.public_file(tmp_path / "issuer.json"), content, MADE, "card")
    assert made == []


def test_a_retired_key_issues_no_later_card(center: Center) -> None:
    retire_issuer(center.keys, center.store, ISSUER_KEY_ID, date(2026, 6, 30), MADE)
    center.publish(None, MADE)
    key = center.publications.current.trust.issuer(ISSUER_KEY_ID)
    assert key is not None
    assert (key.covers(date(2026, 6, 30)), key.covers(date(2026, 7, 1))) == (True, False)
    retire_issuer(center.keys, center.store, ISSUER_KEY_ID, date(2040, 1, 1), MADE)  # never longer again
    (known,) = issuers(center.store)
    assert known.certificate.signing_period == (date(2020, 1, 1), date(2026, 6, 30))
    with pytest.raises(IssuerNotKnown):
        retire_issuer(center.keys, center.store, bytes(8), date(2026, 6, 30), MADE)


def test_the_same_key_may_be_added_again_and_no_other_of_its_id(
    center: Center, issuer: Issuer, tmp_path: Path
) -> None:
    request = read_issuer_request(issuer.public_file(tmp_path / "issuer.json"))
    assert add_issuer(center.keys, center.store, request, MADE) == issuers(center.store)[0].certificate
    stranger = read_issuer_request(Issuer().public_file(tmp_path / "other.json"))
    with pytest.raises(IssuerKnown):
        add_issuer(center.keys, center.store, stranger, MADE)
    # Nor the same key under another id, least of all when it was revoked.
    revoke_issuer(center.store, ISSUER_KEY_ID, RevocationReason.KEY_COMPROMISE, MADE)
    with pytest.raises(IssuerKnown):
        add_issuer(center.keys, center.store, replace(request, key_id=b"TEST-NEW"), MADE)


def test_a_key_whose_cards_outlast_the_province_is_refused(
    center: Center, issuer: Issuer, tmp_path: Path
) -> None:
    request = read_issuer_request(Issuer().public_file(tmp_path / "issuer.json"))
    late = replace(request, key_id=b"TEST-NEW", not_after=date(2060, 1, 1))
    with pytest.raises(IssuingRefused):
        add_issuer(center.keys, center.store, late, MADE)
    assert len(issuers(center.store)) == 1
