"""What the centre makes of needs and ratings: cases for staff, figures without persons, answers for cards."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from crypto.credential import TapCredential
from crypto.explained import ExplainedError
from crypto.signer import Signer
from crypto.sm2 import PrivateKey
from sync.center.case_intake import hear_case, read_case, take_up
from sync.center.cases import CLOSED_SHOWN_MS, answer_case, list_cases, published_answers
from sync.center.commands import app
from sync.center.directory import Center
from sync.center.ingest import take_batch
from sync.center.needs_command import app as needs_app
from sync.center.ratings import rating_lines
from sync.center.reconciliation import reconcile_center
from sync.center.voice_ingest import take_voice
from sync.errors import CaseNotReadable, CaseUnknown, MessageRefused, VoiceNotThere
from sync.protocol.encoding import MediaType
from sync.protocol.voice import VoiceAnswer, VoiceUpload, sign_voice
from terminal.content.manifest import ANSWERS
from terminal.events.event import UsageEvent
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome
from terminal.events.voice import seal_voice
from terminal.needs.answers import CaseStatus
from terminal.needs.contents import Left, Need, Relation, need, rating
from terminal.needs.errors import WordsRefused
from tests.sync.cast import EVENTS_START, MADE, Card, Chain, Issuer, now_ms, snapshot
from tests.sync.test_settlement import found
from tests.terminal.needs.recordings import opus, wav

# Ibis 12 still calls it; DuckDB 2 has another name for it.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

WHEELCHAIR = "REHAB-FIX"
DAY_MS = 86_400_000


def leave(chain: Chain, card: Card, left: Left, refers_to: int = 0, **lies: Any) -> UsageEvent:
    """What an honest terminal records, then altered by `lies`."""
    kind = EventKind.NEED if isinstance(left, Need) else EventKind.RATING
    signed = {"kind": kind, "nonce": left.commitment(refers_to)} | lies.pop("signed", {})
    honest: dict[str, Any] = {
        **signed,
        "refers_to": refers_to,
        "outcome": Outcome.RECORDED,
        "holder_pays": 0,
        "companion_pays": 0,
        "words": left.to_text(),
    }
    return chain.tap(card, fare=0, signed=signed, **honest | lies)


def taken(center: Center, *chains: Chain) -> int:
    """Upload, and take up."""
    for chain in chains:
        take_batch(center.store, center.keys, chain.batch(), now_ms())
    return take_up(center, now_ms())


@pytest.fixture
def card(issuer: Issuer) -> Card:
    return issuer.card()


def test_a_need_becomes_a_case_once_and_its_words_are_opened_for_staff_alone(
    center: Center, chain: Chain, card: Card
) -> None:
    said = need(WHEELCHAIR, "轮椅坏了", Relation.FAMILY)
    leave(chain, card, said)
    assert (taken(center, chain), take_up(center, now_ms())) == (1, 0)
    [case] = list_cases(center.store)
    assert (case.item, case.relation, case.status) == (WHEELCHAIR, "family", CaseStatus.RECEIVED)
    assert read_case(center, case.id, "uid:7", now_ms()).need == said
    assert [row[2:4] for row in snapshot(center, "audit")["audit"]] == [("uid:7", "need-read")]


def test_no_words_card_or_credential_lie_in_the_centres_store(
    center: Center, chain: Chain, card: Card, tmp_path: Path
) -> None:
    leave(chain, card, need(WHEELCHAIR, "轮椅坏了"))
    taken(center, chain)
    read_case(center, 1, "uid:7", now_ms())
    image = b"".join(path.read_bytes() for path in (tmp_path / "authority" / "center").glob("center.db*"))
    assert WHEELCHAIR.encode() in image
    credential = card.credential
    for trace in ("轮椅坏了".encode(), credential.card_id, credential.to_bytes(), credential.card_key.point):
        assert trace not in image


def test_words_that_the_card_did_not_sign_for_are_found_and_make_no_case(
    center: Center, chain: Chain, card: Card
) -> None:
    other = need(WHEELCHAIR, "一切都好")
    leave(chain, card, need(WHEELCHAIR, "轮椅坏了"), words=other.to_text())
    leave(chain, card, need(WHEELCHAIR), words="anything")
    leave(chain, card, rating(5), words=other.to_text(), nonce=other.commitment(0))
    leave(chain, card, other, refers_to=1)
    assert taken(center, chain) == 0
    result = reconcile_center(center, now_ms())
    assert found(result) == [
        ("invalid_proof", 1, "words_differ"),
        ("invalid_proof", 2, "words_differ"),
        ("invalid_proof", 3, "proof_wrong"),
        ("invalid_proof", 4, "rates_nothing"),
    ]


def test_needs_and_ratings_cost_nothing_and_are_no_finding(center: Center, chain: Chain, card: Card) -> None:
    tap = chain.tap(card)
    leave(chain, card, rating(5), tap.sequence)
    leave(chain, card, need(WHEELCHAIR, "轮椅坏了"))
    taken(center, chain)
    result = reconcile_center(center, now_ms())
    assert result.findings == []
    assert [(line.taps, line.accepted) for line in result.lines] == [(1, 200)]


def test_a_rating_is_of_the_same_card_and_day_and_of_a_service(
    center: Center, chain: Chain, card: Card, issuer: Issuer
) -> None:
    tap = chain.tap(card)
    leave(chain, issuer.card(), rating(1), tap.sequence)
    leave(chain, card, need(WHEELCHAIR))
    leave(chain, card, rating(1), 3)
    leave(chain, card, rating(1), 0)
    leave(chain, card, rating(1), 99)
    late = {"time_ms": EVENTS_START + DAY_MS}
    leave(chain, card, rating(1), tap.sequence, **late, signed=late)
    assert taken(center, chain) == 1
    assert found(reconcile_center(center, now_ms())) == [
        ("invalid_proof", at, "rates_nothing") for at in (2, 4, 5, 6, 7)
    ]


def test_no_figure_stands_for_fewer_than_five_cards(center: Center, chain: Chain, issuer: Issuer) -> None:
    cards = [issuer.card() for _ in range(5)]
    for stars, card in enumerate(cards[:4], 1):
        leave(chain, card, rating(stars), chain.tap(card).sequence)
        leave(chain, card, rating(stars), chain.tap(card).sequence)  # many from few are few
    taken(center, chain)
    [line] = rating_lines(center.store, "2026-09")
    assert (line.operator, line.service, line.ratings, line.mean) == ("test-bus", "BUS-1", None, None)
    leave(chain, cards[4], rating(5), chain.tap(cards[4]).sequence)
    taken(center, chain)
    [line] = rating_lines(center.store, "2026-09")
    assert (line.ratings, line.mean) == (9, round((2 * (1 + 2 + 3 + 4) + 5) / 9, 1))
    assert rating_lines(center.store, "2026-10") == []


def test_a_service_counts_once_however_often_a_terminal_has_it_rated(
    center: Center, chain: Chain, issuer: Issuer
) -> None:
    for _ in range(5):
        card = issuer.card()
        tap = chain.tap(card)
        leave(chain, card, rating(1), tap.sequence)
        leave(chain, card, rating(5), tap.sequence)
    taken(center, chain)
    [line] = rating_lines(center.store, "2026-09")
    assert (line.ratings, line.mean) == (5, 1.0)


def sent(chain: Chain, recording: bytes, sequence: int = 1, key: Signer | None = None) -> VoiceUpload:
    """What an agent sends of a recording, or somebody else in its name."""
    sealed = seal_voice(chain.terminal, chain.epoch, sequence, recording, chain.sealing_key)
    return sign_voice(sealed.to_bytes(), key or chain.key)


def test_a_recording_is_stored_sealed_and_heard_by_staff_alone(
    center: Center, chain: Chain, card: Card, tmp_path: Path
) -> None:
    recording = wav()
    leave(chain, card, need(WHEELCHAIR, voice=recording))
    taken(center, chain)
    with pytest.raises(VoiceNotThere):
        hear_case(center, 1, "uid:7", now_ms())
    upload = sent(chain, recording)
    at_ms = now_ms()
    answer = take_voice(center.store, center.keys, upload, at_ms)
    assert answer.receipt.is_for(upload.voice, center.keys.receipt.public_key)
    again = take_voice(center.store, center.keys, upload, at_ms)
    assert again.receipt.receipt == answer.receipt.receipt  # any number of times
    assert hear_case(center, 1, "uid:7", now_ms()) == recording
    image = b"".join(path.read_bytes() for path in (tmp_path / "authority" / "center").glob("center.db*"))
    assert recording[-64:] not in image
    assert [row[3] for row in snapshot(center, "audit")["audit"]][-2:] == ["need-read", "need-heard"]


def test_a_recording_comes_from_its_terminal_behind_its_need_and_once(
    center: Center, chain: Chain, card: Card
) -> None:
    leave(chain, card, need(WHEELCHAIR, voice=wav()))
    chain.tap(card)
    taken(center, chain)
    other = replace(chain, epoch=99)
    for upload, code in (
        (sent(chain, wav(), key=PrivateKey.generate()), "SYN-208"),
        (sent(chain, wav(), sequence=2), "SYN-208"),  # a tap
        (sent(chain, wav(), sequence=3), "SYN-208"),  # nothing yet
        (sent(other, wav()), "SYN-201"),
        (replace_voice(sent(chain, wav()), b"anything"), "SYN-103"),
    ):
        with pytest.raises(MessageRefused) as refused:
            take_voice(center.store, center.keys, upload, now_ms())
        assert refused.value.code == code
    take_voice(center.store, center.keys, sent(chain, wav()), now_ms())
    with pytest.raises(MessageRefused, match="SYN-208"):
        take_voice(center.store, center.keys, sent(chain, opus()), now_ms())
    counted = {row[2]: row[3] for row in snapshot(center, "refusals")["refusals"]}
    assert counted == {"SYN-208": 4, "SYN-201": 1}


def replace_voice(upload: VoiceUpload, voice: bytes) -> VoiceUpload:
    """The same with other bytes."""
    return msgspec.structs.replace(upload, voice=voice)


def test_another_recording_than_the_holder_left_is_not_heard(
    center: Center, chain: Chain, card: Card
) -> None:
    leave(chain, card, need(WHEELCHAIR, voice=wav()))
    leave(chain, card, need(WHEELCHAIR))
    taken(center, chain)
    take_voice(center.store, center.keys, sent(chain, opus()), now_ms())
    for case in (1, 2):
        with pytest.raises(VoiceNotThere):
            hear_case(center, case, "uid:7", now_ms())


@given(st.binary(max_size=300))
def test_no_upload_is_too_strange(body: bytes) -> None:
    for shape in (VoiceUpload, VoiceAnswer):
        for media_type in MediaType:
            try:
                shape.from_bytes(body, media_type)
            except MessageRefused:
                continue


def of_card(center: Center, credential: TapCredential) -> list[tuple[int, CaseStatus, str, str]]:
    """What the publication in force tells this card's holder."""
    shown = center.publications.current.answers.of_card(credential)
    return [(one.case, one.status, one.zh, one.en) for one in shown]


def test_an_answer_comes_with_the_next_publication_to_its_card_alone(
    center: Center, chain: Chain, card: Card, issuer: Issuer
) -> None:
    leave(chain, card, need(WHEELCHAIR, "轮椅坏了"))
    leave(chain, card, need("REHAB-EAR"))
    other = issuer.card()
    leave(chain, other, need(WHEELCHAIR))
    taken(center, chain)
    assert of_card(center, card.credential) == []
    answer_case(center.store, 1, CaseStatus.ASSIGNED, "已派人", "", "uid:7", now_ms())
    center.publish(None, MADE)
    assert of_card(center, card.credential) == [
        (2, CaseStatus.RECEIVED, "", ""),
        (1, CaseStatus.ASSIGNED, "已派人", ""),
    ]
    assert of_card(center, other.credential) == [(3, CaseStatus.RECEIVED, "", "")]
    assert of_card(center, issuer.card().credential) == []
    answer_case(center.store, 1, CaseStatus.ANSWERED, "", "On Friday", "uid:7", now_ms())
    center.publish(None, MADE)
    assert of_card(center, card.credential)[1] == (1, CaseStatus.ANSWERED, "已派人", "On Friday")


def test_a_closed_case_is_shown_for_ninety_days(center: Center, chain: Chain, card: Card) -> None:
    leave(chain, card, need(WHEELCHAIR))
    taken(center, chain)
    closed = answer_case(center.store, 1, CaseStatus.CLOSED, "修好了", "", "uid:7", now_ms())
    assert published_answers(center.store, closed.changed_ms + CLOSED_SHOWN_MS - 1).of_card(card.credential)
    assert not published_answers(center.store, closed.changed_ms + CLOSED_SHOWN_MS).entries


def test_a_publication_without_answers_lists_no_file_and_the_last_ones_go(
    center: Center, chain: Chain, card: Card
) -> None:
    def listed() -> int:
        return len(center.publications.manifest.unverified().named(ANSWERS))

    assert listed() == 0
    leave(chain, card, need(WHEELCHAIR))
    taken(center, chain)
    center.publish(None, MADE)
    assert listed() == 1
    answer_case(center.store, 1, CaseStatus.CLOSED, "", "", "uid:7", now_ms() - 2 * CLOSED_SHOWN_MS)
    center.publish(None, datetime.now(UTC))
    assert listed() == 0


def test_what_can_not_be_answered_or_read_is_refused(center: Center, chain: Chain, card: Card) -> None:
    with pytest.raises(CaseUnknown):
        answer_case(center.store, 1, CaseStatus.CLOSED, "", "", "uid:7", now_ms())
    with pytest.raises(CaseUnknown):
        read_case(center, 1, "uid:7", now_ms())
    leave(chain, card, need(WHEELCHAIR))
    taken(center, chain)
    for text in ("字" * 301, "好\u202e坏"):
        with pytest.raises(WordsRefused):
            answer_case(center.store, 1, CaseStatus.ANSWERED, text, "", "uid:7", now_ms())
    with center.store.transaction() as connection:
        connection.execute("UPDATE events SET bytes = x'00'")
    with pytest.raises(CaseNotReadable):
        read_case(center, 1, "uid:7", now_ms())
    assert list_cases(center.store)[0].status is CaseStatus.RECEIVED


@pytest.fixture
def data(center: Center, chain: Chain, card: Card, tmp_path: Path) -> Path:
    """A centre with one need and one rating, uploaded and not taken up."""
    leave(chain, card, rating(4), chain.tap(card).sequence)
    leave(chain, card, need(WHEELCHAIR, "轮椅坏了"))
    take_batch(center.store, center.keys, chain.batch(), now_ms())
    return tmp_path / "authority" / "center"


def run(*arguments: str | Path) -> str:
    """What a verb prints."""
    done = CliRunner().invoke(app, ["needs", *map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_verbs_for_a_program(data: Path, card: Card, center: Center) -> None:
    [case] = json.loads(run("list", "--data", data, "--json"))
    assert (case["case"], case["item"], case["status"]) == (1, WHEELCHAIR, "received")
    assert "words" not in case
    shown = json.loads(run("show", "1", "--data", data, "--json"))
    assert (shown["words"], shown["voice_bytes"]) == ("轮椅坏了", 0)
    answered = json.loads(
        run("answer", "1", "--data", data, "--zh", "周五上门", "--en", "Friday", "--publish", "--json")
    )
    assert (answered["status"], answered["published"]) == ("answered", 2)
    assert of_card(center, card.credential) == [(1, CaseStatus.ANSWERED, "周五上门", "Friday")]
    assert json.loads(run("list", "--data", data, "--status", "received", "--json")) == []
    [line] = json.loads(run("ratings", "--data", data, "--month", "2026-09", "--json"))
    assert (line["ratings"], line["mean"]) == (None, None)
    assert json.loads(run("ratings", "--data", data, "--month", "2026-08", "--json")) == []


@pytest.mark.parametrize(
    ("language", "received", "few"), [("zh", "已收到", "不足 5 人"), ("en", "received", "fewer than 5")]
)
def test_the_verbs_for_a_person(
    data: Path, language: str, received: str, few: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TONGKA_LANG", language)
    monkeypatch.setenv("COLUMNS", "120")
    assert received in run("list", "--data", data)
    assert "轮椅坏了" in run("show", "1", "--data", data)
    assert "tongka center publish" in run("answer", "1", "--data", data, "--status", "assigned")
    assert few in run("ratings", "--data", data, "--month", "2026-09")


def test_an_unknown_case_is_an_error_that_explains_itself(data: Path) -> None:
    done = CliRunner().invoke(needs_app, ["show", "9", "--data", str(data)])
    assert isinstance(done.exception, ExplainedError) and done.exception.code == "SYN-513"


def test_a_case_says_nothing_in_a_repr(center: Center, chain: Chain, card: Card) -> None:
    leave(chain, card, need(WHEELCHAIR))
    taken(center, chain)
    assert repr(list_cases(center.store)[0]) == "Case(1)"
    assert msgspec.json.encode(rating_lines(center.store, "2026-09")) == b"[]"
