"""The test issuer and the files of virtual cards."""

import os
import stat
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card.errors import CardFileRefused, HolderRefused, IssuerRefused
from card.simulator.chips.applet import ReferenceApplet
from card.simulator.chips.contents import MAX_COUNTER
from card.simulator.issuing.card_file import CardFile
from card.simulator.issuing.personalisation import Holder, TestIssuer
from crypto.credential import TapCredential
from crypto.errors import KeystoreRefused, TestKeyRefused
from crypto.issuer_request import IssuerRequest
from crypto.tap_proof import TapProof
from tests.card.cards import CHALLENGE, TRUST, card_key, personalised

DAYS = (date(2020, 1, 1), date(2030, 12, 31))
HOLDER = Holder(
    categories=(1, 4), grade=2, region="330106", issued=date(2026, 1, 1), expires=date(2036, 1, 1)
)
HOLDER_JSON = (
    b'{"categories": [1], "grade": 1, "region": "330106", "issued": "2026-01-01", "expires": "2036-01-01"}'
)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_an_issuer_is_the_same_after_loading(tmp_path: Path) -> None:
    made = TestIssuer.create(tmp_path, *DAYS)
    loaded = TestIssuer.load(tmp_path)
    assert loaded.issuer_key == made.issuer_key
    (key,) = (tmp_path / "keys").glob("issuer-*")
    assert mode(key) == 0o600
    credential = TapCredential.from_bytes(loaded.personalise(HOLDER).credential)
    published = IssuerRequest.from_bytes((tmp_path / "issuer.json").read_bytes()).issuer_key
    assert credential.verify_signature(published.public_key)
    assert (credential.categories, credential.grade, credential.region) == ((1, 4), 2, "330106")


def test_a_rotated_key_is_another_and_the_old_file_is_kept(tmp_path: Path) -> None:
    old = TestIssuer.create(tmp_path, *DAYS)
    new = TestIssuer.rotate(tmp_path, date(2026, 1, 1), date(2040, 12, 31))
    assert TestIssuer.load(tmp_path).issuer_key == new.issuer_key != old.issuer_key
    assert new.psam == old.psam
    kept = tmp_path / f"issuer-{old.issuer_key.key_id.hex()}.json"
    assert IssuerRequest.from_bytes(kept.read_bytes()).issuer_key == old.issuer_key
    credential = TapCredential.from_bytes(new.personalise(HOLDER).credential)
    assert credential.issuer_key_id == new.issuer_key.key_id


def test_the_issuers_key_is_one_that_production_refuses() -> None:
    with pytest.raises(TestKeyRefused):
        TRUST.require_production()


def test_an_issuer_is_never_overwritten(tmp_path: Path) -> None:
    TestIssuer.create(tmp_path, *DAYS)
    with pytest.raises(IssuerRefused):
        TestIssuer.create(tmp_path, *DAYS)


def test_an_issuer_whose_key_others_can_read_is_refused(tmp_path: Path) -> None:
    TestIssuer.create(tmp_path, *DAYS)
    (key,) = (tmp_path / "keys").glob("issuer-*")
    key.chmod(0o640)
    with pytest.raises(KeystoreRefused):
        TestIssuer.load(tmp_path)


@pytest.mark.parametrize("content", [None, b"", b"{}", b"[]"])
def test_an_issuer_without_public_file_is_refused(tmp_path: Path, content: bytes | None) -> None:
    TestIssuer.create(tmp_path, *DAYS)
    (tmp_path / "issuer.json").unlink()
    if content is not None:
        (tmp_path / "issuer.json").write_bytes(content)
    with pytest.raises(IssuerRefused):
        TestIssuer.load(tmp_path)


def test_an_issuer_with_another_issuers_public_file_is_refused(tmp_path: Path) -> None:
    TestIssuer.create(tmp_path / "a", *DAYS)
    TestIssuer.create(tmp_path / "b", *DAYS)
    (tmp_path / "a" / "issuer.json").write_bytes((tmp_path / "b" / "issuer.json").read_bytes())
    with pytest.raises(IssuerRefused):
        TestIssuer.load(tmp_path / "a")


def test_two_cards_share_neither_id_nor_key() -> None:
    first, second = personalised(), personalised()
    assert card_key(first) != card_key(second)
    assert (
        TapCredential.from_bytes(first.credential).card_id
        != TapCredential.from_bytes(second.credential).card_id
    )


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{}",
        HOLDER_JSON.replace(b"[1]", b"[]"),
        HOLDER_JSON.replace(b'"grade": 1', b'"grade": "1"'),
        HOLDER_JSON.replace(b"2026-01-01", b"2026-13-01"),
        HOLDER_JSON.replace(b"{", b'{"name": "x", '),
    ],
)
def test_a_wrong_holder_file_is_refused(document: bytes) -> None:
    with pytest.raises(HolderRefused):
        Holder.from_bytes(document)


def test_a_holder_file_is_read() -> None:
    expected = Holder((1,), 1, "330106", date(2026, 1, 1), date(2036, 1, 1))
    assert Holder.from_bytes(HOLDER_JSON) == expected


@given(st.binary(max_size=100))
def test_random_bytes_are_no_holder(document: bytes) -> None:
    with pytest.raises(HolderRefused):
        Holder.from_bytes(document)


@pytest.mark.parametrize(
    "holder",
    [
        Holder((8,), 1, "330106", date(2026, 1, 1), date(2036, 1, 1)),
        Holder((1,), 5, "330106", date(2026, 1, 1), date(2036, 1, 1)),
        Holder((1,), 1, "3301", date(2026, 1, 1), date(2036, 1, 1)),
        Holder((1,), 1, "330106", date(2026, 1, 1), date(2025, 1, 1)),
        Holder((1,), 1, "330106", date(2031, 1, 1), date(2036, 1, 1)),
    ],
)
def test_a_holder_that_no_credential_can_state_is_refused(tmp_path: Path, holder: Holder) -> None:
    with pytest.raises(HolderRefused):
        TestIssuer.generate(*DAYS).personalise(holder)


def proof_counter(file: CardFile) -> int | None:
    """The counter in the next tap proof of the card in a file; None when it makes no more."""
    chip = ReferenceApplet(file)
    chip.power_on()
    chip.process(bytes.fromhex("00A4040007F0544B5245463100"))
    answer = chip.process(bytes.fromhex("0088000037") + CHALLENGE + b"\x00")
    return TapProof.from_bytes(answer[:-2]).counter if answer.endswith(b"\x90\x00") else None


def test_a_card_file_keeps_the_card_and_counts_on(tmp_path: Path) -> None:
    card = personalised()
    path = tmp_path / "card.json"
    file = CardFile.create(path, card)
    assert mode(path) == 0o600
    assert [proof_counter(file), proof_counter(file)] == [1, 2]
    again = CardFile(path)
    assert again.load().credential == card.credential
    assert card_key(again.load()) == card_key(card)
    assert again.load().files == card.files
    assert again.load().keys == card.keys
    assert proof_counter(again) == 3
    assert mode(path) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["card.json"]


def test_a_card_file_is_on_the_disk_with_its_name_before_the_chip_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = CardFile.create(tmp_path / "card.json", personalised())
    synced: list[tuple[Path, bool]] = []
    fsync = os.fsync

    def noting(handle: int) -> None:
        # What the name means at that moment: a folder is synced after the rename, or it is for nothing.
        is_renamed = not list(tmp_path.glob(".card.json.*"))
        synced.append((Path(f"/proc/self/fd/{handle}").readlink(), is_renamed))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", noting)
    file.store(file.load())
    [(written, early), (folder, late)] = synced
    assert (written.parent, early) == (tmp_path, False)
    assert (folder, late) == (tmp_path, True)


def test_a_card_file_is_never_overwritten(tmp_path: Path) -> None:
    CardFile.create(tmp_path / "card.json", personalised())
    with pytest.raises(CardFileRefused):
        CardFile.create(tmp_path / "card.json", personalised())


def test_a_card_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    file = CardFile.create(path, personalised())
    path.chmod(0o644)
    with pytest.raises(CardFileRefused):
        file.load()


def test_the_last_number_of_a_counter_is_not_followed_by_another(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    file = CardFile.create(path, personalised())
    path.write_text(path.read_text().replace('"counter": 0', f'"counter": {MAX_COUNTER - 1}'))
    assert proof_counter(file) == MAX_COUNTER
    assert proof_counter(file) is None


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ('"format": 2', '"format": 1'),
        ('"counter": 0', '"counter": -1'),
        ('"counter": 0', '"counter": 4294967296'),
        ('"credential": "7F', '"credential": "7'),
        ("BEGIN PRIVATE KEY", "BEGIN SECRET KEY"),
        ('"counter": 0', '"counter": 0, "name": ""'),
        ("{", ""),
    ],
)
def test_a_damaged_card_file_is_refused(tmp_path: Path, written: str, instead: str) -> None:
    path = tmp_path / "card.json"
    file = CardFile.create(path, personalised())
    text = path.read_text()
    assert written in text
    path.write_text(text.replace(written, instead, 1))
    with pytest.raises(CardFileRefused):
        file.load()


def test_a_card_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CardFileRefused):
        CardFile(tmp_path / "none.json").load()
