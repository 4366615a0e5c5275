"""What is fuzzed of relayed inspections: what a handheld and a terminal read of each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from terminal.errors import TerminalError
from terminal.modes.inspection import Inspection
from terminal.modes.relayed_messages import (
    CardAnswered,
    CardGone,
    CardLaid,
    Inspected,
    NotInspected,
    SendCommand,
    from_handheld,
    from_terminal,
    to_line,
)

#: One of each kind.
FROM_HANDHELD: Final = (CardLaid(b"\x3b\x80\x80\x01\x01"), CardAnswered(b"\x90\x00"), CardGone())
FROM_TERMINAL: Final = (
    SendCommand(b"\x00\xa4\x04\x00"),
    Inspected(None),
    Inspected.of(Inspection(7, 1_790_000_000_000, "BUS-1", True, 0, 50, 1)),
    NotInspected("没有读完。", "It was not read to the end."),
)


def relayed_from_handheld(data: bytes) -> bool:
    """What a terminal reads."""
    try:
        message = from_handheld(data)
    except TerminalError:
        return False
    assert to_line(message) == data + b"\n"
    return True


def relayed_from_terminal(data: bytes) -> bool:
    """What a handheld reads, and what it shows of it."""
    try:
        message = from_terminal(data)
    except TerminalError:
        return False
    assert to_line(message) == data + b"\n"
    if isinstance(message, Inspected) and message.inspection is not None:
        assert message.inspection.text().zh.isprintable()
    return True


RELAY_TARGETS: Final[Mapping[str, Callable[[bytes], bool]]] = MappingProxyType(
    {"relayed-from-handheld": relayed_from_handheld, "relayed-from-terminal": relayed_from_terminal}
)


def relay_seeds() -> dict[str, list[bytes]]:
    """Each message."""
    return {
        "relayed-from-handheld": [to_line(one)[:-1] for one in FROM_HANDHELD],
        "relayed-from-terminal": [to_line(one)[:-1] for one in FROM_TERMINAL],
    }
