"""The seam at which APDUs are traced: a connection, or a reader, that tells a sink of each exchange.

    with TraceFile(path, reference_profile(), said) as trace, TracedReader(reader, trace) as traced:
        with traced.wait_for_card(timeout=None) as connection:
            verify(connection, …)

A sink is given whole APDUs and lets nothing of them out but what a declaration shows (card.trace_decoder).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from card.apdu import CommandApdu, ResponseApdu
from card.connection import CardConnection
from card.errors import CardError
from card.reader import CardReader
from crypto.closing import Closing
from firmware_profiles.reader_profile import ReaderProfile


@dataclass(frozen=True)
class TracedExchange:
    """One command and how it ended: an answer, or the code of an error. Times in ns of `perf_counter_ns`."""

    command: CommandApdu
    answer: ResponseApdu | None
    error: str | None
    begun: int
    ended: int


class TraceSink(Protocol):
    """Where a trace goes. Raises nothing: what is traced must go on whatever becomes of the trace."""

    def connected(self, reader: str | None) -> Callable[[TracedExchange], None]:
        """A card was connected, on a reader with the profile of this id; what to tell of its exchanges."""


class TracedConnection(Closing):
    """A `CardConnection` around another, which alone decides what is sent and answered."""

    def __init__(self, connection: CardConnection, sink: TraceSink, reader: str | None = None) -> None:
        self._connection = connection
        self._tell = sink.connected(reader)

    @property
    def atr(self) -> bytes:
        """The card's."""
        return self._connection.atr

    @property
    def max_apdu(self) -> int:
        """As long as the connection's."""
        return self._connection.max_apdu

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """One command, one answer. Raises what the connection raises."""
        begun = time.perf_counter_ns()
        try:
            answer = self._connection.transmit(command)
        except CardError as error:
            self._tell(TracedExchange(command, None, error.code, begun, time.perf_counter_ns()))
            raise
        self._tell(TracedExchange(command, answer, None, begun, time.perf_counter_ns()))
        return answer

    def close(self) -> None:
        """Let go of the card. Closing twice does nothing."""
        self._connection.close()


class TracedReader(Closing):
    """A `CardReader` around another, whose connections are traced."""

    def __init__(self, reader: CardReader, sink: TraceSink) -> None:
        self._reader = reader
        self._sink = sink

    @property
    def name(self) -> str:
        """The reader's."""
        return self._reader.name

    def wait_for_card(self, timeout: float | None) -> TracedConnection:
        """As the reader's, and raises what that raises."""
        connection = self._reader.wait_for_card(timeout)
        # A reader that stands for several has no profile of its own; the one that has the card does.
        kind = next(
            (one.profile.id for one in (connection, self._reader) if isinstance(one, _Profiled)), None
        )
        return TracedConnection(connection, self._sink, kind)

    def wait_for_removal(self, timeout: float | None) -> None:
        """As the reader's, and raises what that raises."""
        self._reader.wait_for_removal(timeout)

    def cancel(self) -> None:
        """As the reader's."""
        self._reader.cancel()

    def close(self) -> None:
        """Let go of the reader. Closing twice does nothing."""
        self._reader.close()


@runtime_checkable
class _Profiled(Protocol):
    """A reader of one kind, or a connection on it."""

    @property
    def profile(self) -> ReaderProfile: ...
