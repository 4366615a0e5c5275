"""How the demo tells what it does, in the operator's language: a line a step."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console

from crypto.explained import Language, Text

LANGUAGE: Final = Language.from_environment()
# A log has no width of its own; eighty columns would cut the tables.
console: Final = Console(highlight=False, width=None if sys.stdout.isatty() else 110)


def say(zh: str, en: str) -> None:
    """One sentence, or several lines."""
    console.print(Text(zh=zh, en=en).in_language(LANGUAGE), markup=False, soft_wrap=True)


def remark(zh: str, en: str) -> None:
    """Say what happens within a step."""
    say(f"    ✂ {zh}", f"    ✂ {en}")


@contextmanager
def step(zh: str, en: str) -> Iterator[None]:
    """Say what begins, and how long it took if that was long."""
    started = time.monotonic()
    say(f"▸ {zh}", f"▸ {en}")
    yield
    spent = time.monotonic() - started
    if spent >= 2:
        console.print(f"    {spent:.1f} s", style="dim")
