"""What the centre gives out: signed, numbered, never changed, and kept for judging old taps."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from crypto.errors import IssuingRefused
from crypto.explained import ExplainedError
from crypto.pki.revocation import RevocationReason
from sync.center.authority import add_issuer, issuers, retire_issuer, revoke_issuer
from sync.center.directory import Center, create_center, open_center, read_issuer_request
from sync.center.ingest import take_batch
from sync.center.reconciliation import reconcile_center
from sync.center.standing_lists import ListChanges, ListRegisters
from sync.errors import (
    CenterDataMissing,
    ContentInvalid,
    IssuerKnown,
    IssuerNotKnown,
    ListNotPublished,
    PackVersionReused,
)
from terminal.content.asked_lists import asked_lists
from terminal.content.content import Content
from terminal.content.manifest import LISTS
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.rule_pack import RulePack
from terminal.hotlist.card_hash import mix
from terminal.hotlist.errors import HotlistEntryRefused, StandingListDeltaForeign
from tests.sync.cast import (
    ISSUER_KEY_ID,
    MADE,
    Card,
    Chain,
    Issuer,
    asked_of_nobody,
    new_center,
    now_ms,
    put_hotlist,
    write_content,
    write_members,
    write_register,
)
from tests.terminal.hotlists import rules_asking

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


def edit_pack(folder: Path, old: str, new: str, to: str = "chongqing-bus") -> None:
    rules = folder / "content-source" / "rules"
    toml = (rules / "chongqing-bus.toml").read_text("utf-8")
    assert old in toml
    (rules / f"{to}.toml").write_text(toml.replace(old, new), "utf-8")


def test_a_pack_that_was_edited_in_place_is_not_published(folder: Path, center: Center) -> None:
    edit_pack(folder, "pays_percent = 50", "pays_percent = 80")

    with pytest.raises(PackVersionReused) as refused:
        publish(folder, center)

    assert refused.value.facts == {
        "file": "rules/chongqing-bus.toml",
        "pack": "chongqing-bus",
        "version": "2012.2",
    }
    assert center.publications.store.versions() == (1,)
    edit_pack(folder, '"2012.2"', '"2012.3"')
    assert publish(folder, center) == 2


def test_what_was_published_long_ago_is_not_forgotten(folder: Path, center: Center) -> None:
    edit_pack(folder, '"2012.2"', '"2012.3"')
    publish(folder, center)
    center.publish(None, MADE)
    edit_pack(folder, '"2012.3"', '"2012.2"')
    assert publish(folder, center) == 4  # as it was
    edit_pack(folder, "pays_percent = 50", "pays_percent = 40")

    with pytest.raises(PackVersionReused):
        publish(folder, center)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("effective_from = 2012-01-01", "effective_from = 2012-01-01\neffective_until = 2026-12-31"),
        ("effective_from = 2012-01-01", "# checked again\neffective_from = 2012-01-01"),
    ],
    ids=["last day", "comment"],
)
def test_a_version_may_be_given_its_last_day(folder: Path, center: Center, old: str, new: str) -> None:
    edit_pack(folder, old, new)
    assert publish(folder, center) == 2
    edit_pack(folder, new, old)
    assert publish(folder, center) == 3


def test_two_files_can_not_share_a_version(folder: Path, center: Center) -> None:
    edit_pack(folder, "= 2012-01-01", "= 2030-01-01", to="later")
    edit_pack(folder, "= 2012-01-01", "= 2012-01-01\neffective_until = 2029-12-31")

    with pytest.raises(PackVersionReused, match=r"rules/later\.toml"):
        publish(folder, center)
    with pytest.raises(PackVersionReused, match=r"rules/later\.toml"):
        create_center(
            folder / "first",
            folder / "issuer.json",
            folder / "content-source",
            MADE,
            lists=asked_of_nobody(folder / "content-source"),
        )
    assert not (folder / "first").exists()


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
    rules.write_text(dearer.replace("2012.2", "2026.9"), "utf-8")
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
    rules.write_text(rules.read_text("utf-8").replace("2012.2", "2026.9"), "utf-8")
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


UNTIL = date(2026, 9, 1)
REGISTER = {secrets.token_bytes(8): date(2026, 1 + place % 8, 1) for place in range(3_000)}
CARDS = list(REGISTER)


def lists(folder: Path, dated: date = UNTIL, **members: Iterable[bytes]) -> ListChanges:
    """These lists made anew from registers of their own."""
    issued = write_register(folder / "issued.csv", REGISTER)
    files = {name: write_members(folder / f"{name}.csv", cards) for name, cards in members.items()}
    return ListChanges(ListRegisters(issued, dated, files))


def on(content: Content, name: str) -> set[bytes]:
    return {
        card for card, day in REGISTER.items() if content.lists[name].holds(mix(int.from_bytes(card)), day)
    }


def list_files(center: Center) -> dict[str, bytes]:
    """The digests of the lists that are made here; the starter rules ask for others."""
    files = center.publications.manifest.unverified().named(LISTS)
    named = {file.name.removeprefix(LISTS): file.digest for file in files}
    return {name: named[name] for name in named if name.startswith(("swimmers/", "walkers/"))}


def test_a_list_is_published_exactly_day_by_day(folder: Path, center: Center) -> None:
    assert center.publish(None, MADE, lists=lists(folder, swimmers=CARDS[:900])) == 2
    assert on(center.publications.current, "swimmers") == set(CARDS[:900])
    first = list_files(center)
    assert first.keys() == {"swimmers/base.bin"}

    after = lists(folder, date(2026, 9, 2), swimmers=CARDS[20:910])
    assert center.publish(None, MADE, lists=after) == 3
    assert on(center.publications.current, "swimmers") == set(CARDS[20:910])
    second = list_files(center)
    assert second.keys() == {"swimmers/base.bin", "swimmers/delta.bin"}
    assert second["swimmers/base.bin"] == first["swimmers/base.bin"]  # fetched once

    after = lists(folder, date(2026, 9, 3), swimmers=CARDS[20:920])
    assert center.publish(None, MADE, lists=after) == 4
    assert on(center.publications.current, "swimmers") == set(CARDS[20:920])
    third = list_files(center)
    assert third["swimmers/base.bin"] == first["swimmers/base.bin"]
    assert third["swimmers/delta.bin"] != second["swimmers/delta.bin"]

    # So much has changed that a new base is smaller than a delta; and a base serves a month.
    after = lists(folder, date(2026, 9, 4), swimmers=CARDS[450:1_350])
    assert center.publish(None, MADE, lists=after) == 5
    assert on(center.publications.current, "swimmers") == set(CARDS[450:1_350])
    fourth = list_files(center)
    assert fourth.keys() == {"swimmers/base.bin"}
    assert fourth["swimmers/base.bin"] != first["swimmers/base.bin"]
    later = datetime(2026, 10, 10, tzinfo=UTC)
    assert center.publish(None, later, lists=lists(folder, date(2026, 10, 6), swimmers=CARDS[450:1_350])) == 6
    assert list_files(center).keys() == {"swimmers/base.bin"}
    assert on(center.publications.current, "swimmers") == set(CARDS[450:1_350])
    assert center.publications.current.lists["swimmers"].version == 6


def test_lists_stay_until_they_are_made_anew_or_dropped(folder: Path, center: Center) -> None:
    both = lists(folder, swimmers=CARDS[:50], walkers=CARDS[30:90])
    center.publish(None, MADE, lists=both)
    published = list_files(center)
    publish(folder, center)
    assert list_files(center) == published
    center.publish(None, MADE)
    assert list_files(center) == published

    center.publish(None, MADE, lists=lists(folder, swimmers=CARDS[:55]))
    now = center.publications.current
    assert (on(now, "swimmers"), on(now, "walkers")) == (set(CARDS[:55]), set(CARDS[30:90]))
    assert (now.lists["swimmers"].version, now.lists["walkers"].version) == (5, 2)

    center.publish(None, MADE, lists=ListChanges(dropped=frozenset(["swimmers"])))
    assert list_files(center).keys() == {"walkers/base.bin"}
    with pytest.raises(ContentInvalid, match="lists/swimmers can't be published: no such list"):
        center.publish(None, MADE, lists=ListChanges(dropped=frozenset(["swimmers"])))
    # One that comes back is newer than what a terminal may hold that was away all the time.
    center.publish(None, MADE, lists=lists(folder, swimmers=CARDS[:10]))
    assert center.publications.current.lists["swimmers"].version == 7


def test_rules_that_ask_for_a_list_are_published_with_it_or_not_at_all(folder: Path, center: Center) -> None:
    pack = folder / "content-source" / "rules" / "asking.toml"
    pack.write_bytes(rules_asking("swimmers", "walkers"))
    missing = r"SYN-512: .* with them: swimmers \(asking/asks-swimmers\), walkers \(asking/asks-wa"
    with pytest.raises(ListNotPublished, match=missing):
        publish(folder, center)
    with pytest.raises(ListNotPublished, match=r"with them: walkers \("):
        center.publish(folder / "content-source", MADE, lists=lists(folder, swimmers=CARDS[:5]))
    assert center.publications.store.versions() == (1,)
    both = lists(folder, swimmers=CARDS[:5], walkers=())
    assert center.publish(folder / "content-source", MADE, lists=both) == 2
    assert center.publications.current.standing_lists(CARDS[0], REGISTER[CARDS[0]]) == {"swimmers"}
    with pytest.raises(ListNotPublished):
        center.publish(None, MADE, lists=ListChanges(dropped=frozenset(["swimmers"])))
    assert center.publications.store.versions() == (1, 2)


def test_rules_that_ask_for_a_list_make_no_centre_without_it(tmp_path: Path, issuer: Issuer) -> None:
    content = write_content(tmp_path / "content")
    (content / "rules" / "asking.toml").write_bytes(rules_asking("swimmers"))
    public = issuer.public_file(tmp_path / "issuer.json")
    with pytest.raises(ListNotPublished):
        create_center(tmp_path / "center", public, content, MADE)
    assert not (tmp_path / "center").exists()
    asked = RuleBook(RulePack.from_bytes(one.read_bytes()) for one in (content / "rules").iterdir())
    on_all = dict.fromkeys(asked_lists(asked), CARDS[:5])
    create_center(tmp_path / "center", public, content, MADE, lists=lists(tmp_path, UNTIL, **on_all))
    with open_center(tmp_path / "center") as center:
        assert on(center.publications.current, "swimmers") == set(CARDS[:5])


@pytest.mark.parametrize(
    ("members", "dated", "expected"),
    [
        ([*CARDS[:40], bytes(8)], UNTIL, HotlistEntryRefused),  # was never issued
        ([*CARDS[:40], CARDS[0]], UNTIL, HotlistEntryRefused),
        (CARDS[:41], date(2026, 8, 31), StandingListDeltaForeign),  # knows less than what was published
        (CARDS[2_000:2_600], date(2026, 8, 31), StandingListDeltaForeign),
        (CARDS[:41], date(2026, 9, 25), ContentInvalid),  # of days to come
    ],
)
def test_a_list_that_can_not_be_made_changes_nothing(
    folder: Path, center: Center, members: list[bytes], dated: date, expected: type[ExplainedError]
) -> None:
    center.publish(None, MADE, lists=lists(folder, swimmers=CARDS[:40]))
    with pytest.raises(expected):
        center.publish(None, MADE, lists=lists(folder, dated, swimmers=members))
    assert center.publications.store.versions() == (1, 2)
    assert on(center.publications.current, "swimmers") == set(CARDS[:40])


def test_a_list_that_collapses_is_published_only_if_that_is_meant(folder: Path, center: Center) -> None:
    center.publish(None, MADE, lists=lists(folder, swimmers=CARDS[:900], walkers=CARDS[:900]))
    center.publish(None, MADE, lists=lists(folder, swimmers=CARDS[:890]))  # a few less are a day's work
    fewer = lists(folder, swimmers=CARDS[:700], walkers=CARDS[:700])
    with pytest.raises(
        ContentInvalid, match=r"lists/swimmers .* from 890 cards to 700.* --shrink-list swimmers"
    ):
        center.publish(None, MADE, lists=fewer)
    with pytest.raises(ContentInvalid, match="lists/walkers"):
        center.publish(None, MADE, lists=replace(fewer, may_shrink=frozenset(["swimmers"])))
    meant = replace(fewer, may_shrink=frozenset(["swimmers", "walkers"]))
    assert center.publish(None, MADE, lists=meant) == 4
    assert center.publications.current.lists["swimmers"].count == 700


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
