"""What staff at a counter did: which papers they saw and what they compared by eye. Codes alone, no words."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import msgspec

from card.card_reading import Assurance
from terminal.events.errors import EventMalformed

MAX_DOCUMENTS: Final = 20
# Indexes into a service's documents, from 0.
DocumentIndex = Annotated[int, msgspec.Meta(ge=0, lt=MAX_DOCUMENTS)]
DocumentIndexes = Annotated[tuple[DocumentIndex, ...], msgspec.Meta(max_length=MAX_DOCUMENTS)]


class Purpose(StrEnum):
    """Why a holder came."""

    VISIT = "visit"
    APPLICATION = "application"


class EyeCheck(StrEnum):
    """What somebody saw; never to be taken for what cryptography shows (`Assurance`)."""

    MATCHES = "matches"
    DIFFERS = "differs"
    NOT_CHECKED = "not_checked"


class CounterNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The sealed words of a registered visit; JSON.

    `documents`: which of the service's documents were shown, by their indexes, ascending. `photo` and
    `companion`: whether staff saw them to match. `data`: what showed that the data staff compared with were
    the card's, "none" where none were read.
    """

    purpose: Purpose
    documents: DocumentIndexes = ()
    photo: EyeCheck = EyeCheck.NOT_CHECKED
    companion: EyeCheck = EyeCheck.NOT_CHECKED
    data: Assurance = Assurance.NONE

    @classmethod
    def from_words(cls, words: str) -> CounterNote:
        """The note in an opened event's words. Raises EventMalformed."""
        try:
            return msgspec.json.decode(words, type=cls)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise EventMalformed(kind="counter note", detail=str(error)) from error

    def to_words(self) -> str:
        """The words that are sealed; at most MAX_WORDS characters."""
        return msgspec.json.encode(self).decode()
