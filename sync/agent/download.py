"""Fetching what the centre gives out: what is new alone, and in force only once all of it is here and valid.

First the manifest and the trust store that it lists: whether both are the centre's is known before anything
large is fetched. What is refused leaves the content that is held in force.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from crypto.explained import ExplainedError
from crypto.pki.certificate import Certificate
from crypto.sm3 import sm3
from crypto.trust import TrustStore
from sync.agent.client import CenterClient
from terminal.clock import Clock, ClockSource
from terminal.content.content import CLOCK_LEEWAY, Content, load_content, require_newer
from terminal.content.manifest import TRUST, Manifest, ManifestFile, SignedManifest
from terminal.content.store import ContentStore
from terminal.errors import ContentDamaged, ContentFromFuture, ContentOlder, TerminalError


@dataclass(frozen=True)
class Downloader:
    """Brings publications into a terminal's store.

    `root` is the anchor that enrolment gave, `service` what the terminal serves.
    """

    store: ContentStore
    root: Certificate
    clock: Clock
    service: str

    def bring(self, client: CenterClient) -> int | None:
        """Fetch the centre's newest publication; its number if it is now in force, None if it was before.

        Raises what CenterClient raises, ContentOlder, ContentFromFuture, ContentSignatureInvalid,
        ContentDamaged, what `load_content` raises, ServiceUnknown and FileNotWritten; then what was held
        stays in force.
        """
        signed = client.manifest()
        offered = signed.unverified()
        held = self._held()
        is_held = held is not None and held.to_bytes() == signed.to_bytes()
        if is_held and all(self.store.holds(file) for file in offered.files):
            return None
        if held is not None and not is_held and offered.version <= held.unverified().version:
            raise ContentOlder(held=held.unverified().version, offered=offered.version)
        self._require_past(offered)
        self.store.prepare()
        self._bring_missing(client, (offered.file(TRUST),))
        trust = TrustStore.from_bytes(self.store.read(offered.file(TRUST)), self.root, self._at(offered))
        manifest = signed.verified(trust.content_key)
        self._bring_missing(client, manifest.files)
        self._require_usable(client, signed, held)
        self.store.put_manifest(manifest.version, signed)
        self.store.prune()
        return None if is_held else manifest.version

    def _held(self) -> SignedManifest | None:
        """The newest that is here and whole; nothing can be older than what can't be read."""
        for version in reversed(self.store.versions()):
            try:
                signed = self.store.manifest(version)
                signed.unverified()
            except TerminalError:
                continue
            return signed
        return None

    def _require_past(self, offered: Manifest) -> None:
        """A clock that a time service keeps knows the future; any other may just be late."""
        reading = self.clock.read()
        now = datetime.fromtimestamp(reading.wall_ms / 1000, UTC)
        if reading.source is ClockSource.SYNCHRONISED and offered.made > now + CLOCK_LEEWAY:
            raise ContentFromFuture(what="manifest", made=offered.made.date())

    def _at(self, offered: Manifest) -> datetime:
        return max(datetime.fromtimestamp(self.clock.now_ms() / 1000, UTC), offered.made)

    def _bring_missing(self, client: CenterClient, files: Iterable[ManifestFile]) -> None:
        for file in files:
            if self.store.holds(file):
                continue
            data = client.content(file)
            if len(data) != file.size or sm3(data) != file.digest:
                raise ContentDamaged(file=file.name)
            self.store.put(data)

    def _require_usable(
        self, client: CenterClient, signed: SignedManifest, held: SignedManifest | None
    ) -> None:
        """Load it as the terminal will, and compare it with what is held."""
        try:
            content = self._load(signed)
        except ContentDamaged:
            # A file that lay here has gone bad since: the centre still has it.
            for file in signed.unverified().files:
                if not self._is_sound(file):
                    self.store.discard(file)
            self._bring_missing(client, signed.unverified().files)
            content = self._load(signed)
        content.catalogue.item(self.service)
        if held is None:
            return
        try:
            before = self._load(held)
        except ExplainedError:
            return  # what does not load is no measure
        require_newer(before, content)

    def _load(self, signed: SignedManifest) -> Content:
        return load_content(self.store, signed, self.root, self.clock.now_ms())

    def _is_sound(self, file: ManifestFile) -> bool:
        try:
            self.store.read(file)
        except TerminalError:
            return False
        return True
