"""Signed content on a terminal: catalogue, rule packs and hotlist, each believed only with its signature.

A file NAME has its signature (r ‖ s, 64 bytes) beside it in NAME.sig, made with the centre's content key.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crypto.content_signature import SignedContext, verify_content
from crypto.sm2 import SIGNATURE_BYTES, PublicKey
from terminal.decisions.catalogue import Catalogue
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.rule_pack import RulePack
from terminal.errors import ContentMissing
from terminal.hotlist import Hotlist


@dataclass(frozen=True)
class Content:
    """Everything signed that a terminal decides by."""

    catalogue: Catalogue
    rules: RuleBook
    hotlist: Hotlist


def load_content(folder: Path, content_key: PublicKey) -> Content:
    """Read, verify and parse a terminal's content.

    Raises ContentMissing, ContentSignatureInvalid, and what the parsers raise (CatalogueMalformed,
    RulePackMalformed, RuleBookInconsistent, HotlistMalformed).
    """
    catalogue = _verified(folder / "catalogue.toml", SignedContext.CATALOGUE, content_key)
    packs = []
    for path in sorted((folder / "rules").glob("*.toml")):
        packs.append(RulePack.from_bytes(_verified(path, SignedContext.RULE_PACK, content_key), path.name))
    hotlist = _verified(folder / "hotlist.bin", SignedContext.HOTLIST, content_key)
    return Content(Catalogue.from_bytes(catalogue), RuleBook(packs), Hotlist.from_bytes(hotlist))


def _verified(path: Path, context: SignedContext, content_key: PublicKey) -> bytes:
    signature_path = path.with_name(f"{path.name}.sig")
    try:
        data = path.read_bytes()
        with signature_path.open("rb") as file:
            signature = file.read(SIGNATURE_BYTES + 1)
    except OSError as error:
        raise ContentMissing(file=Path(error.filename or path).name) from error
    verify_content(content_key, context, data, signature)
    return data
