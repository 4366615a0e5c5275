"""The module that says what libcrypto has is what its declarations say."""

from __future__ import annotations

from pathlib import Path

from crypto.libcrypto_build import FILE, write


def test_the_module_is_what_the_declarations_say(tmp_path: Path) -> None:
    written = tmp_path / FILE.name
    write(written)
    assert FILE.read_bytes() == written.read_bytes(), "run: python -m crypto.libcrypto_build"
