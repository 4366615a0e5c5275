"""`tongka readers show` and `watch`, as a person would use them."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from card.commands import app as readers
from card.errors import NoSuchReader, ReaderAddressRefused
from card.readers.pcsc import PcscReader
from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.serial_ccid_board import SerialCcidBoard
from card.simulator.boards.vpcd import VpcdLink
from card.simulator.chips.applet import HISTORICAL_BYTES
from tests.card.cards import applet

SECONDS = 20.0
ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TONGKA_LANG", "en")
    monkeypatch.setenv("COLUMNS", "200")


def run(*arguments: str) -> str:
    """What a verb prints. Raises what it raises."""
    result = CliRunner().invoke(readers, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_ats_is_shown_and_uid_when_asked_for(private_pcscd: PrivatePcscd) -> None:
    name = private_pcscd.readers[0]
    with PcscReader(name) as reader:
        with VpcdLink(applet(), private_pcscd.ports[0]):
            reader.wait_for_card(SECONDS).close()
            table = run("show", name)
            plain = json.loads(run("show", name, "--json"))
            with_uid = json.loads(run("show", name, "--json", "--uid"))
        reader.wait_for_removal(SECONDS)
    assert HISTORICAL_BYTES.hex().upper() in table
    assert "UID" not in table
    assert plain["ats"] == HISTORICAL_BYTES.hex().upper()
    assert "uid" not in plain
    assert with_uid["uid"].startswith("08")
    assert plain["sam_slot"] is False
    assert set(plain["properties"]) == {"firmware", "max_apdu_data", "vendor", "product"}


def test_an_empty_reader_is_shown_without_a_card(private_pcscd: PrivatePcscd) -> None:
    shown = json.loads(run("show", private_pcscd.readers[0], "--json", "--uid"))
    assert shown["card"] is False
    assert "uid" not in shown


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_what_happens_is_printed_until_ctrl_c(private_pcscd: PrivatePcscd, arguments: list[str]) -> None:
    name, chip = private_pcscd.readers[0], applet()
    script = "import sys; from card.commands import app; app(sys.argv[1:])"
    process = subprocess.Popen(
        [sys.executable, "-c", script, "watch", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**private_pcscd.environment(), "TONGKA_LANG": "en"},
    )
    assert process.stdout is not None
    with process.stdout as printed:
        lines = [printed.readline() for _reader in private_pcscd.readers]
        with VpcdLink(chip, private_pcscd.ports[0]):
            lines.append(printed.readline())
        lines.append(printed.readline())
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 0
    atr = chip.atr.hex().upper()
    if arguments:
        assert [json.loads(line) for line in lines[2:]] == [
            {"kind": "card_present", "reader": name, "atr": atr},
            {"kind": "card_removed", "reader": name, "atr": ""},
        ]
    else:
        assert sorted(lines[:2]) == [f"reader connected: {name}\n" for name in private_pcscd.readers]
        assert lines[2:] == [f"card present: {name}, ATR {atr}\n", f"card removed: {name}\n"]


def test_a_reader_on_a_serial_port_is_watched_by_its_address(private_pcscd: PrivatePcscd) -> None:
    script = "import sys; from card.commands import app; app(sys.argv[1:])"
    with SerialCcidBoard() as board:
        address = f"serial:acs-ccid-serial:{board.path}"
        process = subprocess.Popen(
            [sys.executable, "-c", script, "watch", "--json", address],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=private_pcscd.environment(),
        )
        assert process.stdout is not None
        with process.stdout as printed:
            arrived = {json.loads(printed.readline())["reader"] for _reader in range(3)}
            board.put(applet())
            card = json.loads(printed.readline())
            process.send_signal(signal.SIGTERM)
            assert process.wait(SECONDS) == 0
    assert arrived == {*private_pcscd.readers, address}
    assert (card["kind"], card["reader"]) == ("card_present", address)


def test_a_service_that_is_gone_is_printed_with_what_to_do(tmp_path: Path) -> None:
    script = "import sys; from card.commands import app; app(sys.argv[1:])"
    process = subprocess.Popen(
        [sys.executable, "-c", script, "watch"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "TONGKA_LANG": "en", "PCSCLITE_CSOCK_NAME": str(tmp_path / "nobody")},
    )
    assert process.stdout is not None
    with process.stdout as printed:
        line = printed.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0
    assert "systemctl start pcscd" in line


def test_a_reader_that_is_not_there_is_refused(private_pcscd: PrivatePcscd) -> None:
    with pytest.raises(NoSuchReader):
        run("watch", "nfc:/dev/no-such-port")


def test_only_readers_off_pcsc_are_added_by_address() -> None:
    with pytest.raises(ReaderAddressRefused):
        run("watch", "Virtual PCD 00 00")
