"""docs/add-a-reader-profile.md: its profile loads, its bytes are exchanged, and it leaves no field out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import msgspec
import serial

from card.simulator.boards.serial_command_response_board import SerialCommandResponseBoard
from firmware_profiles.reader_profile import ReaderProfile, profile_by_id, reader_profiles
from firmware_profiles.serial_profile import ReaderCommand
from tests.card.cards import ScriptedChip
from tests.docs.shell_blocks import DOCS

SECONDS = 10.0
PAGE = (DOCS / "add-a-reader-profile.md").read_text()


def blocks(language: str) -> list[str]:
    """The page's blocks in this language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_profile_of_the_page_is_the_one_that_is_shipped() -> None:
    [profile] = blocks("toml")
    assert ReaderProfile.from_bytes(profile.encode(), "page.toml") == profile_by_id("stx-etx-generic")


def test_the_bytes_of_the_page_are_exchanged() -> None:
    lines = [line for block in blocks("text") for line in block.splitlines()]
    assert len(lines) == 15
    with SerialCommandResponseBoard() as board, serial.Serial(board.path, timeout=SECONDS) as port:
        for line in lines:
            direction, _blank, printed = line.partition(" ")
            if direction == "card":
                board.put(ScriptedChip(lambda _command: b"\x6a\x82"))
            elif direction == "→":
                port.write(bytes.fromhex(printed))
            else:
                assert port.read(len(bytes.fromhex(printed))) == bytes.fromhex(printed)


def test_the_page_leaves_no_field_out_and_invents_none() -> None:
    explained = set(re.findall(r"^\|.*?`([\w.]+)`(?:, `([\w.]+)`)? \|", PAGE, re.MULTILINE))
    told = {name for names in explained for name in names if name}
    assert set(fields(ReaderProfile, "")) <= told
    assert {name for name in told if name.startswith("serial.")} <= set(fields(ReaderProfile, ""))


def test_the_page_names_every_profile() -> None:
    assert all(f"`{profile.id}`" in PAGE for profile in reader_profiles())


def fields(into: type[msgspec.Struct], before: str) -> Iterator[str]:
    """Dotted names of all fields within, with those of the structs inside."""
    for field in msgspec.structs.fields(into):
        name = before + field.encode_name
        inner = struct_in(field.type)
        # A command is written in one line, and explained below the table.
        if inner is None or inner is ReaderCommand:
            yield name
        else:
            yield from fields(inner, f"{name}.")


def struct_in(annotation: Any) -> type[msgspec.Struct] | None:
    """The struct in a type such as `Title`, `Title | None` or `tuple[Title, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return annotation
    return next(filter(None, map(struct_in, get_args(annotation))), None)
