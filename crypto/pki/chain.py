"""Whether a certificate leads back to the root that is trusted, and is good for what it is used for.

Built upwards by key identifier and name, in any order of the authorities given (RFC 5280 §6). Every member is
checked: signature, time, use, path length, and the revocation lists of the authority above it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from crypto.errors import (
    AuthorityRevoked,
    CertificateExpired,
    CertificateIssuerUnknown,
    CertificateNotYetValid,
    CertificatePathTooLong,
    CertificateRefused,
    CertificateRevoked,
    CertificateSignatureWrong,
    CertificateUseRefused,
)
from crypto.explained import Text
from crypto.pki.certificate import Certificate
from crypto.pki.revocation import RevocationList, Revoked
from crypto.pki.role import Role
from crypto.sm2 import DEFAULT_SIGNER_ID

MAX_AUTHORITIES: Final = 8
MAX_INTERMEDIATES: Final = 500
#: Of one search: a hostile authority could cross-sign without end.
MAX_VERIFICATIONS: Final = 64


def verify_chain(  # noqa: PLR0917  what a verification depends on
    leaf: Certificate,
    intermediates: Iterable[Certificate],
    root: Certificate,
    at: datetime,
    role: Role,
    revocations: Sequence[RevocationList] = (),
    signer_id: bytes = DEFAULT_SIGNER_ID,
) -> Certificate:
    """`leaf`, once it is known to lead back to `root` and to be valid at `at` for this role.

    One good chain is enough: an authority that was certified anew has two certificates for one key. A
    revocation list counts if the authority above signed it, and still counts when it is stale. Raises the
    CertificateRefused that says what is wrong.
    """
    if leaf.role is not role:
        raise CertificateUseRefused(
            detail=Text(zh=f"它用于 {leaf.role}，不是 {role}", en=f"it is for {leaf.role} and not for {role}")
        )
    search = _Search(tuple(islice(intermediates, MAX_INTERMEDIATES)), root, signer_id)
    refused: CertificateRefused | None = None
    for chain in search.chains((leaf,)):
        try:
            _require_valid(chain, at, revocations, signer_id)
        except CertificateRefused as error:
            refused = refused or error
        else:
            return leaf
    raise refused or search.dead_end or CertificateIssuerUnknown(name=leaf.common_name)


@dataclass
class _Search:
    """All ways up to the root whose signatures are right; `dead_end` says why the first other ended."""

    intermediates: Sequence[Certificate]
    root: Certificate
    signer_id: bytes
    dead_end: CertificateRefused | None = None
    verifications: int = 0

    def chains(self, chain: tuple[Certificate, ...]) -> Iterator[tuple[Certificate, ...]]:
        """Every chain from the last of `chain` to the root."""
        last = chain[-1]
        if last.der == self.root.der:
            yield chain
            return
        fitting = self._fitting(chain)
        signed = [one for one in fitting if self._is_signed_by(last, one)]
        if not signed:
            wrong = CertificateSignatureWrong if fitting else CertificateIssuerUnknown
            self.dead_end = self.dead_end or wrong(name=last.common_name)
        for one in signed:
            yield from self.chains((*chain, one))

    def _fitting(self, chain: tuple[Certificate, ...]) -> list[Certificate]:
        """Who may have issued the last of the chain, by name and key id; none twice in a chain."""
        last = chain[-1]
        if len(chain) > MAX_AUTHORITIES or self.verifications >= MAX_VERIFICATIONS:
            return []
        return [
            one
            for one in (self.root, *self.intermediates)
            if one.subject == last.issuer
            and (not last.authority_key_id or one.key_id == last.authority_key_id)
            and one.role.is_authority
            and all(one.der != other.der for other in chain)
        ]

    def _is_signed_by(self, certificate: Certificate, issuer: Certificate) -> bool:
        self.verifications += 1
        return self.verifications <= MAX_VERIFICATIONS and certificate.is_signed_by(
            issuer.public_key, self.signer_id
        )


def _require_valid(
    chain: Sequence[Certificate], at: datetime, revocations: Sequence[RevocationList], signer_id: bytes
) -> None:
    """Check every member of a chain whose signatures are right, from the leaf up to the root."""
    root = chain[-1]
    if not root.is_signed_by(root.public_key, signer_id):
        raise CertificateSignatureWrong(name=root.common_name)
    for place, (certificate, issuer) in enumerate(zip(chain, [*chain[1:], root], strict=True)):
        _require_time(certificate, at)
        revoked = _revoked(certificate, issuer, revocations, signer_id)
        if revoked is not None:
            withdrawn = AuthorityRevoked if place else CertificateRevoked
            raise withdrawn(name=certificate.common_name, at=revoked.at.date().isoformat())
        if certificate.path_length is not None and place - 1 > certificate.path_length:
            raise CertificatePathTooLong(name=certificate.common_name)


def _require_time(certificate: Certificate, at: datetime) -> None:
    if at < certificate.not_before:
        raise CertificateNotYetValid(
            name=certificate.common_name, not_before=certificate.not_before.date().isoformat()
        )
    if at > certificate.not_after:
        raise CertificateExpired(
            name=certificate.common_name, not_after=certificate.not_after.date().isoformat()
        )


def _revoked(
    certificate: Certificate, issuer: Certificate, revocations: Sequence[RevocationList], signer_id: bytes
) -> Revoked | None:
    """What the issuer's lists say of the certificate."""
    for one in revocations:
        if one.issuer != issuer.subject or one.issuer_key_id != issuer.key_id:
            continue
        if not one.is_signed_by(issuer.public_key, signer_id):
            raise CertificateSignatureWrong(name=f"CRL {one.number}")
        revoked = one.revoked(certificate.serial)
        if revoked is not None:
            return revoked
    return None
