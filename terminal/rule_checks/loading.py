"""Rule packs, cases and a catalogue from files and folders, as their authors keep them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path

from terminal.decisions.catalogue import Catalogue
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.rule_pack import RulePack
from terminal.decisions.toml_document import MAX_BYTES
from terminal.errors import FileNotRead
from terminal.rule_checks.case_file import CaseFile
from terminal.rule_checks.errors import NoRulePacks


def pack_files(paths: Iterable[Path]) -> list[Path]:
    """The packs that `paths` name: files as they are, folders by the packs in them or in their rules/.

    Raises NoRulePacks for a folder without any, FileNotRead for what is not there.
    """
    return [file for path in paths for file in _packs_within(path)]


def case_files(paths: Iterable[Path]) -> list[Path]:
    """The files of cases that `paths` name: files as such, folders by those in them or in their cases/.

    Raises FileNotRead.
    """
    return [file for path in paths for file in _listed(path, "cases") if holds_cases(file)]


def holds_cases(file: Path) -> bool:
    """Whether a file is one of cases; if that can't be told, it is not. Raises FileNotRead."""
    data = read(file)
    if len(data) > MAX_BYTES:
        return False
    try:
        document = tomllib.loads(data.decode())
    except (ValueError, RecursionError):
        return False
    return "cases" in document and "rules" not in document


def _packs_within(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    found = [file for file in _listed(path, "rules") if not holds_cases(file)]
    if not found:
        raise NoRulePacks(path=path)
    yield from found


def _listed(path: Path, inner: str) -> list[Path]:
    if not path.is_dir():
        return [path]
    folder = path / inner
    return sorted((folder if folder.is_dir() else path).glob("*.toml"))


def read_book(paths: Iterable[Path]) -> RuleBook:
    """All packs of `paths` together.

    Raises FileNotRead, NoRulePacks, RulePackMalformed and RuleBookInconsistent.
    """
    return RuleBook([read_pack(file) for file in pack_files(paths)])


def read_pack(path: Path) -> RulePack:
    """One pack. Raises FileNotRead, RulePackMalformed."""
    return RulePack.from_bytes(read(path), path.name)


def read_cases(path: Path) -> CaseFile:
    """One file of cases. Raises FileNotRead, CaseFileMalformed."""
    return CaseFile.from_bytes(read(path), path.name)


def read_catalogue(path: Path) -> Catalogue:
    """A catalogue, as it is or in a folder of content. Raises FileNotRead, CatalogueMalformed."""
    file = path / "catalogue.toml" if path.is_dir() else path
    return Catalogue.from_bytes(read(file), file.name)


def read(path: Path) -> bytes:
    """A file's bytes. Raises FileNotRead."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileNotRead(file=path, detail=error.strerror) from error


def starter_cases() -> tuple[CaseFile, ...]:
    """The cases that come with the starter packs: a file for each row of the table of rules of use."""
    folder = files("terminal.starter") / "cases"
    found = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name
    )
    return tuple(CaseFile.from_bytes(file.read_bytes(), file.name) for file in found)
