"""keystore.toml: of which kind a folder of keys is, and the kind's settings."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from typing import Annotated, Final

import msgspec
import tomli_w

from crypto.errors import KeystoreMalformed
from crypto.explained import Text

FILE_NAME: Final = "keystore.toml"
MAX_FILE_BYTES: Final = 8192

_Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,31}\Z")]
# What a person can see in an editor: letters of any script, signs and spaces, but no control characters.
_Value = Annotated[str, msgspec.Meta(pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,2048}\Z")]


class KeystoreFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A keystore's kind, as an entry point names it, and the settings that the kind keeps; none is secret."""

    kind: _Name
    settings: Annotated[dict[_Name, _Value], msgspec.Meta(max_length=16)] = {}

    @classmethod
    def from_bytes(cls, data: bytes) -> KeystoreFile:
        """Parse the TOML file. Raises KeystoreMalformed."""
        if len(data) > MAX_FILE_BYTES:
            raise KeystoreMalformed(detail=Text(zh="文件过大", en="the file is too long"))
        try:
            return msgspec.convert(tomllib.loads(data.decode()), cls)
        except (ValueError, RecursionError, msgspec.ValidationError) as error:
            raise KeystoreMalformed(detail=str(error)) from error

    def to_bytes(self) -> bytes:
        """The TOML file."""
        return tomli_w.dumps(msgspec.to_builtins(self)).encode()


def require_only(settings: Mapping[str, str], known: Collection[str]) -> None:
    """Raises KeystoreMalformed for a setting that the kind does not know."""
    for name in settings:
        if name not in known:
            raise KeystoreMalformed(
                detail=Text(zh=f"此类密钥库没有设置“{name}”", en=f"this kind has no setting “{name}”")
            )
