"""What a card issuer hands to a centre to have its key certified: a JSON file, public.

The certificate request in it proves that the issuer holds the key. Rotation is another such file: the windows
of two keys may overlap, and cards of the old key stay good.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import msgspec

from crypto.credential import KEY_ID_BYTES
from crypto.errors import CertificateRefused, IssuerRequestMalformed
from crypto.explained import Text
from crypto.pki.request import make_request, read_request
from crypto.signer import Signer
from crypto.sm2 import PublicKey
from crypto.trust import IssuerKey

MAX_REQUEST_BYTES: Final = 16_384
# What a credential's dates can say (crypto.credential).
FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2099


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    key_id: str
    not_before: date
    not_after: date
    request: str


@dataclass(frozen=True)
class IssuerRequest:
    """A key that its holder wants certified: 8 bytes of id, and the days on which it issues cards.

    `request` is a PKCS #10 request in PEM whose common name is the id in hexadecimal digits.
    """

    key_id: bytes
    not_before: date
    not_after: date
    request: bytes
    public_key: PublicKey

    @classmethod
    def make(cls, signer: Signer, key: IssuerKey) -> IssuerRequest:
        """The request for this key, signed by its holder."""
        request = make_request(signer, key.key_id.hex())
        return cls(key.key_id, key.not_before, key.not_after, request, signer.public_key)

    @classmethod
    def from_bytes(cls, data: bytes) -> IssuerRequest:
        """Parse the JSON file, the request's own signature verified. Raises IssuerRequestMalformed."""
        if len(data) > MAX_REQUEST_BYTES:
            raise IssuerRequestMalformed(detail=Text(zh="文件过大", en="the file is too long"))
        try:
            document = msgspec.json.decode(data, type=_Document)
            key_id = bytes.fromhex(document.key_id)
            requested = read_request(document.request.encode())
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError) as error:
            raise IssuerRequestMalformed(detail=str(error)) from error
        except CertificateRefused as error:
            raise IssuerRequestMalformed(detail=error.cause.format(**error.facts)) from error
        if document.format != 1 or len(key_id) != KEY_ID_BYTES:
            raise IssuerRequestMalformed(
                detail=Text(zh="格式或密钥编号不对", en="its format or key id is not known")
            )
        if requested.common_name != document.key_id:
            raise IssuerRequestMalformed(
                detail=Text(zh="请求属于另一密钥编号", en="the request is for another key id")
            )
        if not FIRST_YEAR <= document.not_before.year <= document.not_after.year <= LAST_YEAR:
            raise IssuerRequestMalformed(
                detail=Text(
                    zh=f"日期不在 {FIRST_YEAR}–{LAST_YEAR} 年内",
                    en=f"its days are not in {FIRST_YEAR} to {LAST_YEAR}",
                )
            )
        if document.not_before > document.not_after:
            raise IssuerRequestMalformed(
                detail=Text(zh="起止日期颠倒", en="its last day comes before its first")
            )
        return cls(
            key_id, document.not_before, document.not_after, document.request.encode(), requested.public_key
        )

    def to_bytes(self) -> bytes:
        """The JSON file."""
        document = _Document(1, self.key_id.hex(), self.not_before, self.not_after, self.request.decode())
        return msgspec.json.format(msgspec.json.encode(document))

    @property
    def issuer_key(self) -> IssuerKey:
        """The key that is to be certified."""
        return IssuerKey(self.key_id, self.public_key, self.not_before, self.not_after)
