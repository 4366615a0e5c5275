"""The province's authority, which a centre holds: it certifies issuers and terminals, and revokes both.

root ─▶ province ─▶ sealing, receipt, content (the centre's own) · card issuers' keys · terminals
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from crypto.issuer_request import IssuerRequest
from crypto.pki.certificate import Certificate
from crypto.pki.issuing import Subject, issue
from crypto.pki.request import Requested
from crypto.pki.revocation import RevocationReason, Revoked, make_revocation_list
from crypto.pki.role import Role
from crypto.trust import TrustDocument
from sync.center.enrolled_terminals import terminals
from sync.center.keys import CLOCK_LEEWAY, CenterKeys
from sync.center.store import CenterStore
from sync.errors import IssuerKnown, IssuerNotKnown

#: A card is valid for ten years; the certificate of the key that issued it has to outlast it.
CARD_VALIDITY: Final = timedelta(days=3660)
TERMINAL_VALIDITY: Final = timedelta(days=730)
#: By when a terminal should have fetched the next list; a list that is older still binds.
REVOCATIONS_UPDATED: Final = timedelta(days=30)
SERIAL_BITS: Final = 62


@dataclass(frozen=True)
class CertifiedIssuer:
    """An issuer's key as the centre knows it; `revoked` is when and why, if it was."""

    certificate: Certificate
    revoked: Revoked | None


def certify_terminal(keys: CenterKeys, name: str, requested: Requested, now: datetime) -> Certificate:
    """A terminal's certificate, for signatures, from the province."""
    not_before = max(now.astimezone(UTC) - CLOCK_LEEWAY, keys.province_certificate.not_before)
    return issue(
        keys.province_authority,
        Subject(name, requested.public_key),
        Role.TERMINAL,
        serial=new_serial(),
        not_before=not_before,
        not_after=not_before + TERMINAL_VALIDITY,
    )


def add_issuer(keys: CenterKeys, store: CenterStore, request: IssuerRequest, now: datetime) -> Certificate:
    """Certify an issuer's key; it counts from the next publication on.

    The same key again is no error: so what was interrupted before it was published can be done again. Raises
    IssuerKnown for a key or a key id that was certified otherwise, be it revoked since, and IssuingRefused
    for days that the province's certificate does not cover together with the cards' ten years.
    """
    for one in (issuer.certificate for issuer in issuers(store)):
        if one.key_id != request.key_id and one.public_key != request.public_key:
            continue
        if (one.key_id, one.public_key, one.signing_period) != (
            request.key_id,
            request.public_key,
            (request.not_before, request.not_after),
        ):
            raise IssuerKnown(key_id=one.key_id.hex())
        return one
    certificate = issue(
        keys.province_authority,
        Subject(
            request.key_id.hex(),
            request.public_key,
            key_id=request.key_id,
            signing_period=(request.not_before, request.not_after),
        ),
        Role.ISSUER,
        serial=new_serial(),
        # From now on, though the key may issue later: a terminal has to know it before the first card comes.
        not_before=max(now.astimezone(UTC) - CLOCK_LEEWAY, keys.province_certificate.not_before),
        not_after=_midnight(request.not_after) + CARD_VALIDITY,
    )
    with store.transaction() as connection:
        connection.execute(
            "INSERT OR IGNORE INTO issuers (key_id, certificate, added_ms) VALUES (?, ?, ?)",
            (request.key_id, certificate.pem, _milliseconds(now)),
        )
    return certificate


def retire_issuer(keys: CenterKeys, store: CenterStore, key_id: bytes, until: date, now: datetime) -> None:
    """End a key's issuing on this day: cards issued up to then stay good, none issued later does.

    It counts from the next publication on. Raises IssuerNotKnown, IssuingRefused for a day before the first.
    """
    with store.reading() as connection:
        row = connection.execute("SELECT certificate FROM issuers WHERE key_id = ?", (key_id,)).fetchone()
    if row is None:
        raise IssuerNotKnown(key_id=key_id.hex())
    old = Certificate.from_pem(row[0])
    first, last = old.signing_period or (until, until)
    shorter = issue(
        keys.province_authority,
        Subject(old.common_name, old.public_key, key_id=key_id, signing_period=(first, min(until, last))),
        Role.ISSUER,
        serial=new_serial(),
        not_before=max(now.astimezone(UTC) - CLOCK_LEEWAY, keys.province_certificate.not_before),
        not_after=old.not_after,
    )
    with store.transaction() as connection:
        connection.execute(
            "UPDATE issuers SET certificate = ? WHERE key_id = ? AND revoked_ms IS NULL",
            (shorter.pem, key_id),
        )


def revoke_issuer(store: CenterStore, key_id: bytes, reason: RevocationReason, now: datetime) -> None:
    """Withdraw an issuer's key and with it all its cards; it counts from the next publication on.

    Revoking it again changes nothing. Raises IssuerNotKnown.
    """
    with store.transaction() as connection:
        changed = connection.execute(
            "UPDATE issuers SET revoked_ms = COALESCE(revoked_ms, ?), reason = COALESCE(reason, ?) "
            "WHERE key_id = ?",
            (_milliseconds(now), reason.value, key_id),
        )
        if changed.rowcount == 0:
            raise IssuerNotKnown(key_id=key_id.hex())


def issuers(store: CenterStore) -> Sequence[CertifiedIssuer]:
    """All issuers' keys that were ever certified, in the order in which they came."""
    with store.reading() as connection:
        rows = connection.execute(
            "SELECT certificate, revoked_ms, reason FROM issuers ORDER BY added_ms, key_id"
        ).fetchall()
    found = []
    for pem, revoked_ms, reason in rows:
        certificate = Certificate.from_pem(pem)
        revoked = None
        if revoked_ms is not None:
            at = datetime.fromtimestamp(revoked_ms // 1000, UTC)
            revoked = Revoked(certificate.serial, at, RevocationReason(reason))
        found.append(CertifiedIssuer(certificate, revoked))
    return found


def trust_document(keys: CenterKeys, store: CenterStore, version: int, now: datetime) -> TrustDocument:
    """The trust store as it stands now, under this number; without certificates that have run out."""
    known = issuers(store)
    this_update = now.astimezone(UTC).replace(microsecond=0)
    revocations = make_revocation_list(
        keys.province_authority,
        [
            *(one.revoked for one in known if one.revoked is not None),
            *(one.revoked for one in terminals(store) if one.revoked is not None),
        ],
        number=version,
        this_update=this_update,
        next_update=this_update + REVOCATIONS_UPDATED,
    )
    own = (keys.province_certificate, *keys.certificates)
    running = [one.certificate for one in known if one.certificate.not_after >= this_update]
    return TrustDocument.of(version, (*own, *running), (revocations,))


def new_serial() -> int:
    """A serial number that nobody can foretell (RFC 5280 §4.1.2.2)."""
    return secrets.randbits(SERIAL_BITS) + 1


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
