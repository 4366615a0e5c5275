"""What the centre gives out: catalogue, rule packs and hotlist, signed, one numbered folder a publication.

Old publications stay: an event is judged by the rules that its terminal had when the card was tapped.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from crypto.content_signature import SignedContext, sign_content, verify_content
from crypto.errors import ContentSignatureInvalid
from crypto.explained import ExplainedError, Text
from crypto.signer import Signer
from crypto.sm2 import PublicKey
from sync import reasons
from sync.errors import ContentInvalid
from sync.protocol.enrolment import MAX_CONTENT_BYTES, ContentFile
from terminal.decisions.catalogue import Catalogue
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.rule_pack import RulePack
from terminal.hotlist import Hotlist

CATALOGUE: Final = "catalogue.toml"
HOTLIST: Final = "hotlist.bin"
RULES: Final = "rules"
SIGNATURE_SUFFIX: Final = ".sig"


@dataclass(frozen=True)
class Publication:
    """One set of content that was in force together, its signatures verified and all of it parsed."""

    files: Mapping[str, ContentFile]
    catalogue: Catalogue
    rules: RuleBook
    hotlist: Hotlist

    def served(self, name: str) -> bytes | None:
        """The bytes under a public name: a file, or with `.sig` its signature."""
        if name.endswith(SIGNATURE_SUFFIX):
            file = self.files.get(name.removesuffix(SIGNATURE_SUFFIX))
            return file.signature if file else None
        file = self.files.get(name)
        return file.data if file else None


class Publications:
    """All publications of a centre, oldest first. Raises ContentInvalid for one that was tampered with."""

    def __init__(self, directory: Path, content_key: PublicKey) -> None:
        folders = sorted(folder for folder in directory.iterdir() if folder.name.isdigit())
        if not folders:
            raise ContentInvalid(
                name=directory.name, detail=Text(zh="没有任何发布", en="nothing was published")
            )
        self._all: Sequence[Publication] = [_load(folder, content_key) for folder in folders]

    @property
    def current(self) -> Publication:
        """What is in force now."""
        return self._all[-1]

    def with_rules(self, version: str) -> Iterator[Publication]:
        """The publications whose rule book has this version, newest first."""
        return (one for one in reversed(self._all) if one.rules.version == version)


def publish(source: Path, directory: Path, signer: Signer) -> None:
    """Check and sign the content in `source` and put it in force as the next publication in `directory`.

    `source` holds catalogue.toml, rules/*.toml and hotlist.bin. Raises ContentInvalid; then nothing changed.
    """
    directory.mkdir(exist_ok=True)
    numbers = [int(folder.name) for folder in directory.iterdir() if folder.name.isdigit()]
    target = directory / f"{max(numbers, default=0) + 1:06d}"
    draft = directory / f".{target.name}.{os.getpid()}"
    try:
        for name in _names(source):
            data = _read(source / name, name)
            signature = sign_content(signer, _context(name), data)
            (draft / name).parent.mkdir(parents=True, exist_ok=True)
            (draft / name).write_bytes(data)
            (draft / f"{name}{SIGNATURE_SUFFIX}").write_bytes(signature)
        _load(draft, signer.public_key)
        draft.rename(target)
    finally:
        # There is none any more once it was put in force.
        shutil.rmtree(draft, ignore_errors=True)


def _load(folder: Path, content_key: PublicKey) -> Publication:
    files: dict[str, ContentFile] = {}
    for name in _names(folder):
        data = _read(folder / name, name)
        signature = _read(folder / f"{name}{SIGNATURE_SUFFIX}", f"{name}{SIGNATURE_SUFFIX}")
        try:
            verify_content(content_key, _context(name), data, signature)
        except ContentSignatureInvalid as error:
            said = Text(zh="签名不是内容密钥所签", en="its signature is not the content key's")
            raise ContentInvalid(name=name, detail=said) from error
        files[name] = ContentFile(name=name, data=data, signature=signature)
    try:
        catalogue = Catalogue.from_bytes(files[CATALOGUE].data)
        packs = [
            RulePack.from_bytes(file.data, name) for name, file in files.items() if name.startswith(RULES)
        ]
        rules = RuleBook(packs)
        hotlist = Hotlist.from_bytes(files[HOTLIST].data)
    except ExplainedError as error:
        raise ContentInvalid(name=folder.name, detail=reasons.of_error(error)) from error
    return Publication(MappingProxyType(files), catalogue, rules, hotlist)


def _names(folder: Path) -> Iterator[str]:
    yield CATALOGUE
    yield HOTLIST
    for path in sorted((folder / RULES).glob("*.toml")):
        yield f"{RULES}/{path.name}"


def _context(name: str) -> SignedContext:
    if name == CATALOGUE:
        return SignedContext.CATALOGUE
    return SignedContext.HOTLIST if name == HOTLIST else SignedContext.RULE_PACK


def _read(path: Path, name: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ContentInvalid(name=name, detail=reasons.of_system(error)) from error
    if len(data) > MAX_CONTENT_BYTES:
        raise ContentInvalid(name=name, detail=Text(zh="文件过大", en="it is too large"))
    return data
