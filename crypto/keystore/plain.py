"""The kind `plain`: the wrapping key lies beside the keys. For tests and demonstrations alone."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crypto.errors import KeystoreRefused
from crypto.explained import Text
from crypto.keystore.key_file import WRAPPING_KEY_BYTES
from crypto.keystore.private_files import create_private, read_private
from crypto.keystore.settings import require_only
from crypto.keystore.software import SoftwareKeystore

WRAPPING_FILE: Final = "wrapping.bin"


@dataclass(frozen=True)
class KeyBeside:
    """A wrapping key in a file: whoever has the folder has the keys."""

    file: Path

    @property
    def is_protected(self) -> bool:
        """Never."""
        return False

    def fetch(self) -> bytes:
        """The 16 bytes. Raises KeystoreRefused."""
        key = read_private(self.file, WRAPPING_KEY_BYTES)
        if len(key) != WRAPPING_KEY_BYTES:
            raise KeystoreRefused(name=self.file.name, detail=Text(zh="长度不对", en="its length is wrong"))
        return key


class PlainKind:
    """Makes and opens keystores whose protection is the permissions of their files."""

    def make(self, directory: Path, settings: Mapping[str, str]) -> Mapping[str, str]:
        """Write a wrapping key, unless an interrupted attempt left one. There are no settings."""
        require_only(settings, ())
        file = directory / WRAPPING_FILE
        if not file.exists():
            # A second process that was faster has made one; its key is as good.
            with suppress(KeystoreRefused):
                create_private(file, secrets.token_bytes(WRAPPING_KEY_BYTES))
        KeyBeside(file).fetch()
        return {}

    def open(self, directory: Path, settings: Mapping[str, str]) -> SoftwareKeystore:
        """The keystore in this folder."""
        require_only(settings, ())
        return SoftwareKeystore(directory, "plain", KeyBeside(directory / WRAPPING_FILE))


KIND: Final = PlainKind()
