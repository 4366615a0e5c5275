"""`make demo`: the main job from end to end on this machine, in about half a minute.

    python -m tests.demo [--out out/demo] [--keystore plain|card|tpm]

A card is tapped, verified, decided on, journaled, uploaded, reconciled and settled, each by the program that
does it in earnest; only the cards and readers are virtual. Exits 1 if anything is not as it must be.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from crypto.explained import ExplainedError
from terminal.command_errors import show_error
from terminal.command_line import ExitCode
from tests.demo import story
from tests.demo.accounts import account
from tests.demo.cast import KIOSK_ROLE
from tests.demo.key_places import KeyPlaces
from tests.demo.processes import DemoFailed, tongka
from tests.demo.stage import OPERATORS, FolderInUse, Stage, set_up
from tests.demo.tables import show_accounts, show_taps
from tests.demo.telling import LANGUAGE, console, say, step


def main() -> int:
    """Run the demo; the exit status."""
    parser = argparse.ArgumentParser(description="Tongka from tap to settlement.")
    parser.add_argument("--out", type=Path, default=Path("out/demo"), help="folder for all output")
    parser.add_argument(
        "--keystore",
        type=KeyPlaces,
        choices=list(KeyPlaces),
        default=KeyPlaces.PLAIN,
        help="card: issuer's and centre's keys in a signing card; tpm: terminals' keys sealed by a TPM",
    )
    arguments = parser.parse_args()
    folder: Path = arguments.out.resolve()
    try:
        with set_up(folder, arguments.keystore) as stage:
            return run(stage)
    except KeyboardInterrupt:
        say("演示已中断，所启动的一切都已停止", "Interrupted; everything that was started is stopped")
        return ExitCode.INTERRUPTED
    except ExplainedError as error:
        show_error(error, LANGUAGE)
    except (DemoFailed, FolderInUse) as error:
        say("演示未能完成", "The demo did not finish")
        console.print(str(error), markup=False)
    return 1


def run(stage: Stage) -> int:
    """The scenes in their order, then the tables."""
    played = story.play(stage)
    report, picture = stage.folder / "report.html", stage.folder / "kiosk.png"
    receipt = stage.folder / "receipt.png"
    with step("自助机：再刷一次并拍下结果画面", "The kiosk: one more tap, and a picture of the result"):
        story.photograph_kiosk(stage, picture)
    with step(
        "打印公交第一笔优惠的凭条，由景区终端离线核验",
        "A receipt of the bus's first benefit, checked offline at the garden",
    ):
        checked = story.print_receipt(stage, played, receipt)
    with step(
        "代理重新启动，直到中心全部签收", "The agents start again, until the centre has signed for all"
    ):
        story.deliver(stage)
    with step("核验终端流水账", "Verifying the terminals' journals"):
        story.verify_journals(stage)
    with step("对账、结算、写报告", "Reconciling, settling, writing the report"):
        shown = tongka("reconcile", "--data", stage.center, "--html", report, environment=stage.environment)
        settled = json.loads(
            tongka("reconcile", "--data", stage.center, "--json", environment=stage.environment)
        )
    stage.keys.examine(stage.folder)
    made = Counter([*(one.role.venue for one in played), KIOSK_ROLE.venue])
    accounts = {
        venue: account(made[venue], directory, stage.center) for venue, directory in stage.terminals.items()
    }
    subsidies = {total["operator"]: total["accepted"] for total in settled["totals"]}
    show_taps(played)
    console.print(checked, end="", markup=False)
    console.print(shown, end="", markup=False)
    show_accounts(accounts, subsidies)
    say(
        f"报告：{report}\n自助机画面：{picture}\n凭条：{receipt}",
        f"report: {report}\nkiosk picture: {picture}\nreceipt: {receipt}",
    )
    good = (
        all(one.balances for one in accounts.values())
        and all(one.as_expected for one in played)
        and subsidies.keys() == set(OPERATORS.values())
        and report.exists()
        and picture.exists()
        and receipt.exists()
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
