"""The kind `tpm`, with Debian's swtpm and tpm2-tools: its own TPM opens the keys, and no other."""

from __future__ import annotations

import os
import socket
import subprocess
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from crypto.errors import KeystoreMalformed, KeystoreSealedByAnother, TpmRefused, TpmUnavailable
from crypto.keystore import tpm_sealing, tpm_tools
from crypto.keystore.directory import make_keystore, open_keystore
from crypto.keystore.protection import require_protected
from crypto.keystore.settings import FILE_NAME
from crypto.keystore.tpm import KIND, KeyInTpm
from crypto.keystore.tpm_sealing import Tpm
from tests.crypto.keystore.leaks import holds_nothing_of
from tests.crypto.keystore.tpm_bus import TappedBus
from tests.demo.swtpm import SoftwareTpm

SECRET = b"16 secret bytes!"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Short, for sockets."""
    return tmp_path_factory.mktemp("tpm")


@pytest.fixture(scope="module")
def tpm(folder: Path) -> Iterator[str]:
    """The TPM of this machine, which no test spoils."""
    with SoftwareTpm(folder / "own") as tcti:
        yield tcti


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoftwareTpm]:
    """A TPM that the test may spoil."""
    machine = SoftwareTpm(tmp_path_factory.mktemp("own"))
    machine.start()
    yield machine
    machine.stop()


def tool(tcti: str, name: str, *arguments: str, succeeds: bool = True) -> bytes:
    done = subprocess.run([name, "-T", tcti, *arguments], capture_output=True, check=False, timeout=30)
    assert (done.returncode == 0) is succeeds, done.stderr.decode()
    return done.stdout


def flush(tcti: str) -> None:
    tool(tcti, "tpm2_flushcontext", "--transient-object")


def point_at(keys: Path, tcti: str) -> None:
    """As if the disk were in another machine."""
    file = keys / FILE_NAME
    text = file.read_text()
    old = tomllib.loads(text)["settings"]["tcti"]
    file.write_text(text.replace(old, tcti))


def wrapping_key(keys: Path) -> bytes:
    settings = tomllib.loads((keys / FILE_NAME).read_text())["settings"]
    guardian = KIND.open(keys, settings)._wrapping_key
    assert isinstance(guardian, KeyInTpm)
    return guardian.fetch()


def test_it_opens_with_its_own_tpm_and_not_with_another(tmp_path: Path, tpm: str, own: SoftwareTpm) -> None:
    keys = tmp_path / "keys"
    store = make_keystore(keys, "tpm", {"tcti": tpm})
    key = store.create("terminal")
    require_protected(store)
    assert open_keystore(keys).load("terminal").public_key == key.public_key
    assert make_keystore(keys, "tpm", {"tcti": tpm}).load("terminal").public_key == key.public_key
    point_at(keys, own.tcti)
    with pytest.raises(KeystoreSealedByAnother, match=r"CRY-157.*enrol again"):
        open_keystore(keys).load("terminal")
    point_at(keys, tpm)
    assert open_keystore(keys).load("terminal").public_key == key.public_key


def test_the_disk_alone_gives_nothing_away(tmp_path: Path, tpm: str) -> None:
    keys = tmp_path / "keys"
    key = make_keystore(keys, "tpm", {"tcti": tpm}).create("terminal")
    secret = wrapping_key(keys)
    assert len(secret) == 16
    holds_nothing_of(keys, key)
    assert {file.name for file in keys.iterdir()} == {FILE_NAME, "terminal.key"}
    for file in keys.iterdir():
        assert secret not in file.read_bytes()
        assert secret.hex().encode() not in file.read_bytes()


def test_nothing_stays_behind_in_memory_or_in_the_tpm(
    tmp_path: Path, tpm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert os.path.ismount(tpm_sealing._MEMORY_BACKED)
    memory = tmp_path / "memory"
    memory.mkdir()
    monkeypatch.setattr(tpm_sealing, "_MEMORY_BACKED", memory)
    make_keystore(tmp_path / "keys", "tpm", {"tcti": tpm, "pcrs": "7"}).create("terminal")
    assert [file.name for file in memory.iterdir()] == [f".tongka-{os.geteuid()}-tpm.lock"]
    memory.rename(tmp_path / "gone")
    with pytest.raises(TpmUnavailable, match="not writable"):
        open_keystore(tmp_path / "keys").load("terminal")
    for places in ("handles-transient", "handles-loaded-session", "handles-saved-session"):
        assert tool(tpm, "tpm2_getcap", places) == b""


def test_two_keystores_have_two_wrapping_keys(tmp_path: Path, tpm: str) -> None:
    for name in ("one", "two"):
        make_keystore(tmp_path / name, "tpm", {"tcti": tpm})
    assert wrapping_key(tmp_path / "one") != wrapping_key(tmp_path / "two")


def test_a_restart_changes_nothing(tmp_path: Path, own: SoftwareTpm) -> None:
    key = make_keystore(tmp_path / "keys", "tpm", {"tcti": own.tcti}).create("terminal")
    own.stop()
    with pytest.raises(TpmUnavailable, match="there is no TPM at swtpm"):
        open_keystore(tmp_path / "keys").load("terminal")
    own.start()
    assert open_keystore(tmp_path / "keys").load("terminal").public_key == key.public_key


def test_a_cleared_tpm_is_another_one(tmp_path: Path, own: SoftwareTpm) -> None:
    make_keystore(tmp_path / "keys", "tpm", {"tcti": own.tcti}).create("terminal")
    tool(own.tcti, "tpm2_clear", "-c", "p")
    with pytest.raises(KeystoreSealedByAnother):
        open_keystore(tmp_path / "keys").load("terminal")


def test_a_changed_firmware_state_counts_where_it_was_asked_for(tmp_path: Path, own: SoftwareTpm) -> None:
    loose = make_keystore(tmp_path / "loose", "tpm", {"tcti": own.tcti})
    bound = make_keystore(tmp_path / "bound", "tpm", {"tcti": own.tcti, "pcrs": "7,16"})
    loose.create("terminal")
    key = bound.create("terminal")
    assert open_keystore(tmp_path / "bound").load("terminal").public_key == key.public_key
    tool(own.tcti, "tpm2_pcrextend", "16:sha256=" + "01" * 32)
    with pytest.raises(TpmRefused, match="boot state have changed"):
        open_keystore(tmp_path / "bound").load("terminal")
    open_keystore(tmp_path / "loose").load("terminal")
    # The list in the file can be taken away; the binding is in the TPM's object.
    file = tmp_path / "bound" / FILE_NAME
    file.write_text(file.read_text().replace('pcrs = "7,16"\n', ""))
    with pytest.raises(TpmRefused):
        open_keystore(tmp_path / "bound").load("terminal")
    for places in ("handles-transient", "handles-loaded-session"):
        assert tool(own.tcti, "tpm2_getcap", places) == b""


def test_with_an_owner_password_a_persistent_parent_is_named(tmp_path: Path, own: SoftwareTpm) -> None:
    context = str(tmp_path / "parent")
    tool(own.tcti, "tpm2_createprimary", "-C", "o", "-G", "ecc", "-c", context)
    flush(own.tcti)
    tool(own.tcti, "tpm2_evictcontrol", "-C", "o", "-c", context, "0x81000001")
    flush(own.tcti)
    tool(own.tcti, "tpm2_changeauth", "-c", "owner", "password")
    with pytest.raises(TpmRefused, match="in the setting parent"):
        make_keystore(tmp_path / "keys", "tpm", {"tcti": own.tcti})
    assert not (tmp_path / "keys" / FILE_NAME).exists()
    with pytest.raises(TpmRefused, match="no key under that handle"):
        make_keystore(tmp_path / "keys", "tpm", {"tcti": own.tcti, "parent": "0x81000002"})
    key = make_keystore(tmp_path / "keys", "tpm", {"tcti": own.tcti, "parent": "0x81000001"}).create(
        "terminal"
    )
    assert open_keystore(tmp_path / "keys").load("terminal").public_key == key.public_key


def test_a_tpm_that_is_locked_after_wrong_passwords_still_opens_it(tmp_path: Path, own: SoftwareTpm) -> None:
    key = make_keystore(tmp_path / "keys", "tpm", {"tcti": own.tcti}).create("terminal")
    tool(own.tcti, "tpm2_dictionarylockout", "-s", "-n", "1", "-t", "1000", "-l", "1000")
    parent, child = str(tmp_path / "parent"), str(tmp_path / "child")
    tool(own.tcti, "tpm2_createprimary", "-C", "o", "-c", parent)
    flush(own.tcti)
    files = ("-u", f"{child}.pub", "-r", f"{child}.priv")
    tool(own.tcti, "tpm2_create", "-C", parent, "-G", "ecc", "-p", "right", *files)
    flush(own.tcti)
    tool(own.tcti, "tpm2_load", "-C", parent, *files, "-c", child)
    flush(own.tcti)
    (tmp_path / "message").write_bytes(b"message")
    for _ in range(2):
        signing = ("-c", child, "-p", "wrong", "-o", str(tmp_path / "signature"), str(tmp_path / "message"))
        tool(own.tcti, "tpm2_sign", *signing, succeeds=False)
        flush(own.tcti)
    shown = tool(own.tcti, "tpm2_getcap", "properties-variable").decode()
    assert "inLockout:                 1" in shown
    assert open_keystore(tmp_path / "keys").load("terminal").public_key == key.public_key


def test_processes_share_a_tpm_without_a_resource_manager(tmp_path: Path, tpm: str) -> None:
    key = make_keystore(tmp_path / "keys", "tpm", {"tcti": tpm}).create("terminal")
    with ThreadPoolExecutor(4) as threads:
        loaded = list(threads.map(lambda _: open_keystore(tmp_path / "keys").load("terminal"), range(8)))
    assert {one.public_key for one in loaded} == {key.public_key}


def test_a_tpm_that_others_filled_is_freed(tmp_path: Path, own: SoftwareTpm) -> None:
    key = make_keystore(tmp_path / "keys", "tpm", {"tcti": own.tcti}).create("terminal")
    for _ in range(3):
        tool(own.tcti, "tpm2_createprimary", "-C", "o", "-G", "ecc")
    assert open_keystore(tmp_path / "keys").load("terminal").public_key == key.public_key


def test_waiting_for_the_tpm_has_an_end(tmp_path: Path, tpm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tpm_sealing, "_PATIENCE_SECONDS", 0.05)
    with tpm_sealing._alone(), pytest.raises(TpmUnavailable, match="another program uses it"):
        make_keystore(tmp_path / "keys", "tpm", {"tcti": tpm})


def test_a_tpm_that_never_answers_is_given_up(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tpm_tools, "TIMEOUT_SECONDS", 0.3)
    with socket.socket(socket.AF_UNIX) as mute, socket.socket(socket.AF_UNIX) as control:
        mute.bind(str(folder / "mute"))
        control.bind(str(folder / "mute.ctrl"))
        mute.listen()
        control.listen()
        with pytest.raises(TpmUnavailable, match="does not answer"):
            make_keystore(tmp_path / "keys", "tpm", {"tcti": f"swtpm:path={folder / 'mute'}"})


def test_without_a_tpm_or_its_tools_the_error_says_so(
    tmp_path: Path, tpm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_keystore(tmp_path / "keys", "tpm", {"tcti": tpm}).create("terminal")
    for missing in ("device:/dev/no-such-tpm", "device:/dev/null", "tabrmd:bus_name=no.such"):
        with pytest.raises(TpmUnavailable, match=f"there is no TPM at {missing}"):
            make_keystore(tmp_path / "none", "tpm", {"tcti": missing})
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TpmUnavailable, match="tpm2-tools is not installed"):
        open_keystore(tmp_path / "keys").load("terminal")


@pytest.mark.parametrize(
    "settings",
    [
        {"tcti": "cmd:touch /tmp/x"},
        {"tcti": "./evil.so:"},
        {"tcti": "device:/dev/tpm 0"},
        {"tcti": "device:"},
        {"parent": "0x40000001"},
        {"parent": "parent.ctx"},
        {"pcrs": "24"},
        {"pcrs": "7,"},
        {"pcrs": "7+sha1:0"},
        {"sealed-public": "00"},
        {"owner-password": "x"},
    ],
)
def test_settings_that_no_one_should_give_are_refused(tmp_path: Path, settings: dict[str, str]) -> None:
    with pytest.raises(KeystoreMalformed):
        make_keystore(tmp_path / "keys", "tpm", settings)
    assert not (tmp_path / "keys" / FILE_NAME).exists()


def test_an_altered_sealed_key_is_refused(tmp_path: Path, tpm: str) -> None:
    keys = tmp_path / "keys"
    make_keystore(keys, "tpm", {"tcti": tpm}).create("terminal")
    genuine = (keys / FILE_NAME).read_text()
    settings = tomllib.loads(genuine)["settings"]
    for name in ("sealed-public", "sealed-private"):
        value = settings[name]
        for wrong in (value[:-2], value + "00", value[:-1], value.upper(), "zz" + value[2:], ""):
            (keys / FILE_NAME).write_text(genuine.replace(value, wrong))
            with pytest.raises(KeystoreMalformed):
                open_keystore(keys)
        for position in (4, 20, len(value) // 2, len(value) - 2):
            altered = f"{int(value[position : position + 2], 16) ^ 1:02x}"
            wrong = value[:position] + altered + value[position + 2 :]
            (keys / FILE_NAME).write_text(genuine.replace(value, wrong))
            with pytest.raises((KeystoreSealedByAnother, TpmRefused)):
                open_keystore(keys).load("terminal")
    (keys / FILE_NAME).write_text(genuine)
    open_keystore(keys).load("terminal")


def test_no_argument_and_no_variable_holds_a_secret(
    tmp_path: Path, tpm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command runs through a wrapper that writes down what others can see in /proc."""
    wrappers, seen = tmp_path / "bin", tmp_path / "seen"
    wrappers.mkdir()
    for real in Path("/usr/bin").glob("tpm2_*"):
        wrapper = wrappers / real.name
        wrapper.write_text(f'#!/bin/sh\ncat /proc/$$/cmdline /proc/$$/environ >>{seen}\nexec {real} "$@"\n')
        wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrappers}:/usr/bin:/bin")
    make_keystore(tmp_path / "keys", "tpm", {"tcti": tpm, "pcrs": "7"}).create("terminal")
    secret = wrapping_key(tmp_path / "keys")
    written = seen.read_bytes()
    for step in (b"tpm2_createprimary", b"tpm2_create\0", b"tpm2_load", b"tpm2_unseal"):
        assert step in written
    for form in (secret, secret.hex().encode(), secret.hex().upper().encode()):
        assert form not in written


def test_who_listens_on_the_bus_learns_nothing(tmp_path: Path, folder: Path, tpm: str) -> None:
    with TappedBus(tpm, folder).listening() as bus:
        for pcrs in ("", "0,7"):
            over_bus = Tpm(bus.tcti, pcrs=pcrs)
            assert over_bus.unseal(over_bus.seal(SECRET)) == SECRET
        assert len(bus.heard) > 1000
        assert SECRET not in bus.heard
        # It would be heard: without an encrypting session it is.
        context, files = str(tmp_path / "p"), ("-u", str(tmp_path / "u"), "-r", str(tmp_path / "r"))
        (tmp_path / "secret").write_bytes(SECRET)
        tool(bus.tcti, "tpm2_createprimary", "-C", "o", "-G", "ecc", "-c", context)
        flush(bus.tcti)
        tool(bus.tcti, "tpm2_create", "-C", context, "-i", str(tmp_path / "secret"), *files)
        assert SECRET in bus.heard
