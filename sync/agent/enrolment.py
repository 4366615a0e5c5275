"""Enrolling this machine at a centre: its key is made here and stays, its data directory appears whole."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

from crypto.errors import CertificateExpired, CertificateRefused, TestKeyRefused
from crypto.explained import Text
from crypto.keystore.directory import make_keystore
from crypto.keystore.protection import require_protected
from crypto.pki.certificate import Certificate
from crypto.pki.chain import verify_chain
from crypto.pki.request import make_request
from crypto.pki.role import Role
from crypto.signer import KeyHolder
from sync import reasons
from sync.agent.client import CenterClient
from sync.agent.download import Downloader
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
from terminal.content.content import load_trust
from terminal.data_directory import TERMINAL_KEY, DataDirectory
from terminal.durable_file import write_durably

REQUEST_NAME: Final = "tongka-terminal"
_REQUEST_FILE: Final = "request.pem"


@dataclass(frozen=True)
class KeyPlace:
    """Where the terminal's key shall lie: a kind of keystore and its settings (docs/operations.md)."""

    kind: str = "plain"
    settings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def enrol(  # noqa: PLR0917  what a person decides
    center: str,
    code: EnrolmentCode,
    target: Path,
    mode: Mode,
    clock: Clock,
    place: KeyPlace = KeyPlace(),
) -> TerminalConfiguration:
    """Enrol at the centre with this base URL and write the data directory `target`, whole or not at all.

    Key and request wait in a hidden folder beside `target` until the answer is there: asked again, the centre
    knows the request by its bytes, so that an answer lost on the way does not use up the code.

    Raises AlreadyEnrolled, EnrolmentRefused, EnrolmentUnanswered, CenterNotGenuine,
    ProductionRefusesTestIssuer, what the keystore raises (KeystoreUnprotected in production mode), and what
    Downloader.bring raises of the content.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise AlreadyEnrolled(directory=target)
    draft = DataDirectory(target.with_name(f".{target.name}.enrolling"))
    draft.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    key, request = _own_request(draft, mode, place)
    grant = _ask(center, EnrolmentRequest(code=code.presented, csr=request)).open(code)
    root = _root_of(grant, key, clock)
    configuration = TerminalConfiguration(
        terminal=grant.terminal.hex(),
        epoch=grant.epoch,
        operator=grant.operator,
        region=grant.region,
        service=grant.service,
        center=center,
        mode=mode,
    )
    write_durably(draft.certificate_file, grant.certificate)
    write_durably(draft.authority_file, grant.root_certificate)
    write_durably(draft.configuration_file, configuration.to_bytes())
    # Everything is there and valid, signatures included, before the terminal exists.
    _bring_content(center, draft, root, clock, grant.service)
    if mode is Mode.PRODUCTION:
        try:
            if root.is_test:
                raise TestKeyRefused(key_id=root.key_id.hex())
            load_trust(draft.content, root, 0).require_production()
        except TestKeyRefused as error:
            raise ProductionRefusesTestIssuer from error
    try:
        draft.path.rename(target)
    except OSError as error:
        raise AlreadyEnrolled(directory=target) from error
    # Only now: an attempt that dies before needs it to be known again by the centre.
    (target / _REQUEST_FILE).unlink()
    _sync_folder(target.parent)
    return configuration


def _bring_content(center: str, draft: DataDirectory, root: Certificate, clock: Clock, service: str) -> None:
    try:
        with CenterClient(center) as client:
            Downloader(draft.content, root, clock, service).bring(client)
    except (CenterUnreachable, CenterFailing, CenterRefused, AnswerMalformed) as error:
        raise EnrolmentUnanswered(center=center, detail=reasons.of_error(error)) from error


def _ask(center: str, request: EnrolmentRequest) -> EnrolmentAnswer:
    """The answer, or an error about enrolling: there is no terminal yet whose data could be kept."""
    try:
        with CenterClient(center) as client:
            return client.enrol(request)
    except CenterRefused as error:
        raise EnrolmentRefused(**error.facts) from error
    except (CenterUnreachable, CenterFailing, AnswerMalformed) as error:
        raise EnrolmentUnanswered(center=center, detail=reasons.of_error(error)) from error


def _own_request(draft: DataDirectory, mode: Mode, place: KeyPlace) -> tuple[KeyHolder, bytes]:
    """The terminal's key and certificate request: those of an earlier attempt, or new ones."""
    keystore = make_keystore(draft.keys, place.kind, place.settings)
    if mode is Mode.PRODUCTION:
        require_protected(keystore)
    key = keystore.load(TERMINAL_KEY) if keystore.exists(TERMINAL_KEY) else keystore.create(TERMINAL_KEY)
    file = draft.path / _REQUEST_FILE
    if not file.exists():
        write_durably(file, make_request(key, REQUEST_NAME))
    return key, file.read_bytes()


def _root_of(grant: EnrolmentGrant, key: KeyHolder, clock: Clock) -> Certificate:
    """The root certificate, once the terminal's own leads back to it and is for its key."""
    now = datetime.fromtimestamp(clock.now_ms() / 1000, UTC)
    try:
        root = Certificate.from_pem(grant.root_certificate)
        intermediates = [Certificate.from_pem(pem) for pem in grant.intermediates]
        own = Certificate.from_pem(grant.certificate)
        # The centre has just made it: a clock that reads earlier is late, not the centre false.
        certified = verify_chain(own, intermediates, root, max(now, own.not_before), Role.TERMINAL)
    except CertificateExpired:
        raise  # its advice is to look at this machine's clock
    except CertificateRefused as error:
        raise CenterNotGenuine(detail=reasons.of_error(error)) from error
    if certified.public_key != key.public_key:
        raise CenterNotGenuine(detail=Text(zh="证书属于另一把密钥", en="the certificate is for another key"))
    return root


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
