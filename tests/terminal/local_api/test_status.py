"""The status: what a terminal works without is told while it lasts, and orders fail in words."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from terminal.local_api.role import Role
from tests.card.psam_cards import cipher_psam, empty_readers
from tests.terminal.local_api.served import SECONDS, Json, ServedApi, office, serving
from tests.terminal.local_api.streams import followed


def status_once(api: ServedApi, until: Callable[[list[str]], bool]) -> Json:
    """The status as soon as the codes of its degradations are so."""
    deadline = time.monotonic() + SECONDS
    watch = api.caller(Role.WATCH)
    while time.monotonic() < deadline:
        status = watch.ask("GET", "/status")
        if until([one["code"] for one in status["degradations"]]):
            return status
        time.sleep(0.1)
    raise AssertionError(status)


def test_a_terminal_that_lacks_nothing_says_so(api: ServedApi) -> None:
    status = api.till.ask("GET", "/status")
    assert status["degradations"] == []
    assert (status["service"], status["content"], status["role"]) == ("PARK-T", 2, "till")
    assert status["terminal"] == api.enrolled.directory.load_configuration().terminal


def test_a_psam_is_told_of_unless_it_is_in_its_slot(tmp_path: Path, private_pcscd: PrivatePcscd) -> None:
    enrolled = office(tmp_path / "park", psam=private_pcscd.readers[0])
    empty_readers(private_pcscd)
    with serving(enrolled, private_pcscd, tmp_path / "log") as api:
        told = status_once(api, bool)
        assert [one["code"] for one in told["degradations"]] == ["CRD-144"]
    with (
        VpcdLink(cipher_psam(), private_pcscd.ports[0]),
        serving(enrolled, private_pcscd, tmp_path / "log") as api,
    ):
        time.sleep(1)
        assert api.till.ask("GET", "/status")["degradations"] == []
    empty_readers(private_pcscd)


def test_content_that_can_not_be_used_is_told_until_there_is_other(
    tmp_path: Path, private_pcscd: PrivatePcscd
) -> None:
    enrolled = office(tmp_path / "park")
    good = enrolled.files["catalogue.toml"]
    with serving(enrolled, private_pcscd, tmp_path / "log") as api:
        before = api.till.ask("GET", "/status")
        enrolled.put_content("catalogue.toml", b"x")
        told = status_once(api, bool)
        assert [one["code"] for one in told["degradations"]] == ["TRM-204"]
        assert told["degradations"][0]["cause"]["zh"] and told["degradations"][0]["next_step"]["en"]
        assert told["content"] == before["content"]
        # Taps go on by what was in force, and do not make it go away.
        with followed(api.till) as taps, api.laid(api.card()):
            assert next(taps)["outcome"] == "granted"
        assert status_once(api, bool)["content"] == before["content"]
        enrolled.put_content("catalogue.toml", good.replace(b"9000", b"8000"))
        assert status_once(api, lambda codes: not codes)["content"] > before["content"]
        sale = api.till.begin()
        assert sale["waiting"][0]["fare"] == 8000


def test_a_disk_that_takes_nothing_fails_the_order_in_words_and_loses_nothing(
    tmp_path: Path, private_pcscd: PrivatePcscd
) -> None:
    enrolled = office(tmp_path / "park")
    with serving(enrolled, private_pcscd, tmp_path / "log") as api:
        till = api.till
        sale = api.tap(till, till.begin({}, {}), api.card())
        blocker = sqlite3.connect(enrolled.directory.journal, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        till.refused("POST", f"/sales/{sale['id']}/cancel", 503, "TRM-504")
        assert till.sale(sale)["phase"] == "cancelling"
        till.refused("POST", f"/sales/{sale['id']}/confirm", 409, "TRM-730")
        blocker.execute("ROLLBACK")
        blocker.close()
        assert till.ask("POST", f"/sales/{sale['id']}/cancel")["phase"] == "cancelled"
