"""Taking one event's evidence out of the centre, for somebody who checks it with openssl alone.

docs/verify-a-tap.md says what to do with the files. Each export is entered in the store's audit table.
"""

from __future__ import annotations

import os
from pathlib import Path

from crypto.credential import TapCredential
from crypto.errors import CredentialMalformed, SealBroken
from crypto.tap_proof import tap_message
from sync.center.directory import Center
from sync.center.evidence import Unsealer, examine_events
from sync.errors import EventNotStored, EvidenceMissing
from terminal.events.errors import EventMalformed
from terminal.events.event import SealedEvidence, UsageEvent


def export_evidence(
    center: Center, terminal: bytes, sequence: int, target: Path, *, now_ms: int, epoch: int | None = None
) -> None:
    """Write credential.bin, challenge.bin, message.bin, proof.bin and issuer.pem into `target`.

    `epoch` None means the terminal's latest with this sequence. Raises EventNotStored or EvidenceMissing.
    """
    # The headers of segments are gathered when events are examined.
    examine_events(center)
    event = _stored_event(center, terminal, sequence, epoch)
    evidence = _evidence(center, event)
    try:
        credential = TapCredential.from_bytes(evidence.credential)
    except CredentialMalformed as error:
        raise EvidenceMissing(sequence=sequence, detail="no readable credential") from error
    issuer = center.trust.issuer(credential.issuer_key_id)
    if issuer is None or not evidence.signature:
        raise EvidenceMissing(sequence=sequence, detail="no known issuer, or no proof by the card")
    challenge = event.challenge().to_bytes()
    with center.store.transaction() as connection:
        connection.execute(
            "INSERT INTO audit (at_ms, actor, action, terminal, epoch, sequence) VALUES (?, ?, ?, ?, ?, ?)",
            (now_ms, f"uid:{os.getuid()}", "export-evidence", terminal, event.epoch, sequence),
        )
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, data in (
        ("credential.bin", evidence.credential),
        ("challenge.bin", challenge),
        ("message.bin", tap_message(challenge, evidence.counter)),
        ("proof.bin", evidence.signature),
        ("issuer.pem", issuer.public_key.to_pem()),
    ):
        handle = os.open(target / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)


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
        raise EvidenceMissing(sequence=event.sequence, detail="its sealed part does not open") from error
