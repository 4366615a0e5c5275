"""Card profiles: what is written is what is used, and nothing unknown is let through."""

import os
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

from card.errors import CardProfileRefused, ProfileLacks
from card.mutual_sm4 import MutualSm4Parameters
from card.profile import CardProfile, reference_profile
from crypto.explained import Language

REFERENCE = (resources.files("card") / "profiles" / "reference.toml").read_bytes()


def test_the_reference_profiles_aid_is_proprietary() -> None:
    aid = reference_profile().aid_bytes
    assert aid == b"\xf0TKREF1"


@pytest.mark.parametrize(
    ("written", "instead", "told"),
    [
        (b"aid =", b"aids =", "Write `aid` instead"),
        (b"df_name =", b"name =", "Write `df_name` instead"),
        (b"[tap.fci]", b"[tap.zzz]", "Known here are: fci, internal_authenticate"),
        (b'"F0544B52454631"', b'"F054"', "$.aid"),
        (b'"84"', b"84", "$.tap.fci.df_name"),
        (b'"84"', b'"00"', "`00` is no BER-TLV tag. Write a BER-TLV tag such as `C1`"),
        (b'credential = ["A5", "73", "7F21"]', b"credential = []", "$.tap.fci.credential"),
        (b"challenge_bytes = 55", b"challenge_bytes = 54", "Write `challenge_bytes = 55`"),
        (b'"A5", "73", "7F21"', b'"99", "73", "7F21"', "`7F21` last"),
        (b'"A5", "73", "7F21"', b'"A5", "73"', "`7F21` last"),
        (b'read = "always"', b'read = "everybody"', "Write one of always, reader, issuer, never"),
        (b"= 55", b"= ", "TOML"),
        (b"# The", b"\xff", "UTF-8"),
        (b"sfi = 2", b"sfi = 1", "two files have the same sfi. Give each file a `sfi` of its own"),
        (b"sfi = 2\n", b"", "Add `sfi` there"),
        (b"sfi = 2", b"sfi = 31", "$.file[1].sfi"),
        (b'structure = "transparent"', b'structure = "cyclic"', "$.file[0].structure"),
        (b'template = "E1"\n', b"", "Write a `template` for the file, or a `record` for each field"),
        (b'tag = "C2"', b'tag = "C1"', "Give each field a `tag` of its own"),
        (b'encoding = "ascii"', b'encoding = "utf-8"', "$.file[0].field[0].encoding"),
        (b'key_version = "1"', b'key_version = "2"', "Compare fields and bytes: E108C103312E30C20102"),
        (b"E108C103312E30C20101", b"E108C103312E30C201", "Compare fields and bytes"),
        (b"max_records = 4", b"max_records = 255", "$.file[4].max_records"),
        (b"personal = false", b"personel = false", "Write `personal` instead"),
    ],
)
def test_a_wrong_profile_is_refused_with_what_to_write(written: bytes, instead: bytes, told: str) -> None:
    assert written in REFERENCE
    with pytest.raises(CardProfileRefused) as refused:
        CardProfile.from_bytes(REFERENCE.replace(written, instead, 1), "reference.toml")
    assert "reference.toml" in str(refused.value)
    assert told in str(refused.value)
    assert refused.value.explain(Language.ZH).code == "CRD-140"


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        (b"max_bytes = 120", b"max_bites = 120"),
        (b'tag = "C7"', b'tag = "ZZ"'),
        (b'nation = "01"', b'nation = "x"'),
    ],
)
def test_a_refusal_points_to_the_line(written: bytes, instead: bytes) -> None:
    changed = REFERENCE.replace(written, instead, 1)
    with pytest.raises(CardProfileRefused) as refused:
        CardProfile.from_bytes(changed, "reference.toml")
    line = 1 + changed[: changed.index(instead)].count(b"\n")
    said = int(str(refused.value.facts["file"]).removeprefix("reference.toml:"))
    # A vector's refusal points to its file, whose declaration it contradicts.
    assert said == line or (b"nation" in written and changed.splitlines()[said - 1] == b"[[file]]")


@pytest.mark.parametrize(
    ("written", "instead", "told"),
    [
        (b'method = "mutual-sm4"', b'method = "mutual"', "Known methods are: mutual-sm4, psam-cipher"),
        (b'issuer_key = "02"', b'issuer_key = "01"', "a key number of its own"),
        (b'reader_key = "01"', b'reader_key = "1"', "Known there are"),
        (b'key_version_file = "card"', b'key_version_file = "cart"', "cart"),
        (b'key_version_file = "card"', b'key_version_file = "holder"', "holder.key_version"),
    ],
)
def test_the_check_verb_looks_into_the_authentication_too(
    written: bytes, instead: bytes, told: str, tmp_path: Path
) -> None:
    file = tmp_path / "mine.toml"
    assert written in REFERENCE
    file.write_bytes(REFERENCE.replace(written, instead, 1))
    refused = run("check", file)
    assert refused.returncode == 1
    assert told in refused.stderr


@pytest.mark.parametrize("data", [b"a = " + b"[" * 100_000, b"#" * (1 << 20) + b"\n"])
def test_a_hostile_file_is_refused_as_any_other(data: bytes) -> None:
    with pytest.raises(CardProfileRefused):
        CardProfile.from_bytes(data, "hostile.toml")


def test_a_syntax_error_is_told_with_its_line() -> None:
    with pytest.raises(CardProfileRefused, match=r"mine\.toml:2 "):
        CardProfile.from_bytes(b"id = 'x'\naid == 3\n", "mine.toml")


def test_what_a_profile_lacks_is_said_when_it_is_needed() -> None:
    bare = b'id = "bare"\naid = "F000000001"\ntitle = { zh = "\xe7\xa9\xba", en = "bare" }\n'
    profile = CardProfile.from_bytes(bare, "bare.toml")
    for need in (lambda: profile.tap_path, lambda: profile.full_data_path, lambda: profile.file_named("x")):
        with pytest.raises(ProfileLacks):
            need()


def test_a_method_s_parameters_are_checked_too() -> None:
    changed = REFERENCE.replace(b"reader_key", b"leser_key")
    with pytest.raises(CardProfileRefused, match="reader_key"):
        CardProfile.from_bytes(changed, "reference.toml").parameters(MutualSm4Parameters)


def test_the_check_verb_says_what_is_wrong_and_where(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_bytes(REFERENCE)
    assert run("check", file).returncode == 0
    file.write_bytes(REFERENCE.replace(b"sfi = 2\n", b""))
    refused = run("check", file)
    assert refused.returncode == 1
    assert re.search(r"CRD-140 .*mine\.toml:\d+ .*`sfi`", refused.stderr), refused.stderr
    assert run("check", tmp_path / "none.toml").returncode == 1


@pytest.mark.parametrize("name", ["bank", "transit", "resident-id"])
def test_the_check_verb_takes_foreign_families_too(name: str, tmp_path: Path) -> None:
    data = (resources.files("card") / "profiles" / "foreign" / f"{name}.toml").read_bytes()
    file = tmp_path / "family.toml"
    file.write_bytes(data)
    checked = run("check", file)
    assert (checked.returncode, name in checked.stdout) == (0, True)
    file.write_bytes(data.replace(b"[sentence]", b"[sentence]\nfr = 'x'"))
    refused = run("check", file)
    assert refused.returncode == 1
    assert re.search(r"CRD-140 .*family\.toml:\d+ .*`fr`", refused.stderr), refused.stderr


@pytest.mark.parametrize("data", [b"a = " + b"[" * 100_000, b"#" * (1 << 20) + b"\n"])
def test_the_check_verb_refuses_a_hostile_file(data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "hostile.toml"
    file.write_bytes(data)
    refused = run("check", file)
    assert (refused.returncode, "CRD-140" in refused.stderr) == (1, True), refused.stderr
    assert "Traceback" not in refused.stderr


def run(verb: str, file: Path) -> subprocess.CompletedProcess[str]:
    """`tongka card profile …` in English."""
    command = [sys.executable, "-m", "terminal.command_line", "card", "profile", verb, str(file)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "LANG": "en_US.UTF-8"}
    )
