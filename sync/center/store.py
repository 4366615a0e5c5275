"""The centre's store: one SQLite file, WAL, synchronous=FULL, so that no receipt outlives its events.

This module holds the schema and the transactions; each part of the centre brings its own statements.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from crypto.closing import Closing
from crypto.explained import Text
from sync.errors import StoreBroken

SCHEMA_VERSION: Final = 5
BUSY_SECONDS: Final = 10

_SCHEMA: Final = """
-- late_until_ms: up to when events that came after a revocation are let through (sync.reconcile.revocations).
CREATE TABLE terminals (
    terminal BLOB NOT NULL, epoch INTEGER NOT NULL,
    operator TEXT NOT NULL, region TEXT NOT NULL, service TEXT NOT NULL,
    certificate BLOB NOT NULL, enrolled_ms INTEGER NOT NULL,
    watermark INTEGER NOT NULL DEFAULT 0,
    revoked_ms INTEGER, reason TEXT, late_until_ms INTEGER,
    PRIMARY KEY (terminal, epoch)
) STRICT;

-- Card issuers' keys: the certificate (PEM) that the province gave each, and when and why it was revoked.
CREATE TABLE issuers (
    key_id BLOB PRIMARY KEY, certificate BLOB NOT NULL, added_ms INTEGER NOT NULL,
    revoked_ms INTEGER, reason TEXT
) STRICT;

-- Of a code only the SM3 digest is kept; request is the digest of the certificate request that used it.
CREATE TABLE codes (
    locator TEXT PRIMARY KEY, digest BLOB NOT NULL,
    terminal BLOB NOT NULL, epoch INTEGER NOT NULL,
    operator TEXT NOT NULL, region TEXT NOT NULL, service TEXT NOT NULL,
    expires_ms INTEGER NOT NULL, wrong_attempts INTEGER NOT NULL DEFAULT 0,
    request BLOB
) STRICT;

CREATE TABLE events (
    terminal BLOB NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL,
    bytes BLOB NOT NULL, hash BLOB NOT NULL, previous BLOB NOT NULL, received_ms INTEGER NOT NULL,
    PRIMARY KEY (terminal, epoch, sequence)
) STRICT;

-- The signed checkpoints that the events came under: the terminal's own word for its chain.
CREATE TABLE heads (
    terminal BLOB NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, hash BLOB NOT NULL,
    signed BLOB NOT NULL, received_ms INTEGER NOT NULL,
    PRIMARY KEY (terminal, epoch, sequence, hash)
) STRICT;

-- Two events under one number. event: the other one's bytes where they came; head: the checkpoint over them.
CREATE TABLE forks (
    terminal BLOB NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL,
    stored_hash BLOB NOT NULL, other_hash BLOB NOT NULL, event BLOB NOT NULL, head BLOB NOT NULL,
    received_ms INTEGER NOT NULL,
    PRIMARY KEY (terminal, epoch, sequence, other_hash)
) STRICT;

-- Counted, not listed: whoever floods the centre with rubbish must not fill its disk.
CREATE TABLE refusals (
    terminal BLOB NOT NULL, epoch INTEGER NOT NULL, code TEXT NOT NULL,
    times INTEGER NOT NULL, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL,
    PRIMARY KEY (terminal, epoch, code)
) STRICT;

CREATE TABLE segments (
    terminal BLOB NOT NULL, epoch INTEGER NOT NULL, segment BLOB NOT NULL,
    header BLOB NOT NULL, first_sequence INTEGER NOT NULL,
    PRIMARY KEY (terminal, epoch, segment)
) STRICT;

-- One row an event, once its evidence was examined. Money in fen. No card id, category, grade or rule.
CREATE TABLE examined (
    terminal BLOB NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL,
    operator TEXT NOT NULL, service TEXT NOT NULL, day TEXT NOT NULL,
    kind TEXT NOT NULL, refers_to INTEGER NOT NULL,
    outcome TEXT NOT NULL, granted INTEGER NOT NULL,
    proof TEXT NOT NULL, reason TEXT NOT NULL,
    card BLOB NOT NULL, counter INTEGER NOT NULL, proof_digest BLOB NOT NULL,
    list_fare INTEGER NOT NULL, paid INTEGER NOT NULL, claimed INTEGER NOT NULL, due INTEGER NOT NULL,
    agrees INTEGER NOT NULL, content INTEGER NOT NULL, goes_with INTEGER NOT NULL,
    journey INTEGER NOT NULL, time_ms INTEGER NOT NULL, clock TEXT NOT NULL,
    PRIMARY KEY (terminal, epoch, sequence)
) STRICT;

-- What a proven tap says of quotas. tally: a pseudonym of one card's count of one quota in one window; most:
-- the uses that the quota gives; said: how many there were before; used: whether this is one.
CREATE TABLE quota_uses (
    terminal BLOB NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, tally BLOB NOT NULL,
    most INTEGER NOT NULL, said INTEGER NOT NULL, used INTEGER NOT NULL,
    PRIMARY KEY (terminal, epoch, sequence, tally)
) STRICT;

-- What holders asked for; the words stay in their events and are opened when staff read a case. secret: what
-- the card's answers are found by (terminal.needs.answers); leads back to no card that is not in one's hand.
CREATE TABLE needs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    terminal BLOB NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL,
    operator TEXT NOT NULL, item TEXT NOT NULL, relation TEXT NOT NULL, card BLOB NOT NULL,
    asked_ms INTEGER NOT NULL, secret BLOB NOT NULL,
    status TEXT NOT NULL, zh TEXT NOT NULL, en TEXT NOT NULL, changed_ms INTEGER NOT NULL,
    UNIQUE (terminal, epoch, sequence)
) STRICT;

-- Recordings that go with needs, as they came: sealed (terminal.events.voice).
CREATE TABLE voices (
    terminal BLOB NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL,
    bytes BLOB NOT NULL, received_ms INTEGER NOT NULL,
    PRIMARY KEY (terminal, epoch, sequence)
) STRICT;

-- What holders thought of a service; rated: the sequence of its event. The first rating of an event counts.
CREATE TABLE ratings (
    terminal BLOB NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, rated INTEGER NOT NULL,
    operator TEXT NOT NULL, service TEXT NOT NULL, day TEXT NOT NULL, card BLOB NOT NULL,
    stars INTEGER NOT NULL,
    PRIMARY KEY (terminal, epoch, sequence)
) STRICT;

-- Who took whose evidence out of the centre, read or answered whose need, revoked a terminal, or accepted
-- what it sent after that; and when.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
    terminal BLOB NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL
) STRICT;
"""


class CenterStore(Closing):
    """The open store; safe to use from several threads, one transaction at a time.

    Raises StoreBroken where SQLite can't do its work.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        with _explained():
            self._connection = sqlite3.connect(
                path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._migrate()

    def close(self) -> None:
        """Close the file; the store can't be used afterwards."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Read and write as one: all of it happens, durably, or nothing."""
        with self._lock, _explained():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One consistent view to read from."""
        with self._lock, _explained():
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                self._connection.execute("ROLLBACK")

    def _migrate(self) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version not in (0, SCHEMA_VERSION):
            raise StoreBroken(
                detail=Text(
                    zh=f"本版软件不认识数据库版本 {version}",
                    en=f"schema version {version} is not known to this release",
                )
            )
        if version == 0:
            self._connection.executescript(
                f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;"
            )


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreBroken(detail=str(error)) from error
