"""What is fuzzed of journals: files that somebody hands over to be verified."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Final

from terminal.errors import TerminalError
from terminal.events.errors import EventMalformed
from terminal.events.event import QuotaUses, SealedEvidence
from terminal.journal.export_file import ExportReader, ExportWriter
from terminal.journal.exporting import export_journal
from terminal.journal.items import StoredEvent, Unreadable
from terminal.journal.reader import JournalReader
from terminal.journal.verification import verify_source
from tests.terminal.journal.journals import KEY, RECEIPTS, append, receipt_for, writer


def journal_export(data: bytes) -> bool:
    """An exported journal, whole or torn, and its check."""
    try:
        report = verify_source(
            ExportReader(io.BytesIO(data)), KEY.public_key, receipt_key=RECEIPTS.public_key
        )
        reader = ExportReader(io.BytesIO(data))
    except TerminalError:
        return False
    items = list(reader.items())
    assert len([item for item in items if isinstance(item, StoredEvent)]) == report.events
    if reader.tear is not None:
        assert report.fault_count
        return False
    again = io.BytesIO()
    written = ExportWriter(again, reader.header)
    for item in items:
        assert not isinstance(item, Unreadable)
        if isinstance(item, StoredEvent):
            written.event(item)
        else:
            written.checkpoint(item)
    written.end()
    assert again.getvalue() == data
    return True


def sealed_evidence(data: bytes) -> bool:
    """What the centre finds in an event's sealed part."""
    try:
        found = SealedEvidence.from_bytes(data)
    except EventMalformed:
        return False
    assert found.to_bytes() == data
    return True


def journal_seeds() -> dict[str, list[bytes]]:
    """A whole export and an extract; a refused card's evidence, and one with everything."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        with writer(path) as journal:
            events = append(journal, 3)
        found = []
        with JournalReader(path) as reader:
            for first in (1, 2):
                target = Path(folder) / f"from-{first}"
                export_journal(reader, target, ["certificate"], receipt_for(events[-1]), 0, first)
                found.append(target.read_bytes())
    refused = SealedEvidence(b"", 0, b"", "", "CRD-101")
    full = SealedEvidence(bytes(156), 7, bytes(64), "cn/x", "", (QuotaUses("cn/x", 2),), 3, "{}")
    return {"journal-export": found, "sealed-evidence": [refused.to_bytes(), full.to_bytes()]}


JOURNAL_TARGETS: Final[Mapping[str, Callable[[bytes], bool]]] = MappingProxyType(
    {"journal-export": journal_export, "sealed-evidence": sealed_evidence}
)
