"""What a screen reader sees of the kiosk through AT-SPI; presses "完成". For Debian's Python with pyatspi."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pyatspi  # type: ignore[import-not-found]  # Debian's Python has it, the venv has not
from gi.repository import GLib  # type: ignore[import-not-found]

WINDOW, DONE = "通卡自助终端", "完成"
PATIENCE_SECONDS = 20


def below(node: Any) -> Iterator[Any]:
    """The node and all below it."""
    yield node
    for child in node:
        if child is not None:
            yield from below(child)


def find_window() -> Any:
    """The kiosk's window, once the registry knows it."""
    for program in pyatspi.Registry.getDesktop(0):
        for window in program or ():
            if window is not None and window.name == WINDOW:
                return window
    return None


def tell_and_press(window: Any) -> None:
    """One line for each thing that is shown; then the press."""
    sys.stdout.write(f"window {window.name}\n")
    nodes = [node for node in below(window) if node.getState().contains(pyatspi.STATE_SHOWING)]
    for node in nodes:
        if node.name:
            focused = "focused " if node.getState().contains(pyatspi.STATE_FOCUSED) else ""
            sys.stdout.write(f"{focused}{node.getRoleName()}: {node.name} | {node.description}\n")
    (done,) = (node for node in nodes if node.name == DONE)
    actions = done.queryAction()
    names = [actions.getName(index) for index in range(actions.nActions)]
    actions.doAction(names.index("Press"))


def look(*_event: object) -> None:
    """At every change: is the kiosk there by now?"""
    window = find_window()
    if window is not None:
        pyatspi.Registry.stop()
        tell_and_press(window)


def main() -> None:
    """Wait for the kiosk's window, tell it, press its button."""
    window = find_window()
    if window is not None:
        tell_and_press(window)
        return
    pyatspi.Registry.registerEventListener(look, "object:children-changed", "window:create")
    GLib.timeout_add_seconds(PATIENCE_SECONDS, pyatspi.Registry.stop)
    pyatspi.Registry.start()


if __name__ == "__main__":
    main()
