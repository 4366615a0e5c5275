"""The terminals that a centre has enrolled, and their revocation when one is stolen or given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from crypto.pki.certificate import Certificate
from crypto.pki.revocation import RevocationReason, Revoked
from sync.center.store import CenterStore
from sync.errors import TerminalNotRevoked, TerminalUnknown


@dataclass(frozen=True)
class EnrolledTerminal:
    """One enrolment of a terminal; one that was set up again has several, an epoch each.

    `received`: up to which event all have come. `revoked`: when and why, if it was.
    """

    terminal: bytes
    epoch: int
    operator: str
    region: str
    service: str
    enrolled_ms: int
    received: int
    certificate: Certificate
    revoked: Revoked | None


def terminals(store: CenterStore) -> list[EnrolledTerminal]:
    """All enrolments, in the order in which they came."""
    with store.reading() as connection:
        rows = connection.execute(
            "SELECT terminal, epoch, operator, region, service, enrolled_ms, watermark, certificate, "
            "revoked_ms, reason FROM terminals ORDER BY enrolled_ms, terminal, epoch"
        ).fetchall()
    found = []
    for terminal, epoch, operator, region, service, enrolled_ms, received, pem, revoked_ms, reason in rows:
        certificate = Certificate.from_pem(pem)
        revoked = None
        if revoked_ms is not None:
            at = datetime.fromtimestamp(revoked_ms // 1000, UTC)
            revoked = Revoked(certificate.serial, at, RevocationReason(reason))
        found.append(
            EnrolledTerminal(
                terminal, epoch, operator, region, service, enrolled_ms, received, certificate, revoked
            )
        )
    return found


def revoke_terminal(store: CenterStore, terminal: bytes, reason: RevocationReason, now: datetime) -> None:
    """Withdraw every enrolment that a terminal has now: nothing that it records from now on is paid.

    Nor, until somebody says so (accept_late_events), what comes in from now on and is dated before. It counts
    at the terminals from the next publication on. Doing it again changes nothing; set up anew with another
    code it is another epoch, and counts again. Raises TerminalUnknown.
    """
    with store.transaction() as connection:
        changed = connection.execute(
            "UPDATE terminals SET revoked_ms = COALESCE(revoked_ms, ?), reason = COALESCE(reason, ?) "
            "WHERE terminal = ?",
            (int(now.timestamp() * 1000), reason.value, terminal),
        )
        if changed.rowcount == 0:
            raise TerminalUnknown(terminal=terminal.hex(), epoch="–")


def accept_late_events(store: CenterStore, terminal: bytes, actor: str, now_ms: int) -> None:
    """Pay what came in until now, though after the terminal was revoked, and is dated before.

    For staff who know where it was since. Entered in the audit. Raises TerminalNotRevoked.
    """
    with store.transaction() as connection:
        changed = connection.execute(
            "UPDATE terminals SET late_until_ms = ? WHERE terminal = ? AND revoked_ms IS NOT NULL "
            "RETURNING epoch",
            (now_ms, terminal),
        ).fetchall()
        if not changed:
            raise TerminalNotRevoked(terminal=terminal.hex())
        connection.executemany(
            "INSERT INTO audit (at_ms, actor, action, terminal, epoch, sequence) VALUES (?, ?, ?, ?, ?, 0)",
            [(now_ms, actor, "accept-late", terminal, epoch) for (epoch,) in changed],
        )
