"""A recording on its way up, behind its need, and the answer to it (docs/sync-protocol.md)."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from crypto.content_signature import SignedContext, sign_content, verify_content
from crypto.errors import ContentSignatureInvalid
from crypto.signer import Signer
from crypto.sm2 import PublicKey
from crypto.sm3 import sm3
from sync.protocol.encoding import FORMAT_VERSION, Limits, MediaType, decode, encode
from terminal.events.checkpoint import Signature
from terminal.events.voice import MAX_SEALED_VOICE_BYTES, SignedVoiceReceipt

# In JSON, bytes stand in Base64.
VOICE_LIMITS: Final = Limits(wire=1_441_792, plain=1_114_112)
ANSWER_LIMITS: Final = Limits(wire=4_096, plain=4_096)


class VoiceUpload(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`voice`: a SealedVoice's own bytes; `signature`: the terminal's over SM3 of them."""

    version: int = FORMAT_VERSION
    voice: Annotated[bytes, msgspec.Meta(min_length=1, max_length=MAX_SEALED_VOICE_BYTES)]
    signature: Signature

    @classmethod
    def from_bytes(cls, body: bytes, media_type: MediaType = MediaType.MSGPACK_ZSTD) -> VoiceUpload:
        """Parse a body from anybody. Raises a MessageRefused."""
        return decode(body, cls, media_type, VOICE_LIMITS)

    def to_bytes(self, media_type: MediaType = MediaType.MSGPACK_ZSTD) -> bytes:
        """The body as it is sent."""
        return encode(self, media_type)

    def verify(self, terminal_key: PublicKey) -> bool:
        """Whether the terminal signed it."""
        try:
            verify_content(terminal_key, SignedContext.VOICE, sm3(self.voice), self.signature)
        except ContentSignatureInvalid:
            return False
        return True


def sign_voice(voice: bytes, signer: Signer) -> VoiceUpload:
    """The upload of a sealed recording, signed by the terminal's key."""
    return VoiceUpload(voice=voice, signature=sign_content(signer, SignedContext.VOICE, sm3(voice)))


class VoiceAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The centre holds the recording."""

    version: int = FORMAT_VERSION
    receipt: SignedVoiceReceipt

    @classmethod
    def from_bytes(cls, body: bytes, media_type: MediaType = MediaType.MSGPACK_ZSTD) -> VoiceAnswer:
        """Parse what claims to be a centre's answer. Raises a MessageRefused."""
        return decode(body, cls, media_type, ANSWER_LIMITS)

    def to_bytes(self, media_type: MediaType = MediaType.MSGPACK_ZSTD) -> bytes:
        """The body as it is sent."""
        return encode(self, media_type)
