"""Bringing the journal to the centre: at least once from here, idempotent there, so exactly once.

Nothing is deleted and nothing counts as delivered until a receipt with the centre's signature names the hash
of this terminal's own event. The agent may be killed at any instant: it starts again behind what it recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from crypto.explained import Text
from crypto.signer import Signer
from crypto.sm2 import PublicKey
from sync.agent.client import CenterClient
from sync.agent.state import Progress, UploadState
from sync.errors import (
    CenterRefused,
    ChainBroken,
    EventForeign,
    EventMalformed,
    ForkFound,
    GapNotInJournal,
    HeadMismatch,
    MessageMalformed,
    MessageOversized,
    NoProgress,
    ReceiptBeyondJournal,
    ReceiptHashMismatch,
    ReceiptInvalid,
)
from sync.protocol.batch import Batch, BatchAnswer, Gap
from terminal.clock import Clock
from terminal.events.checkpoint import Checkpoint, sign_checkpoint
from terminal.events.receipt import SignedReceipt
from terminal.journal.reader import JournalReader, StoredEvent

BATCH_EVENTS: Final = 500
BATCH_BYTES: Final = 524_288

# Refusals whose cause lies in single events: the batch is divided until those are found, the rest goes on.
_DIVISIBLE: Final = frozenset(
    refusal.code
    for refusal in (
        ChainBroken,
        EventForeign,
        EventMalformed,
        HeadMismatch,
        MessageMalformed,
        MessageOversized,
    )
)


@dataclass(frozen=True)
class Uploader:
    """Uploads one journal; `receipt_key` is the centre's, `signer` the terminal's."""

    journal: JournalReader
    state: UploadState
    client: CenterClient
    signer: Signer
    receipt_key: PublicKey
    clock: Clock

    def deliver_all(self) -> None:
        """Send what the centre lacks until nothing that can be sent is left, with one attempt a batch.

        A tap whose sale is open is not sold yet: it waits with all that follows, and is not claimed before.
        Raises what CenterClient raises, and ForkFound, GapNotInJournal, NoProgress, ReceiptInvalid,
        ReceiptBeyondJournal or ReceiptHashMismatch. What was recorded before stays recorded.
        """
        while events := self._next_events(self.state.progress()):
            self._deliver(events)
        progress = self.state.progress()
        if progress.acknowledged < self.journal.settled_up_to() and not progress.refused:
            # Everything was sent and answered. If the centre lost it again, it must be sent again.
            self.state.send_again()
            raise NoProgress(watermark=progress.acknowledged)

    def _next_events(self, progress: Progress) -> list[StoredEvent]:
        """What to send next: what the centre asked for, then what it was never sent."""
        wanted = next((part for gap in progress.gaps for part in _without(gap, progress.refused)), None)
        if wanted is not None:
            events = self._take(wanted.first - 1, wanted.last)
            if not events or events[0].sequence != wanted.first:
                raise GapNotInJournal(first=wanted.first, last=wanted.last)
            return events
        return self._take(max(progress.position, progress.acknowledged), self.journal.settled_up_to())

    def _take(self, after: int, last: int) -> list[StoredEvent]:
        """Events above `after` up to `last`, as many as one batch may have."""
        taken: list[StoredEvent] = []
        size = 0
        for event in self.journal.events(after, min(BATCH_EVENTS, last - after) if last > after else 0):
            size += len(event.data)
            if taken and (size > BATCH_BYTES or event.sequence != taken[-1].sequence + 1):
                break
            taken.append(event)
        return taken

    def _deliver(self, events: Sequence[StoredEvent]) -> None:
        try:
            answer = self.client.send_batch(self._batch(events))
        except CenterRefused as refusal:
            code = str(refusal.facts["reason"])
            if code not in _DIVISIBLE:
                raise
            if len(events) == 1:
                self.state.record_refused(events[0].sequence, code, self.clock.now_ms())
                return
            middle = len(events) // 2
            self._deliver(events[:middle])
            self._deliver(events[middle:])
            return
        self._accept(answer, events)

    def _batch(self, events: Sequence[StoredEvent]) -> Batch:
        last = events[-1]
        head = Checkpoint(
            self.journal.terminal, self.journal.epoch, last.sequence, last.hash, self.clock.now_ms()
        )
        return Batch(
            terminal=head.terminal,
            epoch=head.epoch,
            events=[event.data for event in events],
            head=sign_checkpoint(head, self.signer),
        )

    def _accept(self, answer: BatchAnswer, events: Sequence[StoredEvent]) -> None:
        if answer.fork is not None:
            raise ForkFound(sequence=answer.fork.sequence)
        self._verify(answer.receipt, answer.watermark)
        first, last = events[0].sequence, events[-1].sequence
        end = self._journal_end()
        for gap in answer.gaps:
            if gap.last > end:
                raise ReceiptBeyondJournal(claimed=gap.last + 1, held=end)
            if gap.first <= last and first <= gap.last:
                raise NoProgress(watermark=answer.watermark)
        self.state.record_answer(
            answer.receipt, max(last, answer.watermark), answer.gaps, self.clock.now_ms()
        )

    def _verify(self, receipt: SignedReceipt | None, watermark: int) -> None:
        """Believe a receipt only with the centre's signature, and about events as this journal has them."""
        if receipt is None:
            if watermark:
                raise ReceiptInvalid(
                    detail=Text(zh="已确认的序号没有回执", en="there is none for the watermark")
                )
            return
        said = receipt.receipt
        if not receipt.verify(self.receipt_key):
            raise ReceiptInvalid(detail=Text(zh="不是中心所签", en="it is not signed by the centre"))
        if (said.terminal, said.epoch, said.watermark) != (
            self.journal.terminal,
            self.journal.epoch,
            watermark,
        ):
            raise ReceiptInvalid(detail=Text(zh="所述并非本次上传", en="it is about something else"))
        end = self._journal_end()
        if said.watermark > end:
            raise ReceiptBeyondJournal(claimed=said.watermark, held=end)
        own = self.journal.events(said.watermark - 1, 1)
        if not own or own[0].sequence != said.watermark or own[0].hash != said.hash:
            raise ReceiptHashMismatch(sequence=said.watermark)

    def _journal_end(self) -> int:
        head = self.journal.head()
        return head[0] if head else 0


def _without(gap: Gap, refused: dict[int, str]) -> list[Gap]:
    """The parts of a gap that the centre has not refused."""
    parts: list[Gap] = []
    first = gap.first
    for sequence in sorted(sequence for sequence in refused if gap.first <= sequence <= gap.last):
        if first < sequence:
            parts.append(Gap(first, sequence - 1))
        first = sequence + 1
    if first <= gap.last:
        parts.append(Gap(first, gap.last))
    return parts
