"""Serving the centre: binds first, says where it listens once it can answer, ends cleanly on SIGTERM."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from typing import Final

import uvicorn

from sync import reasons
from sync.center.app import create_app
from sync.center.directory import Center
from sync.errors import ListenRefused

KEEP_ALIVE_SECONDS: Final = 30
SHUTDOWN_SECONDS: Final = 10
MAX_CONNECTIONS: Final = 200
BACKLOG: Final = 512


def serve(center: Center, host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Answer requests until SIGTERM or SIGINT; `on_ready` gets the URL. Port 0 takes any free one.

    Raises ListenRefused.
    """
    with _listen(host, port) as listener:
        bound = listener.getsockname()[1]
        url = f"http://[{host}]:{bound}" if listener.family is socket.AF_INET6 else f"http://{host}:{bound}"
        config = uvicorn.Config(
            create_app(center, lambda: on_ready(url)),
            # Beyond the limit uvicorn warns of every single connection: a flood would fill the log.
            log_level="error",
            # A request line could carry what a client should not have put there.
            access_log=False,
            server_header=False,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
        # uvicorn raises the signal again once it has shut down; being told to stop is no failure.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ListenRefused(host=host, port=port, detail=reasons.of_system(error)) from error
