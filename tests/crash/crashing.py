"""Rounds of tapping that end by SIGKILL, and what has to be true of the journal after each.

Acknowledged = journaled: each tap that was acknowledged stands in the journal with the hash it had, and at
most the one tap whose acknowledgement was under way more. The chain verifies. Nothing that was journaled,
acknowledged or signed for by the centre before is another event now. The quota counters have counted each
journaled tap once. Between rounds the centre signs for what
is there, so that terminals are killed while they prune, too.
"""

from __future__ import annotations

import random
import time
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final

from sync.agent.state import UploadState
from terminal.data_directory import TERMINAL_KEY
from terminal.events.event import UsageEvent
from terminal.events.receipt import Receipt, sign_receipt
from terminal.journal.pruning_proof import PruningProof
from terminal.journal.reader import JournalReader
from terminal.journal.schema import open_for_reading
from terminal.journal.verification import verify_journal
from terminal.journal.vouching import Known
from tests.crash.tapping import TappingTerminal
from tests.terminal.enrolled import Enrolled

# Each tap counts against a quota that no card uses up before it is killed with its terminal.
RULES: Final = "rules/chongqing-bus.toml"
PACK: Final = """
name = "chongqing-bus"
version = "crash"
region = "50"
effective_from = 2012-01-01
note = { zh = "测试用", en = "for a test" }

[[quotas]]
id = "rides"
uses = 10000
per = "year"

[[rules]]
id = "free"
applies_to = { kinds = ["transit"] }
condition = "true"
quota = "rides"
benefit = { kind = "free" }
legal_basis = { zh = "测试", en = "a test" }
holder_text = { zh = "本次免费乘车", en = "You ride free" }
staff_text = { zh = "免费乘车，请放行", en = "Rides free: let pass" }
source = { cites = "none", mark = "G" }
"""


@dataclass
class CrashLog:
    """What happened so far; `hashes` are those of all events that were ever seen in the journal."""

    rounds: int = 0
    acknowledged: int = 0
    unacknowledged: int = 0
    killed_before_a_tap: int = 0
    pruned_up_to: int = 0
    receipts: int = 0
    hashes: dict[int, bytes] = field(default_factory=dict, repr=False)

    @property
    def head(self) -> int:
        """The last event that was seen."""
        return max(self.hashes, default=0)

    def summary(self) -> dict[str, int]:
        """In figures."""
        return {
            "rounds": self.rounds,
            "acknowledged": self.acknowledged,
            "unacknowledged_but_whole": self.unacknowledged,
            "killed_before_a_tap": self.killed_before_a_tap,
            "receipts": self.receipts,
            "pruned_up_to": self.pruned_up_to,
            "events": self.head,
        }


class Crashing:
    """One terminal, killed again and again."""

    def __init__(self, bus: Enrolled, chance: random.Random) -> None:
        self.log = CrashLog()
        self._bus, self._chance = bus, chance
        bus.put_content(RULES, PACK.encode())
        self._key = bus.directory.keystore.load(TERMINAL_KEY).public_key
        self._receipt: Known | None = None
        self._opening_seconds = self._measured()

    def round(self) -> None:
        """One life of the terminal, and a look at what it left. Raises AssertionError."""
        terminal = self._started()
        # From before the journal is open to some dozen taps later.
        time.sleep(self._chance.uniform(0.5, 3.0) * self._opening_seconds)
        self._look(terminal.kill())
        if self._chance.random() < 0.5:
            self._sign_for_some()

    def _started(self) -> TappingTerminal:
        return TappingTerminal.start(self._bus, self._bus.card(categories=(4,), grade=2))

    def _measured(self) -> float:
        started = time.monotonic()
        terminal = self._started()
        terminal.wait_for_a_tap()
        seconds = time.monotonic() - started
        self._look(terminal.kill())
        return seconds

    def _look(self, acknowledged: dict[int, bytes]) -> None:
        log = self.log
        path = self._bus.directory.journal
        known = [self._receipt] if self._receipt else []
        report = verify_journal(path, self._key, known, self._bus.authority.receipt.public_key)
        assert report.faults == (), report.faults
        assert report.pruning in (PruningProof.NOT_PRUNED, PruningProof.PROVEN)
        with JournalReader(path) as reader:
            stored = {one.sequence: one.hash for one in reader.events(0, 1_000_000)}
        head = log.head
        more = sorted(sequence for sequence in stored if sequence > head)
        assert more == list(range(head + 1, head + 1 + len(more))), "events are missing"
        assert len(acknowledged) <= len(more) <= len(acknowledged) + 1, "acknowledged is not journaled"
        assert acknowledged.items() <= stored.items(), "an acknowledged tap is another event now"
        for sequence, digest in stored.items():
            assert log.hashes.setdefault(sequence, digest) == digest, f"event {sequence} is another now"
        log.rounds += 1
        log.acknowledged += len(acknowledged)
        log.unacknowledged += len(more) - len(acknowledged)
        log.killed_before_a_tap += not acknowledged
        log.pruned_up_to = report.pruned_up_to
        with closing(open_for_reading(path)) as connection:
            (uses,) = connection.execute("SELECT total(uses) FROM uses").fetchone()
        assert uses == log.head, f"{uses} uses are counted of {log.head} taps"

    def _sign_for_some(self) -> None:
        """The centre takes a part of what is not signed for yet, and the agent keeps its receipt."""
        first = self._receipt.sequence + 1 if self._receipt else 1
        if first > self.log.head:
            return
        watermark = self._chance.randint(first, self.log.head)
        with JournalReader(self._bus.directory.journal) as reader:
            (stored,) = reader.events(watermark - 1, 1)
        event = UsageEvent.from_bytes(stored.data)
        receipt = sign_receipt(
            Receipt(event.terminal, event.epoch, watermark, stored.hash, event.time_ms),
            self._bus.authority.receipt,
        )
        with UploadState(self._bus.directory.uploads, event.epoch) as state:
            state.record_answer(receipt, watermark, [], event.time_ms)
        self._receipt = Known.of_receipt(receipt)
        self.log.receipts += 1
