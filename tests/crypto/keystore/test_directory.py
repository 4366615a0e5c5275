"""A keystore as a folder: made once, opened ever after, private to its owner, strict about what it finds."""

import os
import stat
import tomllib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import (
    KeystoreDiffers,
    KeystoreKindUnknown,
    KeystoreMalformed,
    KeystoreMissing,
    KeystoreRefused,
    KeystoreSealedByAnother,
    KeystoreUnprotected,
)
from crypto.keystore.directory import make_keystore, open_keystore, parse_settings
from crypto.keystore.kind import GROUP, kind_named
from crypto.keystore.protection import require_protected
from crypto.keystore.settings import FILE_NAME, MAX_FILE_BYTES, KeystoreFile
from tests.crypto.keystore.leaks import holds_nothing_of


def test_a_key_is_created_once_and_loaded(tmp_path: Path) -> None:
    store = make_keystore(tmp_path / "keys")
    assert not store.exists("terminal")
    key = store.create("terminal")
    assert store.exists("terminal")
    with pytest.raises(KeystoreRefused, match="exists already"):
        store.create("terminal")
    again = open_keystore(tmp_path / "keys").load("terminal")
    assert again.public_key == key.public_key
    assert key.public_key.verify(again.sign(b"message"), b"message")
    assert again.decrypt(key.public_key.encrypt(b"secret")) == b"secret"


def test_files_are_for_their_owner_alone_and_nothing_is_left_over(tmp_path: Path) -> None:
    old = os.umask(0o022)
    try:
        make_keystore(tmp_path / "keys").create("terminal")
    finally:
        os.umask(old)
    folder = tmp_path / "keys"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name for path in folder.iterdir()} == {"keystore.toml", "terminal.key", "wrapping.bin"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_no_file_holds_the_key_in_clear(tmp_path: Path) -> None:
    store = make_keystore(tmp_path)
    store.create("terminal")
    holds_nothing_of(tmp_path, store.load("terminal"))


def test_made_again_it_is_opened(tmp_path: Path) -> None:
    key = make_keystore(tmp_path).create("terminal")
    assert make_keystore(tmp_path).load("terminal").public_key == key.public_key


def test_made_again_after_it_was_interrupted_it_is_whole(tmp_path: Path) -> None:
    make_keystore(tmp_path)
    (tmp_path / FILE_NAME).unlink()
    key = make_keystore(tmp_path).create("terminal")
    assert open_keystore(tmp_path).load("terminal").public_key == key.public_key


def test_makers_at_the_same_time_get_the_same_keystore(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        stores = list(threads.map(lambda _: make_keystore(tmp_path / "keys"), range(8)))
    key = stores[0].create("terminal")
    assert {store.load("terminal").public_key for store in stores} == {key.public_key}


def test_one_of_two_creators_wins(tmp_path: Path) -> None:
    def create(_: int) -> bool:
        try:
            open_keystore(tmp_path).create("terminal")
        except KeystoreRefused:
            return False
        return True

    make_keystore(tmp_path)
    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(create, range(8))) == 1


def test_another_kind_or_other_settings_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_keystore(tmp_path)
    with pytest.raises(KeystoreDiffers, match="kind plain already"):
        make_keystore(tmp_path, "credential")
    with pytest.raises(KeystoreDiffers):
        make_keystore(tmp_path, "plain", {"reader": "x"})
    with pytest.raises(KeystoreMalformed, match="no setting"):
        make_keystore(tmp_path / "other", "plain", {"reader": "x"})


def test_a_kind_that_is_not_installed_is_named_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(KeystoreKindUnknown, match=r"kind skf\. .*credential、.*plain、tpm"):
        make_keystore(tmp_path / "keys", "skf")
    assert not (tmp_path / "keys").exists()


def test_every_installed_kind_loads() -> None:
    names = entry_points(group=GROUP).names
    assert {"plain", "credential", "tpm"} <= names
    for name in names:
        kind = kind_named(name)
        assert callable(kind.make)
        assert callable(kind.open)


def test_a_folder_without_keystore_toml_is_none(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(KeystoreMissing):
            open_keystore(folder)


@pytest.mark.parametrize("name", ["", "../terminal", "a/b", "a b", ".", "-", "密钥", "a\n", "a" * 65])
def test_a_name_can_not_leave_the_folder(tmp_path: Path, name: str) -> None:
    store = make_keystore(tmp_path)
    for use in (store.create, store.load, store.exists):
        with pytest.raises(KeystoreRefused, match="letters, digits"):
            use(name)


def test_a_missing_or_broken_key_is_named(tmp_path: Path) -> None:
    store = make_keystore(tmp_path)
    with pytest.raises(KeystoreRefused, match=r"terminal\.key.*no such file"):
        store.load("terminal")
    for content in (b"", b"no key", b"\x00" * 100_000):
        (tmp_path / "terminal.key").write_bytes(content)
        (tmp_path / "terminal.key").chmod(0o600)
        with pytest.raises(KeystoreRefused):
            store.load("terminal")


def test_swapped_key_files_do_not_open(tmp_path: Path) -> None:
    store = make_keystore(tmp_path / "one")
    store.create("root")
    store.create("content")
    (tmp_path / "one" / "content.key").replace(tmp_path / "one" / "root.key")
    with pytest.raises(KeystoreRefused, match="altered, or is another key's file"):
        store.load("root")
    make_keystore(tmp_path / "two").create("root")
    (tmp_path / "two" / "root.key").replace(tmp_path / "one" / "root.key")
    with pytest.raises(KeystoreSealedByAnother):
        store.load("root")


@pytest.mark.parametrize("file", ["terminal.key", "keystore.toml", "wrapping.bin", "."])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_what_others_may_open_is_refused(tmp_path: Path, file: str, mode: int) -> None:
    make_keystore(tmp_path).create("terminal")
    (tmp_path / file).chmod(mode | (0o700 if file == "." else 0))
    try:
        with pytest.raises(KeystoreRefused, match="others may open"):
            open_keystore(tmp_path).load("terminal")
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("file", ["terminal.key", "keystore.toml", "wrapping.bin"])
def test_symbolic_links_pipes_and_folders_are_refused(tmp_path: Path, file: str) -> None:
    keys = tmp_path / "keys"
    make_keystore(keys).create("terminal")
    genuine = (keys / file).rename(tmp_path / "aside")
    for make in (lambda path: path.symlink_to(genuine), os.mkfifo, lambda path: path.mkdir(mode=0o700)):
        make(keys / file)
        with pytest.raises(KeystoreRefused):
            open_keystore(keys).load("terminal")
        (keys / file).rmdir() if (keys / file).is_dir() else (keys / file).unlink()


def test_a_link_to_the_folder_is_refused(tmp_path: Path) -> None:
    make_keystore(tmp_path / "keys")
    (tmp_path / "link").symlink_to(tmp_path / "keys")
    with pytest.raises(KeystoreRefused, match="no folder"):
        open_keystore(tmp_path / "link")
    with pytest.raises(KeystoreRefused, match="no folder"):
        make_keystore(tmp_path / "link")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(KeystoreRefused):
        make_keystore(tmp_path / "file")


def test_what_belongs_to_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_keystore(tmp_path).create("terminal")
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(KeystoreRefused, match="another user"):
        open_keystore(tmp_path)


def test_a_plain_keystore_is_not_for_production(tmp_path: Path) -> None:
    store = make_keystore(tmp_path)
    assert not store.is_protected
    with pytest.raises(KeystoreUnprotected, match="--keystore tpm"):
        require_protected(store)


@pytest.mark.parametrize("content", [b"", bytes(15), bytes(17), bytes(100_000)])
def test_a_wrapping_key_of_another_length_is_refused(tmp_path: Path, content: bytes) -> None:
    make_keystore(tmp_path).create("terminal")
    (tmp_path / "wrapping.bin").write_bytes(content)
    with pytest.raises(KeystoreRefused, match=r"wrapping\.bin"):
        open_keystore(tmp_path).load("terminal")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "kind = 1",
        'kind = "Plain"',
        'kind = "../plain"',
        'kind = ""',
        'kind = "plain"\nmore = 1',
        'kind = "plain"\nkind = "plain"',
        'kind = "plain"\nsettings = []',
        'kind = "plain"\n[settings]\nreader = 1',
        'kind = "plain"\n[settings]\nreader = ""',
        'kind = "plain"\n[settings]\nreader = "a\\u0000b"',
        'kind = "plain"\n[settings]\nreader = "a\\nb"',
        'kind = "plain"\n[settings]\n"Reader" = "x"',
        'kind = "plain"\n[settings]\nreader = "x"',
        'kind = "plain"\n[settings]\nreader = "' + "x" * 2049 + '"',
        'kind = "plain"\n[settings]\n' + "\n".join(f'a{number} = "x"' for number in range(17)),
        "kind = " + "[" * 2000,
        'kind = "plain"\n#' + " " * MAX_FILE_BYTES,
        "\ufeff" + 'kind = "plain"',
    ],
)
def test_a_hostile_keystore_toml_is_refused(tmp_path: Path, text: str) -> None:
    make_keystore(tmp_path)
    (tmp_path / FILE_NAME).write_text(text, "utf-8")
    with pytest.raises((KeystoreMalformed, KeystoreRefused)):
        open_keystore(tmp_path)
    (tmp_path / FILE_NAME).write_bytes(b"\xff\xfe")
    with pytest.raises(KeystoreMalformed):
        open_keystore(tmp_path)


def test_an_unknown_kind_in_keystore_toml_is_named(tmp_path: Path) -> None:
    make_keystore(tmp_path)
    (tmp_path / FILE_NAME).write_text('kind = "sdf"\n')
    with pytest.raises(KeystoreKindUnknown, match="sdf"):
        open_keystore(tmp_path)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_settings_or_malformed(data: bytes) -> None:
    try:
        parsed = KeystoreFile.from_bytes(data)
    except KeystoreMalformed:
        return
    assert KeystoreFile.from_bytes(parsed.to_bytes()) == parsed


_NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,31}", fullmatch=True)
_VALUES = st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), min_size=1, max_size=60)


@given(_NAMES, st.dictionaries(_NAMES, _VALUES, max_size=16))
def test_settings_survive_the_file(kind: str, settings: Mapping[str, str]) -> None:
    file = KeystoreFile(kind=kind, settings=dict(settings))
    assert KeystoreFile.from_bytes(file.to_bytes()) == file
    assert tomllib.loads(file.to_bytes().decode())["kind"] == kind


def test_settings_are_given_as_name_and_value() -> None:
    assert parse_settings([]) == {}
    given_settings = parse_settings(["tcti=swtpm:path=/x", "reader=ACME 1"])
    assert given_settings == {"tcti": "swtpm:path=/x", "reader": "ACME 1"}
    for wrong in (["tcti"], ["tcti=a", "tcti=a"]):
        with pytest.raises(KeystoreMalformed, match="name=value"):
            parse_settings(wrong)
