"""Taking one event's evidence out of the centre, for somebody who checks it with openssl alone.

docs/verify-a-tap.md says what to do with the files. Each export is entered in the store's audit table.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from crypto.credential import TapCredential
from crypto.errors import CredentialMalformed, SealBroken
from crypto.explained import Text
from crypto.tap_proof import tap_message
from sync import reasons
from sync.center.audit import AuditEntry, enter
from sync.center.directory import Center
from sync.center.evidence import examine_events
from sync.center.unsealing import Unsealer
from sync.errors import EventNotStored, EvidenceMissing, OutputNotWritten
from terminal.events.errors import EventMalformed
from terminal.events.event import SealedEvidence, UsageEvent

_NO_CREDENTIAL = Text(zh="其中没有可读的卡片凭证", en="no readable credential")
_NO_PROOF = Text(zh="发卡机构未知，或没有卡片的签名", en="no known issuer, or no proof by the card")
_NOT_OPENED = Text(zh="加密部分无法解开", en="its sealed part does not open")


def export_evidence(
    center: Center, terminal: bytes, sequence: int, target: Path, *, now_ms: int, epoch: int | None = None
) -> None:
    """Write credential.bin, challenge.bin, message.bin, proof.bin and issuer.pem into `target`.

    `epoch` None means the terminal's latest with this sequence. Raises EventNotStored, EvidenceMissing or
    OutputNotWritten.
    """
    # The headers of segments are gathered when events are examined.
    examine_events(center)
    event = _stored_event(center, terminal, sequence, epoch)
    evidence = _evidence(center, event)
    try:
        credential = TapCredential.from_bytes(evidence.credential)
    except CredentialMalformed as error:
        raise EvidenceMissing(sequence=sequence, detail=_NO_CREDENTIAL) from error
    content = center.publications.numbered(event.content)
    issuer = None if content is None else content.trust.issuer(credential.issuer_key_id)
    if issuer is None or not evidence.signature:
        raise EvidenceMissing(sequence=sequence, detail=_NO_PROOF)
    challenge = event.challenge().to_bytes()
    contents = {
        "credential.bin": evidence.credential,
        "challenge.bin": challenge,
        "message.bin": tap_message(challenge, evidence.counter),
        "proof.bin": evidence.signature,
        "issuer.pem": issuer.public_key.to_pem(),
    }
    try:
        with ExitStack() as opened:
            target.mkdir(mode=0o700, parents=True, exist_ok=True)
            files = {name: opened.enter_context(_create(target / name)) for name in contents}
            # Not before the files are open, so that no export stands here that there never was; not after
            # the first byte, so that there is none that does not stand here.
            _audit(center, event, now_ms)
            for name, data in contents.items():
                files[name].write(data)
    except OSError as error:
        raise OutputNotWritten(file=error.filename or target, detail=reasons.of_system(error)) from error


def _create(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb")


def _audit(center: Center, event: UsageEvent, now_ms: int) -> None:
    actor = f"uid:{os.getuid()}"
    entry = AuditEntry(now_ms, actor, "export-evidence", event.terminal, event.epoch, event.sequence)
    with center.store.transaction() as connection:
        enter(connection, entry)


def _stored_event(center: Center, terminal: bytes, sequence: int, epoch: int | None) -> UsageEvent:
    with center.store.reading() as connection:
        row = connection.execute(
            "SELECT bytes FROM events WHERE terminal = :terminal AND sequence = :sequence "
            "AND (:epoch IS NULL OR epoch = :epoch) ORDER BY epoch DESC LIMIT 1",
            {"terminal": terminal, "sequence": sequence, "epoch": epoch},
        ).fetchone()
    if row is None:
        raise EventNotStored(terminal=terminal.hex(), sequence=sequence)
    return UsageEvent.from_bytes(row[0])


def _evidence(center: Center, event: UsageEvent) -> SealedEvidence:
    try:
        return Unsealer(center).open(event)
    except (SealBroken, EventMalformed) as error:
        raise EvidenceMissing(sequence=event.sequence, detail=_NOT_OPENED) from error
