"""The hotlist: size, exactness, building, lookups, memory and a day's delta, beside what else could hold it.

    python -m benchmarks.hotlist [--quick]

Two worlds: a third of the cards dead after ten years of reissues, and one in a hundred. Floors, in the same
run over the same cards: the information-theoretic bound log2 C(universe, listed) for the size (with reasons,
their entropy besides); an SQLite table of the listed cards alone, the card id its INTEGER PRIMARY KEY, for
size, lookups and changes; a Bloom filter at 1%, by its formula, for errors and size; a Python set of a
million cards for memory and lookups; the time to fill the SQLite table for building; the file for memory.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from math import lgamma, log, log2
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, perf_counter_ns
from typing import Final

import numpy as np

from benchmarks.figures import progress, quick_asked, report
from terminal.hotlist.building import (
    DAYS_APART,
    Days,
    Issued,
    Listed,
    build_base,
    build_delta,
    build_reasons,
    day_number,
)
from terminal.hotlist.bulk_hash import Numbers
from terminal.hotlist.bulk_lookup import Codes, statuses
from terminal.hotlist.hotlist import Hotlist
from terminal.hotlist.reason import CODES, IN_FORCE, HotlistReason

DATED: Final = date(2026, 10, 31)
SIZE_GOAL: Final = 1.5
BUILD_GOAL_S: Final = 600
LOOKUP_GOAL_US: Final = 10
DELTA_GOAL_S: Final = 2
CHANGES: Final = 10_000
LOOKUPS: Final = 200_000
SET_CARDS: Final = 1_000_000
BLOOM_ERRORS: Final = 0.01
MEGABYTE: Final = 1_000_000
#: How often each reason stands among the listed; invented, but as skewed as ten years of reissues make it.
SHARES: Final = {
    HotlistReason.SUPERSEDED: 0.80,
    HotlistReason.DECEASED: 0.14,
    HotlistReason.LOST: 0.03,
    HotlistReason.CANCELLED: 0.015,
    HotlistReason.WITHDRAWN: 0.01,
    HotlistReason.MISUSE: 0.005,
}
# Runs in a process of its own, which has loaded nothing but what a lookup needs.
RESIDENT: Final = """
import sys
from datetime import date
from pathlib import Path
from terminal.hotlist.hotlist import Hotlist
def resident():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss_Anon")) * 1024
before = resident()
base, reasons = (Path(name).read_bytes() if name else None for name in sys.argv[1:])
held = Hotlist.from_files(base, (), reasons)
held.status(bytes(8), date(2020, 1, 1))
assert "numpy" not in sys.modules
print(resident() - before)
"""


@dataclass(frozen=True)
class World:
    """How many cards were issued, and how many of them are dead."""

    universe: int
    dead: int

    @property
    def named(self) -> str:
        """As it stands in a figure's name."""
        return f"{self.dead:,} of {self.universe:,}"

    def bound(self) -> float:
        """log2 C(universe, dead), in bytes."""
        alive = self.universe - self.dead
        return (lgamma(self.universe + 1) - lgamma(self.dead + 1) - lgamma(alive + 1)) / log(2) / 8


def main() -> None:
    """Run the benchmark."""
    quick = quick_asked(__doc__)
    worlds = (
        (World(600_000, 200_000), World(400_000, 4_000))
        if quick
        else (World(60_000_000, 20_000_000), World(40_000_000, 400_000))
    )
    for world in worlds:
        with TemporaryDirectory() as folder:
            measure(world, Path(folder))


def measure(world: World, folder: Path) -> None:
    """All figures of one world."""
    progress(f"{world.named}: drawing cards")
    issued, listed = draw(world)
    database, seconds = fill_sqlite(folder / "listed.db", listed)
    base, reasons = measure_building(world, issued, listed, seconds)
    (folder / "base.bin").write_bytes(base)
    (folder / "reasons.bin").write_bytes(reasons)
    report_sizes(world, listed, folder)
    hotlist = Hotlist.from_files(base, (), reasons)
    check_all(world, issued, listed, hotlist)
    measure_lookups(world, issued, hotlist, database)
    measure_memory(world, folder, issued, len(base), len(reasons))
    changes = draw_changes(issued, listed)
    floor = change_sqlite(database, changes)
    database.close()
    delta = build_delta(hotlist, issued, changes.after(listed), DATED + timedelta(days=1))
    measure_delta(world, (folder, delta), hotlist, changes, floor)


def draw(world: World) -> tuple[Issued, Listed]:
    """A world's cards, the dead ones among them, and why they are."""
    random = np.random.default_rng(6)
    cards: Numbers = random.integers(0, 2**64, world.universe, dtype=np.uint64)
    cards.sort()
    assert np.all(cards[1:] > cards[:-1])  # by this seed; 1 in 10,000 would draw a card twice
    # Well before the base's date: of newer ones a delta says more than what has changed.
    newest = day_number(DATED) - DAYS_APART
    days: Days = random.integers(day_number(date(2016, 1, 1)), newest, len(cards), np.int32)
    dead = np.zeros(len(cards), np.bool_)
    dead[random.choice(len(cards), world.dead, replace=False)] = True
    kinds = np.array([CODES[reason] for reason in SHARES], np.uint8)
    codes: Codes = kinds[random.choice(len(kinds), world.dead, p=list(SHARES.values()))]
    return Issued(cards, days), Listed(cards[dead], codes)


def measure_building(world: World, issued: Issued, listed: Listed, floor: float) -> tuple[bytes, bytes]:
    """Build both files; the builder checks every card itself. `floor`: seconds that SQLite took."""
    progress("building the base")
    begun = perf_counter()
    base = build_base(issued, listed, 1, DATED)
    seconds = perf_counter() - begun
    progress("building the reasons")
    reasons = build_reasons(base, issued, listed)
    both = perf_counter() - begun
    for name, value in (("base", seconds), ("base and reasons", both)):
        report(
            f"{world.named}: built in, {name}",
            value,
            "s (filling SQLite)",
            floor=floor,
            goal=f"<= {BUILD_GOAL_S} s on 2 cores",
            holds=value <= BUILD_GOAL_S,
        )
    report(
        f"{world.named}: peak memory so far",
        getrusage(RUSAGE_SELF).ru_maxrss * 1024 / MEGABYTE,
        "MB (the ids)",
        floor=issued.cards.nbytes / MEGABYTE,
        goal="printed",
        holds=True,
    )
    return base, reasons


def report_sizes(world: World, listed: Listed, folder: Path) -> None:
    """File sizes beside their bounds, a Bloom filter's and SQLite's."""
    base, reasons, table = (
        (folder / name).stat().st_size for name in ("base.bin", "reasons.bin", "listed.db")
    )
    shares = np.bincount(listed.codes) / world.dead
    entropy = -sum(share * log2(share) for share in shares.tolist() if share) * world.dead / 8
    bloom = world.dead * -log(BLOOM_ERRORS) / log(2) ** 2 / 8
    bound, goal = world.bound(), f"<= {SIZE_GOAL} x bound"
    for name, value, floor, wanted in (
        ("base file", base, bound, goal),
        ("base and reasons", base + reasons, bound + entropy, goal),
    ):
        holds = value <= SIZE_GOAL * floor
        report(
            f"{world.named}: {name}",
            value / MEGABYTE,
            "MB (bound)",
            floor=floor / MEGABYTE,
            goal=wanted,
            holds=holds,
        )
    for name, value, unit, floor in (
        ("base file beside a Bloom filter at 1%", base, "MB (Bloom, by formula)", bloom),
        ("base and reasons beside SQLite", base + reasons, "MB (SQLite)", table),
    ):
        report(
            f"{world.named}: {name}",
            value / MEGABYTE,
            unit,
            floor=floor / MEGABYTE,
            goal="printed",
            holds=True,
        )


def check_all(world: World, issued: Issued, listed: Listed, hotlist: Hotlist) -> None:
    """Every card of the universe, status and reason; those the one-card lookup is asked for agree with it."""
    progress("checking every card")
    found = statuses(hotlist, issued.cards, np.zeros(len(issued.cards), np.bool_))
    truth = np.full(len(issued.cards), IN_FORCE, np.uint8)
    truth[np.searchsorted(issued.cards, listed.cards)] = listed.codes
    errors = int(np.count_nonzero(found != truth))
    for place in np.random.default_rng(8).integers(0, len(truth), LOOKUPS).tolist():
        status = hotlist.status(int(issued.cards[place]).to_bytes(8), DATED)
        errors += int((IN_FORCE if status is None else CODES[status]) != truth[place])
    bloom = BLOOM_ERRORS * (world.universe - world.dead)
    report(
        f"{world.named}: errors over the whole universe",
        errors,
        "cards (Bloom at 1%)",
        floor=bloom,
        goal="0",
        holds=errors == 0,
    )


def fill_sqlite(path: Path, listed: Listed) -> tuple[sqlite3.Connection, float]:
    """The listed cards in SQLite, in order, which suits it best; and the seconds that took."""
    progress("filling SQLite")
    database = sqlite3.connect(path, isolation_level=None)
    begun = perf_counter()
    database.execute("CREATE TABLE listed (card INTEGER PRIMARY KEY, reason INTEGER)")
    signed = listed.cards.view(np.int64)
    order = np.argsort(signed)
    database.execute("BEGIN")
    for begin in range(0, len(order), SET_CARDS):
        some = order[begin : begin + SET_CARDS]
        rows = zip(signed[some].tolist(), listed.codes[some].tolist(), strict=True)
        database.executemany("INSERT INTO listed VALUES (?, ?)", rows)
    database.execute("COMMIT")
    return database, perf_counter() - begun


def median_us(ask: Callable[[bytes], object], cards: list[bytes]) -> float:
    """The median time of one question."""
    times = []
    for card in cards:
        begun = perf_counter_ns()
        ask(card)
        times.append(perf_counter_ns() - begun)
    return median(times) / 1000


def measure_lookups(world: World, issued: Issued, hotlist: Hotlist, database: sqlite3.Connection) -> None:
    """One-card lookups over the universe, as often listed as its cards are."""
    progress("looking up")
    chosen = np.random.default_rng(9).choice(issued.cards, LOOKUPS)
    cards = [int(card).to_bytes(8) for card in chosen.tolist()]
    few = set(cards[: LOOKUPS // 2])
    few.update(int(card).to_bytes(8) for card in issued.cards[: SET_CARDS - len(few)].tolist())

    def in_sqlite(card: bytes) -> object:
        number = int.from_bytes(card, signed=True)
        return database.execute("SELECT reason FROM listed WHERE card = ?", (number,)).fetchone()

    ours = median_us(lambda card: hotlist.status(card, DATED), cards)
    for name, floor in (
        ("SQLite", median_us(in_sqlite, cards[: LOOKUPS // 4])),
        (f"Python set of {len(few):,}", median_us(lambda card: card in few, cards)),
    ):
        report(
            f"{world.named}: median lookup beside {name}",
            ours,
            "us",
            floor=floor,
            goal=f"<= {LOOKUP_GOAL_US} us",
            holds=ours <= LOOKUP_GOAL_US,
        )


def measure_memory(world: World, folder: Path, issued: Issued, base: int, reasons: int) -> None:
    """What a process that holds the list holds more than before."""
    progress("measuring memory")
    for name, files, floor in (
        ("base", ("base.bin", ""), base),
        ("base and reasons", ("base.bin", "reasons.bin"), base + reasons),
    ):
        paths = [str(folder / file) if file else "" for file in files]
        run = subprocess.run(
            [sys.executable, "-c", RESIDENT, *paths], capture_output=True, text=True, check=True
        )
        report(
            f"{world.named}: resident size, {name}",
            int(run.stdout) / MEGABYTE,
            "MB (file)",
            floor=floor / MEGABYTE,
            goal="printed",
            holds=True,
        )
    some = [int(card).to_bytes(8) for card in issued.cards[:SET_CARDS].tolist()]
    each = (sys.getsizeof(set(some)) + len(some) * sys.getsizeof(some[0])) / len(some)
    report(
        f"{world.named}: base beside a Python set of the listed (scaled from {len(some):,})",
        base / MEGABYTE,
        "MB (set)",
        floor=each * world.dead / MEGABYTE,
        goal="printed",
        holds=True,
    )


@dataclass(frozen=True)
class Changes:
    """A day's: cards in force that were `lost`, and listed ones that were `found` again."""

    lost: Numbers
    found: Numbers

    def after(self, listed: Listed) -> Listed:
        """What is listed after them."""
        stays = ~np.isin(listed.cards, self.found, assume_unique=True)
        cards = np.concatenate((listed.cards[stays], self.lost))
        lost_codes = np.full(len(self.lost), CODES[HotlistReason.LOST], np.uint8)
        order = np.argsort(cards)
        return Listed(cards[order], np.concatenate((listed.codes[stays], lost_codes))[order])


def draw_changes(issued: Issued, listed: Listed) -> Changes:
    """Nine of ten are lost."""
    random = np.random.default_rng(10)
    found = random.choice(listed.cards, min(CHANGES // 10, len(listed.cards)), replace=False)
    alive = np.setdiff1d(issued.cards, listed.cards, assume_unique=True)
    return Changes(random.choice(alive, CHANGES - len(found), replace=False), found)


def change_sqlite(database: sqlite3.Connection, changes: Changes) -> float:
    """The seconds that SQLite takes for the same."""
    lost = [(card, CODES[HotlistReason.LOST]) for card in changes.lost.view(np.int64).tolist()]
    found = [(card,) for card in changes.found.view(np.int64).tolist()]
    begun = perf_counter()
    database.execute("BEGIN")
    database.executemany("INSERT INTO listed VALUES (?, ?)", lost)
    database.executemany("DELETE FROM listed WHERE card = ?", found)
    database.execute("COMMIT")
    return perf_counter() - begun


def measure_delta(
    world: World, files: tuple[Path, bytes], hotlist: Hotlist, changes: Changes, floor: float
) -> None:
    """Apply the delta as a terminal does, while another thread goes on looking up in the list held.

    `files`: the folder of base and reasons, and the delta; `floor`: SQLite's seconds.
    """
    folder, delta = files
    base, reasons = ((folder / name).read_bytes() for name in ("base.bin", "reasons.bin"))
    asked = [card.to_bytes(8) for card in np.concatenate((changes.lost, changes.found)).tolist()]
    pauses: list[int] = []
    stop, going = threading.Event(), threading.Event()

    def look_up() -> None:
        last = perf_counter_ns()
        while not stop.is_set():
            for card in asked:
                hotlist.status(card, DATED)
                now = perf_counter_ns()
                pauses.append(now - last)
                last = now
            going.set()

    looking = threading.Thread(target=look_up)
    looking.start()
    going.wait()
    pauses.clear()
    progress("applying the delta")
    begun = perf_counter()
    newer = Hotlist.from_files(base, (delta,), reasons)
    seconds = perf_counter() - begun
    stop.set()
    looking.join()  # after the lookup that was under way, which may have waited longest
    longest = max(pauses) / 1e6
    expected = [HotlistReason.LOST] * len(changes.lost) + [None] * len(changes.found)
    assert [newer.status(card, DATED) for card in asked] == expected
    assert len(newer.changed) == len(asked)
    report(
        f"{world.named}: {len(asked):,} changes applied while lookups go on",
        seconds,
        "s (SQLite)",
        floor=floor,
        goal=f"<= {DELTA_GOAL_S} s",
        holds=seconds <= DELTA_GOAL_S,
    )
    for name, value, unit, beside in (
        (
            "longest pause of a lookup meanwhile",
            longest,
            "ms (switch interval)",
            sys.getswitchinterval() * 1000,
        ),
        ("the delta's file", len(delta) / MEGABYTE, "MB (8 bytes a card)", len(asked) * 8 / MEGABYTE),
    ):
        report(f"{world.named}: {name}", value, unit, floor=beside, goal="printed", holds=True)


if __name__ == "__main__":
    main()
