"""Tokens: shown once, kept as hashes, replaced and revoked at once; and the file that holds them."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.errors import FileNotWritten
from terminal.local_api.errors import TokensRefused
from terminal.local_api.role import Role
from terminal.local_api.tokens import MAX_TOKENS, Bearer, KeptTokens, TokenBook, TokenStore
from tests.demo.processes import DemoFailed, tongka
from tests.terminal.enrolled import enrol


@pytest.fixture
def store(tmp_path: Path) -> TokenStore:
    return TokenStore(tmp_path / "api-tokens.json")


def test_a_token_is_known_again_and_stands_nowhere(store: TokenStore, tmp_path: Path) -> None:
    till, watch = store.create("till-1", Role.TILL), store.create("gate", Role.WATCH)
    book = TokenBook(store)
    assert book.bearer(till) == Bearer("till-1", Role.TILL)
    assert book.bearer(watch) == Bearer("gate", Role.WATCH)
    for wrong in ("", till[:-1], till + "a", till.swapcase(), "\ud800", "é"):
        assert book.bearer(wrong) is None
    kept = (tmp_path / "api-tokens.json").read_text()
    assert till not in kept and watch not in kept
    assert stat.S_IMODE((tmp_path / "api-tokens.json").stat().st_mode) == 0o600
    assert len({store.create(f"t{n}", Role.WATCH) for n in range(20)}) == 20


def test_a_replaced_or_revoked_token_ends_at_once(store: TokenStore) -> None:
    first = store.create("till-1", Role.STAFF)
    book = TokenBook(store)
    second = store.rotate("till-1")
    assert book.bearer(first) is None and book.bearer(second) == Bearer("till-1", Role.STAFF)
    store.revoke("till-1")
    assert book.bearer(second) is None and store.kept() == ()


def test_names_are_unique_known_and_not_too_many(store: TokenStore) -> None:
    store.create("till-1", Role.TILL)
    with pytest.raises(TokensRefused, match="till-1 has a token already"):
        store.create("till-1", Role.WATCH)
    for unknown in (store.rotate, store.revoke):
        with pytest.raises(TokensRefused, match="none is named till-2"):
            unknown("till-2")
    for number in range(MAX_TOKENS - 1):
        store.create(f"t{number}", Role.WATCH)
    with pytest.raises(TokensRefused, match="as many as there may be"):
        store.create("one-more", Role.WATCH)


@pytest.mark.parametrize("name", ["", "A", "x" * 41, "-a", "a-", "张", "a b", "a\n"])
def test_a_name_that_could_not_be_read_back_changes_nothing(store: TokenStore, name: str) -> None:
    store.create("till-1", Role.TILL)
    with pytest.raises(TokensRefused):
        store.create(name, Role.TILL)
    assert [one.name for one in store.kept()] == ["till-1"]


def test_a_file_that_others_may_read_or_own_is_refused(
    store: TokenStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = store.create("till-1", Role.TILL)
    book = TokenBook(store)
    file = tmp_path / "api-tokens.json"
    file.chmod(0o640)
    with pytest.raises(TokensRefused, match="0600"):
        store.kept()
    file.chmod(0o600)
    os.utime(file, ns=(1, 1))
    assert book.bearer(token) is not None
    monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    with pytest.raises(TokensRefused, match="another user owns"):
        store.kept()


def test_a_disk_that_takes_no_file_leaves_the_old_tokens(store: TokenStore, tmp_path: Path) -> None:
    token = store.create("till-1", Role.TILL)
    (tmp_path / f".api-tokens.json.{os.getpid()}.new").symlink_to("/nowhere/file")
    with pytest.raises(FileNotWritten):
        store.rotate("till-1")
    assert TokenBook(store).bearer(token) is not None


@given(st.binary(max_size=300) | st.text().map(str.encode))
def test_any_bytes_are_tokens_or_refused(data: bytes) -> None:
    try:
        kept = KeptTokens.from_bytes(data)
    except TokensRefused:
        return
    assert KeptTokens.from_bytes(kept.to_bytes()) == kept


@pytest.mark.parametrize(
    "document",
    [
        {"tokens": [{"name": "a", "role": "root", "hash": "0" * 64}]},
        {"tokens": [{"name": "a", "role": "till", "hash": "0" * 63}]},
        {"tokens": [{"name": "a", "role": "till", "hash": "0" * 64}] * 2},
        {"tokens": [{"name": "a", "role": "till", "hash": "0" * 64, "more": 1}]},
        {"tokens": [], "more": 1},
    ],
)
def test_what_is_no_file_of_tokens(document: object) -> None:
    with pytest.raises(TokensRefused):
        KeptTokens.from_bytes(json.dumps(document).encode())


def test_the_commands(tmp_path: Path) -> None:
    directory = enrol(tmp_path).directory
    environment = {**os.environ, "TONGKA_LANG": "en"}

    def run(*arguments: str) -> str:
        return tongka("api", "token", *arguments, "--data", directory.path, environment=environment)

    assert "no tokens yet" in run("list")
    token = run("create", "till-1").strip()
    assert re.fullmatch(r"[0-9A-Za-z_-]{43}", token)
    staff = json.loads(run("create", "desk", "--role", "staff", "--json"))
    book = TokenBook(TokenStore(directory.api_tokens))
    assert book.bearer(token) == Bearer("till-1", Role.TILL)
    assert book.bearer(staff["token"]) == Bearer("desk", Role.STAFF)
    assert [json.loads(line)["name"] for line in run("list", "--json").splitlines()] == ["till-1", "desk"]
    assert book.bearer(run("rotate", "till-1").strip()) == Bearer("till-1", Role.TILL)
    assert book.bearer(token) is None
    assert "Revoked: desk" in run("revoke", "desk")
    with pytest.raises(DemoFailed, match="TRM-709"):
        run("revoke", "desk")
    with pytest.raises(DemoFailed, match="TRM-603"):
        run("create", "Till")
    assert "desk" not in run("list") and token not in run("list")
