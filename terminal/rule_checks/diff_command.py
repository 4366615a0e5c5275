"""`tongka rules diff`: whose outcome a change of rules alters."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from terminal.command_line import ExitCode
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.rule_pack import RulePack
from terminal.rule_checks.diff import compare
from terminal.rule_checks.loading import pack_files, read_pack
from terminal.rule_checks.printing import Printer

EXAMPLE: Final = "例 · Example: tongka rules diff published/rules content/rules"


def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="原规则包或目录 / the old pack or folder")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="新规则包或目录 / the new pack or folder")],
    beside: Annotated[
        list[Path] | None,
        typer.Option(
            "--with",
            help="两边共有的其他规则包，如全国规则（同名的不算），可重复 / packs in force beside both, such "
            "as the nation's; not those of a name that is compared; may be repeated",
        ),
    ] = None,
    exit_code: Annotated[
        bool,
        typer.Option(
            "--exit-code", help="有变化或可能有变化时退出码为 1 / exit 1 if something changes or may"
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
) -> None:
    """比较两版规则，指明哪些人的结果改变。
    Tell exactly whose outcome changes from OLD to NEW, and nothing where nothing does.

    按人群列出：类别、等级、户籍、名单、日期，由什么变为什么；只有文字改变的列在后面；条件使取值无法逐一比较
    的，最后写明。

    People are told by category, grade, residence, list and day, from what to what; changes of words alone
    come later; last, where conditions did not let every value be compared.

    --json: {"changes": [{"kind": "outcome|words", "services": [{"zh", "en"}], "who": {"zh", "en"},
    "before": {"zh", "en"}, "after": {"zh", "en"}}], "untried": [{"variables": ["…"],
    "services": [{"zh", "en"}]}]}.

    退出码：0 正常；1 有变化或可能有变化，且写了 --exit-code；2 用法有误。
    Exit code: 0 done; 1 something changes or may, and --exit-code was given; 2 wrong usage.
    """
    before, after = (_packs([path]) for path in (old, new))
    compared = {pack.name for pack in (*before, *after)}
    shared = [pack for pack in _packs(beside or []) if pack.name not in compared]
    found = compare(RuleBook([*before, *shared]), RuleBook([*after, *shared]))
    if as_json:
        typer.echo(msgspec.json.encode(found.as_json()).decode())
    else:
        Printer().comparison(found)
    if found and exit_code:
        raise typer.Exit(ExitCode.REFUSED)


def _packs(paths: list[Path]) -> list[RulePack]:
    return [read_pack(file) for file in pack_files(paths)]
