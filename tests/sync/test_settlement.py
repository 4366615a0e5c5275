"""From stored events to money: only what a card signed and the rules give is paid, and all else is named."""

from __future__ import annotations

import html.parser
import json
import os
import re
import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from crypto.explained import Language
from crypto.pki.revocation import RevocationReason, Revoked
from crypto.sm2 import signature_to_der
from sync.center.authority import revoke_issuer
from sync.center.directory import Center
from sync.center.enrolled_terminals import accept_late_events, revoke_terminal, terminals
from sync.center.evidence import examine_events
from sync.center.export import export_evidence
from sync.center.ingest import take_batch
from sync.center.reconcile_command import app as reconcile_app
from sync.center.reconciliation import reconcile_center
from sync.errors import EventNotStored, EvidenceMissing, OutputNotWritten, TerminalNotRevoked, TerminalUnknown
from sync.reconcile.findings import FindingKind
from sync.reconcile.report import Reconciliation, to_html, yuan
from terminal.command_line import ExitCode, run
from terminal.content.manifest import TRUST
from terminal.events.event import ClockTrust, SealedEvidence, UsageEvent
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome
from tests.sync.cast import (
    EVENTS_START,
    ISSUER_KEY_ID,
    MADE,
    Card,
    Chain,
    Issuer,
    chain_of,
    integrity,
    now_ms,
    put_hotlist,
    snapshot,
)

# Ibis 12 still calls it; DuckDB 2 has another name for it.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

FARE = 200
BLIND, HALF = ((1,), 1), ((4,), 4)


def settle(center: Center, *chains: Chain) -> Reconciliation:
    for chain in chains:
        take_batch(center.store, center.keys, chain.batch(), now_ms())
    return reconcile_center(center, now_ms())


def found(result: Reconciliation) -> list[tuple[str, int, str]]:
    return [(one.kind.value, one.first, one.detail) for one in result.findings]


def withheld(result: Reconciliation) -> dict[int, str]:
    return {claim.sequence: claim.withheld_for for claim in result.claims if claim.withheld_for}


def balanced(result: Reconciliation) -> None:
    """The report's sums agree with one another, however they are added up."""
    for line in result.lines:
        assert line.list_fare == line.paid + line.claimed
        assert line.claimed == line.accepted + line.withheld
        behind = [
            claim
            for claim in result.claims
            if (claim.operator, claim.day, claim.service) == (line.operator, line.day, line.service)
        ]
        assert len(behind) == line.granted
        assert sum(claim.claimed for claim in behind) == line.claimed
        assert sum(claim.accepted for claim in behind) == line.accepted
    assert sum(total.accepted for total in result.totals) == sum(line.accepted for line in result.lines)
    assert sum(total.taps for total in result.totals) == sum(line.taps for line in result.lines)


@pytest.fixture
def blind(issuer: Issuer) -> Card:
    return issuer.card(*BLIND)


@pytest.fixture
def half(issuer: Issuer) -> Card:
    return issuer.card(*HALF)


def test_honest_taps_are_paid_as_the_rules_give(
    center: Center, chain: Chain, blind: Card, half: Card
) -> None:
    chain.tap(blind)
    chain.tap(half)
    chain.tap()  # some foreign card
    chain.new_segment()
    chain.tap(half)

    result = settle(center, chain)

    assert result.findings == []
    (line,) = result.lines
    assert (line.operator, line.day, line.service) == ("test-bus", "2026-09-21", "BUS-1")
    assert (line.taps, line.granted) == (4, 3)
    assert (line.list_fare, line.paid, line.claimed, line.accepted, line.withheld) == (600, 200, 400, 400, 0)
    assert [claim.sequence for claim in result.claims] == [1, 2, 4]
    assert [claim.hash for claim in result.claims] == [
        UsageEvent.from_bytes(chain.events[place]).hash.hex() for place in (0, 1, 3)
    ]
    assert vars(result.coverage) == {"stored": 4, "examined": 4, "pending": 0}
    balanced(result)


def test_reconciling_again_gives_the_same(center: Center, chain: Chain, blind: Card) -> None:
    chain.tap(blind)
    first = settle(center, chain)
    again = settle(center, chain)
    assert (first.lines, first.claims, first.findings) == (again.lines, again.claims, again.findings)
    chain.tap(blind)
    assert settle(center, chain).lines[0].accepted == 2 * FARE


def invented(chain: Chain, card: Card) -> SealedEvidence:
    """What an operator can make up who has a credential that it once saw, but no card."""
    return SealedEvidence(card.credential.to_bytes(), 77, chain.key.sign(b"a tap that never was"), "x", "")


def test_an_invented_tap_is_not_paid(center: Center, chain: Chain, blind: Card) -> None:
    chain.tap(blind)
    chain.tap(blind, evidence=invented(chain, blind))

    result = settle(center, chain)

    assert found(result) == [("invalid_proof", 2, "proof_wrong")]
    assert withheld(result) == {2: "proof_wrong"}
    assert (result.lines[0].claimed, result.lines[0].accepted) == (2 * FARE, FARE)
    balanced(result)


@pytest.mark.parametrize(
    "claimed",
    [
        {"fare": 900, "signed": {"fare": FARE}},
        {"companions": 3, "signed": {"companions": 0}},
        {"service": "GARDEN", "signed": {"service": "BUS-1"}},
        {"time_ms": EVENTS_START + 86_400_000},
        {"nonce": bytes(8)},
    ],
    ids=lambda claimed: next(iter(claimed)),
)
def test_what_the_card_signed_can_not_be_changed(
    center: Center, chain: Chain, blind: Card, claimed: dict[str, Any]
) -> None:
    chain.tap(blind, **claimed, outcome=Outcome.GRANTED)

    result = settle(center, chain)

    assert withheld(result) == {1: "proof_wrong"}
    assert sum(total.accepted for total in result.totals) == 0
    balanced(result)


def test_a_fare_above_the_list_is_not_paid_and_one_below_it_is(
    center: Center, chain: Chain, blind: Card
) -> None:
    for fare in (FARE - 50, FARE, FARE + 1):
        chain.tap(blind, fare=fare)

    result = settle(center, chain)

    assert found(result) == [("fare_above_list", 3, "")]
    assert withheld(result) == {3: "fare_above_list"}
    assert [claim.accepted for claim in result.claims] == [FARE - 50, FARE, 0]
    text = to_html(result)
    said = FindingKind.FARE_ABOVE_LIST.text
    assert said.zh in text and said.en in text and "fare_above_list" in text
    balanced(result)


def test_a_proof_that_is_played_again_is_found_and_not_paid(
    center: Center, chain: Chain, blind: Card
) -> None:
    proof = blind.prove(chain.tap(blind).challenge().to_bytes())
    replayed = SealedEvidence(blind.credential.to_bytes(), proof.counter, proof.signature, "", "")
    chain.tap(blind, evidence=replayed)
    chain.tap(blind, evidence=replayed)

    result = settle(center, chain)

    assert withheld(result) == {2: "proof_wrong", 3: "proof_wrong"}
    assert [(kind, first) for kind, first, _ in found(result)] == [
        ("invalid_proof", 2),
        ("proof_repeated", 2),
        ("invalid_proof", 3),
        ("proof_repeated", 3),
    ]
    balanced(result)


def test_two_chips_with_one_key_betray_themselves(
    center: Center, url: str, chain: Chain, blind: Card, tmp_path: Path
) -> None:
    copy = Card(blind.key, blind.credential)
    other = chain_of(center, url, tmp_path / "other")
    chain.tap(blind)
    other.tap(copy)
    other.tap(copy)

    result = settle(center, chain, other)

    assert [(one.kind.value, one.terminal, one.first) for one in result.findings] == [
        ("counter_repeated", other.terminal.hex(), 1)
    ]
    assert withheld(result) == {1: "counter_repeated"}
    assert result.totals[0].accepted == 2 * FARE
    balanced(result)


@pytest.mark.parametrize(
    "lies",
    [
        {"holder_pays": 0},  # a half-fare passenger passed off as free
        {"holder_pays": 150},
        {"outcome": Outcome.GRANTED_WITH_COMPANION},
    ],
)
def test_another_decision_than_the_rules_give_is_not_paid(
    center: Center, chain: Chain, half: Card, lies: dict[str, Any]
) -> None:
    chain.tap(half, **lies)
    result = settle(center, chain)
    assert found(result) == [("decision_differs", 1, "decision_differs")]
    assert withheld(result) == {1: "decision_differs"}
    assert result.totals[0].accepted == 0
    balanced(result)


def test_a_person_who_was_wrongly_turned_away_is_found(center: Center, chain: Chain, half: Card) -> None:
    chain.tap(half, outcome=Outcome.NOT_ELIGIBLE, holder_pays=FARE)
    result = settle(center, chain)
    assert found(result) == [("decision_differs", 1, "decision_differs")]
    assert result.claims == []


REFUSALS = [
    Outcome.EXPIRED,
    Outcome.NOT_YET_VALID,
    Outcome.BLOCKED,
    Outcome.UNREADABLE,
    Outcome.FORGED,
    Outcome.CLONED,
    Outcome.UNKNOWN_ISSUER,
    Outcome.ISSUER_REVOKED,
]


@pytest.mark.parametrize("outcome", REFUSALS)
def test_a_genuine_card_that_was_refused_as_another_is_found(
    center: Center, chain: Chain, half: Card, outcome: Outcome
) -> None:
    chain.tap(half, outcome=outcome, holder_pays=FARE)
    result = settle(center, chain)
    assert found(result) == [("refused_though_valid", 1, "")]
    assert result.claims == []
    said = FindingKind.REFUSED_THOUGH_VALID.text
    assert said.zh in to_html(result)


def test_cards_that_were_rightly_refused_are_not_found(
    center: Center, chain: Chain, issuer: Issuer, half: Card
) -> None:
    told: dict[str, Any] = {"holder_pays": FARE, "companion_pays": FARE}
    chain.tap(issuer.card(*HALF, expires=date(2026, 9, 20)), outcome=Outcome.EXPIRED, **told)
    chain.tap(issuer.card(*HALF, key=chain.key), outcome=Outcome.FORGED, **told)
    chain.tap(half, outcome=Outcome.CLONED, evidence=invented(chain, half), **told)
    torn = SealedEvidence(half.credential.to_bytes(), 0, b"", "", "CRD-201")
    chain.tap(half, outcome=Outcome.UNREADABLE, evidence=torn, **told)
    revoke_issuer(center.store, ISSUER_KEY_ID, RevocationReason.KEY_COMPROMISE, MADE)
    center.publish(None, MADE)
    chain.content = center.publications.current
    chain.tap(half, outcome=Outcome.ISSUER_REVOKED, **told)
    assert settle(center, chain).findings == []


def test_rules_that_were_never_published(center: Center, chain: Chain, half: Card) -> None:
    chain.tap(half, pack_version="of-our-own@1")
    assert withheld(settle(center, chain)) == {1: "rules_unknown"}


def test_a_service_of_another_operator(center: Center, chain: Chain, half: Card) -> None:
    event = chain.tap(half, service="GARDEN", fare=7000)
    assert event.outcome.granted
    result = settle(center, chain)
    assert withheld(result) == {1: "operator_differs"}
    assert result.totals[0].accepted == 0


def test_a_credential_that_no_issuer_signed(center: Center, chain: Chain, issuer: Issuer) -> None:
    chain.tap(issuer.card(*BLIND, key=chain.key))
    assert withheld(settle(center, chain)) == {1: "credential_forged"}


@pytest.mark.parametrize("credential", [b"", b"\x7f\x21\x03abc", bytes(255)])
def test_granted_without_a_credential(center: Center, chain: Chain, blind: Card, credential: bytes) -> None:
    chain.tap(blind, evidence=SealedEvidence(credential, 1, bytes(64), "", ""))
    assert withheld(settle(center, chain)) == {1: "credential_malformed"}


def test_out_of_the_credentials_validity(center: Center, chain: Chain, blind: Card) -> None:
    chain.tap(blind)
    event = UsageEvent.from_bytes(chain.events.pop())
    late = msgspec.structs.replace(event, time_ms=2_100_000_000_000)  # 2036
    proof = blind.prove(late.challenge().to_bytes())
    evidence = SealedEvidence(blind.credential.to_bytes(), proof.counter, proof.signature, "", "")
    chain.new_segment()
    chain.tap(blind, time_ms=late.time_ms, nonce=late.nonce, evidence=evidence)
    assert withheld(settle(center, chain)) == {1: "credential_not_in_force"}


def test_a_sealed_part_that_does_not_open(center: Center, chain: Chain, blind: Card) -> None:
    chain.tap(blind)
    event = UsageEvent.from_bytes(chain.events.pop())
    chain.events.append(event.with_sealed(event.sealed[:-1] + bytes([event.sealed[-1] ^ 1])).to_bytes())
    chain.tap(blind)
    result = settle(center, chain)
    assert withheld(result) == {1: "seal_broken"}
    assert result.totals[0].accepted == FARE


@pytest.mark.parametrize(("wasted", "verdict"), [(3, {}), (1001, {2: "seal_broken"})])
def test_an_index_may_be_a_little_ahead_but_not_far(
    center: Center, chain: Chain, blind: Card, wasted: int, verdict: dict[int, str]
) -> None:
    chain.tap(blind)
    chain.waste(wasted)
    chain.tap(blind)
    assert withheld(settle(center, chain)) == verdict


def test_a_segment_hidden_in_a_gap_waits_until_it_is_filled(
    center: Center, chain: Chain, blind: Card
) -> None:
    for _ in range(4):
        chain.tap(blind)
    chain.new_segment()
    chain.tap(blind)
    take_batch(center.store, center.keys, chain.batch(3, 5), now_ms())

    early = reconcile_center(center, now_ms())

    # Event 5 begins a segment of its own and can be read; 3 and 4 wait for the header in event 1.
    assert vars(early.coverage) == {"stored": 3, "examined": 1, "pending": 2}
    assert found(early) == [("gap", 1, "")]
    assert [claim.sequence for claim in early.claims] == [5]

    late = settle(center, chain)
    assert late.findings == []
    assert vars(late.coverage) == {"stored": 5, "examined": 5, "pending": 0}
    assert late.totals[0].accepted == 5 * FARE


def test_forks_gaps_and_altered_rows_are_found(center: Center, chain: Chain, blind: Card) -> None:
    for _ in range(6):
        chain.tap(blind)
    clone = chain.fork(5)
    clone.tap(blind)
    settle(center, chain, clone)
    with center.store.transaction() as connection:
        connection.execute("DELETE FROM events WHERE sequence = 2")
        connection.execute("UPDATE events SET previous = zeroblob(32) WHERE sequence = 5")

    kinds = [(one.kind.value, one.first, one.last) for one in reconcile_center(center, now_ms()).findings]

    assert kinds == [("gap", 2, 2), ("broken_link", 4, 5), ("fork", 6, 6)]
    assert integrity(center) == "ok"


def test_bytes_altered_in_the_store_are_found(center: Center, chain: Chain, blind: Card) -> None:
    chain.tap(blind)
    chain.tap(blind)
    take_batch(center.store, center.keys, chain.batch(), now_ms())
    with center.store.transaction() as connection:
        connection.execute("UPDATE events SET bytes = zeroblob(100) WHERE sequence = 2")
    result = reconcile_center(center, now_ms())
    assert found(result) == [("invalid_proof", 2, "bytes_altered")]
    assert result.totals[0].accepted == FARE


def test_the_examined_rows_say_nothing_of_the_person(center: Center, chain: Chain, half: Card) -> None:
    chain.tap(half)
    settle(center, chain)
    kept = repr(snapshot(center, "examined"))
    for secret in (half.credential.card_id, half.credential.to_bytes()):
        assert repr(secret)[2:-1] not in kept
    with center.store.reading() as connection:
        columns = {row[1] for row in connection.execute("PRAGMA table_info(examined)")}
    assert not columns & {"category", "categories", "grade", "rule", "card_id", "holder_ref"}


def test_examination_goes_on_where_it_stopped(center: Center, chain: Chain, half: Card) -> None:
    for _ in range(3):
        chain.tap(half)
    take_batch(center.store, center.keys, chain.batch(), now_ms())
    assert examine_events(center).examined == 3
    assert examine_events(center).examined == 0


class Outline(html.parser.HTMLParser):
    """What a screen reader goes by."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_the_report_can_be_read_by_everybody(center: Center, chain: Chain, half: Card) -> None:
    chain.tap(half)
    chain.tap(half, holder_pays=0)
    result = settle(center, chain)
    text = to_html(result)
    outline = Outline()
    outline.feed(text)

    assert outline.of("html") == [{"lang": "zh-CN"}]
    assert len(outline.of("h1")) == 1
    assert len(outline.of("h2")) == 5
    assert len(outline.of("table")) == len(outline.of("caption")) == 4
    assert all(cell.get("scope") in {"col", "row"} for cell in outline.of("th"))
    ids = {attributes["id"] for _, attributes in outline.tags if attributes.get("id")}
    assert {str(link["href"])[1:] for link in outline.of("a")} <= ids
    # Self-contained: nothing is fetched, nothing runs.
    assert not outline.of("script") and not outline.of("img") and not outline.of("link")
    assert "http://" not in text and "https://" not in text
    for claim in result.claims:
        assert claim.hash in text
    for secret in (half.credential.card_id.hex(), "肢体", "grade", "severe-free", "chongqing"):
        assert secret not in re.sub(r"<section aria-labelledby=\"method\">.*", "", text, flags=re.DOTALL)


def test_the_report_escapes_what_came_from_outside(center: Center, chain: Chain, half: Card) -> None:
    chain.tap(half)
    event = UsageEvent.from_bytes(chain.events.pop())
    chain.events.append(msgspec.structs.replace(event, service="<b>&\"'x").to_bytes())
    text = to_html(settle(center, chain))
    assert "<b>" not in text
    assert "&lt;b&gt;" in text


def test_the_printed_report_cuts_nothing_off(
    center: Center, chain: Chain, half: Card, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain.tap(half, fare=FARE + 1)
    settle(center, chain)
    monkeypatch.setenv("TONGKA_LANG", "en")
    printed = CliRunner().invoke(reconcile_app, ["--data", str(tmp_path / "authority" / "center")]).output
    for whole in ("fare_above_list", chain.terminal.hex(), "test-bus", "2026-09-21", "BUS-1", "withheld"):
        assert whole in printed
    assert "…" not in printed


def test_yuan() -> None:
    assert [yuan(fen) for fen in (0, 5, 100, 12345, -150)] == ["0.00", "0.05", "1.00", "123.45", "-1.50"]


def openssl(*arguments: str) -> str:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_exported_evidence_verifies_with_openssl_alone(
    center: Center, chain: Chain, half: Card, tmp_path: Path
) -> None:
    chain.tap()
    event = chain.tap(half)
    take_batch(center.store, center.keys, chain.batch(), now_ms())
    out = tmp_path / "evidence"

    export_evidence(center, chain.terminal, 2, out, now_ms=now_ms())

    assert {path.name for path in out.iterdir()} == {
        "credential.bin",
        "challenge.bin",
        "message.bin",
        "proof.bin",
        "issuer.pem",
    }
    assert (out / "challenge.bin").read_bytes() == event.challenge().to_bytes()
    assert (out / "credential.bin").read_bytes() == half.credential.to_bytes()
    (tmp_path / "card.pem").write_bytes(half.credential.card_key.to_pem())
    (tmp_path / "body.bin").write_bytes(half.credential.body_bytes())
    for key, signature, message in (
        (tmp_path / "card.pem", (out / "proof.bin").read_bytes(), out / "message.bin"),
        (out / "issuer.pem", half.credential.signature, tmp_path / "body.bin"),
    ):
        (tmp_path / "signature.der").write_bytes(signature_to_der(signature))
        said = openssl(
            "pkeyutl",
            "-verify",
            "-pubin",
            "-inkey",
            str(key),
            "-in",
            str(message),
            "-sigfile",
            str(tmp_path / "signature.der"),
            "-rawin",
            "-digest",
            "sm3",
            "-pkeyopt",
            "distid:1234567812345678",
        )
        assert "Signature Verified Successfully" in said, said
    audit = snapshot(center, "audit")["audit"]
    assert [row[3:] for row in audit] == [("export-evidence", chain.terminal, 1, 2)]


def test_an_export_that_can_not_be_written_is_not_entered(
    center: Center, chain: Chain, half: Card, tmp_path: Path
) -> None:
    chain.tap(half)
    take_batch(center.store, center.keys, chain.batch(), now_ms())
    file, linked = tmp_path / "file", tmp_path / "linked"
    file.write_text("kept")
    linked.mkdir()
    (linked / "proof.bin").symlink_to(file)
    for target in (file, file / "below", linked):
        with pytest.raises(OutputNotWritten):
            export_evidence(center, chain.terminal, 1, target, now_ms=now_ms())
    assert file.read_text() == "kept"
    assert snapshot(center, "audit")["audit"] == []


def test_a_reason_is_told_in_the_readers_language(center: Center, chain: Chain, tmp_path: Path) -> None:
    chain.tap()
    take_batch(center.store, center.keys, chain.batch(), now_ms())
    with pytest.raises(EvidenceMissing) as caught:
        export_evidence(center, chain.terminal, 1, tmp_path / "out", now_ms=now_ms())
    assert "其中没有可读的卡片凭证" in caught.value.explain(Language.ZH).cause
    assert "no readable credential" in caught.value.explain(Language.EN).cause


def test_nothing_to_export(center: Center, chain: Chain, tmp_path: Path) -> None:
    chain.tap()
    take_batch(center.store, center.keys, chain.batch(), now_ms())
    with pytest.raises(EvidenceMissing):
        export_evidence(center, chain.terminal, 1, tmp_path / "out", now_ms=now_ms())
    with pytest.raises(EventNotStored):
        export_evidence(center, chain.terminal, 2, tmp_path / "out", now_ms=now_ms())
    with pytest.raises(EventNotStored):
        export_evidence(center, chain.terminal, 1, tmp_path / "out", now_ms=now_ms(), epoch=2)
    assert not (tmp_path / "out").exists()
    assert snapshot(center, "audit")["audit"] == []


def test_naming_an_older_publication_dodges_no_hotlist(
    center: Center, chain: Chain, issuer: Issuer, tmp_path: Path
) -> None:
    lost = issuer.card(*BLIND)
    first = chain.content
    chain.tap(lost)
    put_hotlist(tmp_path / "authority" / "content-source", lost.credential.card_id, version=2)
    center.publish(tmp_path / "authority" / "content-source", MADE)
    chain.content = center.publications.current
    chain.tap(issuer.card(*BLIND))
    chain.content = first
    chain.tap(lost)
    assert withheld(settle(center, chain)) == {3: "card_hotlisted"}


@pytest.mark.parametrize(("pays_percent", "is_paid"), [(80, False), (20, True)])
def test_older_rules_that_pay_better_are_not_named_again(  # noqa: PLR0917
    center: Center, chain: Chain, half: Card, tmp_path: Path, pays_percent: int, is_paid: bool
) -> None:
    older = chain.content
    rules = tmp_path / "authority" / "content-source" / "rules" / "chongqing-bus.toml"
    text = rules.read_text("utf-8")
    assert "pays_percent = 50" in text
    text = text.replace("2012.2", "2026.9").replace("pays_percent = 50", f"pays_percent = {pays_percent}")
    rules.write_text(text, "utf-8")
    center.publish(tmp_path / "authority" / "content-source", MADE)
    newer = center.publications.current
    for content in (older, newer, older):
        chain.content = content
        chain.tap(half)
    result = settle(center, chain)
    # What the older rules gave before the newer ones were there stays as it is.
    assert found(result) == [("content_went_back", 3, "")]
    assert withheld(result) == ({} if is_paid else {3: "content_went_back"})
    balanced(result)


def test_a_publication_of_later_days_judges_no_earlier_tap(
    center: Center, chain: Chain, issuer: Issuer
) -> None:
    center.publish(None, datetime.now(UTC))
    chain.content = center.publications.current
    chain.tap(issuer.card(*BLIND))
    assert withheld(settle(center, chain)) == {1: "content_from_future"}


def test_an_unknown_publication_is_not_paid(center: Center, chain: Chain, issuer: Issuer) -> None:
    chain.tap(issuer.card(*BLIND), content=77)
    assert withheld(settle(center, chain)) == {1: "rules_unknown"}


def test_a_damaged_publication_keeps_its_events_waiting_and_no_others(
    center: Center, chain: Chain, issuer: Issuer
) -> None:
    chain.tap(issuer.card(*BLIND))
    center.publish(None, MADE)
    file = center.publications.store.manifest(1).unverified().file(TRUST)
    chain.content = center.publications.current
    chain.tap(issuer.card(*BLIND))
    path = center.publications.store.blob(file.digest)
    assert path is not None
    data = path.read_bytes()
    path.write_bytes(b"x" + data[1:])
    center.publications._loaded.clear()
    assert settle(center, chain).coverage.pending == 1
    path.write_bytes(data)
    assert withheld(settle(center, chain)) == {}


def test_a_revoked_issuers_cards_are_not_paid_once_the_terminal_knew(
    center: Center, chain: Chain, issuer: Issuer
) -> None:
    card = issuer.card(*BLIND)
    chain.tap(card)
    revoke_issuer(center.store, ISSUER_KEY_ID, RevocationReason.KEY_COMPROMISE, MADE)
    center.publish(None, MADE)
    chain.content = center.publications.current
    chain.tap(card)
    assert withheld(settle(center, chain)) == {2: "issuer_revoked"}


def test_what_a_terminal_records_after_it_was_revoked_is_not_paid(
    center: Center, chain: Chain, issuer: Issuer
) -> None:
    stolen = datetime.now(UTC)
    at = int(stolen.timestamp() * 1000)
    for milliseconds in (-2_000, -1_000):
        dated(chain, issuer.card(*BLIND), at + milliseconds)
    take_batch(center.store, center.keys, chain.batch(), at - 1)
    revoke_terminal(center.store, chain.terminal, RevocationReason.KEY_COMPROMISE, "uid:7", stolen)
    dated(chain, issuer.card(*BLIND), at)
    result = settle(center, chain)
    assert withheld(result) == {3: "terminal_revoked"}
    assert found(result) == [("terminal_revoked", 3, "")]
    balanced(result)


def dated(chain: Chain, card: Card, time_ms: int, **lies: Any) -> UsageEvent:
    """A tap at this time."""
    return chain.tap(card, time_ms=time_ms, signed={"time_ms": time_ms}, **lies)


def test_what_comes_after_a_revocation_is_not_paid_whatever_its_date_until_staff_say_so(
    center: Center, chain: Chain, issuer: Issuer
) -> None:
    stolen = datetime.now(UTC)
    at = int(stolen.timestamp() * 1000)
    for number in range(4):
        dated(chain, issuer.card(*BLIND), at - 5_000 + number)
    take_batch(center.store, center.keys, chain.batch(1, 1), at - 1)
    revoke_terminal(center.store, chain.terminal, RevocationReason.CESSATION, "uid:7", stolen)
    take_batch(center.store, center.keys, chain.batch(2, 3), at)
    late = reconcile_center(center, now_ms())
    assert withheld(late) == dict.fromkeys((2, 3), "after_revocation")
    assert [(one.kind.value, one.first, one.last) for one in late.findings] == [("after_revocation", 2, 3)]
    balanced(late)

    accept_late_events(center.store, chain.terminal, "uid:7", at + 1)
    again = reconcile_center(center, now_ms())
    assert withheld(again) == {}
    assert again.findings == []
    assert [row[1:] for row in snapshot(center, "audit")["audit"]] == [
        (at, "uid:7", "revoke", chain.terminal, chain.epoch, 0),
        (at + 1, "uid:7", "accept-late", chain.terminal, chain.epoch, 0),
    ]
    # What came until then, and nothing of what its finder may still send.
    take_batch(center.store, center.keys, chain.batch(4), at + 1)
    assert withheld(reconcile_center(center, now_ms())) == {4: "after_revocation"}


@pytest.mark.parametrize("is_examined", [True, False])
def test_what_was_here_before_the_revocation_is_paid_however_fast_the_terminals_clock(
    center: Center, chain: Chain, issuer: Issuer, is_examined: bool
) -> None:
    stolen = datetime.now(UTC)
    at = int(stolen.timestamp() * 1000)
    dated(chain, issuer.card(*BLIND), at + 300_000, clock=ClockTrust.FREE)
    take_batch(center.store, center.keys, chain.batch(), at - 1)
    if is_examined:
        examine_events(center)
    revoke_terminal(center.store, chain.terminal, RevocationReason.CESSATION, "uid:7", stolen)
    result = reconcile_center(center, now_ms())
    assert (withheld(result), result.findings) == ({}, [])


@pytest.mark.parametrize(("hours", "is_paid"), [(23, True), (25, False)])
def test_a_ride_of_days_to_come_is_not_paid(
    center: Center, chain: Chain, issuer: Issuer, hours: int, is_paid: bool
) -> None:
    now = now_ms()
    dated(chain, issuer.card(*BLIND), now)
    dated(chain, issuer.card(*BLIND), now + hours * 3_600_000)
    result = settle(center, chain)
    assert withheld(result) == ({} if is_paid else {2: "dated_ahead"})
    assert found(result) == ([] if is_paid else [("dated_ahead", 2, "")])
    balanced(result)


@pytest.mark.parametrize("dated_ms", [-3_000, 3_000])
def test_whoever_has_a_revoked_terminals_key_takes_nothing_back_until_staff_say_so(
    center: Center, chain: Chain, issuer: Issuer, dated_ms: int
) -> None:
    stolen = datetime.now(UTC)
    at = int(stolen.timestamp() * 1000)
    card = issuer.card(*BLIND)
    for number, one in enumerate((card, issuer.card(*BLIND), issuer.card(*BLIND))):
        dated(chain, one, at - 5_000 + number)
    take_batch(center.store, center.keys, chain.batch(), at - 1)
    revoke_terminal(center.store, chain.terminal, RevocationReason.KEY_COMPROMISE, "uid:7", stolen)
    recorded: dict[str, Any] = {"outcome": Outcome.RECORDED, "time_ms": at + dated_ms}
    # The first one's place is taken by a tap for a larger party.
    dated(chain, card, at - 2_000, refers_to=1, companions=1)
    chain.tap(kind=EventKind.CANCELLATION, refers_to=2, **recorded)
    chain.tap(kind=EventKind.CORRECTION, refers_to=3, fare=0, **recorded)
    take_batch(center.store, center.keys, chain.batch(4), at)
    result = reconcile_center(center, now_ms())
    assert [claim.accepted for claim in result.claims] == [FARE, FARE, FARE, 0]
    assert withheld(result) == {4: "after_revocation"}
    assert [(one.kind.value, one.first, one.last) for one in result.findings] == [
        ("after_revocation", 4, 4),
        ("amended_after_revocation", 5, 6),
    ]

    accept_late_events(center.store, chain.terminal, "uid:7", at + 1)
    accepted = reconcile_center(center, now_ms())
    assert withheld(accepted) == {1: "replaced", 2: "cancelled", 3: "corrected"}
    assert [claim.accepted for claim in accepted.claims] == [0, 0, 0, FARE]
    assert accepted.findings == []
    balanced(accepted)


def test_late_events_are_accepted_of_a_revoked_terminal_alone(center: Center, chain: Chain) -> None:
    for terminal in (chain.terminal, bytes(8)):
        with pytest.raises(TerminalNotRevoked):
            accept_late_events(center.store, terminal, "uid:7", now_ms())
    assert snapshot(center, "audit")["audit"] == []


def test_staff_accept_late_events_by_a_command_that_the_audit_remembers(
    center: Center, chain: Chain, issuer: Issuer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ["--data", str(tmp_path / "authority" / "center"), "--terminal", chain.terminal.hex(), "--json"]
    assert run(["center", "terminal", "accept-late", *told]) == ExitCode.REFUSED
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "SYN-517"
    assert run(["center", "terminal", "revoke", *told]) == ExitCode.DONE
    capsys.readouterr()
    # Nobody accepts blindly: how much waits, and what it comes to, is told.
    dated(chain, issuer.card(*BLIND), now_ms() - 60_000)
    dated(chain, issuer.card(*HALF), now_ms() - 60_000)
    take_batch(center.store, center.keys, chain.batch(), now_ms())
    assert waiting(told[1], capsys) == 2
    assert run(["center", "terminal", "accept-late", *told]) == ExitCode.DONE
    accepted = {"terminal": chain.terminal.hex(), "events": 2, "fen": FARE + FARE // 2}
    assert json.loads(capsys.readouterr().out) == accepted
    assert waiting(told[1], capsys) == 0
    assert run(["center", "terminal", "revoke", *told]) == ExitCode.DONE  # again: it changes nothing
    actor = f"uid:{os.getuid()}"
    entered = [row[2:] for row in snapshot(center, "audit")["audit"]]
    assert entered == [
        (actor, action, chain.terminal, chain.epoch, 0) for action in ("revoke", "accept-late")
    ]


def waiting(data: str, capsys: pytest.CaptureFixture[str]) -> int:
    """How many events of the only terminal wait to be accepted, by `terminal list`."""
    assert run(["center", "terminal", "list", "--data", data, "--json"]) == ExitCode.DONE
    (one,) = json.loads(capsys.readouterr().out)
    return int(one["waiting"])


@pytest.mark.parametrize(
    ("milliseconds", "clock", "is_found"),
    [
        (-3_600_000, ClockTrust.SYNCHRONISED, True),
        (-3_600_000, ClockTrust.SET_BACK, True),
        (-3_600_000, ClockTrust.CORRECTED, False),
        (-1_000, ClockTrust.SYNCHRONISED, False),
    ],
)
def test_time_does_not_go_back_unmarked(  # noqa: PLR0917
    center: Center, chain: Chain, half: Card, milliseconds: int, clock: ClockTrust, is_found: bool
) -> None:
    chain.tap(half)
    dated(chain, half, EVENTS_START + milliseconds, clock=clock)
    assert found(settle(center, chain)) == [("time_went_back", 2, "")] * is_found


def test_one_card_that_is_tapped_every_second_is_found(
    center: Center, chain: Chain, half: Card, blind: Card
) -> None:
    for _ in range(10):
        chain.tap(half)
    chain.tap(blind)
    assert settle(center, chain).findings == []
    chain.tap(half)
    result = settle(center, chain)
    assert found(result) == [("rapid_taps", 12, "")]
    assert withheld(result) == {}


def test_a_revocation_stands_as_it_was_first_said_and_spares_what_is_enrolled_later(
    center: Center, chain: Chain
) -> None:
    revoke_terminal(center.store, chain.terminal, RevocationReason.KEY_COMPROMISE, "uid:7", MADE)
    revoke_terminal(
        center.store, chain.terminal, RevocationReason.CESSATION, "uid:7", MADE + timedelta(days=1)
    )
    (one,) = terminals(center.store)
    assert one.revoked == Revoked(one.certificate.serial, MADE, RevocationReason.KEY_COMPROMISE)
    center.publish(None, MADE)
    trust = center.publications.current.trust
    assert trust.revokes(one.certificate)
    assert not trust.revokes(center.keys.province_certificate)
    with pytest.raises(TerminalUnknown):
        revoke_terminal(center.store, bytes(8), RevocationReason.CESSATION, "uid:7", MADE)


@pytest.mark.parametrize("most", [17, 22])
def test_the_centre_judges_by_the_age_of_the_terminals_hotlist(
    center: Center, chain: Chain, issuer: Issuer, tmp_path: Path, most: int
) -> None:
    # Dated 2026-09-01; the tap is made 20 days later.
    rules = tmp_path / "authority" / "content-source" / "rules" / "chongqing-bus.toml"
    text = rules.read_text("utf-8").replace("2012.2", "2026.9")
    rules.write_text(
        re.sub(r'(?m)^condition = "(.*)"$', rf'condition = "(\1) && hotlist_age <= {most}"', text), "utf-8"
    )
    center.publish(tmp_path / "authority" / "content-source", MADE)
    chain.content = center.publications.current
    card = issuer.card(*HALF)
    event = chain.tap(card, outcome=Outcome.GRANTED, holder_pays=100, companion_pays=200)
    assert event.outcome is Outcome.GRANTED
    expected = {} if most > 20 else {1: "decision_differs"}
    assert withheld(settle(center, chain)) == expected
