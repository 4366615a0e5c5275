"""A sale over the API: begin, tap, decision, confirm or cancel; and everything that may come between."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.chips.faults import TearingChip
from terminal.events.event import UsageEvent
from terminal.events.kind import EventKind
from terminal.journal.reader import JournalReader
from terminal.local_api.role import Role
from terminal.receipts.benefit_receipt import SignedBenefitReceipt
from tests.demo.processes import DemoFailed, tongka
from tests.terminal.local_api.served import Json, ServedApi, office, serving
from tests.terminal.local_api.streams import followed


def events(api: ServedApi) -> list[UsageEvent]:
    """The journal."""
    with JournalReader(api.enrolled.directory.journal) as journal:
        return [UsageEvent.from_bytes(one.data) for one in journal.events(0, 1000)]


def cancelled(api: ServedApi) -> set[int]:
    """Which events do not count."""
    return {one.refers_to for one in events(api) if one.kind is EventKind.CANCELLATION}


@contextmanager
def a_sale(api: ServedApi, *lines: Json) -> Iterator[Json]:
    """A sale of the till, which is over in the end whatever the test did."""
    sale = api.till.begin(*lines)
    try:
        yield sale
    finally:
        if api.till.sale(sale)["phase"] == "open":
            api.till.ask("POST", f"/sales/{sale['id']}/cancel")


def test_a_sale_is_begun_tapped_for_decided_and_confirmed(api: ServedApi) -> None:
    till = api.till
    sale = till.begin({"companions": 2})
    assert (sale["phase"], sale["lines"], sale["last"]) == ("open", [], None)
    assert sale["waiting"] == [{"service": "PARK-T", "ticket": "", "fare": 9000, "companions": 2}]
    sale = api.tap(till, sale, api.card())
    [line] = sale["lines"]
    assert sale["waiting"] == []
    assert (line["outcome"], line["companions_admitted"]) == ("granted_with_companion", 1)
    assert line["sums"] == {"holder_pays": 0, "companion_pays": 4500, "party_pays": 4500 + 9000}
    assert line["bystander"] == {"zh": "优惠已生效", "en": "Discount applied"}
    assert line["addressed"] is None  # a till's own screen may be seen by anybody
    assert sale["totals"]["to_pay"] == 13_500
    for _ in range(2):  # the answer may have been lost
        assert till.ask("POST", f"/sales/{sale['id']}/confirm")["phase"] == "confirmed"
    assert line["number"] not in cancelled(api)
    receipt = till.ask("GET", f"/taps/{line['number']}/receipt")
    signed = SignedBenefitReceipt.from_text(receipt["text"]).receipt
    assert (signed.number, signed.sequence, signed.party_pays) == (receipt["number"], line["number"], 13_500)


def test_staff_are_told_what_to_do_while_the_sale_is_open(api: ServedApi) -> None:
    staff = api.staff
    sale = api.tap(staff, staff.begin(), api.card())
    addressed = sale["lines"][0]["addressed"]
    assert addressed == sale["last"]["addressed"]
    assert addressed["staff"] == {"zh": "免票", "en": "free"}
    assert addressed["legal_basis"] == {"zh": "测试办法", "en": "test rules"}
    assert (addressed["quota_left"], addressed["instead"]) == (1, None)
    done = staff.ask("POST", f"/sales/{sale['id']}/confirm")
    assert done["lines"][0]["addressed"] is None and done["last"]["addressed"] is None


def test_the_quota_that_is_left_counts_down(api: ServedApi) -> None:
    card, left = api.card(), []
    for _ in range(3):
        staff = api.staff
        sale = api.tap(staff, staff.begin(), card)
        left.append((sale["last"]["outcome"], sale["last"]["addressed"]["quota_left"]))
        staff.ask("POST", f"/sales/{sale['id']}/confirm")
    assert left == [("granted", 1), ("granted", 0), ("quota_used_up", None)]


def test_a_cancelled_sale_gives_everything_back(api: ServedApi) -> None:
    card, till = api.card(), api.till
    for _ in range(3):  # more often than the quota has uses
        sale = api.tap(till, till.begin(), card)
        assert sale["last"]["outcome"] == "granted"
        for _ in range(2):
            assert till.ask("POST", f"/sales/{sale['id']}/cancel")["phase"] == "cancelled"
        assert sale["lines"][0]["number"] in cancelled(api)
    till.refused("POST", f"/sales/{sale['id']}/confirm", 409, "TRM-730")
    till.refused("GET", f"/taps/{sale['lines'][0]['number']}/receipt", 404, "TRM-616")


def test_lines_are_added_and_removed(api: ServedApi) -> None:
    with a_sale(api, {"ticket": "half"}) as begun:
        till, first = api.till, api.card()
        sale = api.tap(till, begun, first)
        assert sale["lines"][0]["ticket"] == "half" and sale["lines"][0]["fare"] == 4500
        sale = till.ask("POST", f"/sales/{sale['id']}/lines", {"lines": [{"fare": 3000}]})
        assert [one["fare"] for one in sale["waiting"]] == [3000]
        sale = api.tap(till, sale, first)  # the same card again
        assert sale["trouble"]["code"] == "TRM-733" and len(sale["lines"]) == 1
        sale = api.tap(till, sale, api.card(grade=4))
        assert [one["sums"]["party_pays"] for one in sale["lines"]] == [0, 3000]
        number = sale["lines"][0]["number"]
        sale = till.ask("DELETE", f"/sales/{sale['id']}/lines/{number}")
        assert len(sale["lines"]) == 1 and number in cancelled(api)
        till.refused("DELETE", f"/sales/{sale['id']}/lines/{number}", 404, "TRM-736")


def test_a_card_that_is_pulled_adds_nothing_and_may_come_again(api: ServedApi) -> None:
    with a_sale(api) as begun:
        card = api.card()
        sale = api.tap(api.till, begun, TearingChip(card, after_apdus=1))
        assert (sale["last"]["outcome"], sale["lines"], len(sale["waiting"])) == ("unreadable", [], 1)
        sale = api.tap(api.till, sale, card)
        assert sale["last"]["outcome"] == "granted" and sale["waiting"] == []


def test_a_card_for_which_no_line_waits_is_not_tapped(api: ServedApi) -> None:
    with a_sale(api) as begun:
        sale = api.tap(api.till, begun, api.card())
        before = len(events(api))
        sale = api.tap(api.till, sale, api.card())
        assert sale["trouble"]["code"] == "TRM-706"
        assert len(events(api)) == before


def test_of_two_tills_the_second_waits_and_meddles_with_nothing(api: ServedApi) -> None:
    other = api.caller(Role.TILL, api.more_tokens("till-2", Role.TILL))
    with a_sale(api) as sale:
        other.refused("POST", "/sales", 409, "TRM-708", {"lines": [{}]})
        for method, address in (
            ("GET", ""),
            ("POST", "/confirm"),
            ("POST", "/cancel"),
            ("DELETE", "/lines/1"),
        ):
            other.refused(method, f"/sales/{sale['id']}{address}", 404, "TRM-703")
        assert other.ask("GET", "/sales") == {"sales": []}
        api.till.refused("POST", "/sales", 409, "TRM-731", {"lines": [{}]})
        assert [one["id"] for one in api.till.ask("GET", "/sales")["sales"]][-1] == sale["id"]
    done = other.ask("POST", f"/sales/{other.begin()['id']}/cancel")
    assert done["phase"] == "cancelled"


def test_two_programs_at_once_are_both_answered(api: ServedApi) -> None:
    """While a till waits for its card a gate asks for the status all the time."""
    watch, answered, over = api.caller(Role.WATCH), [], threading.Event()

    def ask() -> None:
        while not over.wait(0.02):
            answered.append(watch.ask("GET", "/status")["sequence"])

    gate = threading.Thread(target=ask)
    gate.start()
    try:
        with a_sale(api) as sale:
            assert api.tap(api.till, sale, api.card())["last"]["outcome"] == "granted"
    finally:
        over.set()
        gate.join()
    assert len(answered) > 5 and answered == sorted(answered)


def test_a_client_that_vanishes_mid_sale_finds_it_again(api: ServedApi) -> None:
    lost = api.till
    begun = lost.begin()
    lost.close()
    till = api.till
    [sale] = [one for one in till.ask("GET", "/sales")["sales"] if one["phase"] == "open"]
    assert sale["id"] == begun["id"]
    sale = api.tap(till, sale, api.card())
    assert till.ask("POST", f"/sales/{sale['id']}/confirm")["phase"] == "confirmed"


def test_a_client_that_vanishes_while_it_waits_holds_nothing_up(api: ServedApi) -> None:
    with a_sale(api) as sale:
        impatient = api.till
        impatient.http.timeout = httpx.Timeout(0.3)
        with pytest.raises(httpx.ReadTimeout):
            impatient.ask("GET", f"/sales/{sale['id']}?seen={sale['revision']}&wait=20")
        assert api.tap(api.till, sale, api.card())["last"]["outcome"] == "granted"


def test_a_tap_is_cancelled_or_corrected_after_the_sale(api: ServedApi) -> None:
    till = api.till
    sale = api.tap(till, till.begin({"companions": 1}), api.card())
    number = sale["lines"][0]["number"]
    for address, body in (("cancel", None), ("correct", {"fare": 1, "companions": 0}), ("receipt", None)):
        method = "GET" if address == "receipt" else "POST"
        till.refused(method, f"/taps/{number}/{address}", 409, "TRM-731", body)
    till.ask("POST", f"/sales/{sale['id']}/confirm")
    amended = till.ask("POST", f"/taps/{number}/correct", {"fare": 8000, "companions": 0})
    assert (amended["kind"], amended["refers_to"], amended["sums"]) == ("correction", number, None)
    till.refused("POST", f"/taps/{number}/correct", 422, "TRM-573", {"fare": 9001, "companions": 0})
    amended = till.ask("POST", f"/taps/{number}/cancel")
    assert (amended["kind"], amended["refers_to"]) == ("cancellation", number)
    till.refused("POST", f"/taps/{number}/cancel", 409, "TRM-572")
    api.staff.refused("POST", f"/taps/{amended['sequence']}/cancel", 404, "TRM-571")
    api.staff.refused("POST", "/taps/99999/cancel", 404, "TRM-571")


def test_a_till_takes_nothing_back_that_another_sold(api: ServedApi) -> None:
    till, other = api.till, api.caller(Role.TILL, api.more_tokens("till-3", Role.TILL))
    numbers = []
    for _ in range(2):
        sale = api.tap(till, till.begin(), api.card())
        till.ask("POST", f"/sales/{sale['id']}/confirm")
        numbers.append(sale["lines"][0]["number"])
    with followed(till) as taps, api.laid(api.card()):  # for the terminal's own service, and nobody's sale
        outside = next(taps)["sequence"]
    for caller, number in ((other, numbers[0]), (other, 99999), (till, outside)):
        caller.refused("POST", f"/taps/{number}/cancel", 403, "TRM-705")
        caller.refused("POST", f"/taps/{number}/correct", 403, "TRM-705", {"fare": 1, "companions": 0})
    assert not cancelled(api) & {*numbers, outside}
    till.ask("POST", f"/taps/{numbers[0]}/cancel")
    for number in (numbers[1], outside):
        api.staff.ask("POST", f"/taps/{number}/cancel")
    assert cancelled(api) >= {*numbers, outside}


@pytest.mark.parametrize(
    ("line", "status", "code"),
    [
        ({"service": "NOWHERE"}, 404, "TRM-207"),
        ({"ticket": "child"}, 422, "TRM-735"),
        ({"fare": 9001}, 422, "TRM-703"),
        ({"fare": -1}, 422, "TRM-703"),
        ({"fare": "1"}, 422, "TRM-703"),
        ({"companions": 10}, 422, "TRM-703"),
        ({"name": "x"}, 422, "TRM-703"),
    ],
)
def test_what_can_not_be_sold_begins_no_sale(api: ServedApi, line: Json, status: int, code: str) -> None:
    api.till.refused("POST", "/sales", status, code, {"lines": [line]})
    assert all(one["phase"] != "open" for one in api.till.ask("GET", "/sales")["sales"])


def test_killed_between_tap_and_confirmation_the_tap_is_cancelled_at_the_next_start(
    tmp_path: Path, private_pcscd: PrivatePcscd
) -> None:
    enrolled = office(tmp_path / "park")
    with serving(enrolled, private_pcscd, tmp_path / "log") as api:
        kept = api.tap(api.till, api.till.begin(), api.card())["lines"][0]["number"]
        api.till.ask("POST", f"/sales/{api.till.ask('GET', '/sales')['sales'][-1]['id']}/confirm")
        sale = api.tap(api.till, api.till.begin(), api.card())
        lost = sale["lines"][0]["number"]
        api.process.kill()
        assert cancelled(api) == set()  # the event stands
    with serving(enrolled, private_pcscd, tmp_path / "log2") as api:
        assert api.till.ask("GET", "/status")["cancelled_at_start"] == 1
        assert cancelled(api) == {lost} and kept not in cancelled(api)
        api.till.refused("GET", f"/sales/{sale['id']}", 404, "TRM-703")
        assert api.till.ask("GET", "/sales") == {"sales": []}
        # The same journal goes on, and a till may begin again.
        assert api.tap(api.till, api.till.begin(), api.card())["last"]["outcome"] == "granted"


def test_when_it_is_stopped_an_open_sale_is_cancelled_and_the_socket_is_gone(
    tmp_path: Path, private_pcscd: PrivatePcscd
) -> None:
    enrolled = office(tmp_path / "park")
    with serving(enrolled, private_pcscd, tmp_path / "log") as api:
        assert enrolled.directory.api_socket.is_socket()
        sale = api.tap(api.till, api.till.begin(), api.card())
        assert api.process.end() == 0
        assert cancelled(api) == {sale["lines"][0]["number"]}
        assert not enrolled.directory.api_socket.exists()


def test_a_second_terminal_process_is_refused(api: ServedApi, tmp_path: Path) -> None:
    place = ("api", "serve", "--data", api.enrolled.directory.path, "--reader", api.pcscd.readers[1])
    with pytest.raises(DemoFailed, match="TRM-700"):
        tongka(*place, environment=api.pcscd.environment())
    with pytest.raises(DemoFailed, match="TRM-501"):
        tongka(*place, "--socket", tmp_path / "s", environment=api.pcscd.environment())
    assert api.till.ask("GET", "/status")["degradations"] == []
