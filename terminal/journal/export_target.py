"""Where an export may be written: over no evidence unasked, and over nothing that the terminal lives on."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from terminal.data_directory import DataDirectory
from terminal.journal.errors import ExportExists, ExportIntoData


def require_target(directory: DataDirectory, out: Path, force: bool) -> None:
    """Raise ExportIntoData where `out` lies in the data folder, and ExportExists where it is there already.

    Goes by what the file system says is the same file or folder: links and other spellings count.
    """
    belongings = _identities((directory.path, *directory.path.rglob("*")))
    folder = out.parent.resolve()
    if not belongings.isdisjoint(_identities((out, folder, *folder.parents))):
        raise ExportIntoData(file=out)
    if out.exists() and not force:
        raise ExportExists(file=out)


def _identities(paths: Iterable[Path]) -> set[tuple[int, int]]:
    """Device and inode of each that is there."""
    found: set[tuple[int, int]] = set()
    for path in paths:
        with suppress(OSError):
            status = path.stat()
            found.add((status.st_dev, status.st_ino))
    return found
