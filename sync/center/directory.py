"""The centre's data folder: keys, trust store, publications and store, made at once and opened as one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from crypto.trust import TrustStore, issuer_key_from_json
from sync import reasons
from sync.center.keys import CenterKeys
from sync.center.publication import Publications, publish
from sync.center.store import CenterStore
from sync.errors import CenterDataMissing, CenterExists

_KEYS: Final = "keys"
_TRUST: Final = "trust.json"
_CONTENT: Final = "content"
_STORE: Final = "center.db"


@dataclass(frozen=True)
class Center:
    """An opened centre."""

    keys: CenterKeys
    trust: TrustStore
    publications: Publications
    store: CenterStore


def create_center(directory: Path, issuer_file: Path, content: Path, now: datetime) -> None:
    """Make a centre in `directory`, which must be missing or empty: whole, or not at all.

    `issuer_file` is what a card issuer publishes of its key, `content` a folder as `publish` takes it.
    Raises CenterExists, CenterDataMissing, TrustStoreMalformed or ContentInvalid.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise CenterExists(directory=directory)
    try:
        issuer = issuer_key_from_json(issuer_file.read_bytes())
    except OSError as error:
        raise CenterDataMissing(directory=issuer_file, detail=reasons.of_system(error)) from error
    directory.parent.mkdir(parents=True, exist_ok=True)
    draft = directory.with_name(f".{directory.name}.{os.getpid()}")
    draft.mkdir(mode=0o700)
    try:
        keys = CenterKeys.create(draft / _KEYS, now)
        trust = TrustStore(
            issuers={issuer.key_id: issuer},
            center_sealing_key=keys.sealing.public_key,
            center_receipt_key=keys.receipt.public_key,
            content_key=keys.content.public_key,
        )
        (draft / _TRUST).write_bytes(trust.to_bytes())
        publish(content, draft / _CONTENT, keys.content)
        CenterStore(draft / _STORE).close()
        # rename(2) replaces an empty folder, and refuses one that somebody filled in the meantime.
        draft.rename(directory)
    except OSError as error:
        raise CenterExists(directory=directory) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def open_center(directory: Path) -> Iterator[Center]:
    """Open what `create_center` made.

    Raises CenterDataMissing, ContentInvalid, KeystoreRefused or StoreBroken.
    """
    try:
        trust = TrustStore.from_bytes((directory / _TRUST).read_bytes())
    except OSError as error:
        raise CenterDataMissing(directory=directory, detail=reasons.of_system(error)) from error
    keys = CenterKeys.load(directory / _KEYS)
    publications = Publications(directory / _CONTENT, trust.content_key)
    with CenterStore(directory / _STORE) as store:
        yield Center(keys, trust, publications, store)
