"""What the local API costs a terminal, and how long a till and a gate wait for it.

    python -m benchmarks.local_api [--quick]

`tongka api serve` as an operator starts it, on pcscd with an empty virtual reader, with starter content;
the till is an HTTP client over the Unix socket. Floors, in the same run: for memory `tongka terminal run` on
the same terminal; for an order, which waits for the thread that taps, a request that does not.
"""

from __future__ import annotations

import os
import time
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.figures import progress, quick_asked, report
from benchmarks.idle import at_rest
from card.simulator.boards.pcscd import PrivatePcscd
from terminal.local_api.limits import Limits
from terminal.local_api.role import Role
from tests.demo.processes import Running
from tests.terminal.enrolled import Enrolled, chip, enrol
from tests.terminal.local_api.served import Caller, ServedApi, serving
from tests.terminal.local_api.streams import followed

#: An order waits for one turn at most while no card is there, and for the disk.
ORDER_GOAL_MS: Final = 1000 * Limits().turn_seconds + 50
_TICKS: Final = os.sysconf("SC_CLK_TCK")


def bare_memory(bus: Enrolled, pcscd: PrivatePcscd, log: Path, seconds: float) -> float:
    """RSS of a terminal that serves no programs, MiB."""
    arguments = ("terminal", "run", "--data", bus.directory.path, "--reader", pcscd.readers[1], "--json")
    with Running(log, *arguments, environment=pcscd.environment()) as process:
        process.message("ready")
        return at_rest(process.pid, seconds)[0]


def busy_share(process: int, seconds: float) -> float:
    """Which part of one core a process takes."""

    def ticks() -> int:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    before, begun = ticks(), time.monotonic()
    time.sleep(seconds)
    return (ticks() - before) / _TICKS / (time.monotonic() - begun)


def orders_ms(api: ServedApi, rounds: int) -> float:
    """The median time from asking for a sale to having it, and to having it cancelled."""
    till, taken = api.till, []
    address = "/sales"
    for _ in range(2 * rounds):
        body = {"lines": [dict[str, int]()]} if address == "/sales" else None
        begun = time.perf_counter()
        sale = till.ask("POST", address, body)
        taken.append(1000 * (time.perf_counter() - begun))
        address = f"/sales/{sale['id']}/cancel" if body else "/sales"
        time.sleep(0.03)  # not in step with the thread that taps
    return median(taken)


def requests_ms(caller: Caller, rounds: int) -> float:
    """The median time of a request that waits for nobody, below the rate that a token has."""
    taken = []
    for _ in range(rounds):
        begun = time.perf_counter()
        caller.ask("GET", "/status")
        taken.append(1000 * (time.perf_counter() - begun))
        time.sleep(0.02)
    return median(taken)


def stream_ms(api: ServedApi, rounds: int) -> float:
    """The median time from a tap's beginning to its being read off the stream."""
    card = chip(api.enrolled.card(issued=date.today()))
    taken: list[float] = []
    with followed(api.caller(Role.WATCH)) as taps:
        for _ in range(rounds):
            with api.laid(card):
                told = next(taps)
                # The event's own time is the beginning of its tap.
                taken.append(time.time() * 1000 - told["time_ms"])
    return median(taken)


def main() -> None:
    """Run the benchmark."""
    is_quick = quick_asked(__doc__)
    seconds, rounds = (2.0, 10) if is_quick else (10.0, 50)
    with TemporaryDirectory() as folder, PrivatePcscd() as pcscd:
        pcscd.activate()
        bus = enrol(Path(folder) / "bus")
        progress("a terminal without programs")
        bare = bare_memory(bus, pcscd, Path(folder) / "bare", seconds)
        with serving(bus, pcscd, Path(folder) / "log", reader=0) as api:
            process = api.process.pid
            progress("one that serves programs")
            held, _pss = at_rest(process, seconds)
            busy = busy_share(process, seconds)
            progress("orders and requests")
            watch = api.caller(Role.WATCH)
            asked = requests_ms(watch, rounds)
            ordered = orders_ms(api, rounds)
            progress("the stream")
            streamed = stream_ms(api, max(5, rounds // 5))
            watch.ask("GET", "/services/search?q=gj")
            searched, _pss = at_rest(process, seconds)
    report("terminal that serves programs, RSS", held, "MiB", floor=bare, goal="shown", holds=True)
    report("the same after a search by pinyin", searched, "MiB", floor=held, goal="shown", holds=True)
    report("while nothing happens, of a core", busy, "share", floor=1.0, goal="<= 0.05", holds=busy <= 0.05)
    holds = ordered <= ORDER_GOAL_MS
    report("an order", ordered, "ms", floor=asked, goal=f"<= {ORDER_GOAL_MS:.0f} ms", holds=holds)
    report("from a tap's beginning to a follower", streamed, "ms", floor=1.0, goal="shown", holds=True)


if __name__ == "__main__":
    main()
