"""The verbs `issuer`, `simulate` and `readers`, as a person would use them."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from types import MappingProxyType

import pytest
from typer import Typer
from typer.testing import CliRunner

from card.commands import app as readers
from card.connection import CardConnection
from card.errors import (
    CardFileRefused,
    FaultNeedsOption,
    HolderRefused,
    NoSuchReader,
    RefusalReason,
    VirtualReaderUnreachable,
)
from card.identity import IdentitySession
from card.profile import reference_profile
from card.readers.address import open_reader
from card.readers.pcsc import PcscReader
from card.simulator.boards.pcscd import SOCKET_VARIABLE, PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from card.simulator.commands.issuer import app as issuer
from card.simulator.commands.simulate import app as simulate
from card.simulator.issuing.card_file import CardFile
from card.verification import verify
from crypto.credential import TapCredential
from crypto.issuer_request import IssuerRequest
from tests.card.cards import CHALLENGE, TRUST, Listed, applet, check, reason

SECONDS = 20.0
ROOT = Path(__file__).parents[2]
PERSON = ["--category", "1", "--category", "4", "--grade", "2", "--region", "330106"]


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TONGKA_LANG", "en")
    monkeypatch.setenv("COLUMNS", "200")


def run(app: Typer, *arguments: str) -> str:
    """What a verb prints. Raises what it raises."""
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def card_file(tmp_path: Path) -> Path:
    """A personalised card."""
    run(issuer, "init", "--dir", str(tmp_path / "issuer"))
    run(
        issuer,
        "personalise",
        "--dir",
        str(tmp_path / "issuer"),
        *PERSON,
        "--out",
        str(tmp_path / "card.json"),
    )
    return tmp_path / "card.json"


def test_a_card_is_personalised_from_options(card_file: Path) -> None:
    credential = TapCredential.from_bytes(CardFile(card_file).load().credential)
    published = IssuerRequest.from_bytes(
        (card_file.parent / "issuer" / "issuer.json").read_bytes()
    ).issuer_key
    assert published.is_test
    assert credential.verify_signature(published.public_key)
    assert (credential.categories, credential.grade, credential.region) == ((1, 4), 2, "330106")
    assert credential.expires.year == credential.issued.year + 10
    assert stat.S_IMODE(card_file.stat().st_mode) == 0o600


@pytest.mark.parametrize("zone", ["Etc/GMT+12", "Etc/GMT-14"])  # one of the two has another day than China
def test_a_card_is_dated_by_the_day_in_china(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        run(issuer, "init", "--dir", str(tmp_path / "issuer"))
        made = (tmp_path / "card.json", _today())
        options = ("--category", "1", "--grade", "1", "--region", "330106", "--out", str(made[0]))
        run(issuer, "personalise", "--dir", str(tmp_path / "issuer"), *options)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert TapCredential.from_bytes(CardFile(made[0]).load().credential).issued in (made[1], _today())


def _today() -> date:
    """In China."""
    return datetime.now(timezone(timedelta(hours=8))).date()


def test_a_card_is_personalised_from_a_file(card_file: Path) -> None:
    holder = card_file.with_name("holder.json")
    holder.write_text(
        '{"categories": [2], "grade": 4, "region": "110000", "issued": "2015-02-01", "expires": "2025-01-31"}'
    )
    out = card_file.with_name("second.json")
    run(
        issuer,
        "personalise",
        "--dir",
        str(card_file.parent / "issuer"),
        "--holder",
        str(holder),
        "--out",
        str(out),
    )
    credential = TapCredential.from_bytes(CardFile(out).load().credential)
    assert (credential.categories, credential.grade, credential.region) == ((2,), 4, "110000")
    assert credential.expires.isoformat() == "2025-01-31"


def test_what_is_missing_or_exists_is_refused(card_file: Path) -> None:
    directory = str(card_file.parent / "issuer")
    with pytest.raises(HolderRefused):
        run(issuer, "personalise", "--dir", directory, "--out", str(card_file.with_name("x.json")))
    with pytest.raises(HolderRefused):
        run(issuer, "personalise", "--dir", directory, "--holder", "none.json", "--out", "x.json")
    with pytest.raises(CardFileRefused):
        run(issuer, "personalise", "--dir", directory, *PERSON, "--out", str(card_file))


def test_readers_are_listed_and_shown(private_pcscd: PrivatePcscd) -> None:
    name = private_pcscd.readers[1]
    chip = applet()
    with PcscReader(name) as reader:
        with VpcdLink(chip, private_pcscd.ports[1]):
            reader.wait_for_card(SECONDS).close()
            listed = json.loads(run(readers, "list", "--json"))
            table = run(readers, "list")
            shown = run(readers, "show", name)
            described = json.loads(run(readers, "show", name, "--json"))
            with reader.wait_for_card(SECONDS):
                held = json.loads(run(readers, "list", "--json"))
        reader.wait_for_removal(SECONDS)
    atr = chip.atr.hex().upper()
    assert [(one["name"], one["card"], one["atr"]) for one in listed] == [
        (private_pcscd.readers[0], False, ""),
        (name, True, atr),
    ]
    assert atr in table
    assert "vpcd virtual reader" in shown
    assert atr in shown
    assert described["profile"]["protocols"] == "T=0, T=1"
    assert held[1]["trouble"] == "CRD-105"
    with pytest.raises(NoSuchReader):
        run(readers, "show", "No Such Reader")


@contextmanager
def simulating(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`tongka simulate …` in a process of its own, interrupted at the end."""
    script = "import sys; from card.simulator.commands.simulate import app; app(sys.argv[1:])"
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "TONGKA_LANG": "en"},
    )
    assert process.stdout is not None
    with process.stdout:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(SECONDS) == 0


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ([], RefusalReason.UNKNOWN_ISSUER),
        (["--fault", "foreign"], RefusalReason.FOREIGN_CARD),
        (["--fault", "foreign", "--foreign", "bank"], RefusalReason.FOREIGN_CARD),
        (["--fault", "garbage"], RefusalReason.UNREADABLE),
    ],
)
def test_a_card_is_simulated_until_it_is_taken_away(
    private_pcscd: PrivatePcscd, card_file: Path, fault: list[str], expected: RefusalReason
) -> None:
    port = str(private_pcscd.ports[1])
    with PcscReader(private_pcscd.readers[1]) as reader:
        simulated = simulating("card", "--card", str(card_file), "--port", port, *fault)
        with simulated, reader.wait_for_card(SECONDS) as connection:
            assert reason(check(connection)) is expected
        reader.wait_for_removal(SECONDS)


def issuers_terminal(folder: Path, connection: CardConnection) -> RefusalReason | None:
    """What a terminal that trusts the issuer in this folder makes of a card, today."""
    issuer_key = IssuerRequest.from_bytes((folder / "issuer.json").read_bytes()).issuer_key
    trust = replace(TRUST, issuers=MappingProxyType({issuer_key.key_id: issuer_key}))
    return reason(verify(connection, reference_profile(), trust, CHALLENGE, _today(), Listed()))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], None),
        (["--fault", "forged"], RefusalReason.FORGED),
        (["--fault", "clone"], RefusalReason.CLONED),
        (["--fault", "replayed"], RefusalReason.CLONED),
        (["--fault", "wrong-signature"], RefusalReason.CLONED),
        (["--fault", "expired", "--issuer", "issuer"], RefusalReason.EXPIRED),
        (["--fault", "not-yet-valid", "--issuer", "issuer"], RefusalReason.NOT_YET_VALID),
        (["--fault", "torn", "--after", "10"], RefusalReason.TORN),
        (["--fault", "torn"], RefusalReason.TORN),
        (["--fault", "torn-at-proof"], RefusalReason.TORN),
        (["--fault", "slow", "--seconds", "0.1"], None),
        (["--fault", "wtx"], None),
        (["--rate", "424", "--signature-ms", "40"], None),
    ],
)
def test_each_fault_of_the_verb_has_its_refusal(
    private_pcscd: PrivatePcscd, card_file: Path, options: list[str], expected: RefusalReason | None
) -> None:
    port = str(private_pcscd.ports[1])
    folder = card_file.parent / "issuer"
    options = [str(folder) if option == "issuer" else option for option in options]
    with PcscReader(private_pcscd.readers[1]) as reader:
        with simulating("card", "--card", str(card_file), "--port", port, *options) as process:
            with reader.wait_for_card(SECONDS) as connection:
                assert issuers_terminal(folder, connection) is expected
            if expected is RefusalReason.TORN:
                assert process.wait(SECONDS) == 0  # it left by itself
        reader.wait_for_removal(SECONDS)


def test_a_slow_card_is_taken_away_while_it_answers(private_pcscd: PrivatePcscd, card_file: Path) -> None:
    arguments = ["card", "--card", str(card_file), "--port", str(private_pcscd.ports[1])]
    results = []
    with PcscReader(private_pcscd.readers[1]) as reader:
        with simulating(*arguments, "--fault", "slow", "--seconds", "3600"):
            connection = reader.wait_for_card(SECONDS)
            tapping = threading.Thread(target=lambda: results.append(reason(check(connection))))
            tapping.start()
        tapping.join(SECONDS)
        connection.close()
        reader.wait_for_removal(SECONDS)
    assert results == [RefusalReason.TORN]


@pytest.mark.parametrize("link", ["pn532", "ccid-serial", "stx-etx-serial"])
def test_a_card_lies_on_a_reader_at_the_address_that_is_printed(link: str, card_file: Path) -> None:
    with simulating("card", "--card", str(card_file), "--link", link) as process:
        assert process.stdout is not None
        printed = re.search(r"on the reader (\S+);", process.stdout.readline())
        assert printed is not None
        with open_reader(printed[1]) as reader, reader.wait_for_card(SECONDS) as connection:
            assert issuers_terminal(card_file.parent / "issuer", connection) is None


def test_a_card_torn_away_leaves_its_reader_where_it_is(card_file: Path) -> None:
    arguments = ["card", "--card", str(card_file), "--link", "ccid-serial", "--fault", "torn-at-proof"]
    with simulating(*arguments) as process:
        assert process.stdout is not None
        printed = re.search(r"on the reader (\S+);", process.stdout.readline())
        assert printed is not None
        with open_reader(printed[1]) as reader, reader.wait_for_card(SECONDS) as connection:
            assert issuers_terminal(card_file.parent / "issuer", connection) is RefusalReason.TORN
            assert "torn away" in process.stdout.readline()
            reader.wait_for_removal(SECONDS)


def test_a_fault_without_its_option_is_refused(card_file: Path) -> None:
    with pytest.raises(FaultNeedsOption):
        run(simulate, "card", "--card", str(card_file), "--fault", "expired")


def test_the_counter_of_a_simulated_card_outlasts_it(private_pcscd: PrivatePcscd, card_file: Path) -> None:
    counters = []
    with PcscReader(private_pcscd.readers[1]) as reader:
        for _ in range(2):
            simulated = simulating("card", "--card", str(card_file), "--port", str(private_pcscd.ports[1]))
            with simulated, reader.wait_for_card(SECONDS) as connection:
                session = IdentitySession(connection, reference_profile())
                session.select()
                counters.append(session.internal_authenticate(bytes(55)).counter)
            reader.wait_for_removal(SECONDS)
    assert counters == [1, 2]


def test_a_torn_card_ends_its_command(private_pcscd: PrivatePcscd, card_file: Path) -> None:
    arguments = [
        "card",
        "--card",
        str(card_file),
        "--port",
        str(private_pcscd.ports[1]),
        "--fault",
        "torn-at-select",
    ]
    with PcscReader(private_pcscd.readers[1]) as reader:
        taps = threading.Thread(target=lambda: check(reader.wait_for_card(SECONDS)))
        taps.start()
        printed = run(simulate, *arguments)
        taps.join(SECONDS)
        reader.wait_for_removal(SECONDS)
    assert "torn away" in printed


def test_a_card_without_reader_is_refused(card_file: Path) -> None:
    with PrivatePcscd() as service:
        port = service.ports[0]
    with pytest.raises(VirtualReaderUnreachable):
        run(simulate, "card", "--card", str(card_file), "--port", str(port))


def test_a_simulated_reader_serves_other_programs() -> None:
    with simulating("reader") as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(4)]
        exported = re.fullmatch(rf"export {SOCKET_VARIABLE}=(.+)\n", lines[1])
        assert exported is not None
        listed = subprocess.run(
            ["opensc-tool", "--list-readers"],
            env={**os.environ, SOCKET_VARIABLE: exported[1]},
            capture_output=True,
            text=True,
            check=True,
        )
    assert "Virtual PCD 00 00" in listed.stdout
    assert "Virtual PCD 00 01" in lines[3]
