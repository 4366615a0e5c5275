"""`make demo`: the main job from end to end on this machine, in about half a minute.

    python -m tests.demo [--out out/demo]

A card is tapped, verified, decided on, journaled, uploaded, reconciled and settled, each by the program that
does it in earnest; only the cards and readers are virtual. Exits 1 if anything is not as it must be.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from rich.table import Table

from crypto.explained import ExplainedError, Language
from terminal.command_line import show_error
from terminal.displays import yuan
from tests.demo import story
from tests.demo.accounts import Accounts, count
from tests.demo.processes import DemoFailed, tongka
from tests.demo.stage import FolderInUse, Stage, set_up
from tests.demo.story import Played
from tests.demo.telling import console, step


def main() -> int:
    """Run the demo; the exit status."""
    parser = argparse.ArgumentParser(description="Tongka from tap to settlement.")
    parser.add_argument("--out", type=Path, default=Path("out/demo"), help="folder for all output")
    folder: Path = parser.parse_args().out.resolve()
    try:
        with set_up(folder) as stage:
            return run(stage)
    except ExplainedError as error:
        show_error(error, Language.from_environment())
    except (DemoFailed, FolderInUse) as error:
        console.print(f"[bold red]演示未能完成 / the demo did not finish[/]\n{error}", markup=True)
    return 1


def run(stage: Stage) -> int:
    """The scenes in their order, then the tables."""
    played = story.play(stage)
    report, picture = stage.folder / "report.html", stage.folder / "kiosk.png"
    with step("自助机：再刷一次并拍下结果画面", "The kiosk: one more tap, and a picture of the result"):
        story.photograph_kiosk(stage, picture)
    with step(
        "代理重新启动，直到中心全部签收", "The agents start again, until the centre has signed for all"
    ):
        story.deliver(stage)
    with step("核验终端流水账", "Verifying the terminals' journals"):
        story.verify_journals(stage)
    with step("对账、结算、写报告", "Reconciling, settling, writing the report"):
        tables = tongka("reconcile", "--data", stage.center, "--html", report, environment=stage.environment)
        result = json.loads(
            tongka("reconcile", "--data", stage.center, "--json", environment=stage.environment)
        )
    accounts = count(len(played) + 1, list(stage.terminals.values()), stage.center)
    console.print(_taps(played))
    console.print(tables, end="")
    settled = {total["operator"] for total in result["totals"]}
    console.print(_balance(accounts, len(settled)))
    console.print(f"报告 report  {report}\n画面 picture {picture}")
    good = (
        accounts.balance and all(one.as_expected for one in played) and len(settled) == len(stage.terminals)
    )
    return 0 if good and report.exists() and picture.exists() else 1


def _taps(played: list[Played]) -> Table:
    table = Table(title="刷卡 / Taps")
    for heading in ("持卡人 / who", "地点 / where", "结果 / outcome", "旁人看到 / bystanders see"):
        table.add_column(heading)
    for heading in ("实付 / pays", "毫秒 / ms"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for one in played:
        table.add_row(
            f"{one.role.who.zh} {one.role.who.en}",
            one.role.venue.value,
            one.outcome.value,
            one.bystander,
            f"¥{yuan(one.pays)}",
            f"{one.microseconds / 1000:.1f}",
            "[green]✓[/]"
            if one.as_expected
            else f"[red]✗ {one.role.outcome.value} ¥{yuan(one.role.pays)}[/]",
        )
    return table


def _balance(accounts: Accounts, operators: int) -> Table:
    table = Table(title="总账 / Accounts")
    for heading in (
        "刷卡 / taps made",
        "入账 / events journaled",
        "签收 / events accepted",
        "丢失 / lost",
        "重复 / duplicated",
        "结算单位 / operators settled",
        "",
    ):
        table.add_column(heading, justify="right")
    numbers = (
        accounts.taps,
        accounts.journaled,
        accounts.accepted,
        accounts.lost,
        accounts.duplicated,
        operators,
    )
    table.add_row(*map(str, numbers), "[green]✓[/]" if accounts.balance else "[red]✗[/]")
    return table


if __name__ == "__main__":
    sys.exit(main())
