"""Insert, tap, remove, thousands of times in one process: do threads, descriptors and memory stay flat?

    python -m tests.card.tap_soak 10000

pcscd looks at a virtual reader every 0.4 s; so sixteen readers of one service are tapped in turns. Prints one
JSON object: cycles, cycles a second, and what the process held, all cards taken away, after the first cycles
and after the last.
"""

from __future__ import annotations

import gc
import json
import sys
import threading
import time
from pathlib import Path
from typing import Final

from card.readers.reader_event import ReaderEventKind
from card.readers.watch import ReaderWatch
from card.simulator.pcscd import MAX_PAIRS, PrivatePcscd
from card.simulator.vpcd import VpcdLink
from tests.card.cards import applet, check, reason

SECONDS: Final = 30.0
WARM_CYCLES: Final = 32


class Soak:
    """A service with sixteen readers, one watch, and cards that come and go."""

    def __init__(self, service: PrivatePcscd, watch: ReaderWatch) -> None:
        self._ports = dict(zip(service.readers, service.ports, strict=True))
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
        self._links[reader] = VpcdLink(applet(), self._ports[reader])
        self._links[reader].__enter__()
        return 1


def held() -> dict[str, int]:
    """Threads, descriptors and resident memory in KiB of this process."""
    gc.collect()
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {
        "threads": threading.active_count(),
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "rss": int(status["VmRSS"].split()[0]),
    }


def soak(cycles: int) -> dict[str, object]:
    """Run so many cycles after the first few."""
    with PrivatePcscd(MAX_PAIRS) as service:
        service.activate()
        with ReaderWatch() as watch:
            running = Soak(service, watch)
            running.run(WARM_CYCLES)
            first, started = held(), time.perf_counter()
            running.run(cycles)
            rate = round(cycles / (time.perf_counter() - started), 2)
            return {"cycles": cycles, "cycles_per_second": rate, "first": first, "last": held()}


if __name__ == "__main__":
    print(json.dumps(soak(int(sys.argv[1]))))  # noqa: T201 - its result
