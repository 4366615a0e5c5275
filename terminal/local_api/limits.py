"""How much a client may ask of a terminal, and how long it may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bytes, seconds and counts.

    Attributes:
        body: bytes of a request's body; a sale of 64 lines fits.
        recording_body: and of one that may hold a recording, in Base64.
        refused_body: and of one that is refused, which are read and thrown away.
        recordings: bodies above `body` at once, of all clients.
        head: bytes of a request's head.
        head_seconds: a connection has so long to send a request's head.
        body_seconds: and so long for its body.
        hello_seconds: a WebSocket has so long to say who it is.
        answer_seconds: a request waits so long for the thread that taps.
        turn_seconds: an order waits so long at most for the thread that taps, while no card is there.
        stall_seconds: a client that takes nothing off its stream for so long is dropped.
        quiet_seconds: a stream without news says that it is alive.
        wait_seconds: the longest that a request may ask to be kept waiting for news of a sale.
        card_seconds: and the longest that it may wait for a card.
        connections: how many at once, of all clients on TCP, and again of all on the Unix socket.
        streams: and how many of them may follow the taps.
        rate: requests a second, each token by itself.
        burst: and how many at once.
    """

    body: int = 32_768
    recording_body: int = 1_409_024
    refused_body: int = 8_388_608
    recordings: int = 2
    head: int = 16_384
    head_seconds: float = 5.0
    body_seconds: float = 5.0
    hello_seconds: float = 5.0
    answer_seconds: float = 10.0
    turn_seconds: float = 0.1
    stall_seconds: float = 10.0
    quiet_seconds: float = 15.0
    wait_seconds: float = 20.0
    card_seconds: float = 60.0
    connections: int = 64
    streams: int = 32
    rate: float = 50.0
    burst: int = 100
