"""The journal beside the bare insert of the same bytes; what sealing, signing, pruning and verifying take.

    python -m benchmarks.journal [--quick]

Three journals lie side by side in out/, on whatever disk the checkout is on (progress names its file system):
one as terminals write it; one whose sealer copies the evidence and as many bytes again as a tag has; and one
table of SQLite, in WAL mode with a full sync at each commit, that gets the same bytes. They take turns, one
append each in an order that changes, so that a disk that slows down meets all; before each of them a place
is asked for, as when a terminal waits for a card, so that all find the disk after the same pause. They are
measured from a start on, some hundred taps long, while the bare table's log grows; and again once every log
was filled and is written over. The faster the disk, the more sealing's share shows: it takes microseconds,
and a sync on a terminal's flash some milliseconds.

Throughput is that of the median append, which leaves out the one in 64 that signs a checkpoint; what that
costs each event is a figure of its own. Verification runs in a process of its own, whose peak memory is the
whole process's, on journals of two sizes.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from random import shuffle
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final
from unittest.mock import patch

from benchmarks.figures import elapsed_ns, median_ms, progress, quick_asked, report
from crypto.sealing import TAG_BYTES, SealedRecord, SegmentSealer
from crypto.sm2 import PrivateKey, PublicKey
from crypto.sm3 import sm3
from terminal.clock import SystemClock
from terminal.events.event import SealedEvidence
from terminal.events.outcome import Outcome
from terminal.events.receipt import Receipt, sign_receipt
from terminal.journal.pruning import STEP_EVENTS, prune, retention
from terminal.journal.schema import JournalOwner
from terminal.journal.writer import CHECKPOINT_EVERY, EventDraft, JournalWriter

GOAL: Final = 1.05
INSERT_GOAL: Final = 0.9
MEMORY_GOAL: Final = 1.1  # of the peak for a tenth of the events
ON_DISK: Final = Path("out")
FROM_A_START: Final = 500  # fewer than a log takes before SQLite begins it anew
LOG_FILLED: Final = 1_200  # more than that
OWNER: Final = JournalOwner(bytes(range(8)), 1)
DRAFT: Final = EventDraft(
    service="BUS-1",
    fare=200,
    companions=0,
    outcome=Outcome.GRANTED,
    holder_pays=0,
    companion_pays=0,
    pack_version="cn@2026.1#0123456789abcdef",
    content=7,
    nonce=bytes(8),
    holder_ref=bytes(16),
)
# As long as a tap's: credential of 156 bytes, signature of 64.
EVIDENCE: Final = SealedEvidence(
    credential=bytes(156), counter=1_000, signature=bytes(64), rule="cn/free-city-transport", detail=""
)
VERIFY: Final = """
import resource, sys, time
from pathlib import Path
from crypto.sm2 import PublicKey
from terminal.journal.verification import verify_journal
key = PublicKey.from_pem(Path(sys.argv[2]).read_bytes())
begun = time.perf_counter()
report = verify_journal(Path(sys.argv[1]), key, is_training=False)
taken = time.perf_counter() - begun
print(taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, report.events, report.fault_count)
"""


class CopyingSealer:
    """In a `SegmentSealer`'s place: the same bytes to store, and nothing encrypted."""

    def __init__(self, center_key: PublicKey) -> None:
        self.header: Final = center_key.encrypt(bytes(32))
        self.segment_id: Final = bytes(8)
        self.next_index = 0
        self.is_full = False

    def prepare(self) -> None:
        """No key to have ready."""

    def seal(self, plaintext: bytes, associated_data: bytes) -> SealedRecord:
        """The record as it is, with as many bytes more as a tag has."""
        index = self.next_index
        self.next_index += 1
        return SealedRecord(index, plaintext + associated_data[:TAG_BYTES])


def bare_table(path: Path) -> sqlite3.Connection:
    """A table like the journal's, synced like it."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE events (sequence INTEGER PRIMARY KEY, bytes BLOB, hash BLOB)")
    return connection


def append_ns(journal: JournalWriter) -> int:
    """Nanoseconds of one append; its place was taken before, as when a terminal waits for a card."""
    place = journal.next_place()
    return elapsed_ns(lambda: journal.append(place, DRAFT, EVIDENCE))


def insert_ns(table: sqlite3.Connection, event: bytes, beside: JournalWriter) -> int:
    """Nanoseconds of one insert of a row like the journal's, after the same pause."""
    beside.next_place()
    return elapsed_ns(lambda: table.execute("INSERT INTO events VALUES (NULL, ?, ?)", (event, event[:32])))


class Rivals:
    """The three, opened afresh in a folder."""

    def __init__(self, folder: Path, opened: ExitStack) -> None:
        signer, center = PrivateKey.generate(), PrivateKey.generate().public_key

        def journal(name: str) -> JournalWriter:
            return opened.enter_context(JournalWriter(folder / name, OWNER, signer, center, SystemClock()))

        self._sealed = journal("sealed")
        with patch("terminal.journal.writer.SegmentSealer", CopyingSealer):
            self._copied = journal("copied")
        self._table = opened.enter_context(closing(bare_table(folder / "bare")))
        events = [
            journal.append(journal.next_place(), DRAFT, EVIDENCE).to_bytes()
            for journal in (self._sealed, self._copied) * 2  # the first of a segment is longer
        ]
        assert abs(len(events[2]) - len(events[3])) <= 1, "the clock's readings may differ by a byte"
        self._event = events[2]

    def fill_logs(self) -> None:
        """Go on, without waiting for the disk, until SQLite has begun each log anew."""
        for durable in ("OFF", "FULL"):
            for connection in (self._sealed._connection, self._copied._connection, self._table):
                connection.execute(f"PRAGMA synchronous = {durable}")
            self.measure(LOG_FILLED if durable == "OFF" else 1)

    def measure(self, rounds: int) -> dict[str, float]:
        """The median nanoseconds of an append: sealed, copied, inserted bare; in an order that changes."""
        turns: list[tuple[str, Callable[[], int]]] = [
            ("sealed", lambda: append_ns(self._sealed)),
            ("copied", lambda: append_ns(self._copied)),
            ("inserted", lambda: insert_ns(self._table, self._event, self._sealed)),
        ]
        times: dict[str, list[int]] = {name: [] for name, _ in turns}
        for _ in range(rounds):
            shuffle(turns)
            for name, measured in turns:
                times[name].append(measured())
        return {name: median(taken) for name, taken in times.items()}


def measure(rounds: int) -> tuple[dict[str, float], dict[str, float]]:
    """What `Rivals.measure` finds from a start on (the median of several), and with logs that are full."""
    starts = []
    for number in range(max(1, rounds // FROM_A_START)):
        progress(f"a start and its first {min(rounds, FROM_A_START)} appends, number {number + 1}")
        with TemporaryDirectory(dir=ON_DISK) as folder, ExitStack() as opened:
            starts.append(Rivals(Path(folder), opened).measure(min(rounds, FROM_A_START)))
    progress(f"{rounds} appends to logs that were filled")
    with TemporaryDirectory(dir=ON_DISK) as folder, ExitStack() as opened:
        rivals = Rivals(Path(folder), opened)
        rivals.fill_logs()
        filled = rivals.measure(rounds)
    return {name: median(start[name] for start in starts) for name in filled}, filled


def main() -> None:
    """Run the benchmark."""
    rounds = 500 if quick_asked(__doc__) else 4_000
    ON_DISK.mkdir(exist_ok=True)
    disk = subprocess.run(
        ["stat", "--file-system", "--format=%T", ON_DISK], capture_output=True, text=True, check=True
    )
    progress(f"{rounds} rounds on {disk.stdout.strip()}")
    started, filled = measure(rounds)
    for when, taken in (("the first hundreds from a start", started), ("logs that were filled", filled)):
        report(
            f"durable appends with hash and seal, beside bare INSERTs of the same bytes; {when}",
            1e9 / taken["sealed"],
            "events/s",
            floor=1e9 / taken["inserted"],
            goal=f">= {INSERT_GOAL} x",
            holds=taken["inserted"] >= INSERT_GOAL * taken["sealed"],
        )
    sealed, copied, inserted = (filled[name] / 1_000_000 for name in ("sealed", "copied", "inserted"))
    report(
        "durable append with sealing, beside one that copies",
        sealed,
        "ms",
        floor=copied,
        goal=f"<= {GOAL} x the append that copies",
        holds=sealed <= GOAL * copied,
    )
    sealer, evidence = SegmentSealer(PrivateKey.generate().public_key), EVIDENCE.to_bytes()
    alone = median_ms(lambda: sealer.seal(evidence, bytes(300)), rounds)
    report("sealing one record, beside that INSERT", alone, "ms", floor=inserted, goal="shown", holds=True)
    with TemporaryDirectory(dir=ON_DISK) as folder:
        measure_upkeep(Path(folder), rounds // 10, inserted)
        measure_verification(Path(folder), 50_000 if rounds < 4_000 else 1_000_000)


def measure_upkeep(folder: Path, rounds: int, inserted: float) -> None:
    """A checkpoint, shared among its events; and pruning, with what is deleted overwritten and not."""
    key = PrivateKey.generate()
    receipts = PrivateKey.generate()
    with JournalWriter(folder / "upkeep", OWNER, key, key.public_key, SystemClock()) as journal:

        def signed() -> int:
            journal.append(journal.next_place(), DRAFT, EVIDENCE)
            return elapsed_ns(journal.sign)

        each = median(signed() for _ in range(rounds)) / 1_000_000 / CHECKPOINT_EVERY
        report("a checkpoint, each event's share", each, "ms", floor=inserted, goal="shown", holds=True)
        times = {}
        for secure in ("OFF", "ON"):
            journal._connection.execute("PRAGMA synchronous = OFF")
            for _ in range(rounds * STEP_EVENTS):
                last = journal.append(journal.next_place(), DRAFT, EVIDENCE)
            journal._connection.execute("PRAGMA synchronous = FULL")
            journal._connection.execute(f"PRAGMA secure_delete = {secure}")
            said = Receipt(OWNER.terminal, OWNER.epoch, last.sequence, last.hash, last.time_ms)
            allowed = retention(OWNER, sign_receipt(said, receipts), receipts.public_key, last.time_ms + 1)
            taken = elapsed_ns(lambda: prune(journal, allowed))  # noqa: B023
            times[secure] = taken / 1_000_000 / rounds
        report(
            f"pruning {STEP_EVENTS} events, overwritten, beside deleted only",
            times["ON"],
            "ms",
            floor=times["OFF"],
            goal="shown",
            holds=True,
        )


def measure_verification(folder: Path, count: int) -> None:
    """Events a second, beside their hashes alone; and the peak memory beside that for a tenth of them."""
    key = PrivateKey.generate()
    (folder / "key.pem").write_bytes(key.public_key.to_pem())
    path = folder / "verified"
    peaks = []
    with JournalWriter(path, OWNER, key, key.public_key, SystemClock()) as journal:
        journal._connection.execute("PRAGMA synchronous = OFF")
        for size in (count // 10, count):
            progress(f"a journal of {size} events")
            while journal.next_place().sequence <= size:
                event = journal.append(journal.next_place(), DRAFT, EVIDENCE)
            journal.sign()
            done = subprocess.run(
                [sys.executable, "-c", VERIFY, path, folder / "key.pem"],
                capture_output=True,
                text=True,
                check=True,
            )
            seconds, peak, events, faults = map(float, done.stdout.split())
            assert (events, faults) == (size, 0)
            peaks.append(peak)
    hashed = 1000 / median_ms(lambda: sm3(event.to_bytes()), 10_000)
    report(
        f"verifying {count} events, beside hashing each",
        count / seconds,
        "events/s",
        floor=hashed,
        goal="shown",
        holds=True,
    )
    report(
        f"peak memory of that, beside {count // 10} events",
        peaks[1],
        "MiB",
        floor=peaks[0],
        goal=f"<= {MEMORY_GOAL} x",
        holds=peaks[1] <= MEMORY_GOAL * peaks[0],
    )


if __name__ == "__main__":
    main()
