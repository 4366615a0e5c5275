"""A quota's holder references: the same within a window across restarts, and never beyond it."""

from __future__ import annotations

import secrets
import stat
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import DecryptionFailed
from terminal.decisions.window import Window
from terminal.errors import FileNotWritten
from terminal.holder_reference import MAX_WRAPPED_BYTES, WindowKeys

CARD = b"card-id1"
NOVEMBER = Window.month_of(date(2026, 11, 24))
TODAY = date(2026, 11, 24)


class Sm4Wrapper:
    """A keystore's `KeyWrapper`: SM4-GCM under a key of its own."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """Nonce, ciphertext, tag."""
        nonce = secrets.token_bytes(12)
        encryptor = Cipher(SM4(self._key), GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(context)
        return nonce + encryptor.update(key) + encryptor.finalize() + encryptor.tag

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The key again."""
        if len(wrapped) < 28:
            raise DecryptionFailed
        decryptor = Cipher(SM4(self._key), GCM(wrapped[:12], wrapped[-16:])).decryptor()
        decryptor.authenticate_additional_data(context)
        try:
            return decryptor.update(wrapped[12:-16]) + decryptor.finalize()
        except InvalidTag as error:
            raise DecryptionFailed from error


WRAPPER = Sm4Wrapper()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the keys lie."""
    return tmp_path / "windows"


def open_keys(folder: Path, today: date = TODAY) -> WindowKeys:
    """As a terminal does at its start."""
    return WindowKeys(folder, WRAPPER, today)


def names(folder: Path) -> list[str]:
    """Of the files that are there."""
    return sorted(path.name for path in folder.iterdir())


def test_the_tap_after_the_quota_s_last_is_known_across_every_restart(folder: Path) -> None:
    """130 rides a month: the 131st is known, with a new process and a reboot for each of them."""
    rides = [
        open_keys(folder, day).reference(CARD, NOVEMBER, day)
        for day in (NOVEMBER.first + timedelta(days=number * 30 // 131) for number in range(131))
    ]
    assert len(rides) == 131 and len(set(rides)) == 1 and len(rides[0]) == 16
    keys = open_keys(folder, NOVEMBER.last)
    assert keys.reference(b"card-id2", NOVEMBER, NOVEMBER.last) != rides[0]
    december = NOVEMBER.last + timedelta(days=1)
    assert keys.reference(CARD, Window.month_of(december), december) != rides[0]


def test_nothing_links_windows_or_terminals(folder: Path, tmp_path: Path) -> None:
    windows = [
        Window.day_of(TODAY),
        NOVEMBER,
        Window.year_of(TODAY),
        Window(date(2026, 11, 1), date(2027, 3, 31)),
    ]
    here, there = open_keys(folder), open_keys(tmp_path / "other")
    found = {keys.reference(CARD, window, TODAY) for keys in (here, there) for window in windows}
    assert len(found) == 8
    assert len(names(folder)) == 4


def test_a_key_is_destroyed_with_its_window(folder: Path) -> None:
    keys = open_keys(folder)
    day, month = Window.day_of(TODAY), NOVEMBER
    keys.reference(CARD, day, TODAY)
    old = keys.reference(CARD, month, TODAY)
    tomorrow = TODAY + timedelta(days=1)
    keys.destroy_ended(tomorrow)
    assert names(folder) == ["window-2026-11-01-2026-11-30.key"]
    december = date(2026, 12, 1)
    keys.destroy_ended(december)
    keys.reference(CARD, Window.month_of(december), december)
    assert names(folder) == ["window-2026-12-01-2026-12-31.key"]
    open_keys(folder, date(2027, 1, 1))
    assert names(folder) == []
    # A clock that had run ahead comes back: the old key is gone, and holders are not refused for it.
    assert open_keys(folder).reference(CARD, month, TODAY) != old


def test_a_clock_that_runs_behind_destroys_nothing(folder: Path) -> None:
    reference = open_keys(folder).reference(CARD, NOVEMBER, TODAY)
    open_keys(folder, date(1970, 1, 1))
    assert open_keys(folder).reference(CARD, NOVEMBER, TODAY) == reference


def test_a_clock_that_is_ahead_for_a_while_destroys_nothing(folder: Path) -> None:
    keys = open_keys(folder)
    reference = keys.reference(CARD, NOVEMBER, TODAY)
    december = date(2026, 12, 1)
    assert keys.reference(CARD, Window.month_of(december), december) != reference
    assert keys.reference(CARD, NOVEMBER, TODAY) == open_keys(folder).reference(CARD, NOVEMBER, TODAY)
    assert keys.reference(CARD, NOVEMBER, TODAY) == reference


def test_what_is_destroyed_is_overwritten_first(folder: Path, tmp_path: Path) -> None:
    open_keys(folder).reference(CARD, NOVEMBER, TODAY)
    (file,) = folder.iterdir()
    held = tmp_path / "held"
    held.hardlink_to(file)
    wrapped = held.read_bytes()
    open_keys(folder, date(2026, 12, 1))
    assert not file.exists()
    assert set(held.read_bytes()) == {0} and len(held.read_bytes()) >= len(wrapped)


def test_no_key_lies_on_disk_in_the_clear(folder: Path) -> None:
    keys = open_keys(folder)
    reference = keys.reference(CARD, NOVEMBER, TODAY)
    (file,) = folder.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    # With the file, but another keystore, nobody makes the reference again.
    assert WindowKeys(folder, Sm4Wrapper(), TODAY).reference(CARD, NOVEMBER, TODAY) != reference


@pytest.mark.parametrize("spoilt", [b"", b"short", bytes(60), bytes(MAX_WRAPPED_BYTES + 1)])
def test_a_damaged_key_is_made_anew(folder: Path, spoilt: bytes) -> None:
    old = open_keys(folder).reference(CARD, NOVEMBER, TODAY)
    (file,) = folder.iterdir()
    file.write_bytes(spoilt)
    new = open_keys(folder).reference(CARD, NOVEMBER, TODAY)
    assert new != old
    assert open_keys(folder).reference(CARD, NOVEMBER, TODAY) == new


def test_a_key_file_is_worth_nothing_under_another_window_s_name(folder: Path) -> None:
    old = open_keys(folder).reference(CARD, NOVEMBER, TODAY)
    (file,) = folder.iterdir()
    file.rename(folder / "window-2026-01-01-2026-12-31.key")
    assert open_keys(folder).reference(CARD, Window.year_of(TODAY), TODAY) != old


def test_half_written_and_foreign_files_go(folder: Path) -> None:
    open_keys(folder)
    for name in (".window-2026-11-01-2026-11-30.key.17.new", "window-2026-11-30-2026-11-01.key", "notes"):
        (folder / name).write_bytes(b"x")
    open_keys(folder)
    assert names(folder) == []


def test_a_folder_that_others_can_open_is_refused(folder: Path) -> None:
    open_keys(folder)
    folder.chmod(0o750)
    with pytest.raises(FileNotWritten, match="open to others"):
        open_keys(folder)
    folder.rmdir()
    folder.write_bytes(b"")
    with pytest.raises(FileNotWritten):
        open_keys(folder)


def test_a_window_that_is_not_open_today_has_no_references(folder: Path) -> None:
    keys = open_keys(folder)
    for day in (NOVEMBER.first - timedelta(days=1), NOVEMBER.last + timedelta(days=1)):
        with pytest.raises(ValueError, match="not open"):
            keys.reference(CARD, NOVEMBER, day)
    with pytest.raises(ValueError, match="before it begins"):
        Window(TODAY, TODAY - timedelta(days=1))


def test_all_keys_can_be_destroyed_at_once(folder: Path) -> None:
    keys = open_keys(folder)
    old = keys.reference(CARD, NOVEMBER, TODAY)
    keys.destroy()
    assert names(folder) == []
    assert keys.reference(CARD, NOVEMBER, TODAY) != old


@given(st.dates(date(1970, 1, 1), date(2099, 12, 31)))
def test_windows_of_the_calendar_tile_it(day: date) -> None:
    for window_of in (Window.day_of, Window.month_of, Window.year_of):
        window = window_of(day)
        assert day in window
        assert window_of(window.first) == window_of(window.last) == window
        with suppress(OverflowError):
            assert window_of(window.last + timedelta(days=1)).first == window.last + timedelta(days=1)
