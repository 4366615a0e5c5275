"""The terminals that a centre has enrolled, and their revocation when one is stolen or given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from crypto.pki.certificate import Certificate
from crypto.pki.revocation import RevocationReason, Revoked
from sync.center.audit import AuditEntry, enter
from sync.center.store import CenterStore
from sync.errors import TerminalNotRevoked, TerminalUnknown

# How many events of a row of `terminals` came after its revocation and are not let through, as
# sync.reconcile.revocations has it.
_WAITING: Final = (
    "SELECT COUNT(*) FROM events WHERE events.terminal = terminals.terminal "
    "AND events.epoch = terminals.epoch "
    "AND events.received_ms >= MAX(terminals.revoked_ms, COALESCE(terminals.late_until_ms, 0))"
)


@dataclass(frozen=True)
class EnrolledTerminal:
    """One enrolment of a terminal; one that was set up again has several, an epoch each.

    `received`: up to which event all have come. `revoked`: when and why, if it was. `waiting`: how many
    events came after that and were not accepted (accept_late_events).
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
    waiting: int


def terminals(store: CenterStore) -> list[EnrolledTerminal]:
    """All enrolments, in the order in which they came."""
    with store.reading() as connection:
        rows = connection.execute(
            "SELECT terminal, epoch, operator, region, service, enrolled_ms, watermark, certificate, "  # noqa: S608
            f"({_WAITING}), revoked_ms, reason "
            "FROM terminals ORDER BY enrolled_ms, terminal, epoch"
        ).fetchall()
    found = []
    for row in rows:
        terminal, epoch, operator, region, service, enrolled_ms, received = row[:7]
        pem, waiting, revoked_ms, reason = row[7:]
        certificate = Certificate.from_pem(pem)
        revoked = None
        if revoked_ms is not None:
            at = datetime.fromtimestamp(revoked_ms // 1000, UTC)
            revoked = Revoked(certificate.serial, at, RevocationReason(reason))
        found.append(
            EnrolledTerminal(
                terminal,
                epoch,
                operator,
                region,
                service,
                enrolled_ms,
                received,
                certificate,
                revoked,
                waiting,
            )
        )
    return found


def revoke_terminal(
    store: CenterStore, terminal: bytes, reason: RevocationReason, actor: str, now: datetime
) -> None:
    """Withdraw every enrolment that a terminal has now: nothing that it records from now on is paid.

    Nor, until somebody says so (accept_late_events), what comes in from now on and is dated before. It counts
    at the terminals from the next publication on. Entered in the audit. Doing it again changes nothing;
    set up anew with another code it is another epoch, and counts again. Raises TerminalUnknown.
    """
    now_ms = int(now.timestamp() * 1000)
    with store.transaction() as connection:
        known = connection.execute("SELECT 1 FROM terminals WHERE terminal = ?", (terminal,)).fetchone()
        if known is None:
            raise TerminalUnknown(terminal=terminal.hex(), epoch="–")
        revoked = connection.execute(
            "UPDATE terminals SET revoked_ms = ?, reason = ? WHERE terminal = ? AND revoked_ms IS NULL "
            "RETURNING epoch",
            (now_ms, reason.value, terminal),
        ).fetchall()
        for (epoch,) in revoked:
            enter(connection, AuditEntry(now_ms, actor, "revoke", terminal, epoch))


def accept_late_events(store: CenterStore, terminal: bytes, actor: str, now_ms: int) -> int:
    """Let through what came in until now, though after the terminal was revoked; returns how many events.

    Taps dated before the revocation are paid, and cancellations and corrections count. For staff who know
    where it was since. Entered in the audit. Raises TerminalNotRevoked.
    """
    with store.transaction() as connection:
        (waiting,) = connection.execute(
            f"SELECT COALESCE(SUM(({_WAITING} AND events.received_ms < ?)), 0) "  # noqa: S608  a constant
            "FROM terminals WHERE terminal = ?",
            (now_ms, terminal),
        ).fetchone()
        changed = connection.execute(
            "UPDATE terminals SET late_until_ms = ? WHERE terminal = ? AND revoked_ms IS NOT NULL "
            "RETURNING epoch",
            (now_ms, terminal),
        ).fetchall()
        if not changed:
            raise TerminalNotRevoked(terminal=terminal.hex())
        for (epoch,) in changed:
            enter(connection, AuditEntry(now_ms, actor, "accept-late", terminal, epoch))
        return int(waiting)
