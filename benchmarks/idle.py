"""How much memory a terminal without a screen holds while it waits for a card.

    python -m benchmarks.idle [--quick]

`tongka terminal run` as an operator starts it: a process of its own on pcscd with an empty virtual reader,
with the starter content, an empty hotlist and the standing lists that the rules ask for; and `tongka api
serve`, a terminal behind the local API. Each is looked at once its memory has not grown for some seconds.
Floor: the Python interpreter that does nothing, at the same time. VmRSS counts whole every page that other
processes share (libraries); PSS counts its share of them.
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
VERBS: Final = {"terminal": ("terminal", "run"), "terminal with local API": ("api", "serve")}
Held = tuple[float, float]
# A second interpreter, that says when it is ready and then waits to be ended.
BARE: Final = "print('ready', flush=True); input()"


def held(process: int) -> Held:
    """RSS and PSS of a process, in MiB."""
    rollup = Path(f"/proc/{process}/smaps_rollup").read_text("ascii")
    rss, pss = (re.search(rf"^{name}:\s+(\d+) kB$", rollup, re.MULTILINE) for name in ("Rss", "Pss"))
    assert rss and pss
    return int(rss[1]) / KIB, int(pss[1]) / KIB


def at_rest(process: int, seconds: float) -> Held:
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


def measure(folder: Path, environment: dict[str, str], verb: tuple[str, str], seconds: float) -> Held:
    """A terminal that was started by this verb, once it is at rest."""
    bus = enrol(folder / "bus")
    arguments = (*verb, "--data", bus.directory.path, "--json")
    with Running(folder / "log", *arguments, environment=environment) as terminal:
        terminal.message("ready")
        progress(f"`tongka {' '.join(verb)}` waits for a card")
        return at_rest(terminal.pid, seconds)


def main() -> None:
    """Run the benchmark."""
    seconds = 2.0 if quick_asked(__doc__) else 10.0
    with TemporaryDirectory() as folder, PrivatePcscd() as pcscd:
        pcscd.activate()
        with subprocess.Popen(
            [sys.executable, "-c", BARE], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as bare:
            assert bare.stdout is not None and bare.stdout.readline()
            found = {
                name: measure(Path(folder) / name, pcscd.environment(), verb, seconds)
                for name, verb in VERBS.items()
            }
            bare_rss, bare_pss = held(bare.pid)
            bare.communicate(b"\n")
    for name, (rss, pss) in found.items():
        report(
            f"{name} that waits for a card, RSS",
            rss,
            "MiB",
            floor=bare_rss,
            goal=f"<= {GOAL_MIB} MiB",
            holds=rss <= GOAL_MIB,
        )
        report(f"{name}, PSS", pss, "MiB", floor=bare_pss, goal="shown", holds=True)


if __name__ == "__main__":
    main()
