"""A holder's JSON file as an issuer writes it, with pictures as files of their own beside it.

{"categories": [1], …, "files": {"photo": [{"picture": "@photo.jpg"}]}}
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from card.errors import HolderRefused
from card.files import FieldLayout
from card.profile import reference_profile
from card.simulator.issuing.personalisation import Holder

BESIDE: Final = "@"  # before a file's name, where a binary field has hexadecimal
MAX_HOLDER_BYTES: Final = 1 << 20


def read_holder(path: Path) -> Holder:
    """The holder in a file. Raises HolderRefused, which quotes no value."""
    holder = Holder.from_bytes(bytes_of(path, MAX_HOLDER_BYTES))
    files = {
        name: [
            {key: _value(path.parent, name, key, value) for key, value in record.items()}
            for record in records
        ]
        for name, records in holder.files.items()
    }
    return msgspec.structs.replace(holder, files=files)


def _value(folder: Path, file: str, key: str, value: str) -> str:
    """The value itself or, for a binary field that names a file, that file's bytes in hexadecimal."""
    field = _field(file, key)
    if field is None or not (field.encoding.is_binary and value.startswith(BESIDE)):
        return value
    name = value.removeprefix(BESIDE)
    if name != Path(name).name or "\0" in name:
        raise HolderRefused(detail=f"`{file}.{key}` names no file beside the holder's")
    return bytes_of(folder / name, field.max_bytes).hex()


def _field(file: str, key: str) -> FieldLayout | None:
    layouts = [layout for layout in reference_profile().file if layout.name == file]
    return layouts[0].field_named(key) if layouts else None


def bytes_of(path: Path, at_most: int) -> bytes:
    """What a file holds. Raises HolderRefused for one that can't be read or holds more."""
    try:
        with path.open("rb") as file:
            data = file.read(at_most + 1)
    except OSError as error:
        raise HolderRefused(detail=f"{path}: {error.strerror}") from error
    if len(data) > at_most:
        raise HolderRefused(detail=f"{path}: more than {at_most} bytes")
    return data
