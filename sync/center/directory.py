"""The centre's data folder: keys, publications and store, made at once and opened as one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from crypto.issuer_request import MAX_REQUEST_BYTES, IssuerRequest
from sync import reasons
from sync.center.authority import add_issuer, trust_document
from sync.center.cases import published_answers
from sync.center.keys import CenterKeys
from sync.center.publication import Publications, check_content, next_version, publish
from sync.center.standing_lists import UNCHANGED, ListChanges
from sync.center.store import CenterStore
from sync.errors import CenterDataMissing, CenterExists
from terminal.content.content import Content
from terminal.content.store import ContentStore

_KEYS: Final = "keys"
_CONTENT: Final = "content"
_STORE: Final = "center.db"


@dataclass(frozen=True)
class Center:
    """An opened centre."""

    keys: CenterKeys
    publications: Publications
    store: CenterStore

    def publish(
        self,
        source: Path | None,
        now: datetime,
        *,
        may_shrink: bool = False,
        lists: ListChanges = UNCHANGED,
    ) -> int:
        """Publish the content in `source`, or that of the last, with trust store and answers of now.

        One publisher at a time. `may_shrink`: the hotlist may have lost many cards. `lists`: what becomes of
        the standing lists. Raises as publication.publish; then what was in force stays so.
        """
        with self.publications.store.alone():
            version = next_version(self.publications.store)
            trust = trust_document(self.keys, self.store, version, now)
            return publish(
                self.publications,
                source,
                trust,
                self.keys.content,
                now,
                may_shrink=may_shrink,
                lists=lists,
                answers=published_answers(self.store, int(now.timestamp() * 1000)),
            )


def create_center(  # noqa: PLR0917  what it is made of
    directory: Path,
    issuer_file: Path,
    content: Path,
    now: datetime,
    keystore: str = "plain",
    settings: Mapping[str, str] | None = None,
    lists: ListChanges = UNCHANGED,
) -> Content:
    """Make a centre in `directory`, which must be missing or empty: whole, or not at all.

    Gives the content that it publishes. `issuer_file` is what a card issuer hands in of its key, `content` a
    folder as `publish` takes it, `keystore` and `settings` say where its keys shall lie, `lists` which
    standing lists are made. Raises CenterExists, CenterDataMissing, IssuerRequestMalformed, KeystoreRefused,
    as publication.publish, and what the keystore raises.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise CenterExists(directory=directory)
    issuer = read_issuer_request(issuer_file)
    # Before any key is made: in a card, a key is made once.
    check_content(content, lists)
    directory.parent.mkdir(parents=True, exist_ok=True)
    draft = directory.with_name(f".{directory.name}.{os.getpid()}")
    draft.mkdir(mode=0o700)
    try:
        keys = CenterKeys.create(draft / _KEYS, now, keystore, settings or {})
        with CenterStore(draft / _STORE) as store:
            add_issuer(keys, store, issuer, now)
            center = Center(keys, _publications(draft, keys), store)
            center.publish(content, now, lists=lists)
            published = center.publications.current
        # rename(2) replaces an empty folder, and refuses one that somebody filled in the meantime.
        draft.rename(directory)
    except OSError as error:
        raise CenterExists(directory=directory) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return published


@contextmanager
def open_center(directory: Path) -> Iterator[Center]:
    """Open what `create_center` made.

    Raises CenterDataMissing, ContentInvalid, KeystoreRefused or StoreBroken.
    """
    keys = CenterKeys.load(directory / _KEYS)
    with CenterStore(directory / _STORE) as store:
        center = Center(keys, _publications(directory, keys), store)
        _ = center.publications.current  # what was tampered with is not worked with
        yield center


def read_issuer_request(file: Path) -> IssuerRequest:
    """What an issuer handed in. Raises CenterDataMissing, IssuerRequestMalformed."""
    try:
        with file.open("rb") as opened:
            return IssuerRequest.from_bytes(opened.read(MAX_REQUEST_BYTES + 1))
    except OSError as error:
        raise CenterDataMissing(directory=file, detail=reasons.of_system(error)) from error


def _publications(directory: Path, keys: CenterKeys) -> Publications:
    return Publications(ContentStore(directory / _CONTENT), keys.root_certificate)
