"""Small secrets under a keystore's protection: bound to their context, and to that keystore."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import DecryptionFailed
from crypto.keystore.directory import make_keystore
from crypto.keystore.software import SoftwareKeystore
from terminal.decisions.window import Window
from terminal.holder_reference import WindowKeys


def keystore(folder: Path) -> SoftwareKeystore:
    made = make_keystore(folder)
    assert isinstance(made, SoftwareKeystore)
    return made


def test_a_secret_opens_in_its_context_and_keystore_alone(tmp_path: Path) -> None:
    own, other = keystore(tmp_path / "own"), keystore(tmp_path / "other")
    wrapped = own.wrap(b"k" * 32, b"context")
    assert own.unwrap(wrapped, b"context") == b"k" * 32
    assert b"k" * 32 not in wrapped
    for opener, context in ((own, b"other"), (other, b"context")):
        with pytest.raises(DecryptionFailed):
            opener.unwrap(wrapped, context)
    for place in range(len(wrapped)):
        bad = bytearray(wrapped)
        bad[place] ^= 1
        with pytest.raises(DecryptionFailed):
            own.unwrap(bytes(bad), b"context")


def test_a_keys_file_is_no_wrapped_secret_and_the_other_way_round(tmp_path: Path) -> None:
    own = keystore(tmp_path / "own")
    own.create("terminal")
    data = (tmp_path / "own" / "terminal.key").read_bytes()
    for context in (b"", b"terminal", b"plain"):
        with pytest.raises(DecryptionFailed):
            own.unwrap(data, context)


@given(data=st.binary(max_size=200))
def test_no_bytes_are_too_strange(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    own = keystore(tmp_path_factory.getbasetemp() / "one")
    with pytest.raises(DecryptionFailed):
        own.unwrap(data, b"context")


def test_a_months_references_outlive_a_reboot_under_it(tmp_path: Path) -> None:
    own = keystore(tmp_path / "keys")
    today = date(2026, 11, 25)
    month = Window.month_of(today)
    first = WindowKeys(tmp_path / "windows", own, today).reference(b"card-one", month, today)
    again = WindowKeys(tmp_path / "windows", own, today).reference(b"card-one", month, today)
    assert first == again
