"""What every way of reaching a card offers."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from card.apdu import CommandApdu, ResponseApdu


class CardConnection(Protocol):
    """An open line to one card; a context manager that closes itself."""

    @property
    def atr(self) -> bytes:
        """Answer to reset (ISO/IEC 7816-3 §8), or what the reader made of an ATS (PC/SC part 3 §3.1.3.2)."""

    @property
    def max_apdu(self) -> int:
        """The longest command or answer APDU, in bytes, that reader and line carry."""

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """One command, one answer, nothing interpreted.

        Raises CardTorn, AnswerMalformed (less than a status word), ReaderGone or PcscServiceGone.
        """

    def close(self) -> None:
        """Let go of the card. Closing twice does nothing."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
