"""Whose signatures a check goes by: keys that were given, or that lead back to a root certificate."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from crypto.explained import ExplainedError, Text
from crypto.pki.certificate import Certificate
from crypto.pki.chain import verify_chain
from crypto.pki.role import Role
from crypto.sm2 import PublicKey
from terminal.content.content import load_trust
from terminal.data_directory import TERMINAL_KEY, DataDirectory
from terminal.journal.errors import VerifierKeyMissing
from terminal.journal.export_file import ExportHeader


@dataclass(frozen=True)
class VerifierKeys:
    """The terminal's key, and the centre's for receipts if it is known."""

    terminal: PublicKey
    receipt: PublicKey | None


def own_key(directory: DataDirectory) -> PublicKey:
    """The terminal's public key: from its certificate, so that no keystore need be opened; else from there.

    Raises what reading either raises.
    """
    if directory.certificate_file.exists():
        return Certificate.from_pem(directory.read(directory.certificate_file)).public_key
    return directory.keystore.load(TERMINAL_KEY).public_key


def own_receipt_key(directory: DataDirectory) -> PublicKey | None:
    """The centre's key for receipts, as the content in force has it; None where there is none."""
    with suppress(ExplainedError):
        return load_trust(directory.content, directory.load_root(), 0).center_receipt_key
    return None


def certified_keys(header: ExportHeader, root: Certificate) -> VerifierKeys:
    """The keys whose certificates an exported file brings, once they lead back to `root`.

    Judged as of the day on which it was made. Raises CertificateRefused, VerifierKeyMissing.
    """
    at = datetime.fromtimestamp(header.made_ms / 1000, UTC)
    certificates = [Certificate.from_pem(pem.encode()) for pem in header.certificates]
    terminal = _one(certificates, Role.TERMINAL, root, at)
    if terminal is None:
        raise VerifierKeyMissing(
            detail=Text(zh="文件中没有终端证书", en="the file holds no certificate of the terminal")
        )
    if not header.is_training and terminal.common_name != f"{header.terminal.hex()}.{header.epoch}":
        raise VerifierKeyMissing(
            detail=Text(
                zh="文件中的证书属于另一台终端", en="the certificate in the file is another terminal's"
            )
        )
    receipt = _one(certificates, Role.RECEIPT, root, at)
    return VerifierKeys(terminal.public_key, receipt.public_key if receipt else None)


def _one(
    certificates: Sequence[Certificate], role: Role, root: Certificate, at: datetime
) -> Certificate | None:
    """The newest certificate for this role, which must lead back to the root."""
    of_role = [one for one in certificates if one.role is role]
    if not of_role:
        return None
    authorities = [one for one in certificates if one.role is Role.PROVINCE]
    newest = max(of_role, key=lambda one: one.not_before)
    return verify_chain(newest, authorities, root, at, role)
