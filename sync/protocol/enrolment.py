"""Enrolment: a terminal shows a one-time code and a certificate request, and gets its identity and the root.

The code carries two things: a secret that proves the terminal to the centre, and the fingerprint of the
centre's root key that proves the centre to the terminal. So the first contact needs no other trust.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec

from crypto.errors import KeyMalformed
from crypto.explained import Text
from crypto.signer import Signer
from crypto.sm2 import PublicKey
from crypto.sm3 import sm3
from sync.errors import CenterNotGenuine, CodeMalformed
from sync.protocol.batch import Epoch
from sync.protocol.encoding import FORMAT_VERSION, Limits, MediaType, decode, encode
from terminal.events.event import Bytes8

REQUEST_LIMITS: Final = Limits(wire=16_384, plain=16_384)
ANSWER_LIMITS: Final = Limits(wire=65_536, plain=65_536)
MAX_INTERMEDIATES: Final = 4
MAX_PEM_BYTES: Final = 8192

# What the root key signs here can never be taken for a certificate, which starts with an ASN.1 SEQUENCE.
_GRANT_PREFIX: Final = b"enrolment\x00"

_NO_KEY: Final = Text(zh="其根密钥不是 SM2 密钥", en="its root key is no SM2 key")
_OTHER_KEY: Final = Text(zh="其根密钥不是登记码所指的", en="its root key is not the one that the code names")
_UNSIGNED: Final = Text(zh="签名不是其根密钥所签", en="the signature is not its root key's")

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
_LOOK_ALIKES: Final = str.maketrans("ILO", "110", "- \t\r\n")
_GROUP: Final = 4
_LOCATOR_CHARACTERS: Final = 4
_SECRET_CHARACTERS: Final = 16  # 80 bits, and the centre blocks a code after a few wrong ones
_FINGERPRINT_CHARACTERS: Final = 20  # 100 bits: nobody finds a second key with the same
_CODE_CHARACTERS: Final = _LOCATOR_CHARACTERS + _SECRET_CHARACTERS + _FINGERPRINT_CHARACTERS
CODE_GROUPS: Final = _CODE_CHARACTERS // _GROUP


@dataclass(frozen=True)
class EnrolmentCode:
    """A one-time code: which one it is, its secret, and the fingerprint of the centre's root key."""

    locator: str
    secret: str
    fingerprint: str

    @classmethod
    def generate(cls, root_key: PublicKey) -> EnrolmentCode:
        """A new code of the centre with this root key."""
        drawn = "".join(secrets.choice(_ALPHABET) for _ in range(_LOCATOR_CHARACTERS + _SECRET_CHARACTERS))
        return cls(drawn[:_LOCATOR_CHARACTERS], drawn[_LOCATOR_CHARACTERS:], key_fingerprint(root_key))

    @classmethod
    def from_text(cls, text: str) -> EnrolmentCode:
        """Parse what was scanned or typed: case, spaces and hyphens don't matter. Raises CodeMalformed."""
        plain = text.upper().translate(_LOOK_ALIKES)
        if len(plain) != _CODE_CHARACTERS or not set(plain) <= set(_ALPHABET):
            raise CodeMalformed(groups=CODE_GROUPS)
        secret_end = _LOCATOR_CHARACTERS + _SECRET_CHARACTERS
        return cls(plain[:_LOCATOR_CHARACTERS], plain[_LOCATOR_CHARACTERS:secret_end], plain[secret_end:])

    @staticmethod
    def locator_of(presented: str) -> str:
        """Which code it is that a terminal presents."""
        return presented[:_LOCATOR_CHARACTERS]

    @property
    def presented(self) -> str:
        """What the terminal sends: locator and secret. The fingerprint it keeps, to judge the answer by."""
        return self.locator + self.secret

    def to_text(self) -> str:
        """The whole code in groups of four."""
        plain = self.presented + self.fingerprint
        return "-".join(plain[start : start + _GROUP] for start in range(0, len(plain), _GROUP))

    def __repr__(self) -> str:
        return f"EnrolmentCode({self.locator}-…)"


def key_fingerprint(key: PublicKey) -> str:
    """The first 100 bits of the SM3 digest of a public key's compressed point, in base 32."""
    number = int.from_bytes(sm3(key.point), "big") >> (256 - 5 * _FINGERPRINT_CHARACTERS)
    return "".join(
        _ALPHABET[(number >> (5 * place)) & 31] for place in reversed(range(_FINGERPRINT_CHARACTERS))
    )


_PresentedCode = Annotated[str, msgspec.Meta(pattern=r"\A[0-9A-HJKMNP-TV-Z]{20}\Z")]
_Pem = Annotated[bytes, msgspec.Meta(min_length=1, max_length=MAX_PEM_BYTES)]
_Operator = Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9][a-z0-9-]{0,39}\Z")]
_Service = Annotated[str, msgspec.Meta(pattern=r"\A[!-~]{1,12}\Z")]
_Region = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{6}\Z")]


class EnrolmentRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A terminal asks to be enrolled: `code` is EnrolmentCode.presented, `csr` a PKCS #10 request in PEM."""

    version: int = FORMAT_VERSION
    code: _PresentedCode
    csr: _Pem

    @classmethod
    def from_bytes(cls, body: bytes, media_type: MediaType = MediaType.MSGPACK_ZSTD) -> EnrolmentRequest:
        """Parse a body from anybody. Raises a MessageRefused."""
        return decode(body, cls, media_type, REQUEST_LIMITS)

    def to_bytes(self, media_type: MediaType = MediaType.MSGPACK_ZSTD) -> bytes:
        """The body as it is sent."""
        return encode(self, media_type)

    def __repr__(self) -> str:
        return "EnrolmentRequest(…)"


class EnrolmentGrant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who the terminal is, its certificate, and the root; what it works with it then downloads."""

    version: int = FORMAT_VERSION
    terminal: Bytes8
    epoch: Epoch
    operator: _Operator
    region: _Region
    service: _Service
    certificate: _Pem
    intermediates: Annotated[list[_Pem], msgspec.Meta(max_length=MAX_INTERMEDIATES)]
    root_certificate: _Pem


class EnrolmentAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An encoded EnrolmentGrant, the centre's root key (compressed point), and its signature over it."""

    version: int = FORMAT_VERSION
    grant: Annotated[bytes, msgspec.Meta(max_length=ANSWER_LIMITS.wire)]
    root_key: Annotated[bytes, msgspec.Meta(min_length=33, max_length=33)]
    signature: Annotated[bytes, msgspec.Meta(min_length=64, max_length=64)]

    @classmethod
    def from_bytes(cls, body: bytes, media_type: MediaType = MediaType.MSGPACK_ZSTD) -> EnrolmentAnswer:
        """Parse what claims to be a centre's answer. Raises a MessageRefused."""
        return decode(body, cls, media_type, ANSWER_LIMITS)

    def to_bytes(self, media_type: MediaType = MediaType.MSGPACK_ZSTD) -> bytes:
        """The body as it is sent."""
        return encode(self, media_type)

    def open(self, code: EnrolmentCode) -> EnrolmentGrant:
        """The grant, if the centre that issued `code` signed it.

        Raises CenterNotGenuine, or a MessageRefused if what was signed can't be read.
        """
        try:
            root_key = PublicKey.from_point(self.root_key)
        except KeyMalformed as error:
            raise CenterNotGenuine(detail=_NO_KEY) from error
        if key_fingerprint(root_key) != code.fingerprint:
            raise CenterNotGenuine(detail=_OTHER_KEY)
        if not root_key.verify(self.signature, _signed_bytes(self.grant)):
            raise CenterNotGenuine(detail=_UNSIGNED)
        return decode(self.grant, EnrolmentGrant, MediaType.MSGPACK_ZSTD, ANSWER_LIMITS)


def sign_grant(grant: EnrolmentGrant, root_key: Signer) -> EnrolmentAnswer:
    """The answer that carries this grant, signed by the centre's root key."""
    encoded = encode(grant)
    return EnrolmentAnswer(
        grant=encoded,
        root_key=root_key.public_key.point,
        signature=root_key.sign(_signed_bytes(encoded)),
    )


def _signed_bytes(grant: bytes) -> bytes:
    return _GRANT_PREFIX + grant
