"""Where in a TOML file a value stands."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_profiles.toml_lines import Path, line_of, path_of

TEXT = """# a comment
id = "x"

[tap.fci] # more
template = "6F"

[[file]]
name = "one"

[[file.field]]
tag = "C1"

[[file.field]]
tag = "C2"

[[file]]
name = "two"
title = { zh = "二", en = "two" }

[[file.field]]
tag = "C3"
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("id",), 2),
        (("tap", "fci"), 4),
        (("tap", "fci", "template"), 5),
        (("tap", "fci", "nothing"), 4),
        (("file", 0), 7),
        (("file", 0, "name"), 8),
        (("file", 0, "field", 0, "tag"), 11),
        (("file", 0, "field", 1, "tag"), 14),
        (("file", 0, "field", 1), 13),
        (("file", 1, "name"), 17),
        (("file", 1, "title", "en"), 18),
        (("file", 1, "field", 0, "tag"), 21),
        (("file", 7), 1),
        ((), 1),
    ],
)
def test_a_value_is_found_at_its_line_or_at_what_is_around_it(path: Path, line: int) -> None:
    tomllib.loads(TEXT)
    assert line_of(TEXT, path) == line


def test_a_place_as_msgspec_writes_it_becomes_a_path() -> None:
    assert path_of("$.file[2].field[0].tag") == ("file", 2, "field", 0, "tag")
    assert path_of("$") == ()


@given(st.text(max_size=200), st.lists(st.one_of(st.text(max_size=3), st.integers(0, 3)), max_size=3))
def test_any_text_has_lines(text: str, path: list[str | int]) -> None:
    assert 1 <= line_of(text, tuple(path)) <= max(1, len(text.splitlines()))
