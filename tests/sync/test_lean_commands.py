"""What whoever administers the centre need not wait for: a verb loads what it works with."""

from __future__ import annotations

from tests.terminal.test_lean_terminal import loaded


def test_the_centres_verbs_do_not_load_its_server() -> None:
    modules = loaded("import terminal.command_line, sync.center.commands")
    assert "sync.center.publication" in modules
    assert modules.isdisjoint(("fastapi", "starlette", "uvicorn"))
