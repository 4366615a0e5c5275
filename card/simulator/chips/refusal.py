"""How a simulated chip ends a command: with a status word."""

from __future__ import annotations


class ChipRefused(Exception):
    """Ends a command with a status word; never leaves the chip's `process`."""

    def __init__(self, sw: int) -> None:
        self.sw = sw
        super().__init__()


def require(condition: bool, sw: int) -> None:
    """Raise ChipRefused with the status word unless the condition holds."""
    if not condition:
        raise ChipRefused(sw)
