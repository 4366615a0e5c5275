"""Writing a terminal's journal, or a part of it, into a file for whoever is to check it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from crypto.explained import ExplainedError
from crypto.pki.certificate import Certificate
from crypto.pki.role import Role
from crypto.trust import TrustDocument
from terminal.content.manifest import TRUST
from terminal.content.store import ContentStore
from terminal.errors import FileNotRead, FileNotWritten
from terminal.events.errors import EventMalformed
from terminal.events.event import NO_PREVIOUS, UsageEvent
from terminal.events.receipt import SignedReceipt
from terminal.journal.errors import JournalDamaged
from terminal.journal.export_file import MAX_CERTIFICATES, ExportHeader, ExportWriter
from terminal.journal.export_gaps import Gap, GapFinder
from terminal.journal.items import StoredCheckpoint, StoredEvent
from terminal.journal.reader import JournalReader
from terminal.journal.schema import JournalBase

_SHOWN_ROLES = (Role.PROVINCE, Role.RECEIPT)


@dataclass(frozen=True)
class Exported:
    """What a file holds: `events`, `first` to `last` (0: none), and what of those asked for it does not."""

    events: int
    first: int
    last: int
    gaps: tuple[Gap, ...]


def export_journal(  # noqa: PLR0917  what an export depends on
    reader: JournalReader,
    target: Path,
    certificates: Sequence[str],
    receipt: SignedReceipt | None,
    made_ms: int,
    first: int = 1,
    last: int | None = None,
) -> Exported:
    """Write the events from `first` to `last` (None: all) and their checkpoints to a new file.

    Goes on to the next checkpoint behind `last`, so that a signature covers everything in the file. What
    can't be read is stepped over and told. Raises FileNotWritten, JournalDamaged, JournalUnavailable.
    """
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            with reader.snapshot():
                done = _write(reader, stream, certificates, receipt, made_ms, first, last)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(target)
    except OSError as error:
        raise FileNotWritten(file=target.name, detail=error.strerror) from error
    finally:
        part.unlink(missing_ok=True)
    return done


def _write(  # noqa: PLR0917
    reader: JournalReader,
    stream: BinaryIO,
    certificates: Sequence[str],
    receipt: SignedReceipt | None,
    made_ms: int,
    first: int,
    last: int | None,
) -> Exported:
    held = reader.base
    base = held if first <= held.sequence + 1 else _base_before(reader, first)
    end = _last_wanted(reader, last)
    writer = ExportWriter(
        stream,
        ExportHeader(
            terminal=reader.terminal,
            epoch=reader.epoch,
            is_training=reader.owner.is_training,
            is_extract=base is not held or end is not None,
            made_ms=made_ms,
            base_sequence=base.sequence,
            base_hash=base.hash,
            base_segment=base.segment,
            # What the receipt vouches for may lie behind the end of an extract, and proves nothing there.
            base_receipt=base.receipt if end is None else b"",
            receipt=receipt.to_bytes() if receipt is not None and end is None else b"",
            certificates=list(certificates),
        ),
    )
    gaps = GapFinder(first, base.sequence)
    count = begun = reached = 0
    for item in reader.items():
        is_before = base is not held and item.sequence <= base.sequence
        if is_before or (end is not None and item.sequence > end):
            continue
        gaps.met(item)
        if isinstance(item, StoredEvent):
            writer.event(item)
            count, begun, reached = count + 1, begun or item.sequence, item.sequence
        elif isinstance(item, StoredCheckpoint):
            writer.checkpoint(item)
    writer.end()
    # No checkpoint from `last` on: the file goes on to the journal's end, which may have been cut off.
    signed_for = receipt.receipt.watermark if receipt is not None else 0
    return Exported(count, begun, reached, gaps.end(signed_for if end is None else end))


def _base_before(reader: JournalReader, first: int) -> JournalBase:
    """Where an extract begins; with no hash where the event before can't be read, which its check tells."""
    before: list[StoredEvent] = []
    with suppress(JournalDamaged):
        before = reader.events(first - 2, 1)
    if not before or before[0].sequence != first - 1:
        return JournalBase(first - 1, NO_PREVIOUS)
    segment = b""
    with suppress(EventMalformed):
        segment = UsageEvent.from_bytes(before[0].data).segment
    return JournalBase(first - 1, before[0].hash, segment)


def _last_wanted(reader: JournalReader, last: int | None) -> int | None:
    """The first checkpoint from `last` on; None for all there is."""
    if last is None:
        return None
    with suppress(JournalDamaged):
        return next((sequence for sequence in reader.checkpoint_sequences(last)), None)
    return None


def known_certificates(own: Path, content: ContentStore) -> list[str]:
    """The terminal's certificate, and what leads from it and from receipts back to the root; as far as known.

    Raises FileNotRead.
    """
    found: list[str] = []
    if own.exists():
        try:
            found.append(own.read_text("ascii"))
        except (OSError, UnicodeDecodeError) as error:
            raise FileNotRead(file=own.name, detail=str(error)) from error
    # A terminal without usable content exports all the same; who checks then needs its key from elsewhere.
    with suppress(ExplainedError):
        manifest = content.manifest(max(content.versions(), default=0)).unverified()
        document = TrustDocument.from_bytes(content.read(manifest.file(TRUST)))
        found += [
            pem for pem in document.certificates if Certificate.from_pem(pem.encode()).role in _SHOWN_ROLES
        ]
    return found[:MAX_CERTIFICATES]
