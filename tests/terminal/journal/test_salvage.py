"""Saying what is left of a broken file reads foreign bytes: nothing but an explanation comes of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.explained import Language
from terminal.journal.errors import JournalDamaged
from terminal.journal.salvage import unreadable
from tests.terminal.journal.journals import append, writer


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal of twenty events, without a log beside it."""
    path = tmp_path_factory.mktemp("salvage") / "journal.db"
    with writer(path) as journal:
        append(journal, 20)
    return path


@pytest.fixture(scope="module")
def whole(file: Path) -> bytes:
    return file.read_bytes()


@given(place=st.integers(0, 60_000), put=st.binary(max_size=40), kept=st.integers(0, 100_000))
def test_whatever_is_in_the_file(file: Path, whole: bytes, place: int, put: bytes, kept: int) -> None:
    broken = bytearray(whole)
    broken[place : place + len(put)] = put
    file.write_bytes(broken[:kept])
    said = unreadable(file, JournalDamaged(detail="of a test"))
    assert all(said.explain(language).cause for language in Language)
    assert file.read_bytes() == broken[:kept]
