"""Enrolling this machine at a centre: its key is made here and stays, its data directory appears whole."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from crypto.certificates import make_csr, verify_certificate
from crypto.errors import CertificateRefused, TestKeyRefused
from crypto.explained import Text
from crypto.sm2 import PrivateKey
from crypto.trust import TrustStore
from sync import reasons
from sync.agent.client import CenterClient
from sync.errors import (
    AlreadyEnrolled,
    AnswerMalformed,
    CenterFailing,
    CenterNotGenuine,
    CenterRefused,
    CenterUnreachable,
    EnrolmentRefused,
    EnrolmentUnanswered,
    ProductionRefusesTestIssuer,
)
from sync.protocol.enrolment import EnrolmentAnswer, EnrolmentCode, EnrolmentGrant, EnrolmentRequest
from terminal.clock import Clock
from terminal.configuration import Mode, TerminalConfiguration
from terminal.content import load_content
from terminal.data_directory import TERMINAL_KEY, DataDirectory
from terminal.durable_file import write_durably

REQUEST_NAME: Final = "tongka-terminal"
_REQUEST_FILE: Final = "request.pem"


def enrol(center: str, code: EnrolmentCode, target: Path, mode: Mode, clock: Clock) -> TerminalConfiguration:
    """Enrol at the centre with this base URL and write the data directory `target`, whole or not at all.

    Key and request wait in a hidden folder beside `target` until the answer is there: asked again, the centre
    knows the request by its bytes, so that an answer lost on the way does not use up the code.

    Raises AlreadyEnrolled, EnrolmentRefused, EnrolmentUnanswered, CenterNotGenuine,
    ProductionRefusesTestIssuer, and what the parts of the answer raise where they are malformed.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise AlreadyEnrolled(directory=target)
    draft = DataDirectory(target.with_name(f".{target.name}.enrolling"))
    draft.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    key, request = _own_request(draft)
    grant = _ask(center, EnrolmentRequest(code=code.presented, csr=request)).open(code)
    _check(grant, key, mode, clock)
    configuration = TerminalConfiguration(
        terminal=grant.terminal.hex(),
        epoch=grant.epoch,
        operator=grant.operator,
        region=grant.region,
        service=grant.service,
        center=center,
        mode=mode,
    )
    _write(draft, grant, configuration)
    # Everything is there and valid, signatures included, before the terminal exists.
    load_content(draft.content, TrustStore.from_bytes(grant.trust).content_key)
    (draft.path / _REQUEST_FILE).unlink()
    try:
        draft.path.rename(target)
    except OSError as error:
        raise AlreadyEnrolled(directory=target) from error
    _sync_folder(target.parent)
    return configuration


def _ask(center: str, request: EnrolmentRequest) -> EnrolmentAnswer:
    """The answer, or an error about enrolling: there is no terminal yet whose data could be kept."""
    try:
        with CenterClient(center) as client:
            return client.enrol(request)
    except CenterRefused as error:
        raise EnrolmentRefused(**error.facts) from error
    except (CenterUnreachable, CenterFailing, AnswerMalformed) as error:
        raise EnrolmentUnanswered(center=center, detail=reasons.of_error(error)) from error


def _own_request(draft: DataDirectory) -> tuple[PrivateKey, bytes]:
    """The terminal's key and certificate request: those of an earlier attempt, or new ones."""
    keystore = draft.keystore
    key = keystore.load(TERMINAL_KEY) if keystore.exists(TERMINAL_KEY) else keystore.create(TERMINAL_KEY)
    file = draft.path / _REQUEST_FILE
    if not file.exists():
        write_durably(file, make_csr(key, REQUEST_NAME))
    return key, file.read_bytes()


def _check(grant: EnrolmentGrant, key: PrivateKey, mode: Mode, clock: Clock) -> None:
    now = datetime.fromtimestamp(clock.now_ms() / 1000, UTC)
    try:
        certified = verify_certificate(grant.certificate, grant.root_certificate, now)
    except CertificateRefused as error:
        raise CenterNotGenuine(detail=error.facts["detail"]) from error
    if certified.public_key != key.public_key:
        raise CenterNotGenuine(detail=Text(zh="证书属于另一把密钥", en="the certificate is for another key"))
    if mode is Mode.PRODUCTION:
        try:
            TrustStore.from_bytes(grant.trust).require_production()
        except TestKeyRefused as error:
            raise ProductionRefusesTestIssuer from error


def _write(draft: DataDirectory, grant: EnrolmentGrant, configuration: TerminalConfiguration) -> None:
    (draft.content / "rules").mkdir(parents=True, exist_ok=True)
    for file in grant.content:
        # The name was matched against the three forms that content has when the answer was parsed.
        path = draft.content / file.name
        write_durably(path, file.data)
        write_durably(path.with_name(f"{path.name}.sig"), file.signature)
    write_durably(draft.certificate_file, grant.certificate)
    write_durably(draft.authority_file, grant.root_certificate)
    write_durably(draft.trust_file, grant.trust)
    write_durably(draft.configuration_file, configuration.to_bytes())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
