"""What is fuzzed of needs: sealed words, published answers, recordings and receipts for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from crypto.credential import TapCredential
from crypto.errors import CryptoError
from crypto.sm3 import sm3
from terminal.errors import TerminalError
from terminal.events.errors import EventError
from terminal.events.voice import (
    SealedVoice,
    SignedVoiceReceipt,
    VoiceReceipt,
    seal_voice,
    sign_voice_receipt,
)
from terminal.needs.answers import Answer, CaseStatus, NeedAnswers, answer_secret, seal_answers
from terminal.needs.contents import VERSION, Need, Rating, Relation, VoiceNote, left_from_text
from terminal.needs.errors import NeedMalformed, VoiceRefused
from terminal.needs.recording_form import recording_suffix, require_recording
from tests.fuzz.fixed_trust import KEY
from tests.terminal.needs.recordings import opus, wav

_SALT: Final = bytes(range(16))
_SPEECH: Final = wav(0.02)
# The same in every process, so that a seed made in one is right in the other.
_CREDENTIAL: Final = TapCredential(
    issuer_key_id=bytes(8),
    card_id=bytes(8),
    categories=(4,),
    grade=2,
    region="500103",
    issued=date(2026, 1, 1),
    expires=date(2036, 1, 1),
    card_key=KEY.public_key,
    signature=bytes(range(64)),
)
_DAY: Final = date(2026, 11, 24)
_ANSWER: Final = Answer(7, "REHAB-FIX", _DAY, CaseStatus.ANSWERED, _DAY, "周五上门", "On Friday")
_HELD: Final = SealedVoice(bytes(8), 1, 7, b"", bytes(16)).to_bytes()
_RECEIPT: Final = sign_voice_receipt(VoiceReceipt(bytes(8), 1, 7, sm3(_HELD), 1), KEY)


def left_words(data: bytes) -> bool:
    """What was sealed as a need or rating, opened at the centre."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        left = left_from_text(text)
    except NeedMalformed:
        return False
    assert left.to_text() == text
    return True


def need_answers(data: bytes) -> bool:
    """A file of answers, and one card's entry in it."""
    try:
        found = NeedAnswers.from_bytes(data)
    except TerminalError:
        return False
    assert found.to_bytes() == data
    try:
        assert found.of_card(_CREDENTIAL) in ((), (_ANSWER,)), "an entry was made without the card"
    except TerminalError:
        return False
    return True


def sealed_voice(data: bytes) -> bool:
    """A sealed recording that a terminal sends."""
    try:
        found = SealedVoice.from_bytes(data)
        assert found.to_bytes() == data
        return bool(found.open(KEY))
    except (EventError, CryptoError):
        return False


def voice_receipt(data: bytes) -> bool:
    """What claims to be the centre's word for a recording."""
    try:
        found = SignedVoiceReceipt.from_bytes(data)
    except EventError:
        return False
    assert found.to_bytes() == data
    return found.is_for(_HELD, KEY.public_key)


def recording(data: bytes) -> bool:
    """A file that somebody says is a recording."""
    try:
        require_recording(data)
    except VoiceRefused:
        return False
    assert recording_suffix(data) in (".wav", ".opus")
    return True


NEEDS_TARGETS: Final[Mapping[str, Callable[[bytes], bool]]] = MappingProxyType(
    {
        "left-words": left_words,
        "need-answers": need_answers,
        "sealed-voice": sealed_voice,
        "voice-receipt": voice_receipt,
        "recording": recording,
    }
)


def needs_seeds() -> dict[str, list[bytes]]:
    """Inputs that each target accepts."""
    note = VoiceNote.of(_SPEECH)
    said = (
        Need(VERSION, _SALT, Relation.FAMILY, "轮椅坏了", "REHAB-FIX", note),
        Need(VERSION, _SALT, Relation.HOLDER, "", "REHAB-FIX"),
        Rating(VERSION, _SALT, Relation.HOLDER, "很好", 5),
    )
    return {
        "left-words": [one.to_text().encode() for one in said],
        "need-answers": [seal_answers({answer_secret(_CREDENTIAL): [_ANSWER], bytes(32): []}).to_bytes()],
        "sealed-voice": [seal_voice(bytes(8), 1, 7, _SPEECH, KEY.public_key).to_bytes()],
        "voice-receipt": [_RECEIPT.to_bytes()],
        "recording": [_SPEECH, opus()],
    }
