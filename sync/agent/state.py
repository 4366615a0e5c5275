"""What the agent knows of its uploads: one SQLite file, durable, one line a journal epoch.

Losing it costs nothing but a second upload of what the centre then recognises; the journal is never touched.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from crypto.explained import ExplainedError, Text
from sync.errors import UploadStateBroken
from sync.protocol.batch import Gap
from sync.protocol.refusal import RefusalMessage
from terminal.events.receipt import SignedReceipt
from terminal.events.voice import SignedVoiceReceipt

APPLICATION_ID: Final = 0x544B5532  # "TKU2"

_SCHEMA: Final = f"""
PRAGMA application_id = {APPLICATION_ID};
CREATE TABLE progress (
    epoch INTEGER PRIMARY KEY, acknowledged INTEGER NOT NULL, receipt BLOB NOT NULL,
    position INTEGER NOT NULL, contact_ms INTEGER NOT NULL, error BLOB NOT NULL, error_ms INTEGER NOT NULL,
    content_error BLOB NOT NULL, content_error_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE gaps (
    epoch INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (epoch, first)
) STRICT;
CREATE TABLE refused (
    epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, code TEXT NOT NULL, at_ms INTEGER NOT NULL,
    PRIMARY KEY (epoch, sequence)
) STRICT;
CREATE TABLE voices (
    epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, receipt BLOB NOT NULL, PRIMARY KEY (epoch, sequence)
) STRICT;
"""


@dataclass(frozen=True)
class Progress:
    """How far the upload is.

    `acknowledged`: the highest watermark of a verified receipt; `position`: the last event that was sent and
    answered; `gaps`: what the centre asked for again; `refused`: sequence to error code, of events that the
    centre would not take. `contact_ms` is when it last answered, `error` what last went wrong since then;
    `content_error` is why the centre's newest content is not in force here.
    """

    acknowledged: int
    position: int
    gaps: tuple[Gap, ...]
    refused: dict[int, str]
    contact_ms: int | None
    error: RefusalMessage | None
    error_ms: int | None
    content_error: RefusalMessage | None
    content_error_ms: int | None


class UploadState:
    """The open state of one epoch. Raises UploadStateBroken where the file can't be used."""

    def __init__(self, path: Path, epoch: int) -> None:
        self._epoch = epoch
        with _explained():
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=10)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._prepare(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def progress(self) -> Progress:
        """Where the upload stands."""
        with self._transaction() as connection:
            row = connection.execute(
                "SELECT acknowledged, position, contact_ms, error, error_ms, content_error, content_error_ms "
                "FROM progress WHERE epoch = ?",
                (self._epoch,),
            ).fetchone()
            gaps = connection.execute(
                "SELECT first, last FROM gaps WHERE epoch = ? ORDER BY first", (self._epoch,)
            ).fetchall()
            refused = connection.execute(
                "SELECT sequence, code FROM refused WHERE epoch = ? ORDER BY sequence", (self._epoch,)
            ).fetchall()
        acknowledged, position, contact_ms, error, error_ms, content_error, content_error_ms = row
        return Progress(
            acknowledged=acknowledged,
            position=position,
            gaps=tuple(Gap(first, last) for first, last in gaps),
            refused=dict(refused),
            contact_ms=contact_ms or None,
            error=RefusalMessage.from_bytes(error) if error else None,
            error_ms=error_ms or None,
            content_error=RefusalMessage.from_bytes(content_error) if content_error else None,
            content_error_ms=content_error_ms or None,
        )

    def receipt(self) -> SignedReceipt | None:
        """The receipt for the acknowledged watermark."""
        with self._transaction() as connection:
            (data,) = connection.execute(
                "SELECT receipt FROM progress WHERE epoch = ?", (self._epoch,)
            ).fetchone()
        return SignedReceipt.from_bytes(data) if data else None

    def record_answer(
        self, receipt: SignedReceipt | None, position: int, gaps: Sequence[Gap], now_ms: int
    ) -> None:
        """Keep what a verified answer says; acknowledgement and position never go back."""
        watermark = receipt.receipt.watermark if receipt else 0
        with self._transaction() as connection:
            connection.execute(
                "UPDATE progress SET position = MAX(position, ?), contact_ms = ?, error = x'', error_ms = 0 "
                "WHERE epoch = ?",
                (position, now_ms, self._epoch),
            )
            if receipt:
                connection.execute(
                    "UPDATE progress SET acknowledged = ?, receipt = ? WHERE epoch = ? AND acknowledged < ?",
                    (watermark, receipt.to_bytes(), self._epoch, watermark),
                )
            connection.execute("DELETE FROM gaps WHERE epoch = ?", (self._epoch,))
            connection.executemany(
                "INSERT INTO gaps VALUES (?, ?, ?)", [(self._epoch, gap.first, gap.last) for gap in gaps]
            )
            # What the centre holds after all, it no longer refuses.
            connection.execute(
                "DELETE FROM refused WHERE epoch = ? AND sequence <= ?", (self._epoch, watermark)
            )

    def has_voice_receipt(self, sequence: int) -> bool:
        """Whether the centre signed that it holds the recording of this event."""
        with self._transaction() as connection:
            found = connection.execute(
                "SELECT 1 FROM voices WHERE epoch = ? AND sequence = ?", (self._epoch, sequence)
            ).fetchone()
        return found is not None

    def record_voice(self, receipt: SignedVoiceReceipt) -> None:
        """Keep a verified receipt for a recording; the terminal lets the recording go for it."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO voices VALUES (?, ?, ?)",
                (self._epoch, receipt.receipt.sequence, receipt.to_bytes()),
            )

    def record_refused(self, sequence: int, code: str, now_ms: int) -> None:
        """Keep that the centre would not take this event; the upload goes on behind it."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO refused VALUES (?, ?, ?, ?)", (self._epoch, sequence, code, now_ms)
            )
            connection.execute(
                "UPDATE progress SET position = MAX(position, ?), contact_ms = ? WHERE epoch = ?",
                (sequence, now_ms, self._epoch),
            )

    def record_error(self, error: ExplainedError, now_ms: int) -> None:
        """Keep what went wrong, for whoever looks at the status."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE progress SET error = ?, error_ms = ? WHERE epoch = ?",
                (RefusalMessage.of(error).to_bytes(), now_ms, self._epoch),
            )

    def record_content(self, error: ExplainedError | None, now_ms: int) -> None:
        """Keep why the centre's newest content is not in force here; None if it is."""
        data = RefusalMessage.of(error).to_bytes() if error else b""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE progress SET content_error = ?, content_error_ms = ? WHERE epoch = ?",
                (data, now_ms if error else 0, self._epoch),
            )

    def send_again(self) -> None:
        """Start over behind the last receipt, refused events included."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM refused WHERE epoch = ?", (self._epoch,))
            connection.execute("DELETE FROM gaps WHERE epoch = ?", (self._epoch,))
            connection.execute("UPDATE progress SET position = acknowledged WHERE epoch = ?", (self._epoch,))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with _explained():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _prepare(self, path: Path) -> None:
        (found,) = self._connection.execute("PRAGMA application_id").fetchone()
        if found != APPLICATION_ID:
            if self._connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]:
                raise UploadStateBroken(
                    detail=Text(zh=f"{path.name} 是别的数据库", en=f"{path.name} is some other database")
                )
            self._connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
            path.chmod(0o600)
        self._connection.execute(
            "INSERT OR IGNORE INTO progress VALUES (?, 0, x'', 0, 0, x'', 0, x'', 0)", (self._epoch,)
        )


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise UploadStateBroken(detail=str(error)) from error
