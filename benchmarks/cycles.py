"""Insert, tap, remove, ten thousand times in one process: threads, descriptors and memory stay flat.

The floor is what the process held, all cards taken away, after the first cycles; the value what it holds
after the last. pcscd looks at a virtual reader every 0.4 s, so sixteen readers of one genuine service are
tapped in turns, about twenty cycles a second.
"""

from __future__ import annotations

import gc
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.figures import progress, quick_asked, report
from card.readers.reader_event import ReaderEventKind
from card.readers.watch import ReaderWatch
from card.simulator.boards.pcscd import MAX_PAIRS, PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from tests.card.cards import applet, check, reason

SECONDS: Final = 30.0
CYCLES: Final = 10_000
QUICK_CYCLES: Final = 300
# So many go by until the allocator has what it needs.
WARM_CYCLES: Final = 1_000
QUICK_WARM_CYCLES: Final = 100
RSS_GOAL: Final = 1.05


@dataclass(frozen=True)
class Held:
    """Threads, descriptors and resident memory in KiB of this process."""

    threads: int
    descriptors: int
    rss: int

    @classmethod
    def now(cls) -> Held:
        """What is held at this moment, garbage taken away."""
        gc.collect()
        status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        descriptors = len(list(Path("/proc/self/fd").iterdir()))
        return cls(threading.active_count(), descriptors, int(status["VmRSS"].split()[0]))


class Soak:
    """A service with sixteen readers, one watch, and cards that come and go."""

    def __init__(self, service: PrivatePcscd, watch: ReaderWatch) -> None:
        self._ports = dict(zip(service.readers, service.ports, strict=True))
        # The cards are the same all the time: what making one costs is not the terminal's.
        self._chips = {reader: applet() for reader in service.readers}
        self._watch = watch
        self._links: dict[str, VpcdLink] = {}

    def run(self, cycles: int) -> None:
        """Put a card on every reader, tap each that comes, take it away, put it back: so often in all."""
        left = cycles
        for reader in self._ports:
            left -= self._lay(reader, left)
        while self._links:
            event = self._watch.next(SECONDS)
            assert event is not None, "no event in time"
            if event.kind is ReaderEventKind.CARD_PRESENT:
                with self._watch.connect(event.reader) as connection:
                    assert reason(check(connection)) is None
                self._links[event.reader].remove()
            elif event.kind is ReaderEventKind.CARD_REMOVED:
                del self._links[event.reader]
                left -= self._lay(event.reader, left)

    def _lay(self, reader: str, left: int) -> int:
        """Put a card there if any are left; how many were put."""
        if not left:
            return 0
        self._links[reader] = VpcdLink(self._chips[reader], self._ports[reader])
        self._links[reader].__enter__()
        return 1


def main() -> None:
    """Run the benchmark."""
    is_quick = quick_asked(__doc__)
    cycles = QUICK_CYCLES if is_quick else CYCLES
    with PrivatePcscd(MAX_PAIRS) as service:
        service.activate()
        with ReaderWatch() as watch:
            soak = Soak(service, watch)
            progress("first cycles")
            soak.run(QUICK_WARM_CYCLES if is_quick else WARM_CYCLES)
            first = Held.now()
            for done in range(0, cycles, cycles // 10):
                progress(f"cycle {done} of {cycles}")
                soak.run(cycles // 10)
            last = Held.now()
    _report(f"threads after {cycles} cycles", last.threads, "threads", first.threads, 1.0)
    _report(f"descriptors after {cycles} cycles", last.descriptors, "descriptors", first.descriptors, 1.0)
    _report(f"resident memory after {cycles} cycles", last.rss, "KiB", first.rss, RSS_GOAL)


def _report(figure: str, value: int, unit: str, floor: int, goal: float) -> None:
    report(figure, value, unit, floor=floor, goal=f"<= {goal} x after the first", holds=value <= goal * floor)


if __name__ == "__main__":
    main()
