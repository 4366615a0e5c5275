"""What a journal needs while nobody taps: signatures, pruning once a day, recordings let go once delivered.

A thread of its own does it, between taps. It begins nothing while a tap is under way, and each piece of work
is over long before the next card has answered, so no tap waits for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from crypto.closing import Closing
from crypto.explained import ExplainedError
from crypto.sm2 import PublicKey
from terminal.journal.pruning import DAY_MS, KEEP_DAYS, give_back_log, prune, retention
from terminal.journal.upload_receipt import read_receipt, read_voice_receipt
from terminal.journal.voices import drop_voice, read_voice, waiting_voices
from terminal.journal.writer import JournalWriter

#: How long events may stand unsigned.
CHECKPOINT_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 1.0
_PRUNE_SECONDS: Final = 86_400.0
_VOICE_SECONDS: Final = 60.0
_BETWEEN_STEPS: Final = 0.005
_BEHIND_A_TAP: Final = 0.05


class JournalUpkeep(Closing):
    """Looks after a journal from its own thread until closed, which must be before the journal is.

    `uploads` is the agent's file with the centre's receipt, `receipt_key` tells the key that signs those now.
    """

    def __init__(
        self,
        journal: JournalWriter,
        uploads: Path,
        receipt_key: Callable[[], PublicKey],
        *,
        checkpoint_seconds: float = CHECKPOINT_SECONDS,
        keep_days: int = KEEP_DAYS,
    ) -> None:
        self._journal, self._uploads = journal, uploads
        self._receipt_key = receipt_key
        self._checkpoint_seconds, self._keep_days = checkpoint_seconds, keep_days
        self._trouble: ExplainedError | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal-upkeep", daemon=True)
        self._thread.start()

    def take_trouble(self) -> ExplainedError | None:
        """Why events could not be signed or pruned, once; None if they could."""
        trouble, self._trouble = self._trouble, None
        return trouble

    def close(self) -> None:
        """Stop, behind the step under way. Closing twice does nothing."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        unsigned_since: float | None = None
        prune_at = voices_at = time.monotonic()
        while not self._stop.wait(min(_LOOK_SECONDS, self._checkpoint_seconds)):
            now = time.monotonic()
            if not self._journal.has_unsigned:
                unsigned_since = None
            elif unsigned_since is None:
                unsigned_since = now
            elif now - unsigned_since >= self._checkpoint_seconds and not self._journal.is_awaited:
                self._attempt(self._journal.sign)
                unsigned_since = None
            if now >= prune_at:
                self._attempt(self._prune)
                prune_at = now + _PRUNE_SECONDS
            if now >= voices_at:
                self._attempt(self._drop_voices)
                voices_at = now + _VOICE_SECONDS

    def _attempt(self, work: Callable[[], None]) -> None:
        try:
            work()
        except ExplainedError as error:
            self._trouble = error

    def _prune(self) -> None:
        if self._journal.owner.is_training:
            return
        receipt = read_receipt(self._uploads, self._journal.owner.epoch)
        if receipt is None:
            return
        # A clock that was set ahead makes yesterday's events old.
        before_ms = self._journal.timekeeper.now().settled_ms - self._keep_days * DAY_MS
        allowed = retention(self._journal.owner, receipt, self._receipt_key(), before_ms)
        if prune(self._journal, allowed, self._is_free) and self._is_free():
            give_back_log(self._journal.path)
            self._journal.lengthen_log()

    def _drop_voices(self) -> None:
        """Let go of the recordings that the centre has signed for."""
        with self._journal.transaction() as connection:
            waiting = waiting_voices(connection)
        key, dropped = self._receipt_key(), False
        for sequence in waiting:
            receipt = read_voice_receipt(self._uploads, self._journal.owner.epoch, sequence)
            if receipt is None or not self._is_free():
                continue
            with self._journal.transaction() as connection:
                voice = read_voice(connection, sequence)
                if voice is not None and receipt.is_for(voice, key):
                    drop_voice(connection, sequence)
                    dropped = True
        if dropped and self._is_free():
            give_back_log(self._journal.path)

    def _is_free(self) -> bool:
        """Wait until no tap is under way; False when it is time to stop."""
        pause = _BETWEEN_STEPS
        while not self._stop.wait(pause):
            if not self._journal.is_awaited:
                return True
            pause = _BEHIND_A_TAP
        return False
