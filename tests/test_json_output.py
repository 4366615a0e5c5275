"""With `--json` a command prints the facts of what it did, and nothing else: from an issuer to a centre."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from terminal.command_line import ExitCode, run


class Shell:
    """Runs commands with `--json` in a folder, and reads the one document that each prints."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, line: str) -> dict[str, Any]:
        status = run([*line.split(), "--json"])
        shown = self._capsys.readouterr()
        assert status == ExitCode.DONE, shown.err
        assert shown.err == ""
        document = json.loads(shown.out)
        assert isinstance(document, dict)
        return document


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.chdir(tmp_path)
    return Shell(capsys)


def test_from_an_issuer_to_published_content(shell: Shell, tmp_path: Path) -> None:
    first = shell("issuer init --dir issuer")
    assert first["file"] == "issuer/issuer.json"
    card = shell("issuer personalise --dir issuer --category 1 --grade 1 --region 330106 --out card.json")
    assert card["file"] == "card.json"
    assert shell("issuer psam --dir issuer --out psam.json")["roles"] == "reader"
    assert shell("issuer block --dir issuer --card card.json") == {"file": "card.json"}
    assert shell("issuer unblock --dir issuer --card card.json") == {"file": "card.json"}

    assert shell("content starter --out content") == {"directory": "content"}
    (tmp_path / "issued.csv").write_text(f"{card['card_id']},{card['issued']}\n")
    (tmp_path / "statuses.csv").write_text("")
    made = "content hotlist --issued issued.csv --statuses statuses.csv --version 1 --out content/hotlist"
    assert shell(made) == {"path": "content/hotlist/base.bin", "count": 0}

    made = "center init --data center --issuer issuer/issuer.json --content content --lists content/lists"
    assert shell(f"{made} --issued issued.csv") == {"directory": "center", "unasked": []}
    published = shell("center publish --data center --content content")
    assert (published["version"], published["hotlist"], published["after"]) == (
        2,
        2,
        0,
    )  # the base and its delta
    assert {each["name"] for each in published["lists"]} >= {"minors", "wheelchair-users"}
    assert published["unasked"] == []
    code = shell("center terminal-code --data center --operator test-bus --service BUS-1 --region 500103")
    assert code["days"] > 0
    assert code["code"]

    second = shell("issuer rotate --dir issuer")
    assert second["key_id"] != first["key_id"]
    added = shell("center issuer add --data center --issuer issuer/issuer.json")
    assert added == {"key_id": second["key_id"].lower(), "version": 3}
    retired = shell(f"center issuer retire --data center --key-id {first['key_id']} --until 2030-12-31")
    assert retired == {"key_id": first["key_id"].lower(), "until": "2030-12-31", "version": 4}
    revoked = shell(f"center issuer revoke --data center --key-id {second['key_id']}")
    assert revoked == {"key_id": second["key_id"].lower(), "version": 5}


def test_card_profiles(shell: Shell) -> None:
    profile = Path(__file__).parents[1] / "card" / "profiles" / "reference.toml"
    checked = shell(f"card profile check {profile}")
    written = shell(f"card profile document {profile}")
    assert checked["id"] == written["id"] == "reference"
    assert checked["files"] > 0
    assert written["markdown"].startswith("| file |")
