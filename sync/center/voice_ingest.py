"""Taking in the recording that goes with a need: sealed as it comes, once, and only behind its event."""

from __future__ import annotations

from typing import Final

from crypto.explained import Text
from crypto.sm3 import sm3
from sync.center.ingest import count_refusal, terminal_key
from sync.center.keys import CenterKeys
from sync.center.store import CenterStore
from sync.errors import MessageMalformed, MessageRefused, VoiceUnfit
from sync.protocol.voice import VoiceAnswer, VoiceUpload
from terminal.events.errors import EventMalformed
from terminal.events.event import UsageEvent
from terminal.events.kind import EventKind
from terminal.events.voice import SealedVoice, VoiceReceipt, sign_voice_receipt

_NOT_SIGNED: Final = Text(zh="签名与终端不符", en="its terminal did not sign it")
_NO_NEED: Final = Text(zh="中心没有这条需求", en="there is no such need here")
_ANOTHER: Final = Text(zh="已有另一份录音", en="another recording is here already")


def take_voice(store: CenterStore, keys: CenterKeys, message: VoiceUpload, now_ms: int) -> VoiceAnswer:
    """Store a recording, any number of times; the answer holds the centre's signature for it.

    Raises a MessageRefused where it is not acceptable; that is counted, and nothing else changes.
    """
    try:
        voice = SealedVoice.from_bytes(message.voice)
    except EventMalformed as error:
        raise MessageMalformed(detail=str(error.facts["detail"])) from error
    try:
        if not message.verify(terminal_key(store, keys, voice.terminal, voice.epoch, now_ms)):
            raise VoiceUnfit(sequence=voice.sequence, detail=_NOT_SIGNED)
        _keep(store, voice, message.voice, now_ms)
    except MessageRefused as error:
        count_refusal(store, voice.terminal, voice.epoch, error, now_ms)
        raise
    said = VoiceReceipt(voice.terminal, voice.epoch, voice.sequence, sm3(message.voice), now_ms)
    return VoiceAnswer(receipt=sign_voice_receipt(said, keys.receipt))


def _keep(store: CenterStore, voice: SealedVoice, data: bytes, now_ms: int) -> None:
    place = (voice.terminal, voice.epoch, voice.sequence)
    with store.transaction() as connection:
        row = connection.execute(
            "SELECT bytes FROM events WHERE terminal = ? AND epoch = ? AND sequence = ?", place
        ).fetchone()
        # Stored events were parsed when they came.
        if row is None or UsageEvent.from_bytes(row[0]).kind is not EventKind.NEED:
            raise VoiceUnfit(sequence=voice.sequence, detail=_NO_NEED)
        connection.execute(
            "INSERT INTO voices VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", (*place, data, now_ms)
        )
        (held,) = connection.execute(
            "SELECT bytes FROM voices WHERE terminal = ? AND epoch = ? AND sequence = ?", place
        ).fetchone()
    if held != data:
        raise VoiceUnfit(sequence=voice.sequence, detail=_ANOTHER)
