"""Files of the simulator that hold keys: JSON, made with mode 0600, refused when others can read them."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from card.errors import CardFileRefused

HEX: Final = r"^(?:[0-9A-Fa-f]{2})*\Z"  # bytes in a document; none too

Document = TypeVar("Document", bound=msgspec.Struct)


def require_new(path: Path) -> None:
    """Raise CardFileRefused where there is a file already: keys are not overwritten."""
    if path.exists():
        raise CardFileRefused(file=path, detail="it exists already")


def read_secret_file(path: Path, into: type[Document]) -> Document:
    """The document in a file. Raises CardFileRefused."""
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise CardFileRefused(file=path, detail="others may read it (chmod 600)")
        return msgspec.json.decode(path.read_bytes(), type=into)
    except OSError as error:
        raise CardFileRefused(file=path, detail=error.strerror) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CardFileRefused(file=path, detail=str(error)) from error


def write_secret_file(path: Path, document: msgspec.Struct) -> None:
    """Replace the file, whole or not at all, on disk before this returns. Raises CardFileRefused."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(document)))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise CardFileRefused(file=path, detail=error.strerror) from error
    finally:
        temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make a rename last: without it a power cut brings the old file back, with its old count of tries."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
