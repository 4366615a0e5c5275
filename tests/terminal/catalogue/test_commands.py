"""`tongka catalogue`: what each verb prints and how it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from terminal.catalogue.commands import app
from terminal.decisions.catalogue import MAX_CATALOGUE_BYTES
from terminal.decisions.errors import CatalogueMalformed, ServiceUnknown
from terminal.errors import FileNotRead, TerminalNotEnrolled
from terminal.starter import CATALOGUE_FILE, starter_catalogue, starter_files
from tests.terminal.enrolled import enrol

STARTER = starter_files()[CATALOGUE_FILE]


def run(*arguments: str | Path, language: str = "zh_CN.UTF-8") -> Result:
    environment = {"TONGKA_LANG": language, "COLUMNS": "200"}
    return CliRunner(env=environment).invoke(app, list(map(str, arguments)))


def printed(*arguments: str | Path) -> list[dict[str, Any]]:
    ended = run(*arguments, "--json")
    assert ended.exit_code == 0
    return [json.loads(line) for line in ended.stdout.splitlines()]


@pytest.fixture
def content(tmp_path: Path) -> Iterator[Path]:
    for name, data in starter_files().items():
        path = tmp_path / "content" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    yield tmp_path / "content"


def test_search_shows_services_and_why() -> None:
    zh, en = run("search", "轮椅", "借用"), run("search", "lunyi", language="en")

    assert zh.exit_code == en.exit_code == 0
    assert "REHAB-LEND" in zh.stdout and "轮椅和辅具借用" in zh.stdout and "各词都有" in zh.stdout
    assert "Borrow a wheelchair or aid" in en.stdout and "its name begins so" in en.stdout


def test_search_prints_json_a_line_each() -> None:
    found = printed("search", "zfzj", "--limit", "1")

    assert found == [
        {
            "code": "SUB-RENT",
            "name": {"zh": "公租房租金减免", "en": "Lower rent in public housing"},
            "match": "initials",
            "matched": "公租房租金减免",
            "errors": 0,
            "why": {"zh": "拼音首字母", "en": "its initials"},
        }
    ]


def test_nothing_found_is_no_fault() -> None:
    nothing = run("search", "qqqqqqqqqqqq")

    assert (nothing.exit_code, nothing.stdout.splitlines()) == (0, ["没有找到。可以换一个词，或写拼音。"])
    assert run("search", "qqqqqqqqqqqq", "--json").stdout == ""


def test_show_tells_all_of_a_service() -> None:
    zh, en = run("show", "SOC-TEXT").stdout, run("show", "SOC-TEXT", language="en").stdout
    (shown,) = printed("show", "SOC-TEXT")

    for part in ("短信文字报警", "duan xin wen zi bao jing", "每天 00:00–24:00", "12110", "[G]", "公安机关"):
        assert part in zh, part
    assert "every day 00:00–24:00" in en and "Alarm by text message" in en
    assert shown["code"] == "SOC-TEXT"
    assert shown["initials"] == "dxwzbj"
    assert shown["hours"][0]["opens"] == "00:00"
    assert shown["source"]["mark"] == "G"


def test_show_names_channels_papers_and_fares() -> None:
    assert "网上 https://gjzwfw.www.gov.cn" in run("show", "CERT-NEW").stdout
    assert "户口簿" in run("show", "CERT-NEW").stdout
    assert "¥70.00" in run("show", "GARDEN").stdout
    assert "票价" not in run("show", "CERT-NEW").stdout


def test_domains_and_kinds_are_words() -> None:
    for table in (run("show", "SOC-BUS").stdout, run("list", "--domain", "social").stdout):
        assert "社会" in table and "公共交通" in table
        assert "social" not in table and "transit" not in table


def test_list_can_keep_to_a_field_of_use() -> None:
    social = printed("list", "--domain", "social")

    assert {one["domain"] for one in social} == {"social"}
    assert len(printed("list")) == len(starter_catalogue().items)
    table = run("list", "--domain", "identity").stdout
    assert "CERT-LOST" in table and "BUS-1" not in table
    assert run("list", "--domain", "fun").exit_code == 2


def test_a_service_that_is_not_there_is_named() -> None:
    assert isinstance(run("show", "NIX").exception, ServiceUnknown)


def test_the_catalogue_in_force_of_a_terminal_is_used(tmp_path: Path) -> None:
    bus = enrol(tmp_path / "bus")
    changed = STARTER.replace("公租房租金减免".encode(), "公租房房租打折".encode())
    bus.files[CATALOGUE_FILE] = changed
    bus.publish()

    (found,) = printed("search", "fangzudazhe", "--data", bus.directory.path, "--limit", "1")

    assert found["name"]["zh"] == "公租房房租打折"
    (file,) = printed("search", "fangzudazhe", "--file", written(tmp_path, changed), "--limit", "1")
    assert file == found
    assert found["code"] not in {one["code"] for one in printed("search", "fangzudazhe", "--limit", "1")}


def written(folder: Path, data: bytes) -> Path:
    path = folder / "catalogue.toml"
    path.write_bytes(data)
    return path


def test_what_can_not_be_opened_is_refused(tmp_path: Path) -> None:
    assert isinstance(run("list", "--data", tmp_path).exception, TerminalNotEnrolled)
    assert isinstance(run("list", "--file", tmp_path / "none.toml").exception, FileNotRead)
    assert isinstance(run("list", "--file", written(tmp_path, b"x = 1")).exception, CatalogueMalformed)
    assert run("list", "--file", tmp_path, "--data", tmp_path).exit_code == 2


def test_lint_of_the_starter_finds_nothing(content: Path) -> None:
    ended = run("lint", content / CATALOGUE_FILE, "--rules", content / "rules")

    count = len(starter_catalogue().items)
    assert (ended.exit_code, ended.stdout) == (0, f"共 {count} 项服务，问题 0 处\n")


def test_lint_names_file_item_and_field_of_every_fault(content: Path) -> None:
    path = content / CATALOGUE_FILE
    bad = STARTER.replace(b'pictogram = "metro"', b'pictogram = "tram"').replace(
        b'related = ["SOC-BUS"]', b'related = ["SOC-TRAM", "SOC-BOAT"]'
    )
    path.write_bytes(bad)
    rules = content / "rules" / "delta-attractions.toml"
    rules.write_bytes(rules.read_bytes().replace(b'kinds = ["attraction"]', b'services = ["PALACE"]', 1))
    (content / "rules" / "torn.toml").write_bytes(b"name = ")
    (content / "torn.toml").write_bytes(b"version = 1")

    ended = run("lint", path, content / "torn.toml", "--rules", content / "rules", language="en")
    report = json.loads(
        run("lint", path, content / "torn.toml", "--rules", content / "rules", "--json").stdout
    )

    assert ended.exit_code == 1
    for said in (
        f"{path}: SOC-METRO, pictogram: no kiosk draws “tram”",
        f"{path}: BUS-1, related: the catalogue has no service SOC-TRAM",
        f"{path}: BUS-1, related: the catalogue has no service SOC-BOAT",
        "applies_to.services: the catalogue has no service PALACE",
        f"{content / 'rules' / 'torn.toml'}: TRM-201",
        f"{content / 'torn.toml'}: TRM-204",
    ):
        assert said in ended.stdout, said
    assert len(report["findings"]) == 6
    assert {one["entry"] for one in report["findings"]} >= {"SOC-METRO", "BUS-1", ""}


def test_lint_without_a_folder_of_rules_is_wrong_usage(tmp_path: Path) -> None:
    assert run("lint", written(tmp_path, STARTER), "--rules", tmp_path / "none").exit_code == 2
    assert run("lint").exit_code == 2


def test_a_file_of_any_size_is_refused_unread(tmp_path: Path) -> None:
    huge = tmp_path / "huge.toml"
    with huge.open("wb") as file:
        file.truncate(MAX_CATALOGUE_BYTES * 100)

    ended = run("lint", huge)

    assert ended.exit_code == 1
    assert f"文件有 {MAX_CATALOGUE_BYTES + 1} 字节" in ended.stdout
