"""A virtual card kept in a file between two taps: everything in its chip's memory.

    {"format": 2, "serial": "…", "life_cycle": 5, "credential": "7F21…", "private_key": "-----BEGIN…",
     "counter": 0, "keys": {"1": "…"}, "tries": {}, "files": {"holder": ["E2…"]}}

The file holds private keys: it is made with mode 0600 and refused when others can read it.
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final

import msgspec

from card.errors import CardFileRefused
from card.files import MAX_FILE_BYTES
from card.mutual_authentication import StaticKeys
from card.simulator.chips.contents import MAX_COUNTER, ChipContents, LifeCycle
from card.simulator.issuing.secret_file import HEX, read_secret_file, require_new, write_secret_file
from crypto.errors import KeyMalformed
from crypto.sm2 import PrivateKey

FORMAT: Final = 2

_KeyPair = Annotated[str, msgspec.Meta(min_length=64, max_length=64, pattern=HEX)]
_Record = Annotated[str, msgspec.Meta(max_length=2 * MAX_FILE_BYTES, pattern=HEX)]


class _CardDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    serial: Annotated[str, msgspec.Meta(min_length=16, max_length=16, pattern=HEX)]
    life_cycle: LifeCycle
    credential: Annotated[str, msgspec.Meta(max_length=512, pattern=HEX)]
    private_key: Annotated[str, msgspec.Meta(max_length=4096)]
    counter: Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNTER)]
    keys: dict[int, _KeyPair]
    tries: dict[int, int]
    files: dict[str, list[_Record]]

    @classmethod
    def of(cls, contents: ChipContents) -> _CardDocument:
        """A chip's contents as they are written."""
        key = contents.private_key
        return cls(
            format=FORMAT,
            serial=contents.serial.hex().upper(),
            life_cycle=contents.life_cycle,
            credential=contents.credential.hex().upper(),
            private_key="" if key is None else key.to_pem().decode("ascii"),
            counter=contents.counter,
            keys={number: pair.to_bytes().hex().upper() for number, pair in contents.keys.items()},
            tries=dict(contents.tries),
            files={
                name: [record.hex().upper() for record in records] for name, records in contents.files.items()
            },
        )

    def contents(self) -> ChipContents:
        """The chip's contents. Raises KeyMalformed."""
        return ChipContents(
            credential=bytes.fromhex(self.credential),
            private_key=PrivateKey.from_pem(self.private_key.encode()) if self.private_key else None,
            serial=bytes.fromhex(self.serial),
            life_cycle=self.life_cycle,
            keys=MappingProxyType(
                {number: StaticKeys.from_bytes(bytes.fromhex(pair)) for number, pair in self.keys.items()}
            ),
            tries=MappingProxyType(self.tries),
            files=MappingProxyType(
                {
                    name: tuple(bytes.fromhex(record) for record in records)
                    for name, records in self.files.items()
                }
            ),
            counter=self.counter,
        )


class CardFile:
    """One card's file; a `ChipMemory`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def create(cls, path: Path, contents: ChipContents) -> CardFile:
        """Write a card. An existing file is not overwritten: CardFileRefused."""
        require_new(path)
        file = cls(path)
        file.store(contents)
        return file

    def load(self) -> ChipContents:
        """The card. Raises CardFileRefused."""
        document = read_secret_file(self._path, _CardDocument)
        if document.format != FORMAT:
            raise CardFileRefused(file=self._path, detail=f"format {document.format} is not known")
        try:
            return document.contents()
        except KeyMalformed as error:
            raise CardFileRefused(file=self._path, detail=error.facts["detail"]) from error

    def store(self, contents: ChipContents) -> None:
        """Replace the card's file. Raises CardFileRefused."""
        write_secret_file(self._path, _CardDocument.of(contents))
