"""A virtual card kept in a file between two taps: credential, chip key and transaction counter.

    {"format": 1, "credential": "7F21…", "private_key": "-----BEGIN PRIVATE KEY-----…", "counter": 0}

The file holds a private key: it is made with mode 0600 and refused when others can read it.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Annotated

import msgspec

from card.errors import CardFileRefused
from card.simulator.applet import MAX_COUNTER
from card.simulator.personalisation import PersonalisedCard
from crypto.errors import KeyMalformed
from crypto.sm2 import PrivateKey

FORMAT = 1
MAX_CREDENTIAL_HEX = 512


class _CardDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    credential: Annotated[str, msgspec.Meta(max_length=MAX_CREDENTIAL_HEX, pattern=r"^(?:[0-9A-Fa-f]{2})*\Z")]
    private_key: Annotated[str, msgspec.Meta(max_length=4096)]
    counter: Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNTER)]


class MemoryCounter:
    """A transaction counter that lasts as long as the process."""

    def __init__(self, value: int = 0) -> None:
        self._value = value

    def advance(self) -> int | None:
        """The next number, or None after the last."""
        if self._value == MAX_COUNTER:
            return None
        self._value += 1
        return self._value


class CardFile:
    """One card's file; also the card's durable transaction counter."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def create(cls, path: Path, card: PersonalisedCard) -> CardFile:
        """Write a card that has never been tapped. An existing file is not overwritten: CardFileRefused."""
        if path.exists():
            raise CardFileRefused(file=path, detail="it exists already")
        file = cls(path)
        file._store(
            _CardDocument(FORMAT, card.credential.hex().upper(), card.private_key.to_pem().decode("ascii"), 0)
        )
        return file

    def load(self) -> PersonalisedCard:
        """The card. Raises CardFileRefused."""
        document = self._read()
        try:
            key = PrivateKey.from_pem(document.private_key.encode())
        except KeyMalformed as error:
            raise CardFileRefused(file=self._path, detail=error.facts["detail"]) from error
        return PersonalisedCard(bytes.fromhex(document.credential), key)

    def advance(self) -> int | None:
        """The next number, on disk before it is returned; None after the last. Raises CardFileRefused."""
        document = self._read()
        if document.counter == MAX_COUNTER:
            return None
        counter = document.counter + 1
        self._store(msgspec.structs.replace(document, counter=counter))
        return counter

    def _read(self) -> _CardDocument:
        try:
            if stat.S_IMODE(self._path.stat().st_mode) & 0o077:
                raise CardFileRefused(file=self._path, detail="others may read it (chmod 600)")
            document = msgspec.json.decode(self._path.read_bytes(), type=_CardDocument)
        except OSError as error:
            raise CardFileRefused(file=self._path, detail=error.strerror) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise CardFileRefused(file=self._path, detail=str(error)) from error
        if document.format != FORMAT:
            raise CardFileRefused(file=self._path, detail=f"format {document.format} is not known")
        return document

    def _store(self, document: _CardDocument) -> None:
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(document)))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path)
        except OSError as error:
            raise CardFileRefused(file=self._path, detail=error.strerror) from error
        finally:
            temporary.unlink(missing_ok=True)
