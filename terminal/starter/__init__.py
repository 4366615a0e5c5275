"""The content that comes with the package: rule packs and a catalogue to start and to test with.

They are data like any that a centre publishes: sign and publish them, or replace them.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType

from terminal.decisions.catalogue import Catalogue
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.rule_pack import RulePack

CATALOGUE_FILE = "catalogue.toml"


def starter_files() -> Mapping[str, bytes]:
    """Every starter file by its path below a terminal's content folder, as "rules/cn.toml"."""
    here = files(__name__)
    content = {CATALOGUE_FILE: (here / CATALOGUE_FILE).read_bytes()}
    for pack in sorted((here / "rules").iterdir(), key=lambda found: found.name):
        if pack.name.endswith(".toml"):
            content[f"rules/{pack.name}"] = pack.read_bytes()
    return MappingProxyType(content)


def starter_catalogue() -> Catalogue:
    """The starter's services."""
    return Catalogue.from_bytes(starter_files()[CATALOGUE_FILE], CATALOGUE_FILE)


def starter_rule_book() -> RuleBook:
    """The starter's rule packs together."""
    return RuleBook(
        RulePack.from_bytes(data, path) for path, data in starter_files().items() if path != CATALOGUE_FILE
    )
