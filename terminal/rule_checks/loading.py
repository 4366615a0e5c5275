"""Rule packs and a catalogue from files and folders, as their authors keep them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from terminal.decisions.catalogue import Catalogue
from terminal.decisions.rule_pack import RulePack
from terminal.errors import FileNotRead
from terminal.rule_checks.errors import NoRulePacks


def pack_files(paths: Iterable[Path]) -> list[Path]:
    """The packs that `paths` name: files as they are, folders by the *.toml in them or in their rules/.

    Raises NoRulePacks for a folder without any, FileNotRead for what is not there.
    """
    return [file for path in paths for file in _within(path)]


def _within(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    rules = path / "rules"
    found = sorted((rules if rules.is_dir() else path).glob("*.toml"))
    if not found:
        raise NoRulePacks(path=path)
    yield from found


def read_pack(path: Path) -> RulePack:
    """One pack. Raises FileNotRead, RulePackMalformed."""
    return RulePack.from_bytes(read(path), path.name)


def read_catalogue(path: Path) -> Catalogue:
    """A catalogue. Raises FileNotRead, CatalogueMalformed."""
    return Catalogue.from_bytes(read(path), path.name)


def read(path: Path) -> bytes:
    """A file's bytes. Raises FileNotRead."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileNotRead(file=path, detail=error.strerror) from error
