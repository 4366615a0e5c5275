"""What a checker holds, from files: a root, and a trust store or PEM files of certificates and lists."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from crypto.errors import TestKeyRefused
from crypto.pki.certificate import Certificate
from crypto.pki.revocation import RevocationList
from crypto.trust import TrustDocument
from terminal.configuration import Mode
from terminal.content.errors import ContentMissing
from terminal.content.manifest import TRUST
from terminal.data_directory import DataDirectory
from terminal.errors import FileNotRead
from terminal.receipts.verification import ReceiptTrust

_PEM: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----.*?-----END \1-----", re.DOTALL)
_LIST: Final = b"X509 CRL"
_MOST_BYTES: Final = 4 << 20


def trust_of_files(root: Path, files: Iterable[Path], *, is_production: bool) -> ReceiptTrust:
    """A root certificate, and files that are trust stores (`trust.json`) or hold PEM blocks.

    Raises FileNotRead, TrustStoreMalformed, a CertificateRefused, TestKeyRefused.
    """
    certificates: list[Certificate] = []
    lists: list[RevocationList] = []
    for file in files:
        data = _read(file)
        if data.lstrip().startswith(b"{"):
            document = TrustDocument.from_bytes(data)
            data = "\n".join((*document.certificates, *document.revocations)).encode()
        for block in _PEM.finditer(data):
            if block[1] == _LIST:
                lists.append(RevocationList.from_pem(block[0]))
            else:
                certificates.append(Certificate.from_pem(block[0]))
    return ReceiptTrust.of(
        Certificate.from_pem(_read(root)), certificates, lists, is_production=is_production
    )


def trust_of_terminal(directory: DataDirectory) -> ReceiptTrust:
    """What an enrolled terminal holds: its root, the newest trust store, and its own certificate.

    Raises TerminalNotEnrolled, ContentMissing, a CertificateRefused, and TestKeyRefused in production.
    """
    root = directory.load_root()
    if directory.load_configuration().mode is Mode.PRODUCTION and root.is_test:
        raise TestKeyRefused(key_id=root.key_id.hex())
    versions = directory.content.versions()
    if not versions:
        raise ContentMissing(file="manifests")
    manifest = directory.content.manifest(versions[-1]).unverified()
    # Every certificate in it has to lead back to the root, so that the store needs no signature here.
    found = ReceiptTrust.of_document(
        root, TrustDocument.from_bytes(directory.content.read(manifest.file(TRUST)))
    )
    own = Certificate.from_pem(directory.read(directory.certificate_file))
    return ReceiptTrust.of(root, (*found.authorities, *found.terminals, own), found.revocations)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            data = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        raise FileNotRead(file=file, detail=error.strerror) from error
    if len(data) > _MOST_BYTES:
        raise FileNotRead(file=file, detail="too long")
    return data
