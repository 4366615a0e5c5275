"""The API's tokens: one a role, made at the first start, in a file that its owner alone may read."""

from __future__ import annotations

import hmac
import secrets
import stat
from pathlib import Path
from typing import Annotated, Final

import msgspec

from crypto.explained import Text
from terminal.durable_file import write_durably
from terminal.local_api.errors import TokensUnreadable
from terminal.local_api.role import Role

_TOKEN_BYTES: Final = 32
_MAX_BYTES: Final = 1024
_READ_BY_OTHERS: Final = Text(zh="别的用户可以读取", en="other users may read it")

Token = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_-]{43}\Z")]


class LocalTokens(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """256 random bits a role. Nothing of them is in the repr."""

    watch: Token
    till: Token
    staff: Token

    def __repr__(self) -> str:
        return "LocalTokens(…)"

    @classmethod
    def generate(cls) -> LocalTokens:
        """New ones."""
        return cls(*(secrets.token_urlsafe(_TOKEN_BYTES) for _ in Role))

    @classmethod
    def from_bytes(cls, data: bytes, file: str = "api-tokens.json") -> LocalTokens:
        """Parse the file's JSON. Raises TokensUnreadable, which holds nothing of the content."""
        try:
            return msgspec.json.decode(data, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            detail = Text(zh="内容有误", en="it holds something else")
            raise TokensUnreadable(file=file, detail=detail) from error

    def to_bytes(self) -> bytes:
        """The file's JSON."""
        return msgspec.json.encode(self)

    def of(self, role: Role) -> str:
        """The token of a role."""
        return str(getattr(self, role.value))

    def role_of(self, token: str) -> Role | None:
        """Whose token this is; takes the same time for every wrong one."""
        given = token.encode("utf-8", errors="replace")
        found = [role for role in Role if hmac.compare_digest(self.of(role).encode(), given)]
        return found[0] if found else None


def load_tokens(path: Path) -> LocalTokens:
    """The tokens in a file, made now where there is none. Raises TokensUnreadable, FileNotWritten."""
    try:
        with path.open("rb") as file:
            if stat.S_IMODE(path.stat().st_mode) & 0o077:
                raise TokensUnreadable(file=path.name, detail=_READ_BY_OTHERS)
            return LocalTokens.from_bytes(file.read(_MAX_BYTES), path.name)
    except FileNotFoundError:
        return renew_tokens(path)
    except OSError as error:
        raise TokensUnreadable(file=path.name, detail=error.strerror) from error


def renew_tokens(path: Path) -> LocalTokens:
    """New tokens in place of what a file holds. Raises FileNotWritten."""
    tokens = LocalTokens.generate()
    write_durably(path, tokens.to_bytes())
    return tokens
