"""Keys in files: private to their owner, never overwritten."""

import stat
from pathlib import Path

import pytest

from crypto.errors import KeystoreRefused
from crypto.keystore import Keystore


def test_a_key_is_created_once_and_loaded(tmp_path: Path) -> None:
    store = Keystore(tmp_path / "keys")
    assert not store.exists("terminal")
    key = store.create("terminal")
    assert store.exists("terminal")
    assert store.load("terminal").public_key == key.public_key
    with pytest.raises(KeystoreRefused, match="exists already"):
        store.create("terminal")
    assert store.load("terminal").public_key == key.public_key


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    Keystore(tmp_path / "keys").create("terminal")
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["terminal.pem"]
    assert stat.S_IMODE((tmp_path / "keys" / "terminal.pem").stat().st_mode) == 0o600


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    store = Keystore(tmp_path / "keys")
    store.create("terminal")
    (tmp_path / "keys" / "terminal.pem").chmod(0o640)
    with pytest.raises(KeystoreRefused, match="others may read"):
        store.load("terminal")
    (tmp_path / "open").mkdir(mode=0o755)
    with pytest.raises(KeystoreRefused, match="others may read"):
        Keystore(tmp_path / "open").create("terminal")


def test_a_missing_or_broken_key_is_named(tmp_path: Path) -> None:
    store = Keystore(tmp_path)
    with pytest.raises(KeystoreRefused, match="No such file"):
        store.load("terminal")
    (tmp_path / "terminal.pem").write_bytes(b"no key")
    (tmp_path / "terminal.pem").chmod(0o600)
    with pytest.raises(KeystoreRefused, match="holds no SM2 key"):
        store.load("terminal")


@pytest.mark.parametrize("name", ["", "../terminal", "a/b", "a b", "."])
def test_a_name_can_not_leave_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(KeystoreRefused):
        Keystore(tmp_path).create(name)
