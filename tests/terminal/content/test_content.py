"""Publications: whole or not in force, never older, and followed by a terminal that runs."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import CertificateRefused, ContentSignatureInvalid, TestKeyRefused, TrustStoreMalformed
from crypto.explained import ExplainedError
from crypto.pki.revocation import RevocationReason, Revoked
from crypto.pki.role import Role
from crypto.sm2 import PrivateKey
from terminal.configuration import Mode
from terminal.content.content import Content, load_content, load_trust, require_newer
from terminal.content.errors import (
    ContentDamaged,
    ContentFromFuture,
    ContentMissing,
    ContentOlder,
    ContentUnusable,
    ManifestMalformed,
)
from terminal.content.live import LiveContent
from terminal.content.manifest import (
    CATALOGUE,
    FORMAT,
    HOTLIST_BASE,
    LAST_MS,
    LIST_BASE,
    LIST_DELTA,
    LISTS,
    MAX_MANIFEST_BYTES,
    RULES,
    TRUST,
    Manifest,
    ManifestFile,
    SignedManifest,
    list_file,
    sign_manifest,
)
from terminal.content.report import content_report, export_trust_store
from terminal.content.store import ContentStore
from terminal.decisions.errors import RulePackMalformed, ServiceUnknown
from terminal.hotlist.building import Issued
from terminal.hotlist.errors import (
    HotlistFormatUnknown,
    HotlistMalformed,
    StandingListDeltaForeign,
    StandingListForeign,
    StandingListMalformed,
    StandingListMissing,
)
from terminal.hotlist.standing_list import StandingList
from terminal.hotlist.standing_list_building import build_list, build_list_delta
from tests.terminal.decisions.writing import pack_toml
from tests.terminal.enrolled import NOON, Enrolled, enrol
from tests.terminal.hotlists import hotlist_of, members_of, rules_asking, standing_list_of

STOLEN = RevocationReason.KEY_COMPROMISE


@pytest.fixture
def bus(tmp_path: Path) -> Enrolled:
    return enrol(tmp_path / "bus")


def load(bus: Enrolled, version: int | None = None) -> Content:
    store = bus.directory.content
    return load_content(store, store.manifest(version or bus.version), bus.authority.root, NOON)


def live(bus: Enrolled, is_production: bool = False) -> LiveContent:
    return LiveContent(bus.directory.content, bus.authority.root, "BUS-1", is_production)


def test_a_publication_is_loaded_whole(bus: Enrolled) -> None:
    content = load(bus)
    assert content.version == bus.version == content.trust.version
    assert content.trust.content_key == bus.authority.content.public_key
    assert content.trust.issuer(bus.issuer.issuer_key.key_id) == bus.issuer.issuer_key
    assert content.catalogue.item("BUS-1").code == "BUS-1"
    assert load_trust(bus.directory.content, bus.authority.root, NOON) == content.trust


def test_a_dead_clock_does_not_stop_a_terminal(bus: Enrolled) -> None:
    store = bus.directory.content
    assert load_content(store, store.manifest(bus.version), bus.authority.root, 0).version == bus.version


@pytest.mark.parametrize("name", [CATALOGUE, TRUST, HOTLIST_BASE, "rules/cn.toml"])
def test_a_file_with_one_other_bit_is_not_in_force(bus: Enrolled, name: str) -> None:
    file = bus.directory.content.manifest(bus.version).unverified().file(name)
    path = bus.directory.content.blob(file.digest)
    assert path is not None
    data = bytearray(path.read_bytes())
    data[secrets.randbelow(len(data))] ^= 1
    path.write_bytes(data)
    with pytest.raises(ContentDamaged, match=name):
        load(bus)
    path.unlink()
    with pytest.raises(ContentMissing, match=name):
        load(bus)


def test_every_byte_of_a_signed_manifest_counts(bus: Enrolled) -> None:
    store = bus.directory.content
    good = store.manifest(bus.version).to_bytes()
    for place in range(0, len(good), 7):
        bad = bytearray(good)
        bad[place] ^= 1
        with pytest.raises(ExplainedError):
            load_content(store, SignedManifest.from_bytes(bytes(bad)), bus.authority.root, NOON)


def test_another_key_signs_nothing(bus: Enrolled) -> None:
    store = bus.directory.content
    manifest = store.manifest(bus.version).unverified()
    with pytest.raises(ContentSignatureInvalid):
        load_content(store, sign_manifest(manifest, PrivateKey.generate()), bus.authority.root, NOON)


def test_another_root_is_no_anchor(bus: Enrolled, tmp_path: Path) -> None:
    other = enrol(tmp_path / "other")
    store = bus.directory.content
    with pytest.raises(CertificateRefused):
        load_content(store, store.manifest(bus.version), other.authority.root, NOON)


def test_a_new_content_key_comes_with_what_it_signs(bus: Enrolled) -> None:
    new_key = PrivateKey.generate()
    newer = bus.authority.certify(Role.CONTENT, "TEST content 2", new_key, datetime(2026, 6, 1, tzinfo=UTC))
    bus.authority.own += (newer,)
    bus.authority.content = new_key
    bus.publish()
    assert load(bus).trust.content_key == new_key.public_key


def test_certificates_that_ran_out_are_passed_over(bus: Enrolled, tmp_path: Path) -> None:
    gone = enrol(tmp_path / "gone").issuer.issuer_key
    bus.authority.add_issuer(gone, until=datetime(2026, 6, 1, tzinfo=UTC))
    bus.publish()
    trust = load(bus).trust
    assert trust.issuer(gone.key_id) is None
    assert trust.issuer(bus.issuer.issuer_key.key_id) is not None


@pytest.mark.parametrize("role", [Role.SEALING, Role.RECEIPT, Role.CONTENT])
def test_a_trust_store_without_one_of_the_centres_keys_is_none(bus: Enrolled, role: Role) -> None:
    bus.authority.own = tuple(one for one in bus.authority.own if one.role is not role)
    bus.publish()
    with pytest.raises(TrustStoreMalformed, match=role):
        load(bus)


def test_a_hotlist_from_the_future_is_refused(bus: Enrolled) -> None:
    bus.put_content(HOTLIST_BASE, hotlist_of((), version=9, dated=date(2026, 12, 24)))
    with pytest.raises(ContentFromFuture, match="2026-12-24"):
        load(bus)


def test_nothing_older_replaces_what_is_held(bus: Enrolled) -> None:
    held = load(bus)
    bus.put_hotlist()
    newer = load(bus)
    require_newer(held, newer)
    with pytest.raises(ContentOlder):
        require_newer(newer, held)
    bus.put_content(HOTLIST_BASE, hotlist_of((), version=1))  # a newer publication with an old list
    with pytest.raises(ContentOlder):
        require_newer(newer, load(bus))
    bus.put_content(HOTLIST_BASE, hotlist_of((), version=9))
    bus.put_content(TRUST, bus.authority.trust(1).to_bytes())  # and one with an old trust store
    with pytest.raises(ContentOlder):
        require_newer(newer, load(bus))


def test_a_running_terminal_takes_up_what_comes(bus: Enrolled) -> None:
    with live(bus) as contents:
        before = contents.current()
        bus.put_hotlist(b"12345678")
        after = contents.current()
        assert (after.version, contents.take_trouble()) == (before.version + 1, None)
        assert after.hotlist.status(b"12345678", date(2026, 1, 1)) is not None
        assert contents.current() is after


@pytest.mark.parametrize(
    ("break_it", "expected"),
    [
        (lambda bus: bus.put_content("rules/cn.toml", b"name = "), RulePackMalformed),
        (lambda bus: bus.put_content(HOTLIST_BASE, bus.files[HOTLIST_BASE][:-1]), HotlistMalformed),
        (lambda bus: bus.put_content(HOTLIST_BASE, hotlist_of((), version=0)), ContentOlder),
        (lambda bus: bus.put_content(TRUST, b"{}"), TrustStoreMalformed),
    ],
)
def test_what_does_not_load_leaves_the_old_in_force_and_is_told_once(
    bus: Enrolled, break_it: Callable[[Enrolled], None], expected: type[ExplainedError]
) -> None:
    with live(bus) as contents:
        before = contents.current()
        break_it(bus)
        assert contents.current() is before
        assert isinstance(contents.take_trouble(), expected)
        assert contents.take_trouble() is None
    # A terminal that starts now falls back on what was in force, and says why.
    with live(bus) as contents:
        if expected is not ContentOlder:  # it has nothing left to compare with
            assert contents.current().version == before.version
            assert isinstance(contents.take_trouble(), expected)


SWIMMERS, WALKERS = list_file("swimmers", LIST_BASE), list_file("walkers", LIST_BASE)
ASKING = "rules/asking.toml"
CARD = b"12345678"
ISSUED = date(2020, 1, 1)


@pytest.fixture
def listing(bus: Enrolled) -> Enrolled:
    """A terminal whose rules ask for two lists, and which has them: CARD is a swimmer's."""
    bus.files[ASKING] = rules_asking("swimmers", "walkers")
    bus.files[SWIMMERS] = standing_list_of("swimmers", (CARD,), version=5)
    bus.files[WALKERS] = standing_list_of("walkers", (), version=5)
    bus.publish()
    return bus


def test_no_answer_about_the_lists_is_wrong_for_any_card_issued(bus: Enrolled) -> None:
    names = ("swimmers", "walkers", "singers", "unasked")
    source = random.Random(8)
    register = {source.randbytes(8): date(2026, source.randint(8, 10), 1) for _ in range(3_000)}
    issued, later = Issued.of(register), date(2026, 11, 2)
    on = {name: {card for card in register if source.random() < 0.1} for name in names}
    bus.files[ASKING] = rules_asking(*names[:3])
    for name in names:
        bus.files[list_file(name, LIST_BASE)] = build_list(name, issued, members_of(on[name]), 1, later)
    bus.publish()
    content = load(bus)
    held = content.lists["swimmers"]
    on["swimmers"] = {card for card in register if source.random() < 0.1}
    delta = build_list_delta(held, issued, members_of(on["swimmers"]), 2, later)
    bus.put_content(list_file("swimmers", LIST_DELTA), delta)
    content = load(bus)
    assert content.lists.keys() >= set(names)
    for card, day in register.items():
        expected = {name for name in names[:3] if card in on[name]}
        assert content.standing_lists(card, day) == expected
    for card in list(register)[:500]:
        assert content.standing_lists(card, date(2026, 11, 3)) == frozenset()
    with pytest.raises(ValueError, match="8 bytes"):
        content.standing_lists(bytes(7), ISSUED)


def test_content_from_before_there_were_lists_is_as_good(bus: Enrolled) -> None:
    for name in [name for name in bus.files if name.startswith((LISTS, RULES))]:
        del bus.files[name]
    bus.put_content("rules/cn.toml", pack_toml().encode())
    content = load(bus)
    assert (content.lists, content.asked, content.missing) == ({}, {}, None)
    assert content.standing_lists(CARD, ISSUED) == frozenset()


def test_a_running_terminal_takes_up_a_list(listing: Enrolled) -> None:
    with live(listing) as contents:
        assert contents.take_trouble() is None
        assert contents.current().standing_lists(CARD, ISSUED) == {"swimmers"}
        listing.put_content(WALKERS, standing_list_of("walkers", (CARD,), version=6))
        assert contents.current().standing_lists(CARD, ISSUED) == {"swimmers", "walkers"}
        assert contents.take_trouble() is None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        # A genuine file of another list, in this one's place: both lists swapped, and each for itself.
        (lambda files: {SWIMMERS: files[WALKERS], WALKERS: files[SWIMMERS]}, StandingListForeign),
        (lambda files: {SWIMMERS: files[WALKERS]}, StandingListForeign),
        (lambda files: {SWIMMERS: files[HOTLIST_BASE]}, StandingListMalformed),
        (lambda files: {HOTLIST_BASE: files[SWIMMERS]}, HotlistFormatUnknown),
        (lambda files: {SWIMMERS: files[SWIMMERS][:-1]}, StandingListMalformed),
        (lambda files: {SWIMMERS: b""}, StandingListMalformed),
        # Rolled back: an older number, the same number with others on it, an older day.
        (lambda files: {SWIMMERS: standing_list_of("swimmers", (), version=4)}, ContentOlder),
        (lambda files: {SWIMMERS: standing_list_of("swimmers", (), version=5)}, ContentOlder),
        (lambda files: {SWIMMERS: standing_list_of("swimmers", (), 6, date(2026, 10, 31))}, ContentOlder),
        (lambda files: {SWIMMERS: standing_list_of("swimmers", (), 6, date(2026, 11, 3))}, ContentFromFuture),
        # A delta of this list on another base, and one without its base.
        (lambda files: {list_file("swimmers", LIST_DELTA): a_delta()}, StandingListDeltaForeign),
        (lambda files: {list_file("seniors", LIST_DELTA): a_delta()}, ManifestMalformed),
    ],
)
def test_a_list_that_is_refused_leaves_the_old_in_force_and_is_told_once(
    listing: Enrolled,
    change: Callable[[dict[str, bytes]], dict[str, bytes]],
    expected: type[ExplainedError],
) -> None:
    with live(listing) as contents:
        before = contents.current()
        listing.files |= change(listing.files)
        listing.publish()
        assert contents.current() is before
        assert type(contents.take_trouble()) is expected
        assert contents.take_trouble() is None
        assert contents.current().standing_lists(CARD, ISSUED) == {"swimmers"}


def a_delta() -> bytes:
    issued = Issued.of({CARD: ISSUED})
    held = StandingList.from_files(
        "swimmers", build_list("swimmers", issued, members_of(()), 1, date(2026, 11, 1))
    )
    return build_list_delta(held, issued, members_of((CARD,)), 9, date(2026, 11, 1))


def test_a_list_that_is_asked_for_and_missing_is_told_and_the_rest_goes_on(bus: Enrolled) -> None:
    with live(bus) as contents:
        bus.put_content(ASKING, rules_asking("swimmers", "walkers"))
        assert contents.current().version == bus.version
        trouble = contents.take_trouble()
        assert isinstance(trouble, StandingListMissing)
        assert "swimmers (asking/asks-swimmers), walkers (asking/asks-walk" in str(trouble)
        assert contents.take_trouble() is None
        assert contents.current().standing_lists(CARD, ISSUED) == frozenset()
    with live(bus) as contents:  # one that starts now says it, too
        assert isinstance(contents.take_trouble(), StandingListMissing)
        bus.files[SWIMMERS] = standing_list_of("swimmers", (CARD,))
        bus.put_content(WALKERS, standing_list_of("walkers", ()))
        assert contents.current().standing_lists(CARD, ISSUED) == {"swimmers"}
        assert contents.take_trouble() is None


def test_the_same_number_is_the_same_hotlist_and_its_date_does_not_fall(bus: Enrolled) -> None:
    held = load(bus)
    version = held.hotlist.version
    bus.put_content(HOTLIST_BASE, hotlist_of((b"12345678",), version=version))
    with pytest.raises(ContentOlder):
        require_newer(held, load(bus))
    bus.put_content(HOTLIST_BASE, hotlist_of((), version=version + 1, dated=date(2026, 10, 31)))
    with pytest.raises(ContentOlder):
        require_newer(held, load(bus))


def test_a_revoked_content_key_can_not_leave_out_who_revoked_it(bus: Enrolled) -> None:
    thief, stolen = bus.authority.content, next(one for one in bus.authority.own if one.role is Role.CONTENT)
    before = bus.authority.trust(bus.version + 2)  # without the revocation
    new_key = PrivateKey.generate()
    newer = bus.authority.certify(Role.CONTENT, "TEST content 2", new_key, datetime(2026, 6, 1, tzinfo=UTC))
    bus.authority.own = (*bus.authority.own, newer)
    bus.authority.revoked.append(Revoked(stolen.serial, datetime(2026, 11, 1, tzinfo=UTC), STOLEN))
    bus.authority.content = new_key
    bus.publish()
    held = load(bus)
    assert held.trust.content_key == new_key.public_key
    bus.authority.content = thief
    for forged in (before, msgspec.structs.replace(before, revocations=[])):
        bus.put_content(TRUST, forged.to_bytes())
        store = bus.directory.content
        load(bus)  # a terminal that holds nothing can't know
        with pytest.raises(TrustStoreMalformed):
            load_content(store, store.manifest(bus.version), bus.authority.root, NOON, held.trust)


def test_a_trouble_that_is_over_is_not_told(bus: Enrolled) -> None:
    with live(bus) as contents:
        good = bus.files["rules/cn.toml"]
        bus.put_content("rules/cn.toml", b"name = ")
        contents.current()
        bus.put_content("rules/cn.toml", good)
        assert contents.current().version == bus.version
        assert contents.take_trouble() is None


def test_a_parsers_slip_leaves_the_old_in_force(bus: Enrolled, monkeypatch: pytest.MonkeyPatch) -> None:
    with live(bus) as contents:
        before = contents.current()
        monkeypatch.setattr("terminal.content.content.RuleBook", lambda packs: 1 // 0)
        bus.put_hotlist()
        assert contents.current() is before
        trouble = contents.take_trouble()
        assert isinstance(trouble, ContentUnusable)
        assert "ZeroDivisionError" in str(trouble)


def test_a_file_that_went_bad_is_left_for_the_agent_to_fetch(bus: Enrolled) -> None:
    store = bus.directory.content
    bus.put_hotlist(b"12345678")
    file = store.manifest(bus.version).unverified().file(HOTLIST_BASE)
    path = store.blob(file.digest)
    assert path is not None
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with live(bus) as contents:
        assert isinstance(contents.take_trouble(), ContentDamaged)
        assert contents.current().version == bus.version - 1
    assert not store.holds(file)


def test_pruning_goes_on_past_a_manifest_that_can_not_be_read(bus: Enrolled) -> None:
    for _ in range(3):
        bus.put_hotlist(secrets.token_bytes(8))
    older = sorted((bus.directory.path / "content" / "manifests").iterdir())[-2]
    older.write_bytes(b"x")
    bus.directory.content.prune()
    assert load(bus).version == bus.version


def test_without_any_publication_a_terminal_does_not_start(tmp_path: Path, bus: Enrolled) -> None:
    empty = ContentStore(tmp_path / "empty")
    with pytest.raises(ContentMissing):
        LiveContent(empty, bus.authority.root, "BUS-1", False)
    with pytest.raises(ServiceUnknown):
        LiveContent(bus.directory.content, bus.authority.root, "NONE", False)


def test_production_takes_no_test_issuer(bus: Enrolled) -> None:
    with pytest.raises(TestKeyRefused):
        live(bus, is_production=True)
    assert Mode.PRODUCTION.value == "production"


def test_two_publications_are_kept(bus: Enrolled) -> None:
    store = bus.directory.content
    for _ in range(3):
        bus.put_hotlist(secrets.token_bytes(8))
    digests = {
        file.digest
        for version in store.versions()[:-2]
        for file in store.manifest(version).unverified().files
    }
    store.prune()
    assert store.versions() == (bus.version - 1, bus.version)
    load(bus, bus.version - 1)
    load(bus)
    kept = {
        file.digest for version in store.versions() for file in store.manifest(version).unverified().files
    }
    for digest in digests - kept:
        assert store.blob(digest) is None


def test_the_report_says_how_old_each_standing_list_is(listing: Enrolled) -> None:
    report = content_report(listing.directory, NOON)
    told = {one.name: (one.version, one.age) for one in report.lists}
    assert (told["swimmers"], told["walkers"]) == ((5, 23), (5, 23))
    assert "\nstanding list walkers 5, dated 2026-11-01, 23 days old" in report.to_text().en


def test_the_report_says_how_old_the_list_is(bus: Enrolled, tmp_path: Path) -> None:
    bus.authority.revoke(bus.issuer.issuer_key.key_id)
    bus.publish()
    report = content_report(bus.directory, NOON)
    assert (report.version, report.hotlist_dated, report.hotlist_age) == (bus.version, "2026-11-01", 23)
    assert report.revoked == report.issuers == [bus.issuer.issuer_key.key_id.hex()]
    assert "23" in report.to_text().zh
    export_trust_store(bus.directory, tmp_path / "trust")
    assert (tmp_path / "trust" / "root.pem").read_bytes() == bus.authority.root.pem


FILES = st.lists(
    st.builds(
        ManifestFile,
        st.sampled_from([CATALOGUE, TRUST, HOTLIST_BASE, "rules/cn.toml", "hotlist/delta-0001.bin"]),
        st.integers(0, 2**26),
        st.binary(min_size=32, max_size=32),
    ),
    max_size=5,
    unique_by=lambda file: file.name,
)


@given(st.integers(1, 2**32 - 1), st.integers(0, LAST_MS), FILES)
def test_a_manifest_is_read_as_it_was_written(version: int, made_ms: int, files: list[ManifestFile]) -> None:
    manifest = Manifest(FORMAT, version, made_ms, tuple(sorted(files, key=lambda file: file.name)))
    key = PrivateKey.generate()
    again = SignedManifest.from_bytes(sign_manifest(manifest, key).to_bytes())
    assert again.verified(key.public_key) == manifest
    assert again.unverified().made.timestamp() * 1000 == pytest.approx(made_ms)


@given(st.binary(max_size=300))
def test_no_bytes_are_too_strange_for_a_manifest(data: bytes) -> None:
    with suppress(ManifestMalformed):
        SignedManifest.from_bytes(data).unverified()


@pytest.mark.parametrize(
    "name",
    [
        "../trust.json",
        "rules/../x.toml",
        "hotlist.bin",
        "rules/A.toml",
        "/etc/passwd",
        "trust.json\n",
        "lists/base.bin",
        "lists/../base.bin",
        "lists/Minors/base.bin",
        "lists/swimmers/reasons.bin",
        "lists/swimmers/delta-0001.bin",
        f"lists/{'x' * 33}/base.bin",
    ],
)
def test_a_manifest_names_nothing_outside(name: str) -> None:
    manifest = Manifest(FORMAT, 1, 0, (ManifestFile(name, 0, bytes(32)),))
    with pytest.raises(ManifestMalformed):
        sign_manifest(manifest, PrivateKey.generate()).unverified()


def test_no_manifest_is_made_in_a_year_that_no_date_can_bear() -> None:
    for made_ms in (-1, LAST_MS + 1, 2**53):
        with pytest.raises(ManifestMalformed):
            sign_manifest(Manifest(FORMAT, 1, made_ms, ()), PrivateKey.generate()).unverified()


def test_a_manifest_lists_each_name_once_and_sorted() -> None:
    key = PrivateKey.generate()
    one, two = ManifestFile(CATALOGUE, 0, bytes(32)), ManifestFile(TRUST, 0, bytes(32))
    for files in ((two, one), (one, one)):
        with pytest.raises(ManifestMalformed):
            sign_manifest(Manifest(FORMAT, 1, 0, files), key).unverified()
    with pytest.raises(ManifestMalformed):
        SignedManifest.from_bytes(bytes(MAX_MANIFEST_BYTES * 2))


def test_a_running_production_terminal_takes_no_test_issuer(bus: Enrolled) -> None:
    with live(bus) as contents:
        before = contents.current()
        contents._is_production = True
        bus.publish()
        assert contents.current() is before
        assert isinstance(contents.take_trouble(), TestKeyRefused)


def test_certificates_run_out_while_a_terminal_runs(bus: Enrolled) -> None:
    with live(bus) as contents:
        assert contents.current().version == bus.version
        contents.learn(NOON + 30 * 365 * 86_400_000)  # every certificate has run out
        contents.current()
        assert isinstance(contents.take_trouble(), TrustStoreMalformed)


def test_a_revoked_key_of_the_centre_counts_no_more(bus: Enrolled) -> None:
    receipt = next(one for one in bus.authority.own if one.role is Role.RECEIPT)
    bus.authority.revoked.append(Revoked(receipt.serial, datetime(2026, 11, 1, tzinfo=UTC), STOLEN))
    bus.publish()
    with pytest.raises(TrustStoreMalformed, match="receipt"):
        load(bus)
