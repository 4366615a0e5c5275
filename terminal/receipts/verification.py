"""Checking a receipt without asking anybody: was it signed by a terminal that the root vouches for?

What follows from a yes, and what does not, is in docs/receipts.md: a receipt proves that a benefit was
granted there and then, to whoever tapped. It can be copied.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from crypto.errors import (
    CertificateExpired,
    CertificateNotYetValid,
    CertificateRefused,
    CertificateRevoked,
    CertificateSignatureWrong,
    TestKeyRefused,
)
from crypto.explained import Language, Text
from crypto.pki.certificate import Certificate
from crypto.pki.chain import verify_chain
from crypto.pki.revocation import RevocationList
from crypto.pki.role import Role
from crypto.trust import TrustDocument
from terminal.receipts.benefit_receipt import CHINA, BenefitReceipt, SignedBenefitReceipt
from terminal.receipts.errors import (
    ReceiptForged,
    ReceiptFromFuture,
    ReceiptTerminalExpired,
    ReceiptTerminalRevoked,
    ReceiptTerminalUnknown,
)
from terminal.receipts.packed_certificate import unpack_certificate

#: A terminal's clock and a checker's may differ by this while both are as right as such clocks are.
CLOCK_LEEWAY: Final = timedelta(minutes=10)

_NO_CERTIFICATE: Final = Text(
    zh="短码不含证书，本机也没有该终端的证书",
    en="a short code holds no certificate, and this machine has none of that terminal",
)


@dataclass(frozen=True)
class ReceiptTrust:
    """What a checker holds, and keeps offline.

    Attributes:
        root: the anchor.
        authorities: those between root and terminals.
        terminals: certificates of terminals by name, for short codes.
        revocations: the authorities' lists.
    """

    root: Certificate
    authorities: tuple[Certificate, ...]
    terminals: tuple[Certificate, ...] = ()
    revocations: tuple[RevocationList, ...] = ()

    @classmethod
    def of(
        cls,
        root: Certificate,
        certificates: Iterable[Certificate],
        revocations: Iterable[RevocationList] = (),
        *,
        is_production: bool = False,
    ) -> ReceiptTrust:
        """Sort certificates of any use. Raises TestKeyRefused for a test root in production."""
        if is_production and root.is_test:
            raise TestKeyRefused(key_id=root.key_id.hex())
        found = tuple(certificates)
        return cls(
            root,
            tuple(one for one in found if one.role.is_authority),
            tuple(one for one in found if one.role is Role.TERMINAL),
            tuple(revocations),
        )

    @classmethod
    def of_document(
        cls, root: Certificate, document: TrustDocument, *, is_production: bool = False
    ) -> ReceiptTrust:
        """From a trust store (`trust.json`). Raises a CertificateRefused, TestKeyRefused."""
        return cls.of(
            root,
            [Certificate.from_pem(pem.encode()) for pem in document.certificates],
            [RevocationList.from_pem(pem.encode()) for pem in document.revocations],
            is_production=is_production,
        )


def verify_receipt(text: str, trusted: ReceiptTrust, at: datetime) -> BenefitReceipt:
    """What a scanned receipt says, once a certified terminal is known to have signed it; `at` is now.

    The certificate has to have been in force when the receipt was made, not when it is checked: people keep
    receipts. A revoked one counts for nothing, whenever it was revoked, for its key may date as it likes.
    Raises ReceiptMalformed, ReceiptForged, ReceiptTerminalUnknown, ReceiptTerminalRevoked,
    ReceiptTerminalExpired or ReceiptFromFuture.
    """
    signed = SignedBenefitReceipt.from_text(text)
    receipt = signed.receipt
    certificate = _certificate(signed, trusted)
    if certificate.common_name != receipt.certified_name or not signed.is_signed_by(certificate.public_key):
        raise ReceiptForged(terminal=receipt.certified_name)
    _require_certified(certificate, receipt, trusted)
    if receipt.dated > at + CLOCK_LEEWAY:
        raise ReceiptFromFuture(dated=_told(receipt.dated), now=_told(at))
    return receipt


def _certificate(signed: SignedBenefitReceipt, trusted: ReceiptTrust) -> Certificate:
    """The one within, or of those held the one whose key signed."""
    if signed.certificate:
        return unpack_certificate(signed.certificate)
    name = signed.receipt.certified_name
    held = [one for one in trusted.terminals if one.common_name == name]
    if not held:
        raise ReceiptTerminalUnknown(terminal=name, detail=_NO_CERTIFICATE)
    # A certificate that was renewed has its forerunner beside it, of another key maybe.
    return next((one for one in held if signed.is_signed_by(one.public_key)), held[0])


def _require_certified(certificate: Certificate, receipt: BenefitReceipt, trusted: ReceiptTrust) -> None:
    name = receipt.certified_name
    try:
        verify_chain(
            certificate,
            trusted.authorities,
            trusted.root,
            receipt.dated,
            Role.TERMINAL,
            trusted.revocations,
        )
    except CertificateRevoked as error:
        raise ReceiptTerminalRevoked(terminal=name) from error
    except (CertificateExpired, CertificateNotYetValid) as error:
        raise ReceiptTerminalExpired(terminal=name, dated=_told(receipt.dated)) from error
    except CertificateRefused as error:
        if isinstance(error, CertificateSignatureWrong) and not _is_issued(certificate, trusted):
            raise ReceiptForged(terminal=name) from error
        detail = Text(
            zh=error.explain(Language.ZH).cause.rstrip("。"), en=error.explain(Language.EN).cause.rstrip(".")
        )
        raise ReceiptTerminalUnknown(terminal=name, detail=detail) from error


def _is_issued(certificate: Certificate, trusted: ReceiptTrust) -> bool:
    """Whether an authority did sign it: then the wrong signature is one of the checker's own files."""
    return any(certificate.is_signed_by(one.public_key) for one in (trusted.root, *trusted.authorities))


def _told(moment: datetime) -> str:
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M:%S} (UTC+8)"
