"""`tongka needs`: what stands against a need is said before anybody is asked to tap."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from terminal.decisions.errors import ServiceUnknown
from terminal.needs.commands import app
from terminal.starter import starter_catalogue
from tests.terminal.enrolled import enrol


def test_an_item_that_the_catalogue_has_not_is_refused_before_a_reader_is_opened(tmp_path: Path) -> None:
    bus = enrol(tmp_path / "bus")
    words = tmp_path / "words"
    words.write_text("轮椅坏了", encoding="utf-8")
    options = ("--data", bus.directory.path, "--item", "NOPE", "--words", words, "--reader", "no such reader")

    with pytest.raises(ServiceUnknown):
        CliRunner().invoke(app, ["leave", *map(str, options)], catch_exceptions=False)


def test_the_example_names_an_item_that_is_there() -> None:
    (leave,) = (one for one in app.registered_commands if one.callback and one.callback.__name__ == "leave")
    _before, _option, rest = str(leave.callback.__doc__).partition("--item ")

    assert rest.split()[0] in starter_catalogue().items
