"""`tongka rules test`: whether rules decide as their source says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from terminal.command_line import ExitCode
from terminal.decisions.rule_book import RuleBook
from terminal.rule_checks.case_file import CaseFile
from terminal.rule_checks.case_run import run_cases
from terminal.rule_checks.errors import NoCases
from terminal.rule_checks.finding import text_as_json
from terminal.rule_checks.loading import (
    case_files,
    holds_cases,
    pack_files,
    read_cases,
    read_pack,
    starter_cases,
)
from terminal.rule_checks.matrix import MatrixRow
from terminal.rule_checks.matrix import matrix as fill_matrix
from terminal.rule_checks.printing import Printer
from terminal.rule_checks.quotations import untried_clauses
from terminal.starter import starter_rule_book

EXAMPLE: Final = "例 · Example: tongka rules test content/rules my-city-cases.toml"


def test(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILES…]",
            help="规则包、用例文件或目录（rules/、cases/）；只写用例即试起步规则，都不写则两者都用起步的 / "
            "packs, files of cases, or folders with rules/ and cases/; cases alone try the starter packs; "
            "nothing: the starter packs and their cases",
        ),
    ] = None,
    matrix: Annotated[
        bool,
        typer.Option("--matrix/--no-matrix", help="列出地方 × 类别 × 等级 / show place by category by grade"),
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
) -> None:
    """按出处逐例判断，再列出各地各类各级怎样付费。
    Decide every case as its source says, then show what each category and grade pays where.

    不符时列出应得与所得、试过的每条规则及其原因。
    says 须是出处原文中的话；原文中没有用例的句子也列出（只作说明）。

    A case that comes out otherwise is told with what was expected, what came, and every rule that was tried.
    What it `says` must stand in the source; clauses of the source that no case tries are noted.

    --json: {"cases": n, "failed": n, "results": [{"file", "case", "says", "quoted", "passed",
    "mismatches": [{"field", "expected", "got"}], "tried": [{"rule", "result", "why", "failure", "code"}]}],
    "untried": [{"file", "rule", "clause"}], "matrix": [{"place", "categories", "grades": [{"zh", "en"}]}]}.

    退出码：0 全部相符；1 有不符或有引文不在出处中；2 用法有误。
    Exit code: 0 all as expected; 1 some not, or quoted wrongly; 2 wrong usage.
    """
    book, cases = _book_and_cases(paths or [])
    results = list(run_cases(book, cases))
    failed = [result for result in results if not result.passed]
    rows = list(fill_matrix(book, (place for file in cases for place in file.matrix))) if matrix else []
    untried = list(untried_clauses((result.file, result.case, result.rule) for result in results))
    if as_json:
        report = {
            "cases": len(results),
            "failed": len(failed),
            "results": [result.as_json() for result in results],
            "untried": [clause.as_json() for clause in untried],
            "matrix": [_row_as_json(row) for row in rows],
        }
        typer.echo(msgspec.json.encode(report).decode())
    else:
        printer = Printer()
        if rows:
            printer.matrix(rows)
        printer.untried(untried)
        printer.case_results(results)
    if failed:
        raise typer.Exit(ExitCode.REFUSED)


def _book_and_cases(paths: list[Path]) -> tuple[RuleBook, tuple[CaseFile, ...]]:
    """What is named; what is not named comes from the starter, as far as that makes sense."""
    if not paths:
        return starter_rule_book(), starter_cases()
    cases = tuple(read_cases(file) for file in case_files(paths))
    if not cases:
        raise NoCases
    packs = pack_files(path for path in paths if path.is_dir() or not holds_cases(path))
    return RuleBook([read_pack(file) for file in packs]) if packs else starter_rule_book(), cases


def _row_as_json(row: MatrixRow) -> dict[str, object]:
    return {
        "place": text_as_json(row.place),
        "categories": row.categories,
        "grades": [text_as_json(pays) for pays in row.pays],
    }
