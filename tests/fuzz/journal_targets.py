"""What is fuzzed of journals: files that somebody hands over to be verified."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Final

from terminal.errors import TerminalError
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


def journal_seeds() -> dict[str, list[bytes]]:
    """A whole export and an extract."""
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
    return {"journal-export": found}


JOURNAL_TARGETS: Final[Mapping[str, Callable[[bytes], bool]]] = MappingProxyType(
    {"journal-export": journal_export}
)
