"""A journal, or a part of it, as one file that says itself whose it is and can be checked anywhere.

    "TKJX" 01                            magic and version
    H header   E event   C checkpoint   Z end      records; events and checkpoints ascending

A record is its letter, its length in 4 bytes, and as many bytes: of an event its sequence (8 bytes), its hash
(32) and its bytes as the journal holds them; of a checkpoint its sequence and its bytes. Numbers are
big-endian. The header and the end are msgpack arrays (`ExportHeader`, `ExportEnd`); the end counts the
records and holds SM3 over all before it, so that a torn file is known for one. Everything before the tear is
read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, BinaryIO, Final

import msgspec

from crypto.explained import Text
from terminal.events.event import MAX_EVENT_BYTES, Bytes8, Digest
from terminal.journal.errors import JournalFileMalformed
from terminal.journal.items import JournalItem, StoredCheckpoint, StoredEvent
from terminal.journal.schema import JournalBase, JournalOwner

MAGIC: Final = b"TKJX\x01"
_HEADER, _EVENT, _CHECKPOINT, _END = b"H", b"E", b"C", b"Z"
_LENGTH_BYTES: Final = 4
_SEQUENCE_BYTES: Final = 8
_HASH_BYTES: Final = 32
MAX_CERTIFICATES: Final = 16
_LONGEST: Final = {
    _HEADER: 200_000,
    _EVENT: _SEQUENCE_BYTES + _HASH_BYTES + MAX_EVENT_BYTES,
    _CHECKPOINT: _SEQUENCE_BYTES + 512,
    _END: 64,
}

_Sequence = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class ExportHeader(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Whose journal it is and where it begins: behind event `base_sequence`, which has `base_hash`.

    `base_segment` is the segment that is open there (empty: none), `base_receipt` the centre's receipt where
    what comes before was pruned, `receipt` its newest (both empty: none); `is_extract`: events before or
    behind were left out. `certificates` (PEM) are the terminal's, the province's, and that of the centre's
    receipt key, as far as the terminal has them.
    """

    terminal: Bytes8
    epoch: Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)]
    is_training: bool
    is_extract: bool
    made_ms: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    base_sequence: _Sequence
    base_hash: Digest
    base_segment: Annotated[bytes, msgspec.Meta(max_length=8)]
    base_receipt: Annotated[bytes, msgspec.Meta(max_length=512)]
    receipt: Annotated[bytes, msgspec.Meta(max_length=512)]
    certificates: Annotated[
        list[Annotated[str, msgspec.Meta(max_length=8192)]], msgspec.Meta(max_length=MAX_CERTIFICATES)
    ]


class ExportEnd(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """How many records there were, and SM3 over all bytes before this one."""

    events: _Sequence
    checkpoints: _Sequence
    digest: Digest


class ExportWriter:
    """Writes one export, record after record."""

    def __init__(self, stream: BinaryIO, header: ExportHeader) -> None:
        self._stream = stream
        self._digest = hashlib.new("sm3")
        self._events = self._checkpoints = 0
        self._put(MAGIC)
        self._record(_HEADER, msgspec.msgpack.encode(header))

    def event(self, stored: StoredEvent) -> None:
        """The next event."""
        self._events += 1
        self._record(_EVENT, _numbered(stored.sequence, stored.hash + stored.data))

    def checkpoint(self, stored: StoredCheckpoint) -> None:
        """A checkpoint, behind its event."""
        self._checkpoints += 1
        self._record(_CHECKPOINT, _numbered(stored.sequence, stored.data))

    def end(self) -> None:
        """The last record."""
        end = ExportEnd(self._events, self._checkpoints, self._digest.digest())
        self._record(_END, msgspec.msgpack.encode(end))

    def _record(self, kind: bytes, data: bytes) -> None:
        self._put(kind + len(data).to_bytes(_LENGTH_BYTES, "big") + data)

    def _put(self, data: bytes) -> None:
        self._digest.update(data)
        self._stream.write(data)


@dataclass(frozen=True)
class _Record:
    kind: bytes
    data: bytes


class ExportReader:
    """Reads an export once, as a stream; a journal to check (`JournalSource`).

    `tear` is known once `items` has come to its end. Raises JournalFileMalformed where the
    file does not begin as one.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._digest = hashlib.new("sm3")
        self._position = 0
        #: What is wrong with the file itself, and at which byte; None if it is whole.
        self.tear: Text | None = None
        if self._take(len(MAGIC)) != MAGIC:
            raise JournalFileMalformed(detail=Text(zh="文件头不符", en="it does not begin as one"))
        self.header: Final = self._read_header()
        self.owner: Final = JournalOwner(self.header.terminal, self.header.epoch, self.header.is_training)
        self.base: Final = JournalBase(
            self.header.base_sequence,
            self.header.base_hash,
            self.header.base_segment,
            self.header.base_receipt,
        )
        self.is_extract: Final = self.header.is_extract

    @property
    def wrong_structure(self) -> None:
        """Nothing: the file is no database."""
        return

    def items(self) -> Iterator[JournalItem]:
        """Events and checkpoints as far as the file is whole; raises nothing."""
        events = checkpoints = 0
        while True:
            before = self._digest.digest()
            start = self._position
            record = self._next()
            if record is None:
                self._torn(start)
                return
            data = record.data
            if record.kind == _EVENT and len(data) > _SEQUENCE_BYTES + _HASH_BYTES:
                events += 1
                digest, event = data[8:40], data[40:]
                yield StoredEvent(_number(data), event, digest)
            elif record.kind == _CHECKPOINT and len(data) > _SEQUENCE_BYTES:
                checkpoints += 1
                yield StoredCheckpoint(_number(data), data[_SEQUENCE_BYTES:])
            elif record.kind == _END:
                self._judge_end(data, ExportEnd(events, checkpoints, before))
                return
            else:
                self._torn(start)
                return

    def _judge_end(self, data: bytes, counted: ExportEnd) -> None:
        if data != msgspec.msgpack.encode(counted):
            self.tear = Text(
                zh="文件与其末尾的校验不符，内容被改动", en="the file does not match its end: it was altered"
            )
        elif self._stream.read(1):
            self._torn(self._position)

    def _torn(self, position: int) -> None:
        self.tear = Text(
            zh=f"文件在第 {position} 字节处残缺或被改动，其后无法读取",
            en=f"the file is torn or altered at byte {position}; nothing behind it can be read",
        )

    def _read_header(self) -> ExportHeader:
        record = self._next()
        if record is not None and record.kind == _HEADER:
            try:
                header = msgspec.msgpack.decode(record.data, type=ExportHeader)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise JournalFileMalformed(detail=str(error)) from error
            if msgspec.msgpack.encode(header) == record.data:
                return header
        raise JournalFileMalformed(detail=Text(zh="首记录无法读取", en="its header can't be read"))

    def _next(self) -> _Record | None:
        """The next record; None where there is none that is whole."""
        head = self._take(1 + _LENGTH_BYTES)
        kind, length = head[:1], int.from_bytes(head[1:], "big")
        if len(head) <= _LENGTH_BYTES or length > _LONGEST.get(kind, -1):
            return None
        data = self._take(length)
        return _Record(kind, data) if len(data) == length else None

    def _take(self, count: int) -> bytes:
        data = self._stream.read(count)
        self._digest.update(data)
        self._position += len(data)
        return data


def _numbered(sequence: int, data: bytes) -> bytes:
    return sequence.to_bytes(_SEQUENCE_BYTES, "big", signed=True) + data


def _number(data: bytes) -> int:
    return int.from_bytes(data[:_SEQUENCE_BYTES], "big", signed=True)
