"""Fetching what the centre gives out: what is new alone, and in force only once all of it is here and valid.

First the manifest and the trust store that it lists: whether both are the centre's is known before anything
large is fetched. What is refused leaves the content that is held in force.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from crypto.explained import ExplainedError
from crypto.pki.certificate import Certificate
from crypto.sm3 import sm3
from crypto.trust import MAX_TRUST_STORE_BYTES, TrustStore
from sync.agent.client import CenterClient
from sync.errors import AnswerMalformed, CenterFailing, CenterUnreachable
from terminal.clock import Clock, ClockSource
from terminal.content.content import (
    CLOCK_LEEWAY,
    Content,
    load_content,
    require_newer,
    verified_trust,
)
from terminal.content.errors import ContentDamaged, ContentFromFuture, ContentOlder
from terminal.content.manifest import TRUST, Manifest, ManifestFile, SignedManifest
from terminal.content.store import ContentStore
from terminal.errors import TerminalError

#: What passes by itself, or with the network.
TRANSIENT: Final = (AnswerMalformed, CenterFailing, CenterUnreachable)


@dataclass(frozen=True)
class Downloader:
    """Brings publications into a terminal's store.

    `root` is the anchor that enrolment gave, `service` what the terminal serves.
    """

    store: ContentStore
    root: Certificate
    clock: Clock
    service: str
    _known_whole: set[bytes] = field(default_factory=set, repr=False)

    def bring(self, client: CenterClient) -> int | None:
        """Fetch the centre's newest publication; its number if it is now in force, None if it was before.

        Raises what CenterClient raises, ContentOlder, ContentFromFuture, ContentSignatureInvalid,
        ContentDamaged, what `load_content` raises, ServiceUnknown and FileNotWritten; then what was held
        stays in force.
        """
        signed = client.manifest()
        offered = signed.unverified()
        newest = self._newest()
        is_held = newest is not None and newest.to_bytes() == signed.to_bytes()
        if is_held and self._is_whole(signed):
            return None
        if newest is not None and not is_held and offered.version <= newest.unverified().version:
            raise ContentOlder(held=newest.unverified().version, offered=offered.version)
        self._require_past(offered)
        held = self._held(offered.version)
        trust = self._fetched_trust(client, offered)
        verified_trust(signed, trust, self.root, self._now_ms(), held.trust if held else None)
        try:
            self.store.put(trust)
            self._bring_missing(client, offered.files)
            self._require_usable(client, signed, held)
        except TRANSIENT:
            raise  # what has come is of use at the next attempt
        except ExplainedError:
            self.store.prune()
            raise
        self.store.put_manifest(offered.version, signed)
        self.store.prune()
        return None if is_held else offered.version

    def _now_ms(self) -> int:
        """The time by which certificates are judged: a clock that nobody keeps may read anything."""
        reading = self.clock.read()
        return reading.wall_ms if reading.source is ClockSource.SYNCHRONISED else 0

    def _newest(self) -> SignedManifest | None:
        """The newest that this centre's root stands behind; nothing is older than what can't be read."""
        for version in reversed(self.store.versions()):
            with suppress(ExplainedError):
                signed = self.store.manifest(version)
                data = self.store.read(signed.unverified().file(TRUST))
                verified_trust(signed, data, self.root, self._now_ms())
                return signed
        return None

    def _held(self, below: int) -> Content | None:
        """The newest content before this number that loads: what the offered must not fall behind."""
        for version in reversed([one for one in self.store.versions() if one < below]):
            with suppress(ExplainedError):
                return self._load(self.store.manifest(version), None)
        return None

    def _is_whole(self, signed: SignedManifest) -> bool:
        """Whether every file is here: by its bytes once a run, by its size after that."""
        files = signed.unverified().files
        if signed.data in self._known_whole:
            return all(self.store.holds(file) for file in files)
        for file in files:
            if not self._is_sound(file):
                self.store.discard(file)
                return False
        self._known_whole.add(signed.data)
        return True

    def _require_past(self, offered: Manifest) -> None:
        """A clock that a time service keeps knows the future; any other may just be late."""
        reading = self.clock.read()
        now = datetime.fromtimestamp(reading.wall_ms / 1000, UTC)
        if reading.source is ClockSource.SYNCHRONISED and offered.made > now + CLOCK_LEEWAY:
            raise ContentFromFuture(what="manifest", made=offered.made.date())

    def _fetched_trust(self, client: CenterClient, offered: Manifest) -> bytes:
        """The trust store, in memory alone: nobody's word for it is verified yet."""
        file = offered.file(TRUST)
        if file.size > MAX_TRUST_STORE_BYTES:
            raise ContentDamaged(file=TRUST)
        if self._is_sound(file):
            return self.store.read(file)
        return _fetched(client, file)

    def _bring_missing(self, client: CenterClient, files: Iterable[ManifestFile]) -> None:
        for file in files:
            if not self.store.holds(file):
                self.store.put(_fetched(client, file))

    def _require_usable(self, client: CenterClient, signed: SignedManifest, held: Content | None) -> None:
        """Load it as the terminal will, and compare it with what is held."""
        trust = held.trust if held else None
        try:
            content = self._load(signed, trust)
        except ContentDamaged:
            # A file that lay here has gone bad since: the centre still has it.
            for file in signed.unverified().files:
                if not self._is_sound(file):
                    self.store.discard(file)
            self._bring_missing(client, signed.unverified().files)
            content = self._load(signed, trust)
        content.catalogue.item(self.service)
        if held is not None:
            require_newer(held, content)

    def _load(self, signed: SignedManifest, held: TrustStore | None) -> Content:
        return load_content(self.store, signed, self.root, self._now_ms(), held)

    def _is_sound(self, file: ManifestFile) -> bool:
        try:
            self.store.read(file)
        except TerminalError:
            return False
        return True


def _fetched(client: CenterClient, file: ManifestFile) -> bytes:
    data = client.content(file)
    if len(data) != file.size or sm3(data) != file.digest:
        raise ContentDamaged(file=file.name)
    return data
