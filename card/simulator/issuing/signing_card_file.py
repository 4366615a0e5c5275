"""A virtual signing card kept in a file of mode 0600: everything in its chip's memory.

{"kind": "signing-card", "format": 1, "serial": "…", "pin": "…", "tries": 5,
 "keys": {"1": {"description": "B603830101…", "private_key": "-----BEGIN…"}}}
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, Literal

import msgspec

from card.errors import CardFileRefused, SigningCardRefused
from card.signing_card.data_objects import PIN_TRIES, KeyDescription, is_pin_block
from card.simulator.chips.signing_card import HeldKey, SigningCardContents
from card.simulator.issuing.secret_file import HEX, read_secret_file, require_new, write_secret_file
from crypto.errors import KeyMalformed
from crypto.sm2 import PrivateKey

FORMAT: Final = 1


class _KeyDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    description: Annotated[str, msgspec.Meta(max_length=256, pattern=HEX)]
    private_key: Annotated[str, msgspec.Meta(max_length=4096)]

    def held(self) -> HeldKey:
        """The key. Raises SigningCardRefused and KeyMalformed."""
        description = KeyDescription.from_bytes(bytes.fromhex(self.description))
        return HeldKey(description, PrivateKey.from_pem(self.private_key.encode()))


class _CardDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: Literal["signing-card"]
    format: Literal[1]
    serial: Annotated[str, msgspec.Meta(min_length=16, max_length=16, pattern=HEX)]
    pin: Annotated[str, msgspec.Meta(max_length=24, pattern=HEX)]
    tries: Annotated[int, msgspec.Meta(ge=0, le=PIN_TRIES)]
    keys: dict[int, _KeyDocument]


class SigningCardFile:
    """One card's file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def create(cls, path: Path, contents: SigningCardContents) -> SigningCardFile:
        """Write a card. An existing file is not overwritten: CardFileRefused."""
        require_new(path)
        file = cls(path)
        file.store(contents)
        return file

    def load(self) -> SigningCardContents:
        """The card. Raises CardFileRefused."""
        document = read_secret_file(self._path, _CardDocument)
        pin = bytes.fromhex(document.pin)
        if pin and not is_pin_block(pin):
            raise CardFileRefused(file=self._path, detail="its PIN is none")
        try:
            keys = {number: key.held() for number, key in document.keys.items()}
        except (SigningCardRefused, KeyMalformed) as error:
            raise CardFileRefused(file=self._path, detail="a key in it is none") from error
        if any(held.description.reference != number for number, held in keys.items()):
            raise CardFileRefused(file=self._path, detail="a key has another's reference")
        return SigningCardContents(
            bytes.fromhex(document.serial), pin, document.tries, MappingProxyType(keys)
        )

    def store(self, contents: SigningCardContents) -> None:
        """Replace the card's file. Raises CardFileRefused."""
        keys = {
            number: _KeyDocument(
                held.description.to_bytes().hex().upper(), held.private_key.to_pem().decode("ascii")
            )
            for number, held in contents.keys.items()
        }
        serial, pin = contents.serial.hex().upper(), contents.pin.hex().upper()
        document = _CardDocument("signing-card", FORMAT, serial, pin, contents.tries, keys)
        write_secret_file(self._path, document)
