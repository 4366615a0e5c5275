"""The API's tokens: made by a command, shown once, kept as hashes in a file that its owner alone may read.

    store = TokenStore(directory.api_tokens)
    token = store.create("till-1", Role.TILL)       # the one moment at which the token is to be seen
    TokenBook(store).bearer(token)                  # Bearer(name="till-1", role=Role.TILL)

A token is 256 random bits, so one hash without salt or stretching keeps it.
"""

from __future__ import annotations

import hmac
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import msgspec

from crypto.explained import Text
from crypto.sm3 import sm3
from terminal.durable_file import write_durably
from terminal.local_api.errors import TokensRefused
from terminal.local_api.role import Role

MAX_TOKENS: Final = 64
TOKEN_CHARACTERS: Final = 43
_TOKEN_BYTES: Final = 32
_MAX_BYTES: Final = 32_768
_CHECK: Final = Text(
    zh="检查该文件的属主与权限（0600）；内容已损坏的，删除后重新制作令牌",
    en="Check the file's owner and permissions (0600); where its content is damaged, remove it and make new "
    "tokens",
)

TokenName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?\Z")]


class KeptToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept of a token: who has it, what it may do, and its hash, SM3 in hexadecimal."""

    name: TokenName
    role: Role
    hash: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]


class KeptTokens(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file: tokens with different names."""

    tokens: Annotated[tuple[KeptToken, ...], msgspec.Meta(max_length=MAX_TOKENS)] = ()

    @classmethod
    def from_bytes(cls, data: bytes) -> KeptTokens:
        """Parse the file's JSON. Raises TokensRefused, which holds nothing of the content."""
        try:
            kept = msgspec.json.decode(data, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _unreadable(Text(zh="内容有误", en="the file holds something else")) from error
        if len({one.name for one in kept.tokens}) != len(kept.tokens):
            raise _unreadable(Text(zh="名称重复", en="a name stands twice"))
        return kept

    def to_bytes(self) -> bytes:
        """The file's JSON."""
        return msgspec.json.encode(self)


@dataclass(frozen=True)
class Bearer:
    """Whose token a request came with."""

    name: str
    role: Role


class TokenStore:
    """The file of one terminal's tokens. Everything raises TokensRefused, changes also FileNotWritten."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def kept(self) -> tuple[KeptToken, ...]:
        """All of them; none where there is no file yet."""
        try:
            with self._path.open("rb") as file:
                found = os.fstat(file.fileno())
                if stat.S_IMODE(found.st_mode) & 0o077 or found.st_uid != os.geteuid():
                    raise _unreadable(
                        Text(
                            zh="文件不归本用户所有，或别的用户可以读取",
                            en="another user owns the file or may read it",
                        )
                    )
                return KeptTokens.from_bytes(file.read(_MAX_BYTES)).tokens
        except FileNotFoundError:
            return ()
        except OSError as error:
            reason = error.strerror or "-"
            raise _unreadable(Text(zh=reason, en=reason)) from error

    def version(self) -> tuple[int, int]:
        """Changes whenever the file does."""
        try:
            found = self._path.stat()
        except OSError:
            return (0, 0)
        return (found.st_ino, found.st_mtime_ns)

    def create(self, name: str, role: Role) -> str:
        """A new token, which is shown this once; for a name that has none yet."""
        kept = self.kept()
        if any(one.name == name for one in kept):
            raise TokensRefused(
                problem=Text(zh=f"“{name}”已有令牌", en=f"{name} has a token already"),
                write=Text(
                    zh="换一个名称，或用 tongka api token rotate 换新",
                    en="Choose another name, or replace it by `tongka api token rotate`",
                ),
            )
        if len(kept) >= MAX_TOKENS:
            raise TokensRefused(
                problem=Text(zh="令牌已达上限", en="there are as many as there may be"),
                write=Text(zh="先作废不用的令牌", en="Revoke those that nobody uses"),
            )
        return self._put(kept, name, role)

    def rotate(self, name: str) -> str:
        """A new token in place of the one with this name, which is worth nothing from now on."""
        old = self._named(name)
        return self._put(tuple(one for one in self.kept() if one.name != name), name, old.role)

    def revoke(self, name: str) -> None:
        """The token with this name is worth nothing from now on."""
        self._named(name)
        self._write(tuple(one for one in self.kept() if one.name != name))

    def _named(self, name: str) -> KeptToken:
        for one in self.kept():
            if one.name == name:
                return one
        raise TokensRefused(
            problem=Text(zh=f"没有名为“{name}”的令牌", en=f"none is named {name}"),
            write=Text(zh="用 tongka api token list 查看名称", en="See the names in `tongka api token list`"),
        )

    def _put(self, others: tuple[KeptToken, ...], name: str, role: Role) -> str:
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._write((*others, KeptToken(name, role, _hash_of(token))))
        return token

    def _write(self, tokens: tuple[KeptToken, ...]) -> None:
        data = KeptTokens(tokens).to_bytes()
        # A name that can't be read back would lock everybody out.
        KeptTokens.from_bytes(data)
        write_durably(self._path, data)


class TokenBook:
    """The tokens in force, read anew when the file changes: one that is revoked is refused at once."""

    def __init__(self, store: TokenStore) -> None:
        self._store = store
        self._version = store.version()
        self._kept = store.kept()

    def bearer(self, token: str) -> Bearer | None:
        """Whose token this is, None for nobody's; every token takes the same time. Raises TokensRefused."""
        version = self._store.version()
        if version != self._version:
            self._kept, self._version = self._store.kept(), version
        given = _hash_of(token)
        found = [one for one in self._kept if hmac.compare_digest(one.hash, given)]
        return Bearer(found[0].name, found[0].role) if found else None


def _hash_of(token: str) -> str:
    return sm3(b"tongka-api-token\0" + token.encode("utf-8", errors="replace")).hex()


def _unreadable(problem: Text) -> TokensRefused:
    return TokensRefused(problem=problem, write=_CHECK)
