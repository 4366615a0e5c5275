"""Files that are whole after a power cut: the old content or the new, never a part."""

import os
from pathlib import Path

from terminal.errors import FileNotWritten


def write_durably(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace `path` with `data` atomically and durably. Raises FileNotWritten; the old file then stays."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise FileNotWritten(file=path.name, detail=error.strerror or "unknown") from error


def remove_durably(path: Path) -> None:
    """Remove `path`, so that no power cut brings it back; nothing where it is not. Raises FileNotWritten."""
    try:
        path.unlink()
        _sync_folder(path.parent)
    except FileNotFoundError:
        return
    except OSError as error:
        raise FileNotWritten(file=path.name, detail=error.strerror or "unknown") from error


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
