"""How much memory a terminal without a screen holds while it waits for a card.

    python -m benchmarks.idle [--quick]

`tongka terminal run` as an operator starts it: a process of its own on pcscd with an empty virtual reader,
with the starter content, an empty hotlist and the standing lists that the rules ask for. It is looked at once
its memory has not grown for some seconds. Floor: the Python interpreter that does nothing, at the same time.
VmRSS counts whole every page that other processes share (libraries); PSS counts its share of them.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.figures import progress, quick_asked, report
from card.simulator.boards.pcscd import PrivatePcscd
from tests.demo.processes import Running
from tests.terminal.enrolled import enrol

GOAL_MIB: Final = 60
LOOK_SECONDS: Final = 1.0
LONGEST_SECONDS: Final = 60.0
KIB: Final = 1024
# A second interpreter, that says when it is ready and then waits to be ended.
BARE: Final = "print('ready', flush=True); input()"


def held(process: int) -> tuple[float, float]:
    """RSS and PSS of a process, in MiB."""
    rollup = Path(f"/proc/{process}/smaps_rollup").read_text("ascii")
    rss, pss = (re.search(rf"^{name}:\s+(\d+) kB$", rollup, re.MULTILINE) for name in ("Rss", "Pss"))
    assert rss and pss
    return int(rss[1]) / KIB, int(pss[1]) / KIB


def at_rest(process: int, seconds: float) -> tuple[float, float]:
    """The same once it has not grown for so long."""
    until = time.monotonic() + LONGEST_SECONDS
    most, since = held(process), time.monotonic()
    while time.monotonic() - since < seconds:
        assert time.monotonic() < until, "its memory grows and grows"
        time.sleep(LOOK_SECONDS)
        now = held(process)
        if now[0] > most[0]:
            most, since = now, time.monotonic()
    return held(process)


def main() -> None:
    """Run the benchmark."""
    seconds = 2.0 if quick_asked(__doc__) else 10.0
    with TemporaryDirectory() as folder, PrivatePcscd() as pcscd:
        pcscd.activate()
        bus = enrol(Path(folder) / "bus")
        arguments = ("terminal", "run", "--data", bus.directory.path, "--json")
        with (
            subprocess.Popen(
                [sys.executable, "-c", BARE], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            ) as bare,
            Running(Path(folder) / "log", *arguments, environment=pcscd.environment()) as terminal,
        ):
            terminal.message("ready")
            assert bare.stdout is not None and bare.stdout.readline()
            progress("a terminal waits for a card")
            rss, pss = at_rest(terminal.pid, seconds)
            bare_rss, bare_pss = held(bare.pid)
            bare.communicate(b"\n")
    report(
        "terminal that waits for a card, RSS",
        rss,
        "MiB",
        floor=bare_rss,
        goal=f"<= {GOAL_MIB} MiB",
        holds=rss <= GOAL_MIB,
    )
    report("the same, PSS", pss, "MiB", floor=bare_pss, goal="shown", holds=True)


if __name__ == "__main__":
    main()
