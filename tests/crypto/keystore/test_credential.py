"""The kind `credential`: a folder as systemd makes it, and everything that it never is."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from crypto.errors import CredentialRefused, KeystoreSealedByAnother
from crypto.keystore import credential
from crypto.keystore.directory import make_keystore, open_keystore
from crypto.keystore.protection import require_protected
from tests.crypto.keystore.leaks import holds_nothing_of

KEY = bytes(range(100, 116))


@pytest.fixture
def handed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The credential's file, where systemd.exec(5) puts it: a folder 0500, files 0400."""
    folder = tmp_path / "credentials"
    folder.mkdir()
    file = folder / "tongka-keystore"
    file.write_bytes(KEY)
    file.chmod(0o400)
    folder.chmod(0o500)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    yield file
    folder.chmod(0o700)


def change(file: Path, content: bytes) -> None:
    file.parent.chmod(0o700)
    file.chmod(0o600)
    file.write_bytes(content)
    file.chmod(0o400)


def test_keys_open_with_the_credential(tmp_path: Path, handed_in: Path) -> None:
    store = make_keystore(tmp_path / "keys", "credential")
    key = store.create("terminal")
    require_protected(store)
    assert open_keystore(tmp_path / "keys").load("terminal").public_key == key.public_key
    holds_nothing_of(tmp_path / "keys", key)
    for file in (tmp_path / "keys").iterdir():
        assert KEY not in file.read_bytes()
        assert KEY.hex().encode() not in file.read_bytes()


def test_another_credential_is_named_as_such(tmp_path: Path, handed_in: Path) -> None:
    make_keystore(tmp_path / "keys", "credential").create("terminal")
    change(handed_in, bytes(16))
    with pytest.raises(KeystoreSealedByAnother):
        open_keystore(tmp_path / "keys").load("terminal")


def test_without_a_service_manager_there_is_no_keystore(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(CredentialRefused, match="CREDENTIALS_DIRECTORY is not set"):
        make_keystore(tmp_path / "keys", "credential")
    assert not (tmp_path / "keys" / "keystore.toml").exists()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "missing"))
    with pytest.raises(CredentialRefused, match="no such file"):
        make_keystore(tmp_path / "keys", "credential")


@pytest.mark.parametrize("content", [b"", KEY[:15], KEY + b"\n", KEY.hex().encode(), bytes(100_000)])
def test_it_has_16_bytes(tmp_path: Path, handed_in: Path, content: bytes) -> None:
    change(handed_in, content)
    with pytest.raises(CredentialRefused, match="16 bytes"):
        make_keystore(tmp_path / "keys", "credential")


@pytest.mark.parametrize("mode", [0o404, 0o440, 0o420])
def test_a_file_that_others_may_open_is_refused(tmp_path: Path, handed_in: Path, mode: int) -> None:
    handed_in.chmod(mode)
    with pytest.raises(CredentialRefused, match="others may open"):
        make_keystore(tmp_path / "keys", "credential")


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701])
def test_a_folder_that_others_may_open_is_refused(tmp_path: Path, handed_in: Path, mode: int) -> None:
    handed_in.parent.chmod(mode)
    with pytest.raises(CredentialRefused, match="others may open"):
        make_keystore(tmp_path / "keys", "credential")


def test_links_pipes_and_folders_are_refused(tmp_path: Path, handed_in: Path) -> None:
    handed_in.parent.chmod(0o700)
    genuine = handed_in.rename(tmp_path / "aside")
    for make in (lambda path: path.symlink_to(genuine), os.mkfifo, lambda path: path.mkdir(mode=0o700)):
        make(handed_in)
        with pytest.raises(CredentialRefused):
            make_keystore(tmp_path / "keys", "credential")
        handed_in.rmdir() if handed_in.is_dir() else handed_in.unlink()


@pytest.mark.parametrize(
    ("mode", "owner", "group", "is_good"),
    [
        (0o400, 1000, 1000, True),  # ours
        (0o440, 0, 0, True),  # root's, and ours by the access control list whose mask is 4
        (0o400, 0, 0, True),
        (0o440, 0, 1000, False),  # any of that group reads it
        (0o444, 0, 0, False),
        (0o460, 0, 0, False),
        (0o400, 1001, 1001, False),
        (0o440, 1000, 1000, False),
    ],
)
def test_who_may_own_it(
    monkeypatch: pytest.MonkeyPatch, mode: int, owner: int, group: int, is_good: bool
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    status = os.stat_result((stat.S_IFREG | mode, 1, 1, 1, owner, group, 16, 0, 0, 0))
    if is_good:
        credential._require_private(status)
    else:
        with pytest.raises(CredentialRefused):
            credential._require_private(status)
