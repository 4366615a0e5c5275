"""What a holder leaves: a need or a rating, as the text that is sealed into its event's words.

JSON arrays behind a tag, blanks at the end up to a multiple of `BLOCK_BYTES`: the length of what is sealed
stands in the clear, and must not tell which item was asked for. Each has one encoding.

The nonce that the card signs for such an event is a commitment to this text, salted by 16 random bytes in it:
so the card's own proof, and not the terminal's word alone, covers what was said.
"""

from __future__ import annotations

import secrets
from enum import StrEnum
from typing import Annotated, Final, TypeAlias

import msgspec

from crypto.sm3 import sm3
from terminal.events.challenge import MAX_SERVICE_CHARACTERS, SALT_BYTES, commitment
from terminal.events.event import MAX_WORDS, Digest
from terminal.events.voice import MAX_VOICE_BYTES
from terminal.needs.errors import NeedMalformed
from terminal.needs.wording_rules import MAX_CHARACTERS, is_clean

VERSION: Final = 1
BLOCK_BYTES: Final = 256
MAX_TEXT_BYTES: Final = MAX_WORDS
_COMMITMENT: Final = b"TONGKA-LEFT\x01"

ItemCode = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_SERVICE_CHARACTERS, pattern=r"^[!-~]+\Z")]
_Version = Annotated[int, msgspec.Meta(ge=VERSION, le=VERSION)]
_Salt = Annotated[bytes, msgspec.Meta(min_length=SALT_BYTES, max_length=SALT_BYTES)]
_Words = Annotated[str, msgspec.Meta(max_length=MAX_CHARACTERS)]


class Relation(StrEnum):
    """Who speaks, as they say themselves: the card proves that the holder's card was there."""

    HOLDER = "holder"
    FAMILY = "family"


class VoiceNote(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A recording that goes with a need: SM3 over its bytes, and how many they are."""

    digest: Digest
    size: Annotated[int, msgspec.Meta(ge=1, le=MAX_VOICE_BYTES)]

    @classmethod
    def of(cls, voice: bytes) -> VoiceNote:
        """The note for these bytes."""
        return cls(sm3(voice), len(voice))


class _Left(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What needs and ratings have in common; `salt` keeps the commitment from being tried out."""

    version: _Version
    salt: _Salt
    relation: Relation
    words: _Words

    def __post_init__(self) -> None:
        if not is_clean(self.words):
            raise ValueError("the words hold what they may not")

    def to_text(self) -> str:
        """The text that is sealed; ends with blanks."""
        data = msgspec.json.encode(self)
        padded = min(-(-len(data) // BLOCK_BYTES) * BLOCK_BYTES, MAX_TEXT_BYTES)
        return (data + b" " * (padded - len(data))).decode()

    def commitment(self, refers_to: int) -> bytes:
        """The 8-byte nonce of its event, which is about the event `refers_to` (0 for none)."""
        return commitment(_COMMITMENT, refers_to, self.to_text())

    def __repr__(self) -> str:
        # What somebody needs must never reach a log or a crash report.
        return f"{type(self).__name__}(…)"


class Need(_Left, frozen=True, array_like=True, forbid_unknown_fields=True, tag="need"):
    """Something is needed: the catalogue's item `item`, and whatever was said about it."""

    item: ItemCode
    voice: VoiceNote | None = None


class Rating(_Left, frozen=True, array_like=True, forbid_unknown_fields=True, tag="rating"):
    """What a holder thinks of the service just had: 1 (bad) to 5 (good)."""

    stars: Annotated[int, msgspec.Meta(ge=1, le=5)]


Left: TypeAlias = Need | Rating
_DECODER: Final[msgspec.json.Decoder[Left]] = msgspec.json.Decoder(Left)


def need(item: str, words: str = "", relation: Relation = Relation.HOLDER, voice: bytes = b"") -> Need:
    """A need, with a salt of its own; `words` cleaned (terminal.needs.wording_rules)."""
    note = VoiceNote.of(voice) if voice else None
    return Need(VERSION, secrets.token_bytes(SALT_BYTES), relation, words, item, note)


def rating(stars: int, words: str = "", relation: Relation = Relation.HOLDER) -> Rating:
    """A rating, with a salt of its own; `words` cleaned. Raises ValueError unless `stars` are 1 to 5."""
    if not 1 <= stars <= 5:
        raise ValueError("a rating is 1 to 5")
    return Rating(VERSION, secrets.token_bytes(SALT_BYTES), relation, words, stars)


def left_from_text(text: str) -> Left:
    """Parse the words of an event, strictly. Raises NeedMalformed."""
    data = text.encode(errors="surrogatepass")
    if len(data) > MAX_TEXT_BYTES:
        raise NeedMalformed(detail=f"{len(data)} bytes are too many")
    try:
        left = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        # msgspec names the place and the kind of fault, never the value found there.
        raise NeedMalformed(detail=str(error)) from error
    if left.to_text() != text:
        raise NeedMalformed(detail="not in its canonical encoding")
    return left
