"""The agent: uploads a terminal's journal and fetches its content, through every outage."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event
from typing import Final

from crypto.explained import ExplainedError
from sync.agent.client import CenterClient
from sync.agent.download import Downloader
from sync.agent.lock import agent_lock
from sync.agent.state import Progress, UploadState
from sync.agent.upload import Uploader
from sync.agent.upload_voices import VoiceUploader
from sync.errors import (
    AnswerMalformed,
    CenterFailing,
    CenterUnreachable,
    NoProgress,
    ReceiptInvalid,
)
from terminal.clock import Clock, SystemClock
from terminal.configuration import TerminalConfiguration
from terminal.content.content import load_content, load_trust
from terminal.content.errors import ContentUnusable
from terminal.data_directory import TERMINAL_KEY, DataDirectory
from terminal.events.event import UsageEvent
from terminal.events.receipt import Receipt
from terminal.journal.errors import JournalBehind
from terminal.journal.reader import JournalReader
from terminal.journal.schema import JournalOwner
from terminal.journal.wholeness import require_there

#: What passes by itself, or with the network; anything else needs a person, though the agent keeps trying.
TRANSIENT: Final = (AnswerMalformed, CenterFailing, CenterUnreachable, NoProgress, ReceiptInvalid)


@dataclass(frozen=True)
class Backoff:
    """Waiting times between attempts, in seconds: doubling from `first` to `most`.

    Each has random jitter, so that a thousand terminals do not return at once after an outage.
    """

    first: float = 0.5
    most: float = 60.0

    def delay(self, failures: int) -> float:
        """How long to wait after so many failures in a row."""
        longest = min(self.most, self.first * 2.0 ** min(failures - 1, 16))
        return random.uniform(longest / 2, longest)  # noqa: S311 - no secret


@dataclass(frozen=True)
class UploadStatus:
    """What an operator sees at a glance; times in milliseconds since 1970 UTC.

    `unsent`: events that no receipt covers yet; `oldest_unsent_ms` is when the first of them was recorded.
    `content`: the number of the publication in force, 0 for none. `recordings`: how many that go with needs
    wait to be sent. `behind`: that the journal lacks what the centre holds.
    """

    recorded: int
    progress: Progress
    unsent: int
    oldest_unsent_ms: int | None
    content: int
    recordings: int = 0
    behind: JournalBehind | None = None


class Agent:
    """Uploads from one data directory, and fetches content for it.

    Raises TerminalNotEnrolled, KeystoreRefused or CertificateRefused.
    """

    def __init__(self, directory: DataDirectory, clock: Clock | None = None) -> None:
        self._directory = directory
        self._clock = clock or SystemClock()
        self._configuration = directory.load_configuration()
        self._root = directory.load_root()
        self._downloader = Downloader(directory.content, self._root, self._clock, self._configuration.service)
        self._signer = directory.keystore.load(TERMINAL_KEY)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Be the one agent of the directory. Raises AgentBusy."""
        with agent_lock(self._directory.path):
            yield

    def send_refused_again(self) -> None:
        """Forget what the centre refused, so that it is sent once more."""
        with UploadState(self._directory.uploads, self._configuration.epoch) as state:
            state.send_again()

    def deliver(self) -> bool:
        """Send all that there is, once; whether a receipt now covers the whole journal.

        Raises what Uploader's and VoiceUploader's deliver_all raise, having recorded it for the status, and
        JournalDamaged or JournalBehind.
        """
        with UploadState(self._directory.uploads, self._configuration.epoch) as state:
            try:
                held = _signed_for(state)
                require_there(self._directory.journal, _owner(self._configuration), held)
                if not self._directory.journal.exists():
                    return True
                trust = load_trust(self._directory.content, self._root, 0)
                with (
                    JournalReader(self._directory.journal) as journal,
                    CenterClient(self._configuration.center) as client,
                ):
                    journal.require_whole(held)
                    key = trust.center_receipt_key
                    Uploader(journal, state, client, self._signer, key, self._clock).deliver_all()
                    VoiceUploader(journal, state, client, self._signer, key).deliver_all()
                    head = journal.head()
            except ExplainedError as error:
                state.record_error(error, self._clock.now_ms())
                raise
            return head is None or state.progress().acknowledged >= head[0]

    def fetch(self) -> int | None:
        """Fetch new content, once; the number of a publication that is now in force, or None.

        Raises what Downloader.bring raises, having recorded it for the status, and ContentUnusable.
        """
        with UploadState(self._directory.uploads, self._configuration.epoch) as state:
            try:
                with CenterClient(self._configuration.center) as client:
                    version = self._downloader.bring(client)
            except ExplainedError as error:
                state.record_content(error, self._clock.now_ms())
                raise
            # A parser's slip on somebody's file must not end the upload that shares the process.
            except Exception as error:
                unusable = ContentUnusable(kind=type(error).__name__)
                state.record_content(unusable, self._clock.now_ms())
                raise unusable from error
            state.record_content(None, 0)
            return version

    def run(self, stop: Event, interval: float, backoff: Backoff) -> None:
        """Deliver and fetch every `interval` seconds until `stop` is set; errors are recorded and retried.

        Neither waits for the other: what is wrong with the upload must not keep a lost card alive, nor bad
        content keep the taps here.
        """
        fetching, delivering = _Attempts(self.fetch, backoff), _Attempts(self.deliver, backoff)
        while not stop.is_set():
            stop.wait(max(interval, min(delivering.attempt(), fetching.attempt())))

    def run_once(self) -> bool:
        """Deliver and fetch, once; whether a receipt now covers the whole journal. Raises as both do."""
        try:
            is_empty = self.deliver()
        finally:
            self.fetch()
        return is_empty

    def run_until_empty(self, stop: Event, backoff: Backoff) -> bool:
        """Deliver until a receipt covers the whole journal or only refused events are left; and fetch.

        True if nothing is left. Raises what a person has to mend.
        """
        failures = 0
        while not stop.is_set():
            try:
                return self.run_once()
            except TRANSIENT:
                failures += 1
                stop.wait(backoff.delay(failures))
        return False


class _Attempts:
    """One of the agent's two works: tried when it is time, left alone for a while after a failure."""

    def __init__(self, work: Callable[[], object], backoff: Backoff) -> None:
        self._work, self._backoff = work, backoff
        self._failures = 0
        self._next = 0.0

    def attempt(self) -> float:
        """Try if it is time; how many seconds until the next time, 0 after a success."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self._pause()
        return max(0.0, self._next - time.monotonic())

    def _pause(self) -> float:
        try:
            self._work()
        except TRANSIENT:
            self._failures += 1
            return self._backoff.delay(self._failures)
        except ExplainedError:
            # Only a person can mend it, and may do so while the agent runs.
            return self._backoff.most
        self._failures = 0
        return 0.0


def upload_status(directory: DataDirectory) -> UploadStatus:
    """The state of a directory's upload. Raises TerminalNotEnrolled, UploadStateBroken or JournalDamaged."""
    configuration = directory.load_configuration()
    content = _content_in_force(directory)
    with UploadState(directory.uploads, configuration.epoch) as state:
        progress, held = state.progress(), _signed_for(state)
        try:
            require_there(directory.journal, _owner(configuration), held)
            if not directory.journal.exists():
                return UploadStatus(0, progress, 0, None, content)
        except JournalBehind as error:
            return UploadStatus(0, progress, 0, None, content, behind=error)
        with JournalReader(directory.journal) as journal:
            head = journal.head()
            recorded = head[0] if head else 0
            behind = _behind(journal, held)
            waiting = journal.events(progress.acknowledged, 1)
            recordings = sum(not state.has_voice_receipt(one) for one in journal.waiting_voices())
    oldest = UsageEvent.from_bytes(waiting[0].data).time_ms if waiting else None
    unsent = max(0, recorded - progress.acknowledged)
    return UploadStatus(recorded, progress, unsent, oldest, content, recordings, behind)


def _owner(configuration: TerminalConfiguration) -> JournalOwner:
    return JournalOwner(configuration.terminal_id, configuration.epoch)


def _behind(journal: JournalReader, held: Receipt | None) -> JournalBehind | None:
    try:
        journal.require_whole(held)
    except JournalBehind as error:
        return error
    return None


def _signed_for(state: UploadState) -> Receipt | None:
    """What the centre holds; its signature was checked before the receipt was kept."""
    signed = state.receipt()
    return None if signed is None else signed.receipt


def _content_in_force(directory: DataDirectory) -> int:
    """The newest publication that loads, as a terminal that starts now takes it; 0 for none."""
    store, root = directory.content, directory.load_root()
    for version in reversed(store.versions()):
        with suppress(ExplainedError):
            return load_content(store, store.manifest(version), root, 0).version
    return 0
