"""Kinds of keystore, found by their entry points, so that a licensed module comes as one more package."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final, Protocol

from crypto.errors import KeystoreKindUnknown
from crypto.signer import Keystore

GROUP: Final = "tongka.keystores"


class KeystoreKind(Protocol):
    """One way to hold keys; an entry point of the group `tongka.keystores` names an object like this."""

    def make(self, directory: Path, settings: Mapping[str, str]) -> Mapping[str, str]:
        """Prepare an existing private folder for its keys: the settings to keep, those given among them.

        May be called again after it was interrupted. Raises KeystoreMalformed for settings that it does not
        know, and errors of its own.
        """

    def open(self, directory: Path, settings: Mapping[str, str]) -> Keystore:
        """The keystore that `make` prepared with these settings. Raises KeystoreMalformed, or its own."""


def kind_named(name: str) -> KeystoreKind:
    """The installed kind of this name. Raises KeystoreKindUnknown."""
    points = entry_points(group=GROUP)
    known = "、".join(sorted(points.names)) or "-"
    if name not in points.names:
        raise KeystoreKindUnknown(kind=name, known=known)
    try:
        kind: KeystoreKind = points[name].load()
    except (ImportError, AttributeError) as error:
        raise KeystoreKindUnknown(kind=name, known=known) from error
    return kind
