"""Digests over the rows that no event vouches for: a damaged count must not pass for a count.

Against accidents alone: whoever can write the file can write a digest. What was really used, the centre
counts from the events.
"""

from __future__ import annotations

import sqlite3
from typing import Final

import msgspec

from crypto.sm3 import sm3

#: What the function is called in the journal's SQL.
ROW_DIGEST: Final = "row_digest"
_BYTES: Final = 8


def row_digest(*values: str | int | bytes | float | None) -> bytes:
    """The digest of a row with these values."""
    return sm3(msgspec.msgpack.encode(values))[:_BYTES]


def offer_row_digest(connection: sqlite3.Connection) -> None:
    """Let statements of this connection call `row_digest`."""
    connection.create_function(ROW_DIGEST, -1, row_digest, deterministic=True)


def is_table_whole(connection: sqlite3.Connection, table: str) -> bool:
    """Whether every row of a table agrees with its last column, the digest of the others."""
    rows = connection.execute(f"SELECT * FROM {table}")  # noqa: S608  one of ours
    return all(row_digest(*values) == digest for *values, digest in rows)
