"""What staff at a counter did: which papers they saw and what they compared by eye. Codes alone, no words.

The nonce that the card signs for such an event is a commitment to the note, salted by 16 random bytes in it:
what was registered rests on the card's own proof, and can't be exchanged once the card has signed.
"""

from __future__ import annotations

import secrets
from enum import StrEnum
from typing import Annotated, Final

import msgspec

from crypto.assurance import Assurance
from terminal.decisions.toml_document import ServiceCode
from terminal.events.challenge import MAX_SEQUENCE, SALT_BYTES, commitment
from terminal.events.errors import EventMalformed

MAX_DOCUMENTS: Final = 20
_COMMITMENT: Final = b"TONGKA-NOTE\x01"
# Indexes into a service's documents, from 0.
DocumentIndex = Annotated[int, msgspec.Meta(ge=0, lt=MAX_DOCUMENTS)]
DocumentIndexes = Annotated[tuple[DocumentIndex, ...], msgspec.Meta(max_length=MAX_DOCUMENTS)]
_Salt = Annotated[bytes, msgspec.Meta(min_length=SALT_BYTES, max_length=SALT_BYTES)]


class Purpose(StrEnum):
    """What a registered event is about."""

    COMPARISON = "comparison"  # staff compared somebody with the card; nothing else
    VISIT = "visit"  # the holder came about a service: advice, an errand
    APPLICATION = "application"
    SUPPLEMENT = "supplement"  # papers that were missing are handed in
    COLLECTION = "collection"  # what was applied for is fetched


class EyeCheck(StrEnum):
    """What somebody saw; never to be taken for what cryptography shows (`Assurance`)."""

    MATCHES = "matches"
    DIFFERS = "differs"
    NOT_CHECKED = "not_checked"


class CounterNote(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, kw_only=True, tag="note"
):
    """The sealed words of what was registered in a visit; a JSON array, one encoding per note.

    `salt`: 16 random bytes (`new_salt()`), which keep the commitment from being tried out.
    `service`: what was registered, None for a comparison. It stands here alone, for many a service names the
    category of those whom it is for; the event is at the counter's own. `documents`: which of the service's
    documents were shown, by their indexes, ascending. `photo`: whether staff saw the person to be the holder;
    `companion`: whether to be a guardian or companion whom the card names. `companion_tap`: the event of the
    companion card that was tapped behind the holder's, 0 for none. `data`: what showed that the data staff
    compared with were the card's, "none" where none were read.
    """

    salt: _Salt
    purpose: Purpose
    service: ServiceCode | None = None
    documents: DocumentIndexes = ()
    photo: EyeCheck = EyeCheck.NOT_CHECKED
    companion: EyeCheck = EyeCheck.NOT_CHECKED
    companion_tap: Annotated[int, msgspec.Meta(ge=0, le=MAX_SEQUENCE)] = 0
    data: Assurance = Assurance.NONE

    def __post_init__(self) -> None:
        if (self.service is None) != (self.purpose is Purpose.COMPARISON):
            raise ValueError("a comparison is about no service, and everything else about one")
        if list(self.documents) != sorted(set(self.documents)):
            raise ValueError("documents are named once each, in ascending order")

    @classmethod
    def from_words(cls, words: str) -> CounterNote:
        """The note in an opened event's words. Raises EventMalformed."""
        try:
            note = msgspec.json.decode(words, type=cls)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise EventMalformed(kind="counter note", detail=str(error)) from error
        if note.to_words() != words:
            raise EventMalformed(kind="counter note", detail="not in its canonical encoding")
        return note

    def to_words(self) -> str:
        """The words that are sealed; at most MAX_WORDS characters."""
        return msgspec.json.encode(self).decode()

    def commitment(self, refers_to: int) -> bytes:
        """The 8-byte nonce of its event, which is about the visit `refers_to`."""
        return commitment(_COMMITMENT, refers_to, self.to_words())


def new_salt() -> bytes:
    """A salt for one note."""
    return secrets.token_bytes(SALT_BYTES)
