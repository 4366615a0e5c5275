"""What the centre gives out: trust store, catalogue, rule packs and hotlist, under one signed manifest.

Old publications stay: an event is judged by the one that its terminal had when the card was tapped.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from crypto.explained import ExplainedError, Text
from crypto.pki.certificate import Certificate
from crypto.signer import Signer
from crypto.trust import TrustDocument
from sync import reasons
from sync.errors import ContentInvalid
from terminal.content.content import Content, load_content, require_newer
from terminal.content.manifest import (
    CATALOGUE,
    FORMAT,
    HOTLIST_BASE,
    MAX_FILE_BYTES,
    TRUST,
    Manifest,
    ManifestFile,
    SignedManifest,
    sign_manifest,
)
from terminal.content.store import ContentStore

#: Parsed publications that are kept in memory; their hotlists have megabytes.
REMEMBERED: Final = 8


class Publications:
    """All publications of a centre, as they come. Raises ContentInvalid for one that was tampered with."""

    def __init__(self, store: ContentStore, root: Certificate) -> None:
        self._store, self._root = store, root
        self._lock = threading.Lock()
        self._loaded: OrderedDict[int, Content] = OrderedDict()

    @property
    def store(self) -> ContentStore:
        """Manifests and files."""
        return self._store

    @property
    def root(self) -> Certificate:
        """The anchor that they all lead back to."""
        return self._root

    @property
    def current(self) -> Content:
        """What is in force now."""
        current = self.numbered(max(self._store.versions(), default=0))
        if current is None:
            raise ContentInvalid(name="manifests", detail=Text(zh="没有任何发布", en="nothing was published"))
        return current

    @property
    def manifest(self) -> SignedManifest:
        """The signed manifest of what is in force now."""
        return self._store.manifest(max(self._store.versions()))

    def numbered(self, version: int) -> Content | None:
        """The publication of this number, or None if there never was one."""
        with self._lock:
            known = self._loaded.get(version)
            if known is None and version in self._store.versions():
                known = self._loaded[version] = _load(self._store, self._store.manifest(version), self._root)
                if len(self._loaded) > REMEMBERED:
                    self._loaded.popitem(last=False)
            return known


def publish(
    publications: Publications,
    source: Path | None,
    trust: TrustDocument,
    signer: Signer,
    now: datetime,
) -> int:
    """Check, sign and put in force the next publication; its number, which `trust` bears as its version.

    `source` holds catalogue.toml, rules/*.toml and hotlist/*.bin; None takes what was published last. Raises
    ContentInvalid; then what was in force stays so.
    """
    store = publications.store
    files = _files(source) if source is not None else _last_files(publications)
    files[TRUST] = trust.to_bytes()
    manifest = Manifest(
        format=FORMAT,
        version=trust.version,
        made_ms=int(now.timestamp() * 1000),
        files=tuple(ManifestFile.of(name, data) for name, data in sorted(files.items())),
    )
    signed = sign_manifest(manifest, signer)
    try:
        for data in files.values():
            store.put(data)
        offered = _load(store, signed, publications.root)
        if store.versions():
            require_newer(publications.current, offered)
        store.put_manifest(manifest.version, signed)
    except ContentInvalid:
        raise
    except ExplainedError as error:
        raise ContentInvalid(name=str(source or TRUST), detail=reasons.of_error(error)) from error
    return manifest.version


def next_version(store: ContentStore) -> int:
    """The number that the next publication gets."""
    return max(store.versions(), default=0) + 1


def _load(store: ContentStore, signed: SignedManifest, root: Certificate) -> Content:
    try:
        # As of its own day: a certificate may run out later without making what it signed undone.
        return load_content(store, signed, root, 0)
    except ExplainedError as error:
        raise ContentInvalid(name="manifest", detail=reasons.of_error(error)) from error


def _last_files(publications: Publications) -> dict[str, bytes]:
    manifest = publications.manifest.unverified()
    return {file.name: publications.store.read(file) for file in manifest.files}


def _files(source: Path) -> dict[str, bytes]:
    return {name: _read(source / name, name) for name in _names(source)}


def _names(source: Path) -> Iterator[str]:
    yield CATALOGUE
    yield HOTLIST_BASE
    for folder, pattern in (("rules", "*.toml"), ("hotlist", "*.bin")):
        for path in sorted((source / folder).glob(pattern)):
            yield f"{folder}/{path.name}"


def _read(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ContentInvalid(name=name, detail=reasons.of_system(error)) from error
    if len(data) > MAX_FILE_BYTES:
        raise ContentInvalid(name=name, detail=Text(zh="文件过大", en="it is too large"))
    return data
