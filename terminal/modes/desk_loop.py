"""The loop of every staffed desk: cards on a reader, entries from staff, both handled by one thread.

The thread that opened the terminal owns its journal, so it waits for cards in short turns and takes up what
was entered in between.
"""

from __future__ import annotations

import threading
from typing import Final, Protocol

from card.connection import CardConnection
from card.errors import CardNotRemoved, NoCardInTime, WaitCancelled
from card.reader import CardReader
from crypto.explained import ExplainedError
from terminal.content.live import ContentSource
from terminal.modes.entries import EntrySource

# How long an entry may lie before it is taken up; a card is noticed at once.
TURN_SECONDS: Final = 0.2


class Desk(Protocol):
    """What is done at one desk; each raises ExplainedError, which is told and ends nothing."""

    def ready(self) -> None:
        """The reader is empty: a card is awaited."""

    def card(self, connection: CardConnection) -> None:
        """A card was put down."""

    def card_left(self) -> None:
        """It was taken away."""

    def entry(self, line: str) -> None:
        """Something was entered."""

    def turn(self) -> None:
        """Time passes: called at every turn."""

    def trouble(self, error: ExplainedError) -> None:
        """Something went wrong; to be shown to staff."""


class DeskLoop:
    """Serves a desk until `stop`, or until nobody can enter anything any more."""

    def __init__(
        self,
        contents: ContentSource,
        reader: CardReader,
        entries: EntrySource,
        desk: Desk,
        turn_seconds: float = TURN_SECONDS,
    ) -> None:
        self._turn_seconds = turn_seconds
        self._contents, self._reader = contents, reader
        self._entries, self._desk = entries, desk
        self._stopping = threading.Event()
        self._said = ""  # the code of the reader's trouble that was told last
        self._turn_said = ""  # and of the turns'

    def run(self) -> None:
        """Serve; recovers by itself from readers and services that come back."""
        try:
            while not self._is_over():
                self._said = ""
                self._desk.ready()
                if self._serve_card():
                    self._serve_until_clear()
        except WaitCancelled:
            return

    def stop(self) -> None:
        """End `run`, from another thread or a signal handler; what is under way is finished first."""
        self._stopping.set()
        self._reader.cancel()

    def _is_over(self) -> bool:
        return self._stopping.is_set() or self._entries.ended

    def _serve_card(self) -> bool:
        """Wait for a card and serve it; whether one may lie there now."""
        while not self._is_over():
            self._take_turn()
            try:
                with self._reader.wait_for_card(self._turn_seconds) as connection:
                    # What was entered before the card came is for this card.
                    self._take_entries()
                    self._desk.card(connection)
                return True
            except NoCardInTime:
                continue
            except ExplainedError as error:
                self._tell(error)
                return True
        return False

    def _serve_until_clear(self) -> None:
        """Go on with entries until the card is gone, or what was missing is back."""
        while not self._is_over():
            self._take_turn()
            try:
                self._reader.wait_for_removal(self._turn_seconds)
            except CardNotRemoved:
                continue
            except ExplainedError as error:
                self._tell(error)
                self._stopping.wait(self._turn_seconds)
            else:
                self._desk.card_left()
                return

    def _take_turn(self) -> None:
        trouble = self._contents.take_trouble()
        if trouble is not None:
            self._desk.trouble(trouble)
        try:
            self._desk.turn()
        except ExplainedError as error:
            if error.code != self._turn_said:
                self._turn_said = error.code
                self._desk.trouble(error)
        else:
            self._turn_said = ""
        self._take_entries()

    def _take_entries(self) -> None:
        while True:
            try:
                if (line := self._entries.take()) is None:
                    return
                self._desk.entry(line)
            except ExplainedError as error:
                self._desk.trouble(error)

    def _tell(self, error: ExplainedError) -> None:
        """Tell what keeps cards from being read, once."""
        if isinstance(error, WaitCancelled):
            raise error
        if error.code != self._said:
            self._said = error.code
            self._desk.trouble(error)
