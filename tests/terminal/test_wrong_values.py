"""A value that is not of the form needed: both languages say which form is, with an example."""

from __future__ import annotations

import json
from typing import Any

import pytest

from terminal.command_line import run

EXPLAIN = ("rules", "explain", "--content", "c", "--service", "S", "--on", "2026-07-01", "--region", "3301")
CATALOGUE = ("catalogue", "search", "x", "--data", "d", "--file", "f")
TOKEN = ("api", "token", "create", "--data", "d", "Till 1")
REVOKE = ("center", "terminal", "revoke", "--data", "d", "--terminal", "x")


@pytest.mark.parametrize(
    ("arguments", "zh", "en"),
    [
        ((*EXPLAIN, "--category", "1"), "应为六位地区代码，如 330106", "six digits of GB/T 2260"),
        (EXPLAIN, "须写 --category 或 --companion-card 之一", "give either --category or --companion-card"),
        (TOKEN, "应为小写字母、数字、连字符，如 till-1", "are expected, as till-1"),
        (CATALOGUE, "--data 与 --file 只写一个", "give one of --data and --file"),
        (REVOKE, "应为 16 位十六进制", "16 hexadecimal digits"),
    ],
)
def test_what_is_expected_is_said_in_both_languages(
    arguments: tuple[str, ...], zh: str, en: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*arguments, "--json"]) == 2

    cause: dict[str, Any] = json.loads(capsys.readouterr().err)["error"]["cause"]
    assert zh in cause["zh"] and en not in cause["zh"]
    assert en in cause["en"] and zh not in cause["en"]
