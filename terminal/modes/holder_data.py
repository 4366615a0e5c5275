"""What a counter's staff may see of a holder, for as long as the card lies there and no longer than a minute.

In memory alone. Pictures are overwritten when they are dropped; Python overwrites no text, whose memory is
given back and used again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from card.card_reading import CardReading
from card.connection import CardConnection
from card.errors import CardTorn
from card.field_encoding import FieldValue
from card.files import Record
from card.profile import CardProfile
from crypto.assurance import Assurance
from crypto.credential import TapCredential
from crypto.trust import TrustStore

# No more than is needed: what is wrong with anybody is none of a counter's business.
FILES: Final = ("holder", "guardian", "companions", "photo", "companion_photo")


@dataclass(frozen=True, repr=False)
class Guardian:
    """Whoever answers for the holder; empty where the card says nothing. No `repr`: it is somebody's."""

    name: str
    relation: str
    telephone: str


@dataclass(frozen=True, repr=False)
class Companion:
    """Somebody whom the card names as a companion, up to a day that has not passed. No `repr`."""

    name: str
    until: str


class HolderData:
    """Name, number, guardian, companions and photos of one holder. No `repr`: it is the holder's.

    `assurance`: what shows that they are the card's. `today`: companions who were one until earlier are left
    out.
    """

    def __init__(self, reading: CardReading, today: date) -> None:
        self.assurance: Final[Assurance] = reading.assurance
        records = {file.name: found for file, found in reading.files}
        holder = next(iter(records["holder"]), {})
        self._name, self._number = _text(holder, "name"), _text(holder, "certificate_number")
        self._guardians = tuple(
            Guardian(_text(one, "name"), _text(one, "relation"), _text(one, "telephone"))
            for one in records["guardian"]
        )
        named = (Companion(_text(one, "name"), _text(one, "until")) for one in records["companions"])
        self._companions = tuple(one for one in named if one.until >= today.isoformat())
        self._photo = _picture(records["photo"])
        self._companion_photo = _picture(records["companion_photo"])

    @classmethod
    def read(  # noqa: PLR0917  as CardReading.of
        cls,
        connection: CardConnection,
        psam: CardConnection,
        profile: CardProfile,
        trust: TrustStore,
        verified: TapCredential,
        today: date,
    ) -> HolderData:
        """Read through the PSAM, from the card that was just `verified`.

        Raises CardTorn where another one answers now (its holder's name and photo would stand for the first
        one's), and as CardReading.of.
        """
        reading = CardReading.of(connection, psam, profile, FILES, trust=trust)
        if reading.credential != verified:
            raise CardTorn
        return cls(reading, today)

    @property
    def name(self) -> str:
        """The holder's; empty when wiped."""
        return self._name

    @property
    def number(self) -> str:
        """The certificate's; empty when wiped."""
        return self._number

    @property
    def guardians(self) -> tuple[Guardian, ...]:
        """One, or none."""
        return self._guardians

    @property
    def companions(self) -> tuple[Companion, ...]:
        """Those who may come along."""
        return self._companions

    @property
    def photo(self) -> bytearray:
        """The holder's picture, JPEG, empty for none; overwritten when wiped, so never to be copied."""
        return self._photo

    @property
    def companion_photo(self) -> bytearray:
        """The companion's, likewise."""
        return self._companion_photo

    def wipe(self) -> None:
        """Overwrite and drop everything."""
        for picture in (self._photo, self._companion_photo):
            picture[:] = bytes(len(picture))
        self._photo, self._companion_photo = bytearray(), bytearray()
        self._name, self._number, self._guardians, self._companions = "", "", (), ()


def _text(record: Mapping[str, FieldValue], field: str) -> str:
    value = record.get(field, "")
    return value if isinstance(value, str) else ""


def _picture(records: tuple[Record, ...]) -> bytearray:
    """The picture in a file of one picture."""
    found: Iterator[FieldValue] = (value for record in records for value in record.values())
    return bytearray(next((value for value in found if isinstance(value, bytes)), b""))
