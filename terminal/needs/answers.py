"""The answers to needs, as they are published: found and read with the card in hand, and not otherwise.

For each card with open or recent cases there is one entry: a tag, and the answers under SM4-GCM. Tag and key
come by HMAC-SM3 from the card's secret, SM3 over its whole tap credential, and from the publication's own
salt. A terminal sees a credential while it is tapped and keeps none; an id of a card, which registers and
hotlists have, gives no entry, since the credential ends in the issuer's signature of 64 bytes. With the salt
all tags change at each publication. An entry's length is a multiple of `BLOCK_BYTES`, and entries stand in
the order of their tags, so that neither tells whose it is.

    secret = SM3("TONGKA-ANSWERS" ‖ 01 ‖ credential)
    tag = HMAC-SM3(secret, "tag" ‖ salt)[:16]        key = HMAC-SM3(secret, "key" ‖ salt)[:16]
    sealed = SM4-GCM(key, nonce = 0, length (2) ‖ answers ‖ zeros, associated data = salt ‖ tag)
"""

from __future__ import annotations

import secrets
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Final

import msgspec

from crypto.credential import TapCredential
from crypto.errors import SealBroken
from crypto.explained import Text
from crypto.sealed_once import KEY_BYTES, TAG_BYTES, open_once, seal_once
from crypto.sm3 import hmac_sm3, sm3
from terminal.needs.contents import ItemCode
from terminal.needs.errors import AnswersMalformed
from terminal.needs.wording_rules import is_clean

FORMAT: Final = 1
SALT_BYTES: Final = 16
ENTRY_TAG_BYTES: Final = 16
BLOCK_BYTES: Final = 512
MAX_ANSWER_CHARACTERS: Final = 300
MAX_ANSWER_BYTES: Final = 900
#: The newest of one card; what was closed long ago is not published.
ANSWERS_A_CARD: Final = 8
MAX_ENTRIES: Final = 20_000
_MAX_SEALED: Final = 16_384 + TAG_BYTES
_LENGTH_BYTES: Final = 2
_SECRET: Final = b"TONGKA-ANSWERS\x01"
_NOT_CANONICAL: Final = Text(zh="编码不规范", en="it is not in its canonical encoding")
_UNREADABLE: Final = Text(zh="其中一项无法解读", en="one of its entries can't be read")


class CaseStatus(StrEnum):
    """How far a need is; the text for its holder stands beside it."""

    RECEIVED = "received"
    ASSIGNED = "assigned"
    ANSWERED = "answered"
    CLOSED = "closed"

    @property
    def text(self) -> Text:
        """What the holder sees."""
        return _STATUS_TEXTS[self]


_STATUS_TEXTS: Final[Mapping[CaseStatus, Text]] = {
    CaseStatus.RECEIVED: Text(zh="已收到", en="received"),
    CaseStatus.ASSIGNED: Text(zh="已派人办理", en="somebody is at work on it"),
    CaseStatus.ANSWERED: Text(zh="已答复", en="answered"),
    CaseStatus.CLOSED: Text(zh="已办结", en="closed"),
}
_AnswerText = Annotated[str, msgspec.Meta(max_length=MAX_ANSWER_CHARACTERS)]


class Answer(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """How one need stands: its case number, item, days of asking and of the last change, and the answer.

    `zh` and `en` are empty until there is an answer.
    """

    case: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    item: ItemCode
    asked: date
    status: CaseStatus
    changed: date
    zh: _AnswerText = ""
    en: _AnswerText = ""

    def __post_init__(self) -> None:
        if not all(is_clean(text, MAX_ANSWER_CHARACTERS, MAX_ANSWER_BYTES) for text in (self.zh, self.en)):
            raise ValueError("an answer holds what it may not")

    def __repr__(self) -> str:
        # What somebody asked for must never reach a log or a crash report.
        return "Answer(…)"


_Answers = Annotated[tuple[Answer, ...], msgspec.Meta(max_length=ANSWERS_A_CARD)]


class AnswerEntry(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One card's answers, sealed."""

    tag: Annotated[bytes, msgspec.Meta(min_length=ENTRY_TAG_BYTES, max_length=ENTRY_TAG_BYTES)]
    sealed: Annotated[bytes, msgspec.Meta(min_length=BLOCK_BYTES + TAG_BYTES, max_length=_MAX_SEALED)]


class NeedAnswers(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """All answers of one publication, in the order of their tags."""

    format: Annotated[int, msgspec.Meta(ge=FORMAT, le=FORMAT)]
    salt: Annotated[bytes, msgspec.Meta(min_length=SALT_BYTES, max_length=SALT_BYTES)]
    entries: Annotated[tuple[AnswerEntry, ...], msgspec.Meta(max_length=MAX_ENTRIES)]

    @classmethod
    def from_bytes(cls, data: bytes) -> NeedAnswers:
        """Parse a published file, strictly; opens no entry. Raises AnswersMalformed."""
        try:
            found = msgspec.msgpack.decode(data, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise AnswersMalformed(detail=str(error)) from error
        tags = [entry.tag for entry in found.entries]
        if found.to_bytes() != data or tags != sorted(set(tags)):
            raise AnswersMalformed(detail=_NOT_CANONICAL)
        return found

    def to_bytes(self) -> bytes:
        """The file that is published."""
        return msgspec.msgpack.encode(self)

    def of_card(self, credential: TapCredential) -> tuple[Answer, ...]:
        """What this card's holder asked for, newest first; empty where there is nothing.

        Raises AnswersMalformed where the card's entry can't be read.
        """
        tag, key = _derived(answer_secret(credential), self.salt)
        place = bisect_left(self.entries, tag, key=lambda entry: entry.tag)
        if place == len(self.entries) or self.entries[place].tag != tag:
            return ()
        try:
            return _unpacked(open_once(key, self.entries[place].sealed, self.salt + tag))
        except SealBroken as error:
            raise AnswersMalformed(detail=_UNREADABLE) from error


def answer_secret(credential: TapCredential) -> bytes:
    """The 32 bytes by which this card's answers are found and read; says nothing of the card by itself."""
    return sm3(_SECRET + credential.to_bytes())


def seal_answers(answers: Mapping[bytes, Iterable[Answer]]) -> NeedAnswers:
    """A publication of these answers, by the cards' secrets; of each card the newest `ANSWERS_A_CARD`."""
    salt = secrets.token_bytes(SALT_BYTES)
    entries = []
    for secret, of_card in answers.items():
        tag, key = _derived(secret, salt)
        newest = sorted(of_card, key=lambda answer: answer.case, reverse=True)[:ANSWERS_A_CARD]
        entries.append(AnswerEntry(tag, seal_once(key, _packed(tuple(newest)), salt + tag)))
    return NeedAnswers(FORMAT, salt, tuple(sorted(entries, key=lambda entry: entry.tag)))


#: What is in force where no file of answers was published.
NO_ANSWERS: Final = NeedAnswers(FORMAT, bytes(SALT_BYTES), ())


def _derived(secret: bytes, salt: bytes) -> tuple[bytes, bytes]:
    """Tag and key of a card's entry in one publication."""
    return hmac_sm3(secret, b"tag" + salt)[:ENTRY_TAG_BYTES], hmac_sm3(secret, b"key" + salt)[:KEY_BYTES]


def _packed(answers: tuple[Answer, ...]) -> bytes:
    data = msgspec.msgpack.encode(answers)
    whole = len(data).to_bytes(_LENGTH_BYTES) + data
    return whole.ljust(-(-len(whole) // BLOCK_BYTES) * BLOCK_BYTES, b"\x00")


def _unpacked(whole: bytes) -> tuple[Answer, ...]:
    """The answers in an opened entry. Raises AnswersMalformed."""
    data = whole[_LENGTH_BYTES:][: int.from_bytes(whole[:_LENGTH_BYTES])]
    try:
        answers = msgspec.msgpack.decode(data, type=_Answers)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # The centre sealed it for this card: what is in it is not told.
        raise AnswersMalformed(detail=_UNREADABLE) from error
    if _packed(answers) != whole:
        raise AnswersMalformed(detail=_UNREADABLE)
    return answers
