"""Whether a terminal can tap at all: what a tap needs, tried from its data directory, running or not.

What it works without while taps go on is `terminal.modes.degraded`'s to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from card.errors import NoReaderConnected
from card.readers.address import is_off_pcsc, open_reader
from card.readers.any_reader import ANY
from card.readers.pcsc import list_readers
from card.readers.sam_slots import is_sam_slot
from crypto.errors import TestKeyRefused
from crypto.explained import ExplainedError
from crypto.key_wrapper import wrapper_of
from crypto.keystore.protection import require_protected
from crypto.pki.certificate import Certificate
from terminal.configuration import Mode, TerminalConfiguration
from terminal.content.content import Content
from terminal.data_directory import TERMINAL_KEY, DataDirectory
from terminal.errors import TerminalRevoked
from terminal.events.receipt import Receipt
from terminal.holder_reference import DayKeys, require_key_folder
from terminal.journal.disk import JournalDisk
from terminal.journal.fitness import journal_ends_at, require_writable
from terminal.journal.lock import is_journal_locked
from terminal.journal.schema import JournalOwner
from terminal.journal.wholeness import require_there, signed_for


class FaultKind(StrEnum):
    """What a tap needs and a terminal may not have."""

    KEY = "key"
    CERTIFICATE = "certificate"
    SERVICE = "service"
    STORAGE = "storage"
    JOURNAL = "journal"
    HOLDER_KEYS = "holder_keys"
    READER = "reader"

    @property
    def is_serious(self) -> bool:
        """Always: nobody is served until it is mended."""
        return True


@dataclass(frozen=True)
class Fault:
    """Why no tap is possible: cause and next step."""

    kind: FaultKind
    error: ExplainedError


@dataclass(frozen=True)
class Readiness:
    """Everything that keeps a terminal from tapping, and how its journal stands.

    Attributes:
        faults: in the order of FaultKind.
        is_running: whether a process has the journal open for writing.
        recorded: the sequence of the last event; None where the journal can't be read.
        unsent: how many events no receipt of the centre's covers; None likewise.
    """

    faults: tuple[Fault, ...]
    is_running: bool
    recorded: int | None
    unsent: int | None


def readiness_of(directory: DataDirectory, content: Content | None, reader: str = ANY) -> Readiness:
    """Whether the terminal in `directory` can tap by `content` at the reader with this address.

    Raises TerminalNotEnrolled, ConfigurationMalformed.
    """
    configuration = directory.load_configuration()
    is_running = is_journal_locked(directory.journal)
    owner = JournalOwner(configuration.terminal_id, configuration.epoch)
    held = None
    if content is not None:
        held = signed_for(directory.uploads, owner, content.trust.center_receipt_key)
    head: list[int] = []
    checks: tuple[tuple[FaultKind, Callable[[], object]], ...] = (
        (FaultKind.KEY, lambda: _require_key(directory, configuration)),
        (FaultKind.CERTIFICATE, lambda: _require_certificate(directory, content)),
        (FaultKind.SERVICE, lambda: content and content.catalogue.item(configuration.service)),
        (FaultKind.STORAGE, JournalDisk(directory.path).require_writable),
        (FaultKind.JOURNAL, lambda: head.append(_journal_end(directory, owner, held))),
        (FaultKind.HOLDER_KEYS, lambda: _require_holder_keys(directory, configuration)),
        (FaultKind.READER, lambda: _require_reader(reader, is_running)),
    )
    faults = tuple(_found(checks))
    recorded = head[0] if head else None
    unsent = None if recorded is None else recorded - (0 if held is None else held.watermark)
    return Readiness(faults, is_running, recorded, unsent)


def _found(checks: tuple[tuple[FaultKind, Callable[[], object]], ...]) -> Iterator[Fault]:
    """What fails, each code once: a disk that can't be written fails the journal, too."""
    told: set[str] = set()
    for kind, check in checks:
        try:
            check()
        except ExplainedError as error:
            if error.code not in told:
                yield Fault(kind, error)
            told.add(error.code)


def _require_key(directory: DataDirectory, configuration: TerminalConfiguration) -> None:
    keystore = directory.keystore
    if configuration.mode is Mode.PRODUCTION:
        require_protected(keystore)
        root = directory.load_root()
        if root.is_test:
            raise TestKeyRefused(key_id=root.key_id.hex())
    keystore.load(TERMINAL_KEY)


def _require_certificate(directory: DataDirectory, content: Content | None) -> None:
    own = Certificate.from_pem(directory.read(directory.certificate_file))
    if content is not None and content.trust.revokes(own):
        raise TerminalRevoked


def _journal_end(directory: DataDirectory, owner: JournalOwner, held: Receipt | None) -> int:
    require_there(directory.journal, owner, held)
    if not directory.journal.exists():
        return 0  # the first tap makes it
    end = journal_ends_at(directory.journal, owner, held)
    require_writable(directory.journal)
    return end


def _require_holder_keys(directory: DataDirectory, configuration: TerminalConfiguration) -> None:
    wrapper_of(directory.keystore)
    require_key_folder(directory.window_keys)
    require_key_folder(DayKeys(configuration.terminal_id).folder)


def _require_reader(address: str, is_running: bool) -> None:
    if address == ANY:
        if all(is_sam_slot(name) for name in list_readers()):
            raise NoReaderConnected
    # A line that a terminal process is just using is not for others to open.
    elif not (is_running and is_off_pcsc(address)):
        open_reader(address).close()
