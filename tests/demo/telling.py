"""How the demo tells what it does: one line a step, in both languages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

console = Console(highlight=False)


def remark(zh: str, en: str) -> None:
    """Say what happens within a step."""
    console.print(f"  [yellow]✂[/] {zh} [dim]{en}[/]")


@contextmanager
def step(zh: str, en: str) -> Iterator[None]:
    """Say what begins, and how long it took."""
    started = time.monotonic()
    console.print(f"[bold cyan]▸[/] {zh}\n  [dim]{en}[/]")
    yield
    spent = time.monotonic() - started
    if spent >= 2:
        console.print(f"  [dim]{spent:.1f} s[/]")
