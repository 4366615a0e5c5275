"""Enrolling terminals at the centre: issuing one-time codes and redeeming them."""

from __future__ import annotations

import hmac
import secrets
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from crypto.errors import CertificateRefused
from crypto.pki.request import Requested, read_request
from crypto.sm2 import PublicKey
from crypto.sm3 import sm3
from sync.center.authority import certify_terminal
from sync.center.directory import Center
from sync.errors import AssignmentInvalid, CodeRefused, RequestCertificateRefused, TerminalUnknown
from sync.protocol.enrolment import (
    EnrolmentAnswer,
    EnrolmentCode,
    EnrolmentGrant,
    EnrolmentRequest,
    sign_grant,
)

MAX_WRONG_ATTEMPTS: Final = 5
CODE_VALID_FOR: Final = timedelta(days=7)
TERMINAL_ID_BYTES: Final = 8


@dataclass(frozen=True)
class Assignment:
    """What a terminal is enrolled for: whom its taps pay, where it stands (GB/T 2260), what it serves."""

    operator: str
    region: str
    service: str


def issue_code(
    center: Center, assignment: Assignment, now: datetime, reinstalled: bytes | None = None
) -> EnrolmentCode:
    """A one-time code for a new terminal, or for the next epoch of one that was installed anew.

    Raises ServiceUnknown, AssignmentInvalid, or TerminalUnknown for a re-installed one that never was here.
    """
    offered_by = center.publications.current.catalogue.item(assignment.service).operator
    if offered_by != assignment.operator:
        raise AssignmentInvalid(
            service=assignment.service, offered_by=offered_by, operator=assignment.operator
        )
    with center.store.transaction() as connection:
        code = _free_code(connection, center.keys.root.public_key)
        terminal, epoch = _identity(connection, reinstalled)
        connection.execute(
            "INSERT INTO codes (locator, digest, terminal, epoch, operator, region, service, expires_ms) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                code.locator,
                sm3(code.presented.encode()),
                terminal,
                epoch,
                assignment.operator,
                assignment.region,
                assignment.service,
                _milliseconds(now + CODE_VALID_FOR),
            ),
        )
    return code


def redeem_code(center: Center, request: EnrolmentRequest, now: datetime) -> EnrolmentAnswer:
    """Enrol the terminal that shows a code; showing it again with the same request gives the same terminal.

    So a terminal whose answer was lost on the way asks again and is not shut out by its own first attempt.
    Raises RequestCertificateRefused or CodeRefused.
    """
    try:
        requested = read_request(request.csr)
    except CertificateRefused as error:
        raise RequestCertificateRefused from error
    with center.store.transaction() as connection:
        code = _match(connection, request, now)
        grant = _enrol(connection, center, code, requested, now) if code else None
    # Outside the transaction: a wrong attempt is to stay counted.
    if grant is None:
        raise CodeRefused
    return sign_grant(grant, center.keys.root)


@dataclass(frozen=True)
class _Code:
    locator: str
    terminal: bytes
    epoch: int
    assignment: Assignment
    request_digest: bytes
    is_used: bool


def _identity(connection: sqlite3.Connection, reinstalled: bytes | None) -> tuple[bytes, int]:
    if reinstalled is None:
        return secrets.token_bytes(TERMINAL_ID_BYTES), 1
    # Codes count as well as terminals: two codes for one terminal must not lead to one epoch.
    (latest,) = connection.execute(
        "SELECT MAX(epoch) FROM (SELECT epoch FROM terminals WHERE terminal = :terminal "
        "UNION ALL SELECT epoch FROM codes WHERE terminal = :terminal)",
        {"terminal": reinstalled},
    ).fetchone()
    if latest is None:
        raise TerminalUnknown(terminal=reinstalled.hex(), epoch="–")
    return reinstalled, latest + 1


def _free_code(connection: sqlite3.Connection, root_key: PublicKey) -> EnrolmentCode:
    while True:
        code = EnrolmentCode.generate(root_key)
        row = connection.execute("SELECT 1 FROM codes WHERE locator = ?", (code.locator,)).fetchone()
        if row is None:
            return code


def _match(connection: sqlite3.Connection, request: EnrolmentRequest, now: datetime) -> _Code | None:
    """The code that is shown, if it may still be used; a wrong attempt is counted."""
    locator = EnrolmentCode.locator_of(request.code)
    row = connection.execute(
        "SELECT digest, terminal, epoch, operator, region, service, expires_ms, wrong_attempts, request "
        "FROM codes WHERE locator = ?",
        (locator,),
    ).fetchone()
    if row is None:
        return None
    digest, terminal, epoch, operator, region, service, expires_ms, wrong_attempts, used_by = row
    if wrong_attempts >= MAX_WRONG_ATTEMPTS or _milliseconds(now) > expires_ms:
        return None
    if not hmac.compare_digest(digest, sm3(request.code.encode())):
        connection.execute(
            "UPDATE codes SET wrong_attempts = wrong_attempts + 1 WHERE locator = ?", (locator,)
        )
        return None
    request_digest = sm3(request.csr)
    if used_by is not None and used_by != request_digest:
        return None
    return _Code(
        locator,
        terminal,
        epoch,
        Assignment(operator, region, service),
        request_digest,
        is_used=used_by is not None,
    )


def _enrol(
    connection: sqlite3.Connection, center: Center, code: _Code, requested: Requested, now: datetime
) -> EnrolmentGrant:
    assignment = code.assignment
    if code.is_used:
        (certificate,) = connection.execute(
            "SELECT certificate FROM terminals WHERE terminal = ? AND epoch = ?", (code.terminal, code.epoch)
        ).fetchone()
    else:
        certificate = certify_terminal(center.keys, f"{code.terminal.hex()}.{code.epoch}", requested, now).pem
        connection.execute(
            "INSERT INTO terminals (terminal, epoch, operator, region, service, certificate, enrolled_ms) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                code.terminal,
                code.epoch,
                assignment.operator,
                assignment.region,
                assignment.service,
                certificate,
                _milliseconds(now),
            ),
        )
        connection.execute(
            "UPDATE codes SET request = ? WHERE locator = ?", (code.request_digest, code.locator)
        )
    return EnrolmentGrant(
        terminal=code.terminal,
        epoch=code.epoch,
        operator=assignment.operator,
        region=assignment.region,
        service=assignment.service,
        certificate=certificate,
        intermediates=[center.keys.province_certificate.pem],
        root_certificate=center.keys.root_certificate.pem,
    )


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
