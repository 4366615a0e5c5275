"""All that a terminal with a PSAM may read of a card, in one visit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from card.application import CardApplication
from card.connection import CardConnection
from card.field_encoding import Encoding
from card.files import Access, FileLayout, Record
from card.profile import CardProfile


@dataclass(frozen=True, repr=False)
class CardReading:
    """What was read from a card, and whether it is proven to be the card's. No `repr`: it is the holder's.

    All of it is verified or none: the two are never mixed in one reading.
    """

    profile: CardProfile
    is_verified: bool
    files: tuple[tuple[FileLayout, tuple[Record, ...]], ...]

    @classmethod
    def of(
        cls,
        connection: CardConnection,
        psam: CardConnection | None,
        profile: CardProfile,
        names: tuple[str, ...],
    ) -> Self:
        """Read these files, or without names all; without a PSAM only what everybody may read.

        Raises ForeignCard, AuthenticationRefused, PsamRefused, ApduRefused, AnswerMalformed,
        SecureMessagingBroken, ProfileLacks and what the connections raise.
        """
        readable = (Access.ALWAYS,) if psam is None else (Access.ALWAYS, Access.READER)
        files = [profile.file_named(name) for name in names] or [
            file for file in profile.file if file.read in readable
        ]
        application = CardApplication(connection, profile)
        application.select()
        if psam is not None:
            application.authenticate(psam)
        return cls(
            profile, psam is not None, tuple((file, application.read_file(file.name)) for file in files)
        )

    def pictures(self) -> Iterator[bytes]:
        """The pictures, in the order of the files."""
        for file, records in self.files:
            for field in file.field:
                for record in records:
                    value = record.get(field.name)
                    if field.encoding is Encoding.JPEG and isinstance(value, bytes):
                        yield value
