"""What every reader offers, whatever the transport behind it."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from card.connection import CardConnection


class CardReader(Protocol):
    """One reader, used by one thread; a context manager that closes itself.

    When the reader (or the service behind it) goes away, the call under way raises ReaderGone or
    PcscServiceGone at once, so that it can be said once; later waits block until it is back, so that a loop
    around `wait_for_card` recovers by itself.
    """

    @property
    def name(self) -> str:
        """The name by which a person asks for it (card.readers.address)."""

    def wait_for_card(self, timeout: float | None) -> CardConnection:
        """Block until a card lies there, and connect to it. `timeout` in seconds, None for ever.

        Raises NoCardInTime, WaitCancelled, CardTorn, CardInUse, ReaderGone, PcscServiceGone, PcscFailed.
        """

    def wait_for_removal(self, timeout: float | None) -> None:
        """Block until the card that wait_for_card() saw is gone, be it that another one lies there by now.

        Raises CardNotRemoved, WaitCancelled, ReaderGone, PcscServiceGone, PcscFailed.
        """

    def cancel(self) -> None:
        """End the wait under way, and any later one, with WaitCancelled; from any thread or handler."""

    def close(self) -> None:
        """Let go of it. Closing twice does nothing."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
