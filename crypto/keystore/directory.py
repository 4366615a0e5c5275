"""Keystores as folders: made once with a kind and its settings, opened ever after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec

from crypto.errors import KeystoreDiffers, KeystoreMalformed, KeystoreMissing, KeystoreRefused
from crypto.explained import Text
from crypto.keystore.kind import kind_named
from crypto.keystore.private_files import (
    create_private,
    make_private_directory,
    read_private,
    require_private_directory,
)
from crypto.keystore.settings import FILE_NAME, MAX_FILE_BYTES, KeystoreFile
from crypto.signer import Keystore

_NO_SETTINGS: Final[Mapping[str, str]] = MappingProxyType({})


def make_keystore(
    directory: Path, kind: str = "plain", settings: Mapping[str, str] = _NO_SETTINGS
) -> Keystore:
    """The keystore in `directory`, made where there is none yet; then kind and settings must be the same.

    The folder is made, too. Raises KeystoreKindUnknown, KeystoreMalformed (settings), KeystoreDiffers,
    KeystoreRefused, and what the kind raises.
    """
    chosen = kind_named(kind)
    make_private_directory(directory)
    file = directory / FILE_NAME
    if not file.is_symlink() and not file.exists():
        kept = {**settings, **chosen.make(directory, settings)}
        try:
            create_private(file, _checked(kind, kept).to_bytes())
        except KeystoreRefused:
            if not file.exists():
                raise
            # Another process was faster: its keystore is the one.
    found = _read(directory)
    if found.kind != kind or any(found.settings.get(name) != value for name, value in settings.items()):
        raise KeystoreDiffers(directory=directory, kind=found.kind)
    return chosen.open(directory, found.settings)


def open_keystore(directory: Path) -> Keystore:
    """The keystore in `directory`.

    Raises KeystoreMissing, KeystoreMalformed, KeystoreRefused, KeystoreKindUnknown and what the kind raises.
    """
    file = directory / FILE_NAME
    if not file.is_symlink() and not file.exists():
        raise KeystoreMissing(directory=directory)
    require_private_directory(directory)
    found = _read(directory)
    return kind_named(found.kind).open(directory, found.settings)


def parse_settings(given: Iterable[str]) -> Mapping[str, str]:
    """Settings as a command takes them: `name=value`, each name once. Raises KeystoreMalformed."""
    settings: dict[str, str] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or name in settings:
            raise KeystoreMalformed(
                detail=Text(
                    zh=f"“{one}”不是“名称=值”，或重复", en=f"“{one}” is not name=value, or comes twice"
                )
            )
        settings[name] = value
    return MappingProxyType(settings)


def _read(directory: Path) -> KeystoreFile:
    return KeystoreFile.from_bytes(read_private(directory / FILE_NAME, MAX_FILE_BYTES))


def _checked(kind: str, settings: Mapping[str, str]) -> KeystoreFile:
    """What is written can be read again."""
    try:
        return msgspec.convert({"kind": kind, "settings": dict(settings)}, KeystoreFile)
    except msgspec.ValidationError as error:
        raise KeystoreMalformed(detail=str(error)) from error
