"""The verbs `card read`, `issuer psam`, `issuer block` and `simulate psam`, as a person would use them."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner

from card.application import Role
from card.card_commands import app as card
from card.errors import (
    ApduRefused,
    AuthenticationRefused,
    CardFileRefused,
    HolderRefused,
    IssuerRefused,
    NoCardInTime,
    NoSamSlot,
    PictureNotSaved,
    ProfileLacks,
    PsamMissing,
    PsamRefused,
    RefusalReason,
    VirtualReaderUnreachable,
)
from card.profile import packaged_profile
from card.read_command import FINDINGS, PACKAGED
from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from card.simulator.chips.applet import ReferenceApplet
from card.simulator.chips.chip import Chip
from card.simulator.chips.contents import VolatileMemory
from card.simulator.chips.psam import PsamChip
from card.simulator.chips.psam_card import PsamCardChip
from card.simulator.commands.issuer import app as issuer
from card.simulator.commands.simulate import app as simulate
from card.simulator.issuing.card_file import CardFile
from card.simulator.issuing.psam_card_file import CipherPsamFile, PsamCardFile
from card.simulator.issuing.psam_file import PsamFile
from crypto.assurance import Assurance
from crypto.errors import TrustStoreMalformed
from tests.authority import TestAuthority
from tests.card.cards import ISSUER, STRANGER, check_chip, reason
from tests.card.full_cards import FILES, PHOTO, SECRETS, full_card
from tests.card.psam_cards import (
    RECORDS,
    cipher_psam,
    empty_readers,
    opened_with_psam,
    psam_card,
    with_record,
)

SECONDS = 20.0
ROOT = Path(__file__).parents[2]
CARD = full_card()
HOLDER = {
    "categories": [1, 4],
    "grade": 1,
    "region": "330106",
    "issued": "2026-01-01",
    "expires": "2036-01-01",
}


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TONGKA_LANG", "en")
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture(autouse=True)
def _empty_readers(private_pcscd: PrivatePcscd) -> Iterator[None]:
    """Before each test and after it: pcscd sees a card leave only some time later."""
    empty_readers(private_pcscd)
    yield
    empty_readers(private_pcscd)


def run(app: Typer, *arguments: str) -> str:
    """What a verb prints to standard output. Raises what it raises."""
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def reference_card() -> ReferenceApplet:
    return ReferenceApplet(VolatileMemory(CARD))


def reference_psam() -> PsamChip:
    return PsamChip(ISSUER.psam_for(Role.READER))


@contextmanager
def on_readers(pcscd: PrivatePcscd, chip: Chip, psam: Chip) -> Iterator[list[str]]:
    """Card and PSAM in their slots; the options that say so."""
    with VpcdLink(psam, pcscd.ports[1]), VpcdLink(chip, pcscd.ports[0]):
        yield ["read", "--reader", pcscd.readers[0], "--psam", pcscd.readers[1]]


# --- reading ------------------------------------------------------------------------------------------


def test_everything_is_shown_and_said_to_be_verified(private_pcscd: PrivatePcscd) -> None:
    with on_readers(private_pcscd, reference_card(), reference_psam()) as options:
        printed = run(card, *options)
    assert printed.startswith("VERIFIED: ")
    assert "NOT VERIFIED" not in printed
    for shown in ("测试一", "33010619900307009X11", "1990-03-07", "母亲", "8F1D4C02A97BE365", "测试四"):
        assert shown in printed
    assert f"picture, {len(PHOTO)} bytes" in printed
    assert PHOTO[100:140].hex().upper() not in printed


def test_json_has_the_same_and_of_a_picture_its_size(private_pcscd: PrivatePcscd) -> None:
    with on_readers(private_pcscd, reference_card(), reference_psam()) as options:
        read = json.loads(run(card, *options, "--json"))
    assert read["profile"] == "reference"
    assert (read["verified"], read["assurance"]) == (True, "chip")
    assert read["files"]["holder"] == FILES["holder"]
    assert read["files"]["companions"] == FILES["companions"]
    assert read["files"]["companion_photo"] == []
    assert read["files"]["photo"] == [{"picture": {"bytes": len(PHOTO)}}]


def test_one_file_is_read_alone(private_pcscd: PrivatePcscd) -> None:
    with on_readers(private_pcscd, reference_card(), reference_psam()) as options:
        read = json.loads(run(card, *options, "--json", "--file", "disability"))
    assert read["files"] == {"disability": FILES["disability"]}


def test_a_card_with_a_psam_alone_is_read_by_its_profile(private_pcscd: PrivatePcscd) -> None:
    with on_readers(private_pcscd, psam_card(), cipher_psam()) as options:
        read = json.loads(run(card, *options, "--json", "--profile", "reference-psam"))
    assert (read["verified"], read["assurance"]) == (True, "psam")
    assert read["files"] == {name: [dict(record)] for name, record in RECORDS.items()}


def test_each_finding_says_what_was_not_looked_at(private_pcscd: PrivatePcscd, tmp_path: Path) -> None:
    authority = TestAuthority()
    authority.add_issuer(ISSUER.issuer_key)
    trust = tmp_path / "trust"
    trust.mkdir()
    (trust / "trust.json").write_bytes(authority.trust(1).to_bytes())
    (trust / "root.pem").write_bytes(authority.root.pem)
    with on_readers(private_pcscd, reference_card(), reference_psam()) as options:
        by_chip = run(card, *options, "--file", "card").splitlines()[0]
        by_issuer = run(card, *options, "--file", "card", "--trust", str(trust)).splitlines()[0]
    assert by_chip.startswith("VERIFIED: ")
    assert by_issuer.startswith("VERIFIED: ")
    assert "whoever has a PSAM's master keys can pose as any card" in by_chip
    assert "a trusted issuer signed the credential" in by_issuer
    assert "master keys" not in by_issuer
    assert set(FINDINGS) == set(Assurance)


def test_a_trust_store_is_readable_sound_and_for_a_reading_with_a_psam(
    private_pcscd: PrivatePcscd, tmp_path: Path
) -> None:
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "trust.json").write_text("{}")
    (tmp_path / "none" / "root.pem").write_bytes(TestAuthority().root.pem)
    options = ["read", "--reader", private_pcscd.readers[0], "--psam", private_pcscd.readers[1]]
    for name in ("none", "missing"):
        with pytest.raises(TrustStoreMalformed):
            run(card, *options, "--trust", str(tmp_path / name))
    result = CliRunner().invoke(card, [*options, "--without-psam", "--trust", str(tmp_path / "none")])
    assert result.exit_code == 2


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "card" / "profiles").glob("*.toml")))
def test_every_profile_that_comes_along_is_known_by_its_name(name: str) -> None:
    assert name in PACKAGED
    assert packaged_profile(name).id == name
    assert name in run(card, "read", "--help")


def test_a_profile_may_come_from_a_file_and_name_the_slot(
    private_pcscd: PrivatePcscd, tmp_path: Path
) -> None:
    packaged = ROOT / "card" / "profiles" / "reference-psam.toml"
    own = tmp_path / "own.toml"
    own.write_text(packaged.read_text().replace("sam_names = []", 'sam_names = ["Virtual PCD 00 01"]'))
    assert packaged_profile("reference-psam").full_data_path.sam_names == ()
    with on_readers(private_pcscd, psam_card(), cipher_psam()) as options:
        read = json.loads(run(card, *options[:3], "--profile", str(own), "--json", "--file", "holder"))
    assert read["files"]["holder"] == [dict(RECORDS["holder"])]


def test_without_a_psam_public_files_are_shown_as_not_verified(private_pcscd: PrivatePcscd) -> None:
    with on_readers(private_pcscd, reference_card(), reference_psam()) as options:
        printed = run(card, *options, "--without-psam")
        read = json.loads(run(card, *options, "--without-psam", "--json"))
        with pytest.raises(ApduRefused):
            run(card, *options, "--without-psam", "--file", "holder")
    assert printed.startswith("NOT VERIFIED: ")
    assert "测试一" not in printed
    assert (read["verified"], read["assurance"]) == (False, "none")
    assert list(read["files"]) == ["card"]


def test_a_picture_is_saved_for_its_owner_alone_and_never_over_another_file(
    private_pcscd: PrivatePcscd, tmp_path: Path
) -> None:
    picture = tmp_path / "photo.jpg"
    with on_readers(private_pcscd, reference_card(), reference_psam()) as options:
        printed = run(card, *options, "--file", "photo", "--photo", str(picture))
        with pytest.raises(PictureNotSaved):
            run(card, *options, "--file", "photo", "--photo", str(picture))
        with pytest.raises(PictureNotSaved):
            run(card, *options, "--file", "holder", "--photo", str(tmp_path / "other.jpg"))
    assert "photo.jpg" in printed
    assert picture.read_bytes() == PHOTO
    assert stat.S_IMODE(picture.stat().st_mode) == 0o600
    assert not (tmp_path / "other.jpg").exists()


def test_what_a_card_says_of_itself_is_no_markup(private_pcscd: PrivatePcscd) -> None:
    named = b"[red]A[/red]"
    chip = psam_card(with_record("holder", 9, b"\x09" + bytes((len(named),)) + named))
    with on_readers(private_pcscd, chip, cipher_psam()) as options:
        printed = run(card, *options, "--profile", "reference-psam", "--file", "holder")
    assert "[red]A[/red]" in printed


def test_nothing_is_shown_of_a_card_that_does_not_accept_the_psam(private_pcscd: PrivatePcscd) -> None:
    with on_readers(private_pcscd, reference_card(), PsamChip(STRANGER.psam)) as options:
        result = CliRunner().invoke(card, options)
    assert isinstance(result.exception, AuthenticationRefused)
    assert result.stdout == ""


def test_a_missing_card_slot_psam_or_file_is_said(private_pcscd: PrivatePcscd) -> None:
    first, second = private_pcscd.readers
    with pytest.raises(NoCardInTime):
        run(card, "read", "--reader", first, "--psam", second, "--seconds", "0")
    with VpcdLink(reference_card(), private_pcscd.ports[0]):
        with pytest.raises(NoSamSlot):
            run(card, "read", "--reader", first)
        with pytest.raises(PsamMissing):
            run(card, "read", "--reader", first, "--psam", second)
        with pytest.raises(ProfileLacks):
            run(card, "read", "--reader", first, "--without-psam", "--file", "colour")


# --- the issuer's side --------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An issuer, a holder's file with a picture beside it, and the card made from it."""
    run(issuer, "init", "--dir", str(tmp_path / "issuer"))
    (tmp_path / "photo.jpg").write_bytes(PHOTO)
    files = {**FILES, "photo": [{"picture": "@photo.jpg"}]}
    (tmp_path / "holder.json").write_text(json.dumps({**HOLDER, "files": files}))
    personalise(tmp_path)
    return tmp_path


def personalise(folder: Path, holder: str = "holder.json", out: str = "card.json") -> None:
    options = ["--dir", str(folder / "issuer"), "--holder", str(folder / holder), "--out", str(folder / out)]
    run(issuer, "personalise", *options)


@contextmanager
def simulating(*arguments: str) -> Iterator[None]:
    """`tongka simulate …` in a process of its own, interrupted at the end."""
    script = "import sys; from card.simulator.commands.simulate import app; app(sys.argv[1:])"
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "TONGKA_LANG": "en"},
    )
    assert process.stdout is not None
    with process.stdout:
        try:
            assert process.stdout.readline()
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(SECONDS) == 0


def test_a_card_and_a_psam_of_files_go_through_their_own_processes(
    private_pcscd: PrivatePcscd, folder: Path
) -> None:
    run(issuer, "psam", "--dir", str(folder / "issuer"), "--out", str(folder / "psam.json"))
    first, second = (str(port) for port in private_pcscd.ports)
    with (
        simulating("psam", "--psam", str(folder / "psam.json"), "--port", second),
        simulating("card", "--card", str(folder / "card.json"), "--port", first),
    ):
        options = ["--reader", private_pcscd.readers[0], "--psam", private_pcscd.readers[1]]
        read = json.loads(run(card, "read", *options, "--json"))
    assert read["files"]["holder"] == FILES["holder"]
    assert read["files"]["photo"] == [{"picture": {"bytes": len(PHOTO)}}]


def test_a_terminal_s_psam_has_a_terminal_s_keys_alone(folder: Path) -> None:
    made = {}
    for name, options in (("reader.json", []), ("desk.json", ["--with-issuer-keys"])):
        run(issuer, "psam", "--dir", str(folder / "issuer"), "--out", str(folder / name), *options)
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
        made[name] = PsamFile(folder / name).load()
    assert sorted(made["reader.json"].masters) == [1]
    assert sorted(made["desk.json"].masters) == [1, 2, 3]
    assert made["reader.json"].identity.psam_id != made["desk.json"].identity.psam_id
    with pytest.raises(CardFileRefused):
        run(issuer, "psam", "--dir", str(folder / "issuer"), "--out", str(folder / "reader.json"))


def test_a_card_is_blocked_and_unblocked(folder: Path) -> None:
    options = ["--dir", str(folder / "issuer"), "--card", str(folder / "card.json")]

    def tapped() -> RefusalReason | None:
        return reason(check_chip(ReferenceApplet(CardFile(folder / "card.json"))))

    run(issuer, "block", *options)
    assert tapped() is RefusalReason.DEACTIVATED
    run(issuer, "unblock", *options)
    assert tapped() is RefusalReason.UNKNOWN_ISSUER  # read again, by a terminal of another issuer


def test_another_issuer_blocks_no_card(folder: Path) -> None:
    run(issuer, "init", "--dir", str(folder / "other"))
    with pytest.raises(AuthenticationRefused):
        run(issuer, "block", "--dir", str(folder / "other"), "--card", str(folder / "card.json"))


@pytest.mark.parametrize(
    "name",
    ["@none.jpg", "@../photo.jpg", "@/etc/hostname", "@", "@\x00", "@big.jpg", "@text.jpg", "photo.jpg"],
)
def test_a_picture_that_is_missing_elsewhere_too_big_or_none_is_refused(folder: Path, name: str) -> None:
    (folder / "big.jpg").write_bytes(PHOTO[:-2] + bytes(16_384) + PHOTO[-2:])
    (folder / "text.jpg").write_text("not a picture")
    wrong = {**HOLDER, "files": {"photo": [{"picture": name}]}}
    (folder / "wrong.json").write_text(json.dumps(wrong))
    with pytest.raises(HolderRefused):
        personalise(folder, "wrong.json", "other.json")
    assert not (folder / "other.json").exists()


def test_a_text_that_begins_with_an_at_sign_is_a_text(folder: Path) -> None:
    files = {"guardian": [{"name": "@photo.jpg", "relation": "母亲"}]}
    (folder / "text.json").write_text(json.dumps({**HOLDER, "files": files}))
    personalise(folder, "text.json", "text-card.json")
    [record] = CardFile(folder / "text-card.json").load().files["guardian"]
    assert b"@photo.jpg" in record


def test_a_simulated_psam_needs_a_psam_file_and_a_slot(folder: Path) -> None:
    with pytest.raises(CardFileRefused):
        run(simulate, "psam", "--psam", str(folder / "card.json"))
    with PrivatePcscd() as service:
        port = service.ports[1]
    run(issuer, "psam", "--dir", str(folder / "issuer"), "--out", str(folder / "psam.json"))
    with pytest.raises(VirtualReaderUnreachable):
        run(simulate, "psam", "--psam", str(folder / "psam.json"), "--port", str(port))


@pytest.fixture
def psam_folder(folder: Path) -> Path:
    """A card and a PSAM of the profile reference-psam."""
    files = {file.name: file.vector[0].fields for file in packaged_profile("reference-psam").file}
    (folder / "psam-holder.json").write_text(json.dumps(files))
    issue_psam_card(folder, "psam-holder.json", "psam-card.json")
    options = ["--profile", "reference-psam", "--out", str(folder / "cipher-psam.json")]
    run(issuer, "psam", "--dir", str(folder / "issuer"), *options)
    return folder


def issue_psam_card(folder: Path, holder: str, out: str) -> None:
    options = ["--dir", str(folder / "issuer"), "--holder", str(folder / holder), "--out", str(folder / out)]
    run(issuer, "psam-card", *options)


def test_a_card_with_a_psam_alone_goes_through_its_own_processes(
    private_pcscd: PrivatePcscd, psam_folder: Path
) -> None:
    first, second = (str(port) for port in private_pcscd.ports)
    psam = ["--psam", str(psam_folder / "cipher-psam.json"), "--profile", "reference-psam"]
    with (
        simulating("psam", *psam, "--port", second),
        simulating("psam-card", "--card", str(psam_folder / "psam-card.json"), "--port", first),
    ):
        options = ["--reader", private_pcscd.readers[0], "--psam", private_pcscd.readers[1]]
        read = json.loads(run(card, "read", *options, "--json", "--profile", "reference-psam"))
    assert read["files"] == {name: [dict(record)] for name, record in RECORDS.items()}


def test_a_psam_card_s_file_keeps_its_tries_and_its_owner_s_data_to_its_owner(psam_folder: Path) -> None:
    profile, file = packaged_profile("reference-psam"), PsamCardFile(psam_folder / "psam-card.json")
    assert stat.S_IMODE((psam_folder / "psam-card.json").stat().st_mode) == 0o600
    before = file.load(profile)
    chip = PsamCardChip(before, profile, file.store)
    with pytest.raises(AuthenticationRefused), opened_with_psam(chip, cipher_psam()):
        pass
    assert file.load(profile) == replace(before, tries={2: 1, 6: 0})
    desk = CipherPsamFile(psam_folder / "issuer" / "keys" / "cipher-psam.json").load()
    reader = CipherPsamFile(psam_folder / "cipher-psam.json").load()
    assert sorted(desk.masters) == [2, 3, 4, 5, 6]
    assert sorted(reader.masters) == [2, 3, 4]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "\udc80",
        '{"holder": {}}',
        '{"card": {}}',
        '{"card": {"card_number": "12345678"}, "colour": {}}',
        '{"card": {"colour": "red"}}',
        '{"card": {"city_code": "330100", "version": "1.0", "authority": "A", "issued": "2026-01-31", '
        '"expires": "2036-01-30", "card_number": "12345678"}}',
    ],
)
def test_a_psam_card_s_holder_that_makes_no_sense_is_refused(folder: Path, text: str) -> None:
    (folder / "wrong.json").write_text(text, errors="surrogateescape")
    with pytest.raises(HolderRefused):
        issue_psam_card(folder, "wrong.json", "other.json")
    assert not (folder / "other.json").exists()


def test_a_psam_card_s_files_are_not_overwritten_and_no_other_files_pass_for_them(psam_folder: Path) -> None:
    with pytest.raises(CardFileRefused):
        issue_psam_card(psam_folder, "psam-holder.json", "psam-card.json")
    profile = packaged_profile("reference-psam")
    for name in ("card.json", "cipher-psam.json", "none.json"):
        with pytest.raises(CardFileRefused):
            PsamCardFile(psam_folder / name).load(profile)
    for name in ("card.json", "psam-card.json"):
        with pytest.raises(CardFileRefused):
            CipherPsamFile(psam_folder / name).load()
    document = json.loads((psam_folder / "psam-card.json").read_text())
    del document["keys"]["3"]
    (psam_folder / "fewer.json").write_text(json.dumps(document))
    (psam_folder / "fewer.json").chmod(0o600)
    with pytest.raises(CardFileRefused):
        PsamCardFile(psam_folder / "fewer.json").load(profile)


def test_who_is_no_issuer_issues_nothing(psam_folder: Path) -> None:
    with pytest.raises(IssuerRefused):
        issue_psam_card(psam_folder / "none", "../psam-holder.json", "../other.json")


def test_a_psam_of_the_wrong_kind_is_refused(private_pcscd: PrivatePcscd) -> None:
    with (
        on_readers(private_pcscd, reference_card(), cipher_psam()) as options,
        pytest.raises(PsamRefused),
    ):
        run(card, *options)


def test_a_trace_of_the_reading_holds_nothing_that_was_read(
    private_pcscd: PrivatePcscd, tmp_path: Path
) -> None:
    trace = tmp_path / "card.trace"
    with on_readers(private_pcscd, reference_card(), reference_psam()) as options:
        shown = run(card, *options, "--trace", str(trace))
    assert "测试一" in shown
    written = trace.read_bytes()
    assert b"READ BINARY" in written
    assert not any(secret in written or secret.hex().encode() in written.lower() for secret in SECRETS)
    assert "测试一".encode() not in written
