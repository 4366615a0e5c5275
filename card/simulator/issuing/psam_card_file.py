"""Cards and PSAMs of the profile `reference-psam`, kept in files of mode 0600.

{"kind": "psam-card", "format": 1, "keys": {"2": "…"}, "tries": {}, "files": {"holder": {"9": "09…"}}}
{"kind": "cipher-psam", "format": 1, "psam_id": "…", "key_version": 1, "masters": {"2": "…"}}
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, Literal

import msgspec

from card.errors import CardFileRefused
from card.profile import CardProfile
from card.psam import PsamIdentity
from card.psam_cipher import PsamCipherParameters
from card.simulator.chips.cipher_psam import CipherPsamContents
from card.simulator.chips.psam_card import PsamCardContents
from card.simulator.issuing.secret_file import HEX, read_secret_file, require_new, write_secret_file

FORMAT: Final = 1

_Key = Annotated[str, msgspec.Meta(min_length=32, max_length=32, pattern=HEX)]
_Record = Annotated[str, msgspec.Meta(min_length=2, max_length=512, pattern=HEX)]


class _CardDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: Literal["psam-card"]
    format: Literal[1]
    keys: dict[int, _Key]
    tries: dict[int, int]
    files: dict[str, dict[int, _Record]]


class _PsamDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: Literal["cipher-psam"]
    format: Literal[1]
    psam_id: Annotated[str, msgspec.Meta(min_length=16, max_length=16, pattern=HEX)]
    key_version: Annotated[int, msgspec.Meta(ge=0, le=255)]
    masters: dict[int, _Key]


class PsamCardFile:
    """One card's file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def create(cls, path: Path, contents: PsamCardContents) -> PsamCardFile:
        """Write a card. An existing file is not overwritten: CardFileRefused."""
        require_new(path)
        file = cls(path)
        file.store(contents)
        return file

    def load(self, profile: CardProfile) -> PsamCardContents:
        """The card. Raises CardFileRefused."""
        document = read_secret_file(self._path, _CardDocument)
        if set(document.keys) != set(PsamCipherParameters.of(profile).numbers):
            raise CardFileRefused(file=self._path, detail="its keys are not those of the profile")
        files = {
            name: MappingProxyType({number: bytes.fromhex(record) for number, record in records.items()})
            for name, records in document.files.items()
        }
        return PsamCardContents(
            _from_hex(document.keys), MappingProxyType(files), MappingProxyType(document.tries)
        )

    def store(self, contents: PsamCardContents) -> None:
        """Replace the card's file. Raises CardFileRefused."""
        files = {
            name: {number: record.hex().upper() for number, record in records.items()}
            for name, records in contents.files.items()
        }
        tries = dict(contents.tries)
        document = _CardDocument("psam-card", FORMAT, _to_hex(contents.keys), tries, files)
        write_secret_file(self._path, document)


class CipherPsamFile:
    """One PSAM's file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def create(cls, path: Path, contents: CipherPsamContents) -> CipherPsamFile:
        """Write a PSAM. An existing file is not overwritten: CardFileRefused."""
        require_new(path)
        psam_id, key_version = contents.identity.psam_id.hex().upper(), contents.identity.key_version
        document = _PsamDocument("cipher-psam", FORMAT, psam_id, key_version, _to_hex(contents.masters))
        write_secret_file(path, document)
        return cls(path)

    def load(self) -> CipherPsamContents:
        """The PSAM. Raises CardFileRefused."""
        document = read_secret_file(self._path, _PsamDocument)
        identity = PsamIdentity(bytes.fromhex(document.psam_id), document.key_version)
        return CipherPsamContents(identity, _from_hex(document.masters))


def _to_hex(keys: Mapping[int, bytes]) -> dict[int, str]:
    return {number: key.hex().upper() for number, key in keys.items()}


def _from_hex(keys: Mapping[int, str]) -> Mapping[int, bytes]:
    return MappingProxyType({number: bytes.fromhex(key) for number, key in keys.items()})
