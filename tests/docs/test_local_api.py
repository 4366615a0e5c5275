"""docs/local-api.md: its commands run, its limits and codes are the ones in force."""

from __future__ import annotations

import json
import re
from pathlib import Path

from terminal.errors import TerminalError
from terminal.local_api import errors
from terminal.local_api.app import create_app
from terminal.local_api.limits import Limits
from terminal.local_api.role import Role
from tests.docs.shell_blocks import DOCS, bash_blocks, run_bash
from tests.terminal.enrolled import enrol

PAGE = DOCS / "local-api.md"
TEXT = PAGE.read_text()


def test_the_commands_of_the_page_run_in_order(tmp_path: Path) -> None:
    enrol(tmp_path / "terminal")
    blocks = bash_blocks(PAGE)
    assert len(blocks) == 2
    done = run_bash("\n".join(blocks), tmp_path, TONGKA_LANG="en")
    assert done.returncode == 0, done.stderr
    assert "till-1" in done.stdout and "Revoked: till-1" in done.stdout
    assert len((tmp_path / "till-1.token").read_text()) == 44
    assert json.loads((tmp_path / "openapi.json").read_text())["info"]["title"] == "Tongka local API"


def test_the_page_explains_every_error_and_role() -> None:
    own = [value for value in vars(errors).values() if isinstance(value, type)]
    codes = {one.code for one in own if issubclass(one, TerminalError) and "code" in vars(one)}
    assert len(codes) == 10
    assert codes <= set(re.findall(r"^\| (TRM-\d+) \|", TEXT, re.MULTILINE))
    for role in Role:
        assert TEXT.count(f"| `{role}` |") == 2  # in both languages


def test_every_address_of_the_page_is_there() -> None:
    known = {re.sub(r"\{.*?\}", "{}", path) for path in create_app().openapi()["paths"]}
    named = {re.sub(r"\{.*?\}", "{}", path) for path in re.findall(r"`(?:GET|POST) (/v1/[^?`]+)", TEXT)}
    assert len(named) >= 5 and named <= known


def test_the_limits_of_the_page_are_in_force() -> None:
    limits = Limits()
    assert f"{limits.body // 1024} KiB" in TEXT and f"{limits.head // 1024} KiB" in TEXT
    for number, zh, en in (
        (limits.rate, "每令牌每秒 {} 次", "{} requests a second"),
        (limits.burst, "突发 {} 次", "({} at once)"),
        (limits.connections, "同时 {} 个连接", "{} connections"),
        (limits.head_seconds, "在 {} 秒内收完", "within {} s"),
        (limits.stall_seconds, "{} 秒不收数据", "no data for {} s"),
        (limits.quiet_seconds, "每 {} 秒一行注释", "a comment every {} s"),
        (limits.recording_body // 1024, "带录音时 {} KiB", "with a recording {} KiB"),
        (limits.recordings, "这样的同时 {} 个", "{} of these at a time"),
        (limits.card_seconds, "至多 {}）", "never more than {})"),
        (limits.wait_seconds, "最多等 {} 秒", "after {} s at most"),
    ):
        assert zh.format(int(number)) in TEXT and en.format(int(number)) in TEXT.replace("\n", " "), number
