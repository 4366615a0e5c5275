"""Refuses a rule pack that was edited in place: what a name and version stood for once, it stands for always.

People name the rules that a tap was decided by as "pack@version"; two texts under one name could not be told
apart. The last day alone may be written into a version afterwards: it is how a version ends when the next one
is known (docs/write-a-rule.md).
"""

from __future__ import annotations

import codecs
import tomllib
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from crypto.sm3 import sm3
from sync.errors import PackVersionReused
from terminal.content.manifest import RULES
from terminal.content.store import ContentStore

_LAST_DAY: Final = "effective_until"
_Named: TypeAlias = tuple[str, str]


def require_new_versions(store: ContentStore, files: Mapping[str, bytes]) -> None:
    """Raise PackVersionReused for a pack of `files` that was published, or stands there, with other content.

    `files` are rule packs and others that were parsed before, by their names in a manifest. Raises what the
    store does for a publication that is damaged.
    """
    packs = {name: data for name, data in files.items() if name.startswith(RULES)}
    published = {
        file.digest: file
        for version in store.versions()
        for file in store.manifest(version).unverified().named(RULES)
    }
    changed = {name: data for name, data in packs.items() if sm3(data) not in published}
    if not changed:
        return
    said: dict[_Named, list[dict[str, Any]]] = {}
    for file in published.values():
        named, content = _read(store.read(file))
        said.setdefault(named, []).append(content)
    for name, data in changed.items():
        named, content = _read(data)
        if content not in said.setdefault(named, [content]):
            raise PackVersionReused(file=name, pack=named[0], version=named[1])


def _read(data: bytes) -> tuple[_Named, dict[str, Any]]:
    """A pack's name and version, and all that may not change under them."""
    content = tomllib.loads(data.removeprefix(codecs.BOM_UTF8).decode())
    content.pop(_LAST_DAY, None)
    return (content["name"], content["version"]), content
