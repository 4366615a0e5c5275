"""Everything that a terminal decides by, of one publication: loaded together or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from crypto.explained import ExplainedError
from crypto.pki.certificate import Certificate
from crypto.trust import TrustStore
from terminal.content.manifest import (
    CATALOGUE,
    HOTLIST_BASE,
    HOTLIST_DELTAS,
    HOTLIST_REASONS,
    RULES,
    TRUST,
    Manifest,
    SignedManifest,
)
from terminal.content.store import ContentStore
from terminal.decisions.catalogue import Catalogue
from terminal.decisions.decide import local_date
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.rule_pack import RulePack
from terminal.errors import ContentFromFuture, ContentMissing, ContentOlder
from terminal.hotlist.hotlist import Hotlist

#: Two clocks that each are right may differ by this.
CLOCK_LEEWAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Content:
    """A publication, every signature verified and every file parsed."""

    version: int
    made_ms: int
    trust: TrustStore
    catalogue: Catalogue
    rules: RuleBook
    hotlist: Hotlist


def require_newer(held: Content, offered: Content) -> None:
    """Raise ContentOlder if anything of `offered` is older than what is held.

    A list of revoked keys or lost cards must not be taken back by sending an old one again.
    """
    for before, after in (
        (held.version, offered.version),
        (held.trust.version, offered.trust.version),
        (held.hotlist.version, offered.hotlist.version),
    ):
        if after < before:
            raise ContentOlder(held=before, offered=after)
    if held.hotlist.version == offered.hotlist.version and held.hotlist != offered.hotlist:
        raise ContentOlder(held=held.hotlist.version, offered=offered.hotlist.version)
    if offered.hotlist.dated < held.hotlist.dated:
        raise ContentOlder(held=held.hotlist.dated, offered=offered.hotlist.dated)


def load_content(
    store: ContentStore,
    signed: SignedManifest,
    root: Certificate,
    now_ms: int,
    held: TrustStore | None = None,
) -> Content:
    """Verify and parse the publication that `signed` lists, whose files are in `store`.

    `held`: the trust store in force, whose revocations the new one must not take back.

    `root`: the anchor that enrolment gave. `now_ms` may be behind, as a terminal's clock may: the publication
    itself says how late it is at least. Raises ManifestMalformed, ContentSignatureInvalid, ContentMissing,
    ContentDamaged, ContentFromFuture, and what the parsers raise (TrustStoreMalformed, CertificateRefused,
    CatalogueMalformed, RulePackMalformed, RuleBookInconsistent, HotlistMalformed).
    """
    trust = verified_trust(signed, store.read(signed.unverified().file(TRUST)), root, now_ms, held)
    manifest = signed.unverified()
    hotlist = _hotlist(store, manifest)
    if hotlist.dated > local_date(manifest.made_ms) + CLOCK_LEEWAY:
        raise ContentFromFuture(what=HOTLIST_BASE, made=hotlist.dated)
    return Content(
        version=manifest.version,
        made_ms=manifest.made_ms,
        trust=trust,
        catalogue=Catalogue.from_bytes(store.read(manifest.file(CATALOGUE))),
        rules=RuleBook(RulePack.from_bytes(store.read(file), file.name) for file in manifest.named(RULES)),
        hotlist=hotlist,
    )


def load_trust(store: ContentStore, root: Certificate, now_ms: int) -> TrustStore:
    """The trust store alone, of the newest publication that has a usable one. Raises as `load_content`."""
    trouble: ExplainedError | None = None
    for version in reversed(store.versions()):
        try:
            signed = store.manifest(version)
            return verified_trust(signed, store.read(signed.unverified().file(TRUST)), root, now_ms)
        except ExplainedError as error:
            trouble = trouble or error
    raise trouble or ContentMissing(file="manifests")


def verified_trust(
    signed: SignedManifest, data: bytes, root: Certificate, now_ms: int, held: TrustStore | None = None
) -> TrustStore:
    """The trust store in `data`, which the manifest lists, once its content key signed that manifest."""
    at = max(datetime.fromtimestamp(now_ms / 1000, UTC), signed.unverified().made)
    trust = TrustStore.from_bytes(data, root, at, held.revocations if held else ())
    signed.verified(trust.content_key)
    return trust


def _hotlist(store: ContentStore, manifest: Manifest) -> Hotlist:
    reasons = manifest.named(HOTLIST_REASONS)
    return Hotlist.from_files(
        store.read(manifest.file(HOTLIST_BASE)),
        tuple(store.read(file) for file in manifest.named(HOTLIST_DELTAS)),
        store.read(reasons[0]) if reasons else None,
    )
