"""Trace files: JSON lines that a technician can send in (card.trace_record has the lines).

    with traced(reader, path, said) as reader:
        …  # as without it

What can't be traced is said once and changes nothing else: a tap goes on over a full disk, a file that can't
be made, and a trace that has become too long.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final, Self

import msgspec

from card.errors import CardError, TraceFull, TraceNotWritten, TraceRefused
from card.profile import CardProfile, reference_profile
from card.reader import CardReader
from card.trace import TracedExchange, TracedReader
from card.trace_record import VERSION, ConnectionBegan, TraceEnded, TraceHeader, TraceLine, TraceRecord
from crypto.closing import Closing
from crypto.explained import Text

MAX_TRACE_BYTES: Final = 8 << 20  # some ten thousand taps
MAX_LINE_BYTES: Final = 1 << 16  # twice MAX_OBJECTS with the longest values are less
MODE: Final = 0o600

_DISK_FULL: Final = Text(zh="磁盘已满", en="the disk is full")
_UNREADABLE: Final = Text(zh="无法打开", en="it can't be opened")
_TOO_LONG: Final = Text(zh="超过 {limit} 字节", en="more than {limit} bytes")
_NO_TRACE: Final = Text(zh="不是 APDU 跟踪文件", en="not an APDU trace")
_OTHER_VERSION: Final = Text(
    zh="格式版本 {version} 未知，本程序认识版本 {known}",
    en="its format {version} is unknown, known is {known}",
)
_CUT_OFF: Final = Text(zh="该行不完整", en="the line is cut off")
_NO_LINE: Final = Text(zh="该行不是跟踪记录", en="the line is no record of a trace")
_OUT_OF_PLACE: Final = Text(zh="该行不应出现在此处", en="the line does not belong there")


class TraceFile(Closing):
    """A new trace file, mode 0600, for one thread. A `TraceSink`: it raises nothing.

    `said` is told once when tracing stops early: TraceNotWritten (also when the file can't be made or exists
    already) or TraceFull, after `limit` bytes.
    """

    def __init__(
        self,
        path: Path,
        profile: CardProfile,
        said: Callable[[CardError], None],
        limit: int = MAX_TRACE_BYTES,
    ) -> None:
        self._path, self._profile, self._said = path, profile, said
        self._end = _line(TraceEnded(limit))
        self._limit = limit
        self._written = 0
        self._connections = 0
        self._first: int | None = None  # when the first APDU began
        self._handle: int | None = None
        try:
            # Never over a file that exists: it may be the trace of what went wrong.
            self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, MODE)
        except OSError as error:
            said(TraceNotWritten(file=path, detail=error.strerror))
        self._write(TraceHeader(VERSION, profile.id))

    def connected(self, reader: str | None) -> Callable[[TracedExchange], None]:
        """Begin a connection; what writes its exchanges."""
        # Few terminals are ever traced, and the others need not hold what takes APDUs apart.
        from card.trace_decoder import TraceDecoder  # noqa: PLC0415

        self._connections += 1
        number, decoder = self._connections, TraceDecoder(self._profile)
        self._write(ConnectionBegan(number, reader))

        def write(exchange: TracedExchange) -> None:
            if self._handle is None:
                return
            if self._first is None:
                self._first = exchange.begun
            self._write(decoder.decode(exchange, number, (exchange.begun - self._first) // 1000))

        return write

    def close(self) -> None:
        """End the trace. Closing twice does nothing."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)

    def _write(self, line: TraceLine) -> None:
        if self._handle is None:
            return
        encoded = _line(line)
        is_full = self._written + len(encoded) + len(self._end) > self._limit
        if self._append(self._handle, self._end if is_full else encoded) and is_full:
            self.close()
            self._said(TraceFull(file=self._path, bytes=self._limit))

    def _append(self, handle: int, encoded: bytes) -> bool:
        """Whether the whole line was written; otherwise tracing has stopped, after the last whole line."""
        detail: Text | str = _DISK_FULL
        try:
            if os.write(handle, encoded) == len(encoded):
                self._written += len(encoded)
                return True
            os.ftruncate(handle, self._written)
        except OSError as error:
            detail = error.strerror or detail
        self.close()
        self._said(TraceNotWritten(file=self._path, detail=detail))
        return False


@contextmanager
def traced(
    reader: CardReader,
    path: Path | None,
    said: Callable[[CardError], None],
    profile: CardProfile | None = None,
) -> Iterator[CardReader]:
    """The reader, with all its cards traced into a new file; as it is where `path` is None.

    `said`: see TraceFile. `profile`: decides what is shown; the reference profile by default. The reader
    remains the caller's to close.
    """
    if path is None:
        yield reader
        return
    with TraceFile(path, profile or reference_profile(), said) as trace:
        yield TracedReader(reader, trace)


@dataclass(frozen=True)
class Trace:
    """A trace file, read.

    Attributes:
        card: id of the card profile.
        readers: id of the reader profile (None where there is none) by number of connection.
        records: the exchanges in their order.
        is_full: whether more passed than the file took.
        is_cut: whether its last line breaks off; what is whole before it is here.
    """

    card: str
    readers: Mapping[int, str | None]
    records: tuple[TraceRecord, ...]
    is_full: bool
    is_cut: bool = False

    @classmethod
    def load(cls, path: Path) -> Self:
        """The trace in a file. Raises TraceRefused."""
        try:
            with path.open("rb") as file:
                data = file.read(MAX_TRACE_BYTES + 1)
        except OSError as error:
            raise TraceRefused(file=path, problem=error.strerror or _UNREADABLE) from error
        return cls.from_bytes(data, str(path))

    @classmethod
    def from_bytes(cls, data: bytes, file: str) -> Self:
        """Parse a whole trace, strictly. Raises TraceRefused with file and line."""
        if len(data) > MAX_TRACE_BYTES:
            raise TraceRefused(file=file, problem=_TOO_LONG.format(limit=MAX_TRACE_BYTES))
        # Power may have been cut in the last line; what is whole before it is still worth reading.
        *lines, rest = data.split(b"\n")
        if not lines:
            raise _refusal(file, 1, _CUT_OFF)
        decoded = [_parsed(line, file, number) for number, line in enumerate(lines, start=1)]
        match decoded[0]:
            case TraceHeader(version=version, card=card) if version == VERSION:
                return replace(cls._of(card, decoded, file), is_cut=bool(rest))
            case TraceHeader(version=version):
                raise _refusal(file, 1, _OTHER_VERSION.format(version=version, known=VERSION))
            case _:
                raise _refusal(file, 1, _NO_TRACE)

    @classmethod
    def _of(cls, card: str, lines: list[TraceLine], file: str) -> Self:
        readers: dict[int, str | None] = {}
        records: list[TraceRecord] = []
        for number, line in enumerate(lines[1:], start=2):
            match line:
                case ConnectionBegan() if line.number == len(readers) + 1:
                    readers[line.number] = line.reader
                case TraceRecord() if line.connection in readers and (line.sw is None) is not (
                    line.error is None
                ):
                    records.append(line)
                case TraceEnded() if number == len(lines):
                    pass
                case _:
                    raise _refusal(file, number, _OUT_OF_PLACE)
        return cls(card, MappingProxyType(readers), tuple(records), isinstance(lines[-1], TraceEnded))


_DECODER: Final[msgspec.json.Decoder[TraceLine]] = msgspec.json.Decoder(TraceLine)


def _line(line: TraceLine) -> bytes:
    return msgspec.json.encode(line) + b"\n"


def _parsed(line: bytes, file: str, number: int) -> TraceLine:
    if len(line) > MAX_LINE_BYTES:
        raise _refusal(file, number, _TOO_LONG.format(limit=MAX_LINE_BYTES))
    try:
        return _DECODER.decode(line)
    # RecursionError: arrays within arrays, which msgspec skips by recursion.
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _refusal(file, number, _NO_TRACE if number == 1 else _NO_LINE) from error


def _refusal(file: str, line: int, problem: Text) -> TraceRefused:
    return TraceRefused(file=f"{file}:{line}", problem=problem)
