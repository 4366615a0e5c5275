"""The network between terminals and centre, as a thing that can be cut and that can swallow an answer."""

from __future__ import annotations

import contextlib
import socket
import threading
from enum import Enum, auto
from types import TracebackType
from typing import Self

PIECE = 65536


class NetworkState(Enum):
    """What happens to a connection."""

    UP = auto()
    CUT = auto()  # refused, and those that exist are broken
    ANSWERS_LOST = auto()  # requests arrive, answers do not come back


class Network:
    """A TCP forwarder on loopback to one address. `swallowed` is set once an answer was lost."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._state = NetworkState.UP
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self.swallowed = threading.Event()
        self.connections = 0

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._break_all()
        for thread in self._threads:
            thread.join()

    def become(self, state: NetworkState) -> None:
        """Change the network, which breaks the connections under way."""
        with self._lock:
            self._state = state
        self._break_all()

    def _start(self, work: object, *arguments: socket.socket) -> None:
        assert callable(work)
        thread = threading.Thread(target=work, args=arguments, name="demo-network")
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            if self._state is NetworkState.CUT:
                client.close()
                continue
            try:
                center = socket.create_connection(self._target)
            except OSError:
                client.close()
                continue
            self.connections += 1
            with self._lock:
                self._open |= {client, center}
            self._start(self._carry_request, client, center)
            self._start(self._carry_answer, center, client)

    def _carry_request(self, client: socket.socket, center: socket.socket) -> None:
        self._carry(client, center, answers=False)

    def _carry_answer(self, center: socket.socket, client: socket.socket) -> None:
        self._carry(center, client, answers=True)

    def _carry(self, source: socket.socket, target: socket.socket, *, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(PIECE):
                if answers and self._state is NetworkState.ANSWERS_LOST:
                    self.swallowed.set()
                    continue
                target.sendall(piece)
        self._close(source, target)

    def _close(self, *sockets: socket.socket) -> None:
        with self._lock:
            self._open -= set(sockets)
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _break_all(self) -> None:
        with self._lock:
            ending = tuple(self._open)
        self._close(*ending)
