"""The thread that owns the terminal: journal, reader and tap loop live and die in it.

The window's thread hears of it through signals alone, which Qt queues between threads.
"""

from __future__ import annotations

import sys
import threading
from typing import Final

from PyQt6.QtCore import QObject, pyqtSignal

from card.reader import CardReader
from card.readers.address import open_reader
from crypto.explained import ExplainedError, Language, Text
from kiosk_ui.errors import TerminalFault
from kiosk_ui.party import PartyChoice
from terminal.assembly import Terminal, open_terminal
from terminal.data_directory import DataDirectory
from terminal.displays import LineDisplay
from terminal.modes.degraded import Degradation
from terminal.modes.inspection import Inspection
from terminal.tap import TapResult
from terminal.validator import Validator

# A reader or terminal that is not there can't be waited on; so it is looked for again after this pause, which
# `stop` ends at once.
RETRY_SECONDS: Final = 1.0


class TerminalThread(QObject):
    """Opens the terminal and its reader, taps, and tries again when either is missing, until `stop`."""

    opened = pyqtSignal(Text, int)  # the service's name and its fare in fen
    became_ready = pyqtSignal()
    saw_card = pyqtSignal()
    decided = pyqtSignal(TapResult)
    troubled = pyqtSignal(ExplainedError)

    def __init__(self, directory: DataDirectory, reader: str, party: PartyChoice) -> None:
        super().__init__()
        self._directory, self._reader_name, self._party = directory, reader, party
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._reader: CardReader | None = None
        self._said = ""
        # A daemon: libpcsclite blocks for ever while it greets a service that hangs, and no call ends that.
        self._thread = threading.Thread(target=self._run, name="terminal", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, seconds: float) -> bool:
        """End, a tap under way finished first; whether it has ended within so many seconds."""
        self._stopping.set()
        with self._lock:
            if self._reader is not None:
                self._reader.cancel()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with open_terminal(self._directory) as terminal:
                    self.opened.emit(terminal.service.name, terminal.service.fare)
                    self._tap(terminal)
            except ExplainedError as error:
                self._say_once(error)
                self._stopping.wait(RETRY_SECONDS)
            # Nothing is above this thread to hear of anything else: it would end, and the screen would go on
            # asking for cards that nobody reads. Its text is not shown, for it may hold a person's data.
            except Exception as error:  # noqa: BLE001
                self._say_once(TerminalFault(kind=type(error).__name__))
                self._stopping.wait(RETRY_SECONDS)

    def _tap(self, terminal: Terminal) -> None:
        with open_reader(self._reader_name) as reader:
            self._said = ""
            with self._lock:
                self._reader = reader
            try:
                if not self._stopping.is_set():
                    display = _SignalDisplay(self)
                    Validator(terminal, reader, display, lambda: terminal.request(self._party.take())).run()
            finally:
                with self._lock:
                    self._reader = None

    def _say_once(self, error: ExplainedError) -> None:
        """The same trouble at every try is one trouble."""
        if str(error) != self._said and not self._stopping.is_set():
            self._said = str(error)
            self.troubled.emit(error)


class _SignalDisplay:
    """A `TapDisplay` that tells the window's thread."""

    def __init__(self, thread: TerminalThread) -> None:
        self._thread = thread
        self._log = LineDisplay(Language.from_environment(), sys.stderr)

    def ready(self) -> None:
        """The terminal waits for a card."""
        self._thread.became_ready.emit()

    def reading(self) -> None:
        """A card is being read."""
        self._thread.saw_card.emit()

    def result(self, result: TapResult) -> None:
        """A tap is decided and recorded."""
        self._thread.decided.emit(result)

    def trouble(self, error: ExplainedError) -> None:
        """Something is wrong that is not the card's doing."""
        self._thread.troubled.emit(error)

    def inspected(self, found: Inspection | None) -> None:
        """Nobody inspects at a kiosk."""

    def degraded(self, degradation: Degradation) -> None:
        """Taps go on, so the screen stays with who taps; whoever runs the kiosk finds it in its log."""
        self._log.degraded(degradation)

    def recovered(self, degradation: Degradation) -> None:
        """It has it again."""
        self._log.recovered(degradation)
