"""A PSAM of the reference profile, kept in a file of mode 0600.

{"format": 1, "psam_id": "…", "key_version": 1, "masters": {"1": "…"}}
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final

import msgspec

from card.errors import CardFileRefused
from card.mutual_authentication import StaticKeys
from card.psam import PsamIdentity
from card.simulator.chips.psam import PsamContents
from card.simulator.issuing.secret_file import HEX, read_secret_file, require_new, write_secret_file

FORMAT: Final = 1


class _PsamDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    psam_id: Annotated[str, msgspec.Meta(min_length=16, max_length=16, pattern=HEX)]
    key_version: Annotated[int, msgspec.Meta(ge=0, le=255)]
    masters: dict[int, Annotated[str, msgspec.Meta(min_length=64, max_length=64, pattern=HEX)]]


class PsamFile:
    """A PSAM kept in a file, mode 0600."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def create(cls, path: Path, contents: PsamContents) -> PsamFile:
        """Write a PSAM. An existing file is not overwritten: CardFileRefused."""
        require_new(path)
        masters = {number: pair.to_bytes().hex().upper() for number, pair in contents.masters.items()}
        identity = contents.identity
        write_secret_file(
            path, _PsamDocument(FORMAT, identity.psam_id.hex().upper(), identity.key_version, masters)
        )
        return cls(path)

    def load(self) -> PsamContents:
        """The PSAM. Raises CardFileRefused."""
        document = read_secret_file(self._path, _PsamDocument)
        if document.format != FORMAT:
            raise CardFileRefused(file=self._path, detail=f"format {document.format} is not known")
        masters = {
            number: StaticKeys.from_bytes(bytes.fromhex(pair)) for number, pair in document.masters.items()
        }
        return PsamContents(
            PsamIdentity(bytes.fromhex(document.psam_id), document.key_version), MappingProxyType(masters)
        )
