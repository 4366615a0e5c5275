"""Whether the files that are open are still those that lie in the data directory.

Whoever deletes a journal under a running terminal leaves it writing into a file that nobody finds again.
"""

from __future__ import annotations

import os
from pathlib import Path

from terminal.journal.errors import JournalReplaced


class FilesInPlace:
    """The journal and its log as they lay there when this was made; asking takes microseconds."""

    def __init__(self, path: Path) -> None:
        self._name = path.name
        files = (os.fspath(path), f"{path}-wal")
        self._found = [(file, found) for file in files if (found := _identity(file)) is not None]

    def require(self) -> None:
        """Raise JournalReplaced where one of them is gone, or another lies in its place."""
        for file, found in self._found:
            if _identity(file) != found:
                raise JournalReplaced(file=self._name)


def _identity(file: str) -> tuple[int, int] | None:
    try:
        found = os.stat(file)  # noqa: PTH116  a path object costs more than the call
    except OSError:
        return None
    return found.st_dev, found.st_ino
