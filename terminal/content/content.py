"""Everything that a terminal decides by, of one publication: loaded together or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Final

from crypto.credential import CARD_ID_BYTES
from crypto.explained import ExplainedError
from crypto.pki.certificate import Certificate
from crypto.trust import TrustStore
from terminal.content.asked_lists import asked_lists, lacking
from terminal.content.errors import ContentFromFuture, ContentMissing, ContentOlder
from terminal.content.manifest import (
    ANSWERS,
    CATALOGUE,
    HOTLIST_BASE,
    HOTLIST_DELTAS,
    HOTLIST_REASONS,
    LIST_BASE,
    LIST_DELTA,
    LISTS,
    RULES,
    TRUST,
    Manifest,
    SignedManifest,
    list_file,
)
from terminal.content.store import ContentStore
from terminal.decisions.catalogue import Catalogue
from terminal.decisions.decide import local_date
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.rule_pack import RulePack
from terminal.hotlist.card_hash import mix
from terminal.hotlist.errors import StandingListMissing
from terminal.hotlist.hotlist import Hotlist
from terminal.hotlist.standing_list import StandingList
from terminal.needs.answers import NO_ANSWERS, NeedAnswers

#: Two clocks that each are right may differ by this.
CLOCK_LEEWAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Content:
    """A publication, every signature verified and every file parsed.

    `lists`: the standing lists by name. `asked`: the lists that its rules ask for, each with the rule.
    `answers`: those to needs that holders left.
    """

    version: int
    made_ms: int
    trust: TrustStore
    catalogue: Catalogue
    rules: RuleBook
    hotlist: Hotlist
    lists: Mapping[str, StandingList]
    asked: Mapping[str, str]
    answers: NeedAnswers

    def standing_lists(self, card_id: bytes, issued: date) -> frozenset[str]:
        """The names of the standing lists that the card with this id (8 bytes) and day of issue is on.

        Of those that a rule asks for: a terminal need not know more of a card. Raises ValueError for an id of
        another length.
        """
        if len(card_id) != CARD_ID_BYTES:
            raise ValueError(f"a card id has {CARD_ID_BYTES} bytes, not {len(card_id)}")
        hashed = mix(int.from_bytes(card_id))
        return frozenset(
            name
            for name in self.asked
            if (held := self.lists.get(name)) is not None and held.holds(hashed, issued)
        )

    @property
    def unasked(self) -> tuple[str, ...]:
        """The lists that no rule asks for, by name: whoever is on them gets nothing by it."""
        return tuple(sorted(self.lists.keys() - self.asked.keys()))

    @property
    def missing(self) -> StandingListMissing | None:
        """Says which lists rules ask for in vain, if any; to the rules it is as if no card were on them."""
        lists = lacking(self.asked, self.lists)
        return StandingListMissing(lists=lists) if lists else None


def require_newer(held: Content, offered: Content) -> None:
    """Raise ContentOlder if anything of `offered` is older than what is held.

    A list of revoked keys or lost cards must not be taken back by sending an old one again; nor one of those
    who are due for review.
    """
    for before, after in ((held.version, offered.version), (held.trust.version, offered.trust.version)):
        if after < before:
            raise ContentOlder(held=before, offered=after)
    _require_newer_list(held.hotlist, offered.hotlist)
    for name in held.lists.keys() & offered.lists.keys():
        _require_newer_list(held.lists[name], offered.lists[name])


def _require_newer_list(held: Hotlist | StandingList, offered: Hotlist | StandingList) -> None:
    is_another = held.version == offered.version and held != offered
    if offered.version < held.version or is_another:
        raise ContentOlder(held=held.version, offered=offered.version)
    if offered.dated < held.dated:
        raise ContentOlder(held=held.dated, offered=offered.dated)


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
    CatalogueMalformed, RulePackMalformed, RuleBookInconsistent, HotlistMalformed, StandingListMalformed,
    AnswersMalformed).
    """
    trust = verified_trust(signed, store.read(signed.unverified().file(TRUST)), root, now_ms, held)
    manifest = signed.unverified()
    hotlist = _hotlist(store, manifest)
    lists = _lists(store, manifest)
    for name, dated in ((HOTLIST_BASE, hotlist.dated), *((LISTS + n, one.dated) for n, one in lists.items())):
        if dated > local_date(manifest.made_ms) + CLOCK_LEEWAY:
            raise ContentFromFuture(what=name, made=dated)
    rules = RuleBook(RulePack.from_bytes(store.read(file), file.name) for file in manifest.named(RULES))
    return Content(
        version=manifest.version,
        made_ms=manifest.made_ms,
        trust=trust,
        catalogue=Catalogue.from_bytes(store.read(manifest.file(CATALOGUE))),
        rules=rules,
        hotlist=hotlist,
        lists=lists,
        asked=asked_lists(rules),
        answers=_answers(store, manifest),
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


def _answers(store: ContentStore, manifest: Manifest) -> NeedAnswers:
    published = manifest.named(ANSWERS)
    return NeedAnswers.from_bytes(store.read(published[0])) if published else NO_ANSWERS


def _lists(store: ContentStore, manifest: Manifest) -> Mapping[str, StandingList]:
    listed = {file.name: file for file in manifest.named(LISTS)}
    held = {}
    for name in sorted({file.split("/")[1] for file in listed}):
        base, delta = manifest.file(list_file(name, LIST_BASE)), listed.get(list_file(name, LIST_DELTA))
        held[name] = StandingList.from_files(
            name, store.read(base), None if delta is None else store.read(delta)
        )
    return MappingProxyType(held)
