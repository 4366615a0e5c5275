"""A folder that was mistyped: every verb that takes a terminal's says so, and leaves it as it was."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from crypto.explained import Language
from terminal.errors import TerminalNotEnrolled
from tests.command_tree import Place, commands

# Theirs is a centre's folder, or one that they make.
OF_OTHERS = {"center", "reconcile", "enrol"}
# Shows it on its screen, which is all that there is of a kiosk, and starts once the folder is there.
ON_ITS_SCREEN = "tongka kiosk run"


def _takes_a_terminal_s_folder(place: Place) -> bool:
    options = {option for parameter in place.parameters for option in parameter.opts}
    return place.is_called and "--data" in options and place.words[0] not in OF_OTHERS


PLACES = {place.name: place for place in commands(Language.EN) if _takes_a_terminal_s_folder(place)}


def _arguments(place: Place, folder: Path) -> list[str]:
    """Those of its example, for another folder."""
    arguments = place.examples[0][len(place.words) + 1 :]
    if place.name == "tongka receipt verify":  # the example is for one without a terminal
        arguments = arguments[:1]
    if "--data" in arguments:
        arguments[arguments.index("--data") + 1] = str(folder)
        return arguments
    return [*arguments, "--data", str(folder)]


def test_there_are_such_verbs() -> None:
    assert len(PLACES) > 25


@pytest.mark.parametrize("name", sorted(PLACES.keys() - {ON_ITS_SCREEN}))
def test_it_refuses_a_folder_that_is_no_terminal(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("轮椅坏了".encode())))
    monkeypatch.chdir(tmp_path)
    place = PLACES[name]
    empty, other, missing = tmp_path / "empty", tmp_path / "other", tmp_path / "missing"
    empty.mkdir()
    other.mkdir()
    (other / "notes.txt").write_text("somebody's own")
    for folder in (empty, other, missing):
        with pytest.raises(TerminalNotEnrolled, match="--data"):
            place.command.main(_arguments(place, folder), prog_name=name, standalone_mode=False)
    assert list(empty.iterdir()) == []
    assert [file.name for file in other.iterdir()] == ["notes.txt"]
    assert not missing.exists()
