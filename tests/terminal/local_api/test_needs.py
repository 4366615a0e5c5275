"""Needs, ratings and answers over the API: what waits for a card, whom it is for, and what ends it."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import date
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

import httpx
import pytest

from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.chips.applet import ReferenceApplet
from card.simulator.chips.contents import ChipContents
from card.simulator.chips.foreign import ForeignCardChip
from terminal.content.manifest import ANSWERS
from terminal.events.event import UsageEvent
from terminal.events.kind import EventKind
from terminal.events.voice import MAX_VOICE_BYTES
from terminal.journal.reader import JournalReader
from terminal.local_api.limits import Limits
from terminal.local_api.role import Role
from terminal.local_api.tokens import TokenStore
from terminal.needs.answers import answer_secret, seal_answers
from terminal.needs.contents import Need, Rating, Relation
from tests.terminal.enrolled import Enrolled, chip
from tests.terminal.local_api.served import SECONDS, Caller, Json, ServedApi, office, serving
from tests.terminal.local_api.streams import followed
from tests.terminal.local_api.test_openapi import SCHEMAS, members
from tests.terminal.needs.cast import ANSWER, credential, words_of
from tests.terminal.needs.recordings import wav

NEED: Final = {"item": "PARK-T", "words": "轮椅坏了\n左轮", "relation": "family"}


class Asking:
    """A request that waits for a card, from a thread of its own."""

    def __init__(self, caller: Caller, address: str, body: object = None, wait: float = 2 * SECONDS) -> None:
        self._pool = ThreadPoolExecutor(1)
        self._answer: Future[httpx.Response] = self._pool.submit(
            caller.http.post, f"/v1{address}?wait={wait}", json=body
        )

    def said(self, status: int) -> Json:
        """The answer, which has this status."""
        answer = self._answer.result(2 * SECONDS)
        self._pool.shutdown()
        assert answer.status_code == status, answer.text
        document: Json = answer.json()
        return document


def begun(api: ServedApi, caller: Caller, address: str, body: object = None) -> Asking:
    """The request, once the next card is for it."""
    asking = Asking(caller, address, body)
    api.wait_for_errand()
    return asking


def with_card(
    api: ServedApi, card: ReferenceApplet, caller: Caller, address: str, body: object, *, status: int
) -> Json:
    """What is answered when this card is put down for it."""
    asking = begun(api, caller, address, body)
    with api.laid(card):
        return asking.said(status)


def contents(enrolled: Enrolled) -> ChipContents:
    """What is on a card that was issued today."""
    return enrolled.card(issued=date.today())


def last(enrolled: Enrolled) -> UsageEvent:
    """The newest event."""
    return enrolled.events()[-1]


def test_a_need_is_left_with_its_recording(api: ServedApi) -> None:
    recording = wav(5)
    body = {**NEED, "recording": base64.b64encode(recording).decode()}
    with followed(api.caller(Role.WATCH)) as taps:
        left = with_card(api, api.card(), api.till, "/needs", body, status=201)
        told = next(taps)
    assert members(SCHEMAS["Recorded"], left) == []
    assert left == {"kind": "need", "sequence": told["sequence"], "refers_to": 0, "training": False}
    assert (told["kind"], told["outcome"], told["service"]) == ("need", "recorded", "PARK-T")
    assert told["addressed"] is None and "轮椅" not in str(told)
    event = last(api.enrolled)
    said = words_of(api.enrolled, event)
    assert isinstance(said, Need) and said.voice is not None and said.voice.size == len(recording)
    assert (said.words, said.relation, event.nonce) == ("轮椅坏了 左轮", Relation.FAMILY, said.commitment(0))
    with JournalReader(api.enrolled.directory.journal) as journal:
        assert journal.waiting_voices() == [event.sequence]
    # The next card is tapped again.
    with followed(api.till) as taps, api.laid(api.card()):
        assert next(taps)["kind"] == "tap"


def test_the_service_just_had_is_rated_once_by_its_own_card(api: ServedApi) -> None:
    card, other, till = api.card(), api.card(), api.till
    with followed(till) as taps, api.laid(card):
        service = next(taps)["sequence"]
    said = with_card(api, other, till, "/ratings", {"stars": 1, "sequence": service}, status=409)
    assert said["code"] == "TRM-743"
    said = with_card(api, other, till, "/ratings", {"stars": 1}, status=404)
    assert said["code"] == "TRM-748" and last(api.enrolled).sequence == service
    said = with_card(api, card, till, "/ratings", {"stars": 4, "words": "很好"}, status=201)
    assert said == {"kind": "rating", "sequence": service + 1, "refers_to": service, "training": False}
    left = words_of(api.enrolled, last(api.enrolled))
    assert isinstance(left, Rating) and (left.stars, left.words) == (4, "很好")
    # What can't be rated is refused before anybody has to tap.
    till.refused("POST", "/ratings?wait=30", 409, "TRM-745", {"stars": 5, "sequence": service})
    till.refused("POST", "/ratings?wait=30", 404, "TRM-742", {"stars": 5, "sequence": 2**40})


def test_answers_are_shown_to_their_card_alone_and_leave_no_trace(api: ServedApi) -> None:
    mine = contents(api.enrolled)
    card, answers = chip(mine), seal_answers({answer_secret(credential(mine)): [ANSWER]})
    api.enrolled.put_content(ANSWERS, answers.to_bytes())
    before = len(api.enrolled.events())
    with followed(api.staff) as taps:
        said = with_card(api, card, api.staff, "/needs/answers", None, status=200)
        assert with_card(api, api.card(), api.staff, "/needs/answers", None, status=200) == {"answers": []}
        assert len(api.enrolled.events()) == before
        with api.laid(card):
            tap = next(taps)
    [shown] = said["answers"]
    assert members(SCHEMAS["Answers"], said) == []
    assert (shown["case"], shown["status"], shown["asked"]) == (7, "answered", "2026-11-20")
    assert shown["answer"] == {"zh": "周五上门修理", "en": "On Friday"}
    assert shown["status_text"]["zh"] == "已答复" and shown["name"]["zh"]
    # An ordinary tap, which is the next that the stream tells, says nothing of it even to staff.
    assert tap["sequence"] == before + 1 and tap["addressed"] and "周五" not in str(tap)


def test_a_card_that_is_no_good_is_told_and_recorded_without_words(api: ServedApi) -> None:
    asking = begun(api, api.till, "/needs", NEED)
    with api.laid(ForeignCardChip()):
        said = asking.said(422)
    assert set(said) == {"code", "cause", "next_step"} and said["code"].startswith("CRD-")
    event = last(api.enrolled)
    assert (event.kind, event.outcome.value, event.holder_ref) == (EventKind.NEED, "foreign_card", b"")
    assert api.till.ask("GET", "/status")["degradations"] == []


def test_whoever_vanishes_leaves_nothing_behind(api: ServedApi) -> None:
    headers = {"Authorization": f"Bearer {api.tokens[Role.TILL]}", "Content-Type": "application/json"}
    with closing(HTTPConnection("127.0.0.1", api.port)) as connection:
        connection.request("POST", "/v1/needs?wait=60", json.dumps(NEED), headers)
        api.wait_for_errand()
    api.wait_for_errand(is_there=False)
    with followed(api.till) as taps, api.laid(api.card()):
        assert next(taps)["kind"] == "tap"


def test_one_thing_at_a_time(api: ServedApi) -> None:
    till, staff = api.till, api.staff
    asking = begun(api, till, "/needs", NEED)
    staff.refused("POST", "/needs?wait=5", 503, "TRM-707", NEED)
    staff.refused("POST", "/sales", 503, "TRM-707", {"lines": [{}]})
    with api.laid(api.card()):
        asking.said(201)
    sale = till.begin()
    till.refused("POST", "/needs?wait=5", 409, "TRM-731", NEED)
    staff.refused("POST", "/needs/answers?wait=5", 409, "TRM-708")
    till.ask("POST", f"/sales/{sale['id']}/cancel")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({**NEED, "item": "NOTHING"}, 404, "TRM-207"),
        ({**NEED, "words": "x" * 501}, 422, "TRM-740"),
        ({**NEED, "words": "\u202e"}, 422, "TRM-740"),
        ({**NEED, "recording": "bm8gcmVjb3JkaW5n"}, 422, "TRM-747"),
        ({**NEED, "recording": "轮"}, 422, "TRM-703"),
        ({**NEED, "relation": "friend"}, 422, "TRM-703"),
        ({**NEED, "more": 1}, 422, "TRM-703"),
    ],
)
def test_what_can_not_be_left_is_refused_before_anybody_taps(
    api: ServedApi, body: Json, status: int, code: str
) -> None:
    api.till.refused("POST", "/needs?wait=30", status, code, body)


def test_roles_and_times(api: ServedApi) -> None:
    api.caller(Role.WATCH).refused("POST", "/needs", 403, "TRM-705", NEED)
    api.caller(Role.WATCH).refused("POST", "/ratings", 403, "TRM-705", {"stars": 1})
    api.till.refused("POST", "/needs/answers", 403, "TRM-705")
    started = time.monotonic()
    api.till.refused("POST", "/needs?wait=0.5", 409, "CRD-106", NEED)
    assert 0.5 <= time.monotonic() - started < SECONDS
    api.till.refused("POST", "/needs?wait=61", 422, "TRM-703", NEED)


def test_a_token_that_is_revoked_waits_for_no_card(api: ServedApi) -> None:
    caller = api.caller(Role.STAFF, api.more_tokens("gone", Role.STAFF))
    asking = begun(api, caller, "/needs/answers")
    TokenStore(api.directory.api_tokens).revoke("gone")
    api.wait_for_errand(is_there=False)
    assert asking.said(401)["code"] == "TRM-701"


def test_only_recordings_have_large_bodies_and_only_of_tills(api: ServedApi) -> None:
    longest = base64.b64encode(wav().ljust(MAX_VOICE_BYTES, b"\x00")).decode()
    assert len(longest) + 8_192 < Limits().recording_body
    body = {**NEED, "words": "字" * 500, "recording": longest}
    api.till.refused("POST", "/needs?wait=0", 409, "CRD-106", body)
    api.till.refused("POST", "/ratings?wait=0", 413, "TRM-703", body)
    api.caller(Role.WATCH).refused("POST", "/needs?wait=0", 413, "TRM-703", body)
    api.till.refused("POST", "/needs?wait=0", 413, "TRM-703", {**body, "more": longest})
    two_more = {**NEED, "recording": base64.b64encode(wav().ljust(MAX_VOICE_BYTES + 1, b"\x00")).decode()}
    api.till.refused("POST", "/needs?wait=0", 422, "TRM-747", two_more)


@contextmanager
def half_sent(api: ServedApi) -> Iterator[None]:
    """A body above the common size of which more is promised, until the block ends."""
    sent, over = threading.Event(), threading.Event()

    def body() -> Iterator[bytes]:
        yield b" " * 100_000
        sent.set()
        over.wait(SECONDS)

    caller = api.caller(Role.TILL)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(
            caller.http.post, "/v1/needs", content=body(), headers={"Content-Type": "application/json"}
        )
        assert sent.wait(SECONDS)
        yield
        over.set()
        asked.result(SECONDS)


def test_few_recordings_are_held_at_once(api: ServedApi) -> None:
    body = {**NEED, "recording": base64.b64encode(wav(30)).decode()}
    with half_sent(api), half_sent(api):
        deadline = time.monotonic() + SECONDS
        while api.till.http.post("/v1/needs?wait=0", json=body).status_code != 429:
            assert time.monotonic() < deadline
    deadline = time.monotonic() + SECONDS
    while api.till.http.post("/v1/needs?wait=0", json=body).status_code == 429:
        assert time.monotonic() < deadline


def test_in_training_nothing_counts_and_all_says_so(tmp_path: Path, private_pcscd: PrivatePcscd) -> None:
    enrolled = office(tmp_path / "park")
    with serving(enrolled, private_pcscd, tmp_path / "log") as api, api.laid(api.card()):
        with followed(api.till, "?after=0") as taps:
            assert not next(taps)["training"]
        assert not api.till.ask("GET", "/status")["training"]
    real = enrolled.directory.journal.read_bytes()
    with serving(enrolled, private_pcscd, tmp_path / "log", "--training") as api:
        till = api.till
        status = till.ask("GET", "/status")
        assert status["training"] and status["sequence"] == 0
        assert [one["code"] for one in status["degradations"]] == ["TRM-721"]
        sale = api.tap(till, till.begin(), api.card())
        assert sale["training"]
        assert till.ask("POST", f"/sales/{sale['id']}/confirm")["phase"] == "confirmed"
        till.refused("GET", "/taps/1/receipt", 404, "TRM-616")
        recording = base64.b64encode(wav(1)).decode()
        need = {**NEED, "recording": recording}
        assert with_card(api, api.card(), till, "/needs", need, status=201)["training"]
        with followed(till, "?after=0") as taps:
            told = [next(taps), next(taps)]
        assert [(one["sequence"], one["kind"], one["training"]) for one in told] == [
            (1, "tap", True),
            (2, "need", True),
        ]
    assert enrolled.directory.journal.read_bytes() == real
    with JournalReader(enrolled.directory.training_journal, is_training=True) as journal:
        assert journal.waiting_voices() == []


def test_a_stop_ends_what_waits(tmp_path: Path, private_pcscd: PrivatePcscd) -> None:
    with serving(office(tmp_path / "park"), private_pcscd, tmp_path / "log") as api:
        asking = begun(api, api.till, "/needs", NEED)
        api.process.end()
        assert asking.said(503)["code"] == "TRM-707"
        assert api.messages() == ""


def test_words_are_nowhere_on_the_disk(tmp_path: Path, private_pcscd: PrivatePcscd) -> None:
    enrolled = office(tmp_path / "park")
    mine = contents(enrolled)
    card, card_id = chip(mine), credential(mine).card_id
    recording = wav(1)
    body = {"item": "PARK-T", "words": "WORDS-LEFT-HERE", "recording": base64.b64encode(recording).decode()}
    enrolled.put_content(ANSWERS, seal_answers({answer_secret(credential(mine)): [ANSWER]}).to_bytes())
    with serving(enrolled, private_pcscd, tmp_path / "log") as api:
        with_card(api, card, api.till, "/needs", body, status=201)
        [shown] = with_card(api, card, api.staff, "/needs/answers", None, status=200)["answers"]
    secrets = (
        b"WORDS-LEFT-HERE",
        recording[100:140],
        body["recording"][100:140].encode(),
        shown["answer"]["zh"].encode(),
        card_id,
        card_id.hex().encode(),
    )
    files = [one for one in tmp_path.rglob("*") if one.is_file()]
    assert len(files) > 10
    for file in files:
        assert not [one for one in secrets if one in file.read_bytes()], file
