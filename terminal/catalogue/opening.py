"""Which catalogue a command looks into: an enrolled terminal's in force, a file, or the starter's."""

from __future__ import annotations

from pathlib import Path

from terminal.configuration import Mode
from terminal.content.live import LiveContent
from terminal.data_directory import DataDirectory
from terminal.decisions.catalogue import MAX_CATALOGUE_BYTES, Catalogue
from terminal.errors import FileNotRead
from terminal.starter import starter_catalogue


def open_catalogue(data: Path | None, file: Path | None) -> Catalogue:
    """The catalogue of the terminal in `data`, or in `file`, or the starter's.

    Raises what LiveContent, DataDirectory and Catalogue.from_bytes do, and FileNotRead.
    """
    if data is not None:
        return _in_force(DataDirectory(data))
    if file is not None:
        return Catalogue.from_bytes(read_file(file), file.name)
    return starter_catalogue()


def read_file(file: Path) -> bytes:
    """The bytes of a catalogue or rule pack, at most one more than may be. Raises FileNotRead."""
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_CATALOGUE_BYTES + 1)
    except OSError as error:
        raise FileNotRead(file=file, detail=error.strerror) from error


def _in_force(directory: DataDirectory) -> Catalogue:
    configuration = directory.load_configuration()
    is_production = configuration.mode is Mode.PRODUCTION
    root = directory.load_root()
    with LiveContent(directory.content, root, configuration.service, is_production) as content:
        return content.current().catalogue
