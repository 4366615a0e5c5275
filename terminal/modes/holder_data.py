"""What a counter's staff may see of a holder, for as long as the card lies there and no longer than a minute.

In memory alone. The picture is overwritten when it is dropped; Python overwrites no text, whose memory is
given back and used again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from card.card_reading import Assurance, CardReading
from card.connection import CardConnection
from card.field_encoding import FieldValue
from card.profile import CardProfile
from crypto.trust import TrustStore

# No more than is shown: neither the number of the certificate nor what is wrong with anybody.
FILES: Final = ("holder", "guardian", "companions", "photo")
NAME: Final = "name"


class HolderData:
    """Name, guardian, companions and photo of one holder. No `repr`: it is the holder's.

    `assurance`: what shows that they are the card's.
    """

    def __init__(self, reading: CardReading) -> None:
        self.assurance: Final[Assurance] = reading.assurance
        records = {file.name: found for file, found in reading.files}
        self._name = next((_text(record, NAME) for record in records["holder"]), "")
        self._guardian = next(
            (
                tuple(filter(None, (_text(record, field) for field in (NAME, "relation", "telephone"))))
                for record in records["guardian"]
            ),
            (),
        )
        self._companions = tuple(_text(record, NAME) for record in records["companions"])
        self._photo = bytearray(next(reading.pictures(), b""))

    @classmethod
    def read(
        cls, connection: CardConnection, psam: CardConnection, profile: CardProfile, trust: TrustStore
    ) -> HolderData:
        """Read through the PSAM, from a card whose issuer and chip are verified. Raises as CardReading.of."""
        return cls(CardReading.of(connection, psam, profile, FILES, trust=trust))

    @property
    def name(self) -> str:
        """The holder's; empty when wiped."""
        return self._name

    @property
    def guardian(self) -> tuple[str, ...]:
        """The guardian's name, relation and telephone, as far as the card has them."""
        return self._guardian

    @property
    def companions(self) -> tuple[str, ...]:
        """The names of those who may come along."""
        return self._companions

    @property
    def photo(self) -> bytearray:
        """The picture, JPEG; overwritten when wiped, so never to be copied."""
        return self._photo

    def wipe(self) -> None:
        """Overwrite and drop everything."""
        self._photo[:] = bytes(len(self._photo))
        self._photo = bytearray()
        self._name, self._guardian, self._companions = "", (), ()


def _text(record: Mapping[str, FieldValue], field: str) -> str:
    value = record.get(field, "")
    return value if isinstance(value, str) else ""
