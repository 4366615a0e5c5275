"""What is fuzzed of the passenger's receipt: any code that somebody holds before an inspector's scanner."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from crypto.pki.issuing import Subject, issue
from crypto.pki.role import Role
from terminal.errors import TerminalError
from terminal.receipts.benefit_receipt import BenefitReceipt, SignedBenefitReceipt, sign_benefit_receipt
from terminal.receipts.packed_certificate import pack_certificate, unpack_certificate
from terminal.receipts.verification import ReceiptTrust, verify_receipt
from tests.fuzz.fixed_trust import AUTHORITY, KEY, NOW

_DAY: Final = timedelta(days=1)
_RECEIPT: Final = BenefitReceipt(
    terminal=bytes(range(8)),
    epoch=1,
    sequence=7,
    event=bytes(32),
    time=int(NOW.timestamp()),
    service="BUS-1",
    fare=200,
    holder_pays=0,
    party_pays=0,
    companions_admitted=0,
    ticket="half",
)
_CERTIFICATE: Final = issue(
    AUTHORITY.authority,
    Subject(_RECEIPT.certified_name, KEY.public_key),
    Role.TERMINAL,
    serial=9,
    not_before=NOW - _DAY,
    not_after=NOW + _DAY,
)
_SIGNED: Final = sign_benefit_receipt(_RECEIPT, KEY, pack_certificate(_CERTIFICATE))
_TRUST: Final = ReceiptTrust.of(AUTHORITY.root, (AUTHORITY.province, _CERTIFICATE))


def benefit_receipt(data: bytes) -> bool:
    """The code's text, and the bytes in it: whatever is believed says what the one true receipt says."""
    text = data.decode("ascii", errors="replace")
    try:
        parsed = SignedBenefitReceipt.from_text(text)
    except TerminalError:
        try:
            text = SignedBenefitReceipt.from_bytes(data).to_text()
        except TerminalError:
            return False
    else:
        assert parsed.to_text() == text
    try:
        believed = verify_receipt(text, _TRUST, NOW)
    except TerminalError:
        return True
    assert believed == _RECEIPT, "a receipt was made without the terminal's key"
    return True


def packed_certificate(data: bytes) -> bool:
    """The certificate within."""
    try:
        found = unpack_certificate(data)
    except TerminalError:
        return False
    assert unpack_certificate(pack_certificate(found)) == found
    return True


RECEIPT_TARGETS: Final[Mapping[str, Callable[[bytes], bool]]] = MappingProxyType(
    {"benefit-receipt": benefit_receipt, "packed-certificate": packed_certificate}
)


def receipt_seeds() -> dict[str, list[bytes]]:
    """Inputs that each target accepts: both forms, as text and as bytes."""
    short = sign_benefit_receipt(_RECEIPT, KEY)
    return {
        "benefit-receipt": [
            *(one.to_text().encode() for one in (_SIGNED, short)),
            *(one.to_bytes() for one in (_SIGNED, short)),
        ],
        "packed-certificate": [_SIGNED.certificate],
    }
