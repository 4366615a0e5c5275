"""At which line of a TOML file a value stands, so that a refusal can point there.

`tomllib` forgets lines. A profile is written one key a line, so its table headers and keys tell them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

Path = tuple[str | int, ...]

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*([A-Za-z0-9_-]+(?:\s*\.\s*[A-Za-z0-9_-]+)*)\s*=""")


def line_of(text: str, path: Path) -> int:
    """The line, counted from 1, of the value at `path`, or of the nearest table or key around it.

    `path` is made of keys and of indices into arrays of tables.
    """
    best, best_line = 0, 1
    for line, place in _places(text):
        depth = len(place)
        if depth > best and place == path[:depth]:
            best, best_line = depth, line
    return best_line


def path_of(place: str) -> Path:
    """The path in a message of msgspec's, e.g. `$.file[2].field[0].tag`."""
    return tuple(int(index) if index else key for key, index in re.findall(r"\.([^.\[\]]+)|\[(\d+)\]", place))


def _places(text: str) -> Iterator[tuple[int, Path]]:
    """Every line that opens a table or sets a key, with its path."""
    table: Path = ()
    counts: Counter[Path] = Counter()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            keys = _split(header[2])
            table = _inside(keys[:-1], counts) + keys[-1:]
            if header[1] == "[[":
                table = (*table, counts[table])
                counts[table[:-1]] += 1
            yield number, table
        elif key := _KEY.match(line):
            yield number, table + _split(key[1])


def _inside(keys: Path, counts: Counter[Path]) -> Path:
    """A table's parents, each array of tables among them standing for its newest element."""
    path: Path = ()
    for key in keys:
        path = (*path, key)
        if counts[path]:
            path = (*path, counts[path] - 1)
    return path


def _split(dotted: str) -> Path:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))
