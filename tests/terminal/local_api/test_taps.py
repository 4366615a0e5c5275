"""The stream of taps: in order, from any place on, over both transports, and with nothing of the person."""

from __future__ import annotations

import json
import time
from itertools import islice
from pathlib import Path

import pytest
from msgspec.structs import replace
from websockets.exceptions import ConnectionClosed

from card.simulator.boards.pcscd import PrivatePcscd
from terminal.configuration import ValidatorSettings
from terminal.local_api.role import Role
from terminal.local_api.tokens import TokenStore
from tests.terminal.local_api.served import SECONDS, Json, ServedApi, office, serving
from tests.terminal.local_api.streams import followed, message, websocket

#: The categories in both languages, and what else would give one away.
CATEGORIES = (
    *("视力", "听力", "言语", "肢体", "智力", "精神", "多重", "盲", "聋"),
    *("visual", "hearing", "speech", "physical", "intellectual", "mental", "blind", "deaf", "severe"),
)


def tap_outside(api: ServedApi, *categories: int) -> None:
    """A tap for the terminal's own service, and wait until it is recorded."""
    before = api.till.ask("GET", "/status")["sequence"]
    with followed(api.caller(Role.WATCH), f"?after={before}") as taps, api.laid(api.card(*categories)):
        next(taps)


def test_taps_come_as_they_are_made_and_again_from_any_place(api: ServedApi) -> None:
    watch = api.caller(Role.WATCH)
    with followed(watch) as taps:
        tap_outside(api)
        first = next(taps)
        tap_outside(api)
        second = next(taps)
    assert (first["event"], first["kind"], first["outcome"]) == ("tap", "tap", "granted")
    assert first["id"] == str(first["sequence"]) and second["sequence"] == first["sequence"] + 1
    assert first["sums"] == {"holder_pays": 0, "companion_pays": 9000, "party_pays": 0}
    assert first["rules"].startswith("park@2026.1") and first["addressed"] is None
    again = api.caller(Role.WATCH)
    with followed(again, f"?after={first['sequence'] - 1}") as taps:
        assert list(islice(taps, 2)) == [first, second]
    browser = api.caller(Role.WATCH)
    with followed(browser, **{"Last-Event-ID": first["id"]}) as taps:
        assert next(taps) == second


def test_a_sale_its_confirmation_and_what_was_taken_back_are_in_the_stream(api: ServedApi) -> None:
    with followed(api.caller(Role.WATCH)) as taps:
        sale = api.tap(api.till, api.till.begin(), api.card())
        api.till.ask("POST", f"/sales/{sale['id']}/cancel")
        tapped, taken_back = islice(taps, 2)
    assert (taken_back["kind"], taken_back["refers_to"]) == ("cancellation", tapped["sequence"])
    assert (taken_back["sums"], taken_back["bystander"]["en"]) == (None, "Cancelled")


def test_no_gate_opens_for_a_tap_of_a_sale(api: ServedApi) -> None:
    card = api.card()
    with followed(api.caller(Role.WATCH)) as taps:
        sale = api.tap(api.till, api.till.begin({}, {}), card)
        api.tap(api.till, sale, card)  # the same card again, whose tap is cancelled at once
        api.till.ask("POST", f"/sales/{sale['id']}/cancel")
        told = list(islice(taps, 4))
        tap_outside(api)
        assert next(taps)["admits"]
    assert [one["kind"] for one in told] == ["tap", "tap", "cancellation", "cancellation"]
    assert [one["outcome"] for one in told[:2]] == ["granted", "granted"]
    assert not any(one["admits"] for one in told)


@pytest.mark.parametrize("passback_minutes", [0, 20])
def test_a_card_that_is_handed_back_opens_no_gate_with_anti_passback(
    tmp_path: Path, private_pcscd: PrivatePcscd, passback_minutes: int
) -> None:
    enrolled = office(tmp_path / "park")
    file = enrolled.directory.configuration_file
    validator = ValidatorSettings(repeat_seconds=60, passback_minutes=passback_minutes)
    configuration = replace(enrolled.directory.load_configuration(), validator=validator)
    file.write_bytes(configuration.to_bytes())
    with serving(enrolled, private_pcscd, tmp_path / "log") as api:
        card = api.card()
        with followed(api.caller(Role.WATCH)) as taps:
            for _ in range(2):
                with api.laid(card):
                    entry = next(taps)
        assert (entry["outcome"], entry["admits"]) == ("repeated", not passback_minutes)
        assert entry["bystander"]["zh"] == "已刷过，以上次为准"


def test_a_websocket_tells_the_same(api: ServedApi) -> None:
    token = api.tokens[Role.WATCH]
    tap_outside(api)
    head = api.till.ask("GET", "/status")["sequence"]
    with followed(api.caller(Role.WATCH), f"?after={head - 1}") as taps:
        expected = next(taps)
    del expected["id"], expected["event"]
    with websocket(api, token, f"?after={head - 1}") as socket:
        assert message(socket) == expected
        tap_outside(api)
        assert message(socket)["sequence"] == head + 1
    with websocket(api) as socket:  # as a page, which can send no headers
        socket.send(json.dumps({"token": token, "after": head - 1}))
        assert message(socket) == expected


def test_only_staff_hear_what_is_said_to_the_holder_and_only_at_the_time(api: ServedApi) -> None:
    with followed(api.staff) as taps, followed(api.till) as others:
        tap_outside(api, 4)
        told, untold = next(taps), next(others)
    assert told["addressed"]["holder"] == {"zh": "免票", "en": "free"} and untold["addressed"] is None
    tap_outside(api)
    with followed(api.staff, f"?after={told['sequence'] - 1}") as taps:
        assert next(taps) == {**told, "addressed": None}


@pytest.mark.parametrize("category", range(1, 8))
def test_no_answer_names_a_category(api: ServedApi, category: int) -> None:
    staff = api.staff
    with followed(staff) as taps:
        sale = api.tap(staff, staff.begin({"companions": 1}), api.card(category))
        staff.ask("POST", f"/sales/{sale['id']}/confirm")
        receipt = staff.ask("GET", f"/taps/{sale['lines'][0]['number']}/receipt")
        said: list[Json] = [next(taps), sale, receipt, staff.ask("GET", "/status")]
    text = json.dumps(said, ensure_ascii=False).lower()
    assert not [word for word in CATEGORIES if word in text]


def test_a_place_that_is_not_there_yet_is_refused(api: ServedApi) -> None:
    head = api.till.ask("GET", "/status")["sequence"]
    api.till.refused("GET", f"/taps?after={head + 1}", 409, "TRM-703")
    api.till.refused("GET", "/taps?after=-1", 422, "TRM-703")
    browser = api.till
    browser.http.headers["Last-Event-ID"] = "x"
    browser.refused("GET", "/taps", 422, "TRM-703")
    with websocket(api, api.tokens[Role.WATCH], f"?after={head + 1}") as socket:
        assert message(socket)["code"] == "TRM-703"
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=SECONDS)
    assert closed.value.rcvd is not None and closed.value.rcvd.reason == "TRM-703"


def test_a_token_that_is_revoked_hears_nothing_more(api: ServedApi) -> None:
    caller = api.caller(Role.WATCH, api.more_tokens("leaving", Role.WATCH))
    with followed(caller) as taps, websocket(api, caller.token) as socket:
        tap_outside(api)
        next(taps)
        message(socket)
        TokenStore(api.enrolled.directory.api_tokens).revoke("leaving")
        tap_outside(api)
        assert next(taps, None) is None
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=SECONDS)
    caller.refused("GET", "/status", 401, "TRM-701")


def test_what_an_earlier_process_recorded_is_in_the_stream_and_streams_end_with_the_process(
    tmp_path: Path, private_pcscd: PrivatePcscd
) -> None:
    enrolled = office(tmp_path / "park")
    with serving(enrolled, private_pcscd, tmp_path / "log") as api:
        tap_outside(api)
        with followed(api.till, "?after=0") as taps, websocket(api, api.tokens[Role.TILL]) as socket:
            told = next(taps)
            assert api.process.end() == 0
            assert list(taps) == []
            with pytest.raises(ConnectionClosed):
                socket.recv(timeout=SECONDS)
        assert api.messages() == ""
    with serving(enrolled, private_pcscd, tmp_path / "log") as api, followed(api.till, "?after=0") as taps:
        # A gate opens for what happens now, and not for what an earlier process let through.
        assert told["admits"] and next(taps) == {**told, "admits": False}


def test_with_sales_only_no_card_is_tapped_outside_a_sale(
    tmp_path: Path, private_pcscd: PrivatePcscd
) -> None:
    enrolled = office(tmp_path / "park")
    with serving(enrolled, private_pcscd, tmp_path / "log", "--sales-only") as api:
        with api.laid(api.card()):
            time.sleep(1)  # far longer than a tap takes
        assert api.tap(api.till, api.till.begin(), api.card())["lines"][0]["number"] == 1
        assert api.till.ask("GET", "/status")["sales_only"] is True
