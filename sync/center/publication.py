"""What the centre gives out: trust, catalogue, rules, hotlist, lists and answers, under one signed manifest.

Old publications stay: an event is judged by the one that its terminal had when the card was tapped.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from crypto.explained import ExplainedError, Text
from crypto.pki.certificate import Certificate
from crypto.signer import Signer
from crypto.trust import TrustDocument
from sync import reasons
from sync.center.pack_versions import require_new_versions
from sync.center.standing_lists import UNCHANGED, ListChanges
from sync.errors import ContentInvalid, ListNotPublished, SyncError
from terminal.content.asked_lists import asked_lists, lacking
from terminal.content.content import Content, load_content, require_newer
from terminal.content.manifest import (
    ANSWERS,
    CATALOGUE,
    FORMAT,
    HOTLIST_BASE,
    HOTLIST_DELTAS,
    LISTS,
    MAX_FILE_BYTES,
    NAME_PATTERN,
    RULES,
    TRUST,
    Manifest,
    ManifestFile,
    SignedManifest,
    sign_manifest,
)
from terminal.content.store import ContentStore
from terminal.decisions.catalogue import Catalogue
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.rule_pack import RulePack
from terminal.hotlist.base import HotlistBase
from terminal.hotlist.delta import HotlistDelta
from terminal.needs.answers import NO_ANSWERS, NeedAnswers

#: Parsed publications that are kept in memory; their hotlists have megabytes.
REMEMBERED: Final = 8
LARGEST_LOSS: Final = 0.1
FEW_CARDS: Final = 20
_NAMES: Final = Text(
    zh="规则包的文件名只能有小写字母、数字和连字符；hotlist 下只有 base.bin、reasons.bin、delta-0001.bin 等",
    en="rule packs are named with small letters, digits and hyphens; hotlist/ holds base.bin, reasons.bin, "
    "delta-0001.bin and so on",
)


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
        return _manifest(self._store, max(self._store.versions(), default=0))

    def numbered(self, version: int) -> Content | None:
        """The publication of this number, or None if there never was one."""
        with self._lock:
            known = self._loaded.get(version)
            if known is not None:
                self._loaded.move_to_end(version)
            elif version in self._store.versions():
                known = self._loaded[version] = _load(
                    self._store, _manifest(self._store, version), self._root
                )
                if len(self._loaded) > REMEMBERED:
                    self._loaded.popitem(last=False)
            return known


def publish(
    publications: Publications,
    source: Path | None,
    trust: TrustDocument,
    signer: Signer,
    now: datetime,
    *,
    may_shrink: bool = False,
    lists: ListChanges = UNCHANGED,
    answers: NeedAnswers = NO_ANSWERS,
) -> int:
    """Check, sign and put in force the next publication; its number, which `trust` bears as its version.

    `source` holds catalogue.toml, rules/*.toml and hotlist/*.bin; None takes what was published last. The
    standing lists are those published last, with `lists` changed; `answers` take the place of the last ones.
    A hotlist or standing list that has lost more than a tenth of its cards looks like a cut-off register: it
    is refused unless it `may_shrink`. Raises ContentInvalid, ListNotPublished, PackVersionReused and as
    `ListChanges.applied`; then what was in force stays so.
    """
    store = publications.store
    last = publications.current if store.versions() else None
    last_files = _last_files(publications) if last is not None else {}
    files = _files(source) if source is not None else _source_files(last_files)
    files |= lists.applied(last_files, last.lists if last is not None else {}, trust.version)
    _require_sound_hotlist(files)
    files[TRUST] = trust.to_bytes()
    if answers.entries:
        files[ANSWERS] = answers.to_bytes()
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
        _require_lists(offered.asked, offered.lists)
        require_new_versions(store, files)
        if last is not None:
            require_newer(last, offered)
            _require_no_collapse(last, offered, may_shrink, lists.may_shrink)
        store.put_manifest(manifest.version, signed)
    except SyncError:
        raise
    except ExplainedError as error:
        raise ContentInvalid(name=str(source or TRUST), detail=reasons.of_error(error)) from error
    return manifest.version


def check_content(source: Path, lists: ListChanges) -> None:
    """Parse the content in `source` as it would be published first. Raises as `publish`."""
    files = _files(source) | lists.applied({}, {}, 1)
    _require_sound_hotlist(files)
    try:
        Catalogue.from_bytes(files[CATALOGUE])
        rules = RuleBook(
            RulePack.from_bytes(data, name) for name, data in files.items() if name.startswith(RULES)
        )
    except ExplainedError as error:
        raise ContentInvalid(name=str(source), detail=reasons.of_error(error)) from error
    _require_lists(asked_lists(rules), {name.split("/")[1] for name in files if name.startswith(LISTS)})


def _require_sound_hotlist(files: Mapping[str, bytes]) -> None:
    """Name the file that is damaged; together they are parsed once more when all is loaded."""
    for name, data in files.items():
        try:
            if name == HOTLIST_BASE:
                HotlistBase.from_bytes(data)
            elif name.startswith(HOTLIST_DELTAS):
                HotlistDelta.from_bytes(data)
        except ExplainedError as error:
            raise ContentInvalid(name=name, detail=reasons.of_error(error)) from error


def _require_lists(asked: Mapping[str, str], published: Collection[str]) -> None:
    if lists := lacking(asked, published):
        raise ListNotPublished(lists=lists)


def _require_no_collapse(
    last: Content, offered: Content, hotlist_may: bool, lists_may: Collection[str]
) -> None:
    if not hotlist_may:
        _require_no_loss(HOTLIST_BASE, "--shrink-hotlist", last.hotlist.count, offered.hotlist.count)
    for name in sorted(last.lists.keys() & offered.lists.keys() - set(lists_may)):
        before, after = last.lists[name].count, offered.lists[name].count
        _require_no_loss(LISTS + name, f"--shrink-list {name}", before, after)


def _require_no_loss(name: str, option: str, before: int, after: int) -> None:
    if before >= FEW_CARDS and after < before * (1 - LARGEST_LOSS):
        raise ContentInvalid(
            name=name,
            detail=Text(
                zh=f"名单由 {before} 张减到 {after} 张；登记册是否不完整？确属如此请加 {option}",
                en=f"it falls from {before} cards to {after}: is a register cut off? If it is meant, add "
                f"{option}",
            ),
        )


def next_version(store: ContentStore) -> int:
    """The number that the next publication gets."""
    return max(store.versions(), default=0) + 1


def _load(store: ContentStore, signed: SignedManifest, root: Certificate) -> Content:
    try:
        # As of its own day: a certificate may run out later without making what it signed undone.
        return load_content(store, signed, root, 0)
    except ExplainedError as error:
        raise ContentInvalid(name="manifest", detail=reasons.of_error(error)) from error


def _manifest(store: ContentStore, version: int) -> SignedManifest:
    try:
        return store.manifest(version)
    except ExplainedError as error:
        raise ContentInvalid(name=f"manifest {version}", detail=reasons.of_error(error)) from error


def _last_files(publications: Publications) -> dict[str, bytes]:
    manifest = publications.manifest.unverified()
    return {file.name: publications.store.read(file) for file in manifest.files}


def _source_files(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Those that a folder of content would hold; the centre makes the others itself."""
    return {name: data for name, data in files.items() if not name.startswith((LISTS, ANSWERS))}


def _files(source: Path) -> dict[str, bytes]:
    return {name: _read(source / name, name) for name in _names(source)}


def _names(source: Path) -> Iterator[str]:
    yield CATALOGUE
    yield HOTLIST_BASE
    for folder, pattern in (("rules", "*.toml"), ("hotlist", "*.bin")):
        for path in sorted((source / folder).glob(pattern)):
            name = f"{folder}/{path.name}"
            if not re.match(NAME_PATTERN, name):
                raise ContentInvalid(name=name, detail=_NAMES)
            yield name


def _read(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ContentInvalid(name=name, detail=reasons.of_system(error)) from error
    if len(data) > MAX_FILE_BYTES:
        raise ContentInvalid(name=name, detail=Text(zh="文件过大", en="it is too large"))
    return data
