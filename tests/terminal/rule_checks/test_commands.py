"""`tongka rules`: exit codes, what is printed for people and for programs, in both languages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from terminal.decisions.errors import ServiceUnknown
from terminal.errors import FileNotRead
from terminal.rule_checks.commands import app
from terminal.rule_checks.errors import CaseFileMalformed, NoCases, NoRulePacks
from terminal.rule_checks.finding import LEVELS, Check
from terminal.starter import starter_files
from tests.terminal.decisions.writing import pack_toml, rule
from tests.terminal.rule_checks.test_cases import GOOD
from tests.terminal.rule_checks.test_lint import ADVICE

HALF = 'kind = "percentage", pays_percent = 50'


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TONGKA_LANG", "en")


@pytest.fixture
def content(tmp_path: Path) -> Path:
    for name, data in starter_files().items():
        path = tmp_path / "content" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "content"


def written(folder: Path, *rules: str, name: str = "p") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.toml"
    path.write_text(pack_toml(*rules, name=name) + ADVICE, encoding="utf-8")
    return path


def run(*arguments: object, language: str | None = None) -> Result:
    told = None if language is None else {"TONGKA_LANG": language}
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env=told)


def answer(*arguments: object) -> Any:
    return json.loads(run(*arguments, "--json").stdout)


def test_lint_of_sound_rules_is_0(content: Path) -> None:
    done = run("lint", content, "--catalogue", content)

    assert done.exit_code == 0
    assert "rules: 0 faults," in done.stdout


def test_lint_of_faulty_rules_is_1_and_names_them(tmp_path: Path) -> None:
    path = written(tmp_path / "rules", rule("all"), rule("dead"))

    done = run("lint", path)

    assert done.exit_code == 1
    assert "fault p/dead@1: never applies: wherever it holds, p/all holds before it" in done.stdout
    assert answer("lint", path)["findings"] == [
        {
            "level": "fault",
            "check": "unreachable",
            "subject": "p/dead@1",
            "says": {
                "zh": "永远用不上：凡它成立时，p/all 都先成立",
                "en": "never applies: wherever it holds, p/all holds before it",
            },
            "where": [],
        }
    ]


def test_lint_speaks_chinese(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TONGKA_LANG", "zh-CN")

    assert "错误 p/dead@1: 永远用不上" in run("lint", written(tmp_path, rule("all"), rule("dead"))).stdout


def test_lint_from_a_day_on(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text(pack_toml(rule("r", "year >= 2025")), encoding="utf-8")

    assert run("lint", path, "--from", "2025-01-01").exit_code == 0
    assert run("lint", path, "--from", "2024-12-31").exit_code == 1


def test_every_check_has_a_level() -> None:
    assert set(LEVELS) == set(Check)


def test_the_starter_is_tested_where_nothing_is_named() -> None:
    done = run("test")
    report = answer("test")

    assert done.exit_code == 0
    assert "0 decided otherwise than the source says" in done.stdout
    assert report["cases"] == len(report["results"]) > 100
    assert report["failed"] == 0
    assert {row["place"]["en"] for row in report["matrix"]} >= {"Chongqing, bus", "Bayanbulak, attraction"}
    assert "accompanied: free" in done.stdout


def test_a_failing_case_is_1_and_told_exactly(tmp_path: Path) -> None:
    path = written(tmp_path / "rules", rule("r", "grade == 1"), rule("other", "5 in categories", HALF))
    cases = tmp_path / "cases.toml"
    cases.write_text(GOOD, encoding="utf-8")

    done = run("test", path, cases, "--no-matrix")

    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "note cases.toml: no case tries what its source says: 08:30 to 17:00",
        "note cases.toml: no case tries what its source says: companions pay",
        "note cases.toml, p/other: no case tries what its source says: a test",
        "cases.toml first",
        "    source: grades 1-2 free",
        "    holder_pays: expected 0, got 100",
        "    rule: expected p/r, got p/other",
        "    p/r: Its condition does not hold",
        "    p/other: Its condition holds; the benefit is this rule's",
        "2 cases, 1 decided otherwise than the source says",
    ]


def test_a_misquoted_source_is_1_and_clauses_without_a_case_are_noted(tmp_path: Path) -> None:
    path = written(tmp_path / "rules", rule("r", "grade <= 2"))
    cases = tmp_path / "cases.toml"
    cases.write_text(GOOD.replace('says = "grades 1-2 free"', 'says = "all free"', 1), encoding="utf-8")

    done = run("test", path, cases, "--no-matrix")
    report = answer("test", path, cases, "--no-matrix")

    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "note cases.toml: no case tries what its source says: 08:30 to 17:00",
        "note cases.toml: no case tries what its source says: companions pay",
        "note cases.toml, p/r: no case tries what its source says: a test",
        "cases.toml first",
        "    source: all free",
        "    its source does not say this, or too little of it is quoted: A place: grades 1-2 free, "
        "08:30 to 17:00; companions pay",
        "1 quoted otherwise than the source is written",
        "2 cases, 0 decided otherwise than the source says",
    ]
    assert (report["failed"], [result["quoted"] for result in report["results"]]) == (1, [False, True])
    assert report["untried"][-1] == {"file": "cases.toml", "rule": "p/r", "clause": "a test"}
    cases.write_text(GOOD, encoding="utf-8")
    assert run("test", path, cases, "--no-matrix").exit_code == 0  # notes alone fail nothing


def test_a_rule_that_can_not_be_worked_out_is_told_in_words_with_its_code(tmp_path: Path) -> None:
    path = written(tmp_path / "rules", rule("r", "12 / (month - 5) > 0"))
    cases = tmp_path / "cases.toml"
    cases.write_text(GOOD, encoding="utf-8")

    done = run("test", path, cases, "--no-matrix")
    [tried] = answer("test", path, cases)["results"][0]["tried"]

    assert done.exit_code == 1
    assert "could not be worked out for this tap: it divides by zero" in done.stdout
    assert (tried["failure"], tried["code"]) == ("division_by_zero", "TRM-321")
    said = run("lint", path)
    assert "(it divides by zero) and grants nothing (TRM-321)" in said.stdout
    assert "ZeroDivisionError" not in done.stdout + said.stdout


def test_a_pack_with_cases_in_it_is_a_pack_that_can_not_be_read_and_is_not_passed_over(
    tmp_path: Path,
) -> None:
    path = written(tmp_path / "rules", rule("r"))
    path.write_text(path.read_text("utf-8") + '[[cases]]\ncase = "first"\n', encoding="utf-8")

    done = run("lint", tmp_path)

    assert done.exit_code == 1
    assert "(unreadable)" in done.stdout


def test_cases_are_found_in_a_folder_s_cases(tmp_path: Path) -> None:
    written(tmp_path / "rules", rule("r", "grade <= 2"))
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "c.toml").write_text(GOOD, encoding="utf-8")

    assert run("test", tmp_path).exit_code == 0


def test_packs_without_cases_and_folders_without_packs_are_refused(tmp_path: Path) -> None:
    assert isinstance(run("test", written(tmp_path / "rules")).exception, NoCases)
    (tmp_path / "empty").mkdir()
    assert isinstance(run("lint", tmp_path / "empty").exception, NoRulePacks)
    assert isinstance(run("lint", tmp_path / "nothing.toml").exception, FileNotRead)
    (tmp_path / "bad.toml").write_text("cases = 1", encoding="utf-8")
    assert isinstance(run("test", tmp_path / "bad.toml").exception, CaseFileMalformed)


def test_explain_adds_up_those_admitted_and_those_who_are_not(content: Path) -> None:
    arguments = ("explain", "--content", content, "--category", 4, "--grade", 1, "--region", "500103")
    garden = (*arguments, "--service", "GARDEN", "--on", "2026-05-17", "--fare", 7000, "--companions", 3)

    assert [line["en"] for line in answer(*garden)["sums"]] == [
        "holder: free, 0 fen",
        "1 admitted, each: free, 0 fen",
        "2 others, each: the list fare, 7000 fen",
        "together: 14000 fen",
    ]


def test_explain_shows_the_sums_the_basis_and_every_rule(content: Path) -> None:
    arguments = (
        *("explain", "--content", content, "--category", 4, "--grade", 3, "--region", "500103"),
        *("--service", "BUS-1", "--on", "2026-07-01", "--fare", 205, "--companions", 2),
    )
    shown = run(*arguments)
    report = answer(*arguments)

    assert shown.exit_code == 0
    assert "holder: 205 × 50% = 102.5 → 102 fen (down to a whole fen)" in shown.stdout
    assert "together: 512 fen" in shown.stdout
    chinese = run(*arguments, language="zh-CN").stdout
    assert "本人：205 × 50% = 102.5 → 102 分（不足 1 分舍去）" in chinese
    assert "已优惠" in chinese and not any(raw in chinese for raw in ("granted", "fen", "down_to"))
    assert (report["outcome"], report["rule"], report["holder_pays"]) == (
        "granted",
        "chongqing-bus/half",
        102,
    )
    assert [(trial["rule"], trial["result"], trial["condition"]) for trial in report["tried"]] == [
        ("chongqing-bus/severe-free", "condition_false", "grade <= 2"),
        ("chongqing-bus/half", "applied", "grade >= 3"),
    ]
    assert report["bystander_text"] == {"zh": "优惠已生效", "en": "Discount applied"}
    assert report["instead"] is None


def test_explain_knows_companion_cards_lists_and_uses(tmp_path: Path, content: Path) -> None:
    packs = tmp_path / "packs"
    packs.mkdir()
    (packs / "p.toml").write_text(
        pack_toml(
            rule("r", '"minors" in lists', extra='quota = "q"'),
            rule("c", "follows_holder", extra='for = "companion-card"'),
            more='[[quotas]]\nid = "q"\nuses = 3\nper = "month"\n',
        ),
        encoding="utf-8",
    )
    common = ("explain", "--content", content, "--pack-folder", packs, "--region", "500103")
    at = ("--service", "BUS-1", "--on", "2026-07-01")
    listed = ("--category", 1, "--list", "minors")

    assert answer(*common, *at, *listed, "--used", "p/q=2")["quota"] == "p/q"
    assert answer(*common, *at, *listed, "--used", "p/q=3")["outcome"] == "quota_used_up"
    assert answer(*common, *at, "--category", 1)["outcome"] == "not_eligible"
    assert answer(*common, *at, "--companion-card", "--follows-holder")["rule"] == "p/c"
    assert answer(*common, *at, *listed, "--expires", "2026-06-30")["outcome"] == "expired"


@pytest.mark.parametrize(
    "wrong",
    [
        ("--category", 8),
        ("--category", 1, "--companion-card"),
        (),
        ("--category", 1, "--region", "5001"),
        ("--category", 1, "--used", "p/q"),
        ("--category", 1, "--grade", 0),
        ("--category", 1, "--on", "tomorrow"),
    ],
)
def test_explain_with_wrong_usage_is_2(content: Path, wrong: tuple[object, ...]) -> None:
    common = ("explain", "--content", content, "--region", "500103")
    at = ("--service", "BUS-1", "--on", "2026-07-01")

    assert run(*common, *at, *wrong).exit_code == 2


def test_explain_of_an_unknown_service_names_it(content: Path) -> None:
    common = ("explain", "--content", content, "--category", 1, "--region", "500103")
    done = run(*common, "--service", "NO", "--on", "2026-07-01")

    assert isinstance(done.exception, ServiceUnknown)


def test_diff_tells_who_changes_and_fails_only_if_asked(tmp_path: Path, content: Path) -> None:
    changed = tmp_path / "changed"
    changed.mkdir()
    text = (content / "rules" / "chongqing-bus.toml").read_text(encoding="utf-8")
    (changed / "chongqing-bus.toml").write_text(
        text.replace('"grade <= 2"', '"grade <= 2 || 7 in categories"'), encoding="utf-8"
    )
    compared = ("diff", content / "rules" / "chongqing-bus.toml", changed, "--with", content)

    done = run(*compared)
    found = answer(*compared)
    [change] = found["changes"]

    assert (done.exit_code, run(*compared, "--exit-code").exit_code) == (0, 1)
    assert done.stdout == "Chongqing · transit: category 7, grades 3–4: pays 50% → free\n"
    assert change["services"] == [{"zh": "重庆市 · 公共交通", "en": "Chongqing · transit"}]
    assert (change["kind"], change["before"]["en"], change["after"]["zh"]) == ("outcome", "pays 50%", "免费")


def test_diff_of_equal_rules_says_so_and_prints_no_change(content: Path) -> None:
    done = run("diff", content, content / "rules", "--exit-code")

    assert (done.exit_code, done.stdout) == (0, "Nobody's outcome changes.\n")
    assert answer("diff", content, content) == {"changes": [], "untried": []}


@pytest.mark.parametrize("verb", ["lint", "test", "explain", "diff"])
def test_help_shows_an_example_the_json_and_the_exit_codes(verb: str) -> None:
    shown = run(verb, "--help").stdout

    assert f"Example: tongka rules {verb}" in " ".join(shown.replace("│", " ").split())
    assert "--json" in shown
    assert "Exit code" in shown
