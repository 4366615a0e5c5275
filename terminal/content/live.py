"""The content in force, followed while the terminal runs: a new publication counts from the next tap on.

The agent puts publications into the store; nothing passes between the two processes but the folder. What does
not load leaves the publication before it in force, and is told.
"""

from __future__ import annotations

import threading
from typing import Final, Protocol

from crypto.closing import Closing
from crypto.explained import ExplainedError
from crypto.pki.certificate import Certificate
from crypto.trust import TrustStore
from terminal.content.content import Content, load_content, require_newer
from terminal.content.errors import ContentDamaged, ContentMissing, ContentUnusable
from terminal.content.store import ContentStore
from terminal.errors import TerminalRevoked

#: How often a new publication is looked for between taps, so that a tap need not load it.
LOOK_SECONDS: Final = 1.0
DAY_MS: Final = 86_400_000


class ContentSource(Protocol):
    """Gives the content in force."""

    def current(self) -> Content:
        """The content that the next tap is judged by."""

    def learn(self, time_ms: int) -> None:
        """A tap is judged at this time (terminal.timekeeping); certificates are judged by it, too."""

    def take_trouble(self) -> ExplainedError | None:
        """Why the newest publication is not in force, or what it lacks, once; None if that was told."""


class LiveContent(Closing):
    """The newest publication in a store that serves this terminal's `service`, loaded when it comes.

    In production mode one with test keys can't be used. Raises, when made, what is wrong with the newest one
    if none can be used (see `load_content`; ServiceUnknown, TestKeyRefused).

    `own`: the terminal's certificate. A publication that revokes it is in force like any other, but gives
    nothing to tap by.
    """

    def __init__(
        self,
        store: ContentStore,
        root: Certificate,
        service: str,
        is_production: bool,
        own: Certificate | None = None,
    ) -> None:
        self._store, self._root, self._own = store, root, own
        self._service, self._is_production = service, is_production
        self._lock = threading.Lock()
        # Until taps say what time it is, a publication is judged as of its own day.
        self._time_ms = 0
        self._touched = store.touched()
        self._state = self._now()
        self._content, self._trouble = self._newest()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="content", daemon=True)
        self._thread.start()

    def current(self) -> Content:
        """The newest that can be used; loads it now if it has just come. Raises TerminalRevoked."""
        # Two changes may fall into one tick of the file system's clock: the second is seen by the thread.
        if self._store.touched() != self._touched or self._time_ms // DAY_MS != self._state[1]:
            self._refresh()
        if self._own is not None and self._content.trust.revokes(self._own):
            raise TerminalRevoked
        return self._content

    def learn(self, time_ms: int) -> None:
        """What time it is as taps are judged: the wall clock may have been set back."""
        self._time_ms = time_ms

    def take_trouble(self) -> ExplainedError | None:
        """Why the newest publication is not in force, or what it lacks, once."""
        with self._lock:
            trouble, self._trouble = self._trouble, None
        return trouble

    def close(self) -> None:
        """Stop following. Closing twice does nothing."""
        self._stop.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            self._refresh()

    def _refresh(self) -> None:
        with self._lock:
            touched, state = self._store.touched(), self._now()
            if state == self._state:
                self._touched = touched
                return
            versions = self._store.versions()
            if versions and versions[-1] >= self._content.version:
                try:
                    newest = self._load(versions[-1], self._content.trust)
                    require_newer(self._content, newest)
                    self._content, self._trouble = newest, newest.missing
                except ExplainedError as error:
                    self._trouble = error
                # A parser's slip on somebody's file must not end the tap, nor the thread that follows.
                except Exception as error:  # noqa: BLE001
                    self._trouble = ContentUnusable(kind=type(error).__name__)
            # Last: whoever sees the new state sees the new content.
            self._state, self._touched = state, touched

    def _now(self) -> tuple[object, int]:
        """What the content in force depends on: the store, and the day, for certificates run out."""
        return self._store.state(), self._time_ms // DAY_MS

    def _newest(self) -> tuple[Content, ExplainedError | None]:
        trouble: ExplainedError | None = None
        for version in reversed(self._store.versions()):
            try:
                content = self._load(version)
                return content, trouble or content.missing
            except ExplainedError as error:
                trouble = trouble or error
            except Exception as error:  # noqa: BLE001 - as in _refresh
                trouble = trouble or ContentUnusable(kind=type(error).__name__)
        raise trouble or ContentMissing(file="manifests")

    def _load(self, version: int, held: TrustStore | None = None) -> Content:
        signed = self._store.manifest(version)
        try:
            content = load_content(self._store, signed, self._root, self._time_ms, held)
        except ContentDamaged as error:
            # So the agent finds it missing, and fetches it again.
            self._store.discard(signed.unverified().file(str(error.facts["file"])))
            raise
        content.catalogue.item(self._service)
        if self._is_production:
            content.trust.require_production()
        return content
