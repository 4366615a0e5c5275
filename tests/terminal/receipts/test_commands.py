"""`tongka receipt`: what an inspector and a shop assistant type, and what they see."""

from __future__ import annotations

import io
import sqlite3
import subprocess
import sys
from datetime import date
from pathlib import Path

import msgspec
import pytest
import zxingcpp
from msgspec.structs import replace
from PIL import Image
from typer.testing import CliRunner, Result

from card.simulator.boards.link import InProcessConnection
from crypto.errors import TestKeyRefused
from crypto.explained import Language
from crypto.pki.certificate import Certificate
from crypto.sm2 import PublicKey
from terminal.amendments import cancel, correct
from terminal.assembly import open_terminal
from terminal.configuration import Mode
from terminal.errors import FileNotRead, TerminalNotEnrolled
from terminal.journal.errors import JournalDamaged
from terminal.modes.inspect_command import inspect_receipts
from terminal.modes.sale import SaleDesk
from terminal.receipts.benefit_receipt import SignedBenefitReceipt
from terminal.receipts.commands import app
from terminal.receipts.errors import (
    NoReceiptDue,
    PrinterUnreachable,
    ReceiptForged,
    ReceiptFromFuture,
    ReceiptMalformed,
    ReceiptTakenBack,
    ReceiptTerminalUnknown,
)
from terminal.receipts.journalled import receipt_of, require_standing, service_name
from terminal.receipts.slip import Paper
from terminal.receipts.verification import verify_receipt
from terminal.tap import tap
from tests.terminal.enrolled import SetClock, chip
from tests.terminal.modes.sale_cast import tap_in
from tests.terminal.receipts.cast import AT, NAME, Bus, bus
from tests.terminal.receipts.test_qr_code import read, screen
from tests.terminal.receipts.test_slip import printed as on_paper

NOW = "2026-11-24T12:05:00"  # five minutes after the tap, in China


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bus:
    """A bus terminal with one granted tap, its root and trust store in files."""
    monkeypatch.setenv("TONGKA_LANG", "zh")
    made = bus(tmp_path / "terminal")
    made.tap(made.enrolled.card(), companions=1, fare=200)
    (tmp_path / "root.pem").write_bytes(made.enrolled.authority.root.pem)
    (tmp_path / "trust.json").write_bytes(made.document.to_bytes())
    return made


def run(*words: object, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], input=stdin)


def printed(line: Bus, *words: object) -> str:
    """The code's text, as `print` without a printer gives it in its last line."""
    done = run("print", "--data", line.enrolled.directory.path, "--sequence", 1, *words)
    assert done.exit_code == 0, done.exception
    return done.stdout.splitlines()[-1]


def test_a_receipt_is_printed_shown_and_verified(line: Bus, tmp_path: Path) -> None:
    text = printed(line)
    (tmp_path / "code.txt").write_text(text + "\n")
    shown = run("show", tmp_path / "code.txt")
    assert f"编号：{NAME}-1" in shown.stdout and "未核验签名" in shown.stdout
    assert "2026-11-24 12:00" in shown.stdout and "票价：2.00 元" in shown.stdout
    trust = ("--root", tmp_path / "root.pem", "--certificates", tmp_path / "trust.json", "--test")
    for words, stdin in (
        ((text,), None),
        (("-",), text.encode() + b"\r\n"),
        ((tmp_path / "code.txt",), None),
    ):
        verified = run("verify", *words, *trust, "--at", NOW, stdin=stdin)
        assert verified.exit_code == 0, verified.exception
        assert verified.stdout.startswith("真：")
    by_terminal = run("verify", text, "--data", line.enrolled.directory.path, "--at", NOW, "--json")
    told = msgspec.json.decode(by_terminal.stdout)
    assert told["verified"] is True and told["sequence"] == 1 and told["fare"] == 200


def test_what_is_shown_can_be_checked_by_others(line: Bus) -> None:
    told = msgspec.json.decode(run("show", printed(line), "--json").stdout)
    key: PublicKey = Certificate.from_pem(told["certificate"].encode()).public_key
    message = b"benefit-receipt\x00" + bytes.fromhex(told["signed"])
    assert key.verify(bytes.fromhex(told["signature"]), message)
    assert told["verified"] is False


def test_refusals_are_named(line: Bus, tmp_path: Path) -> None:
    text = printed(line)
    files = ("--root", tmp_path / "root.pem", "--certificates", tmp_path / "trust.json")
    assert isinstance(run("verify", text, *files, "--at", NOW).exception, TestKeyRefused)
    early = run("verify", text, *files, "--test", "--at", "2026-11-24")
    assert isinstance(early.exception, ReceiptFromFuture)
    alone = run("verify", text, "--root", tmp_path / "root.pem", "--test", "--at", NOW)
    assert isinstance(alone.exception, ReceiptTerminalUnknown)
    forged = text[:20] + ("0" if text[20] != "0" else "1") + text[21:]
    assert run("verify", forged, *files, "--test", "--at", NOW).exit_code == 1
    other = bus(tmp_path / "other").receipt(short=True).to_text()
    assert isinstance(
        run("verify", other, "--data", line.enrolled.directory.path, "--at", NOW).exception, ReceiptForged
    )
    (tmp_path / "folder").mkdir()
    assert isinstance(run("show", tmp_path / "folder").exception, FileNotRead)


@pytest.mark.parametrize("scanned", ["ID 王小明 11010119900307123X", "x" * 3000, "receipt.txt/1", "missing"])
def test_another_code_that_was_scanned_is_not_repeated(scanned: str) -> None:
    error = run("show", scanned).exception
    assert isinstance(error, ReceiptMalformed)
    said = f"{error} {error.explain(Language.ZH)} {error.__cause__} {error.facts}"
    assert scanned not in said and "11010119900307123X" not in said


def test_wrong_usage_ends_with_two(line: Bus) -> None:
    data = ("--data", line.enrolled.directory.path)
    assert run("verify", "TKR1:").exit_code == 2
    assert run("verify", "TKR1:", *data, "--root", "root.pem").exit_code == 2
    assert run("print", *data, "--sequence", 0).exit_code == 2
    assert run("print", *data, "--sequence", 1, "--printer", "lp0").exit_code == 2
    assert run("print", *data, "--sequence", 1, "--paper", 70).exit_code == 2


def test_a_short_code_is_checked_with_the_terminals_certificate(line: Bus, tmp_path: Path) -> None:
    short = printed(line, "--short")
    assert len(short) < 240
    files = ("--root", tmp_path / "root.pem", "--certificates", tmp_path / "trust.json", "--test")
    assert isinstance(run("verify", short, *files, "--at", NOW).exception, ReceiptTerminalUnknown)
    own = line.enrolled.directory.certificate_file
    assert run("verify", short, *files, "--certificates", own, "--at", NOW).exit_code == 0


def test_the_screen_and_the_files_show_the_same_code(line: Bus, tmp_path: Path) -> None:
    data = ("--data", line.enrolled.directory.path, "--sequence", 1)
    done = run("print", *data)
    blocks, text = done.stdout.rsplit("\n", 2)[0], done.stdout.splitlines()[-1]
    assert read(screen(blocks)) == [text]
    out = tmp_path / "code.png"
    told = run("print", *data, "--png", out, "--svg", tmp_path / "code.svg", "--json")
    document = msgspec.json.decode(told.stdout)
    assert read(Image.open(io.BytesIO(out.read_bytes()))) == [document["text"]]
    assert (tmp_path / "code.svg").read_bytes().startswith(b"<?xml")


def test_the_slip_names_the_service_as_the_catalogue_does(line: Bus, tmp_path: Path) -> None:

    directory = line.enrolled.directory
    done = run("print", "--data", directory.path, "--sequence", 1, "--printer", f"file:{tmp_path / 'slip'}")
    assert done.exit_code == 0 and f"已打印 {NAME}-1" in done.stdout
    paper = on_paper((tmp_path / "slip").read_bytes(), Paper.NARROW)
    name = service_name(directory, "BUS-1", 0)
    assert "".join(name.zh.split()) in "".join("".join(paper.lines).split())
    assert (
        len(zxingcpp.read_barcodes(paper.paper(), zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)))
        == 1
    )
    # No publication that can be used: the code stands in, and the slip is printed all the same.
    for manifest in (directory.path / "content" / "manifests").iterdir():
        manifest.unlink()
    assert service_name(directory, "BUS-1", 0).zh == "BUS-1"


def test_a_printer_that_is_not_there_has_its_error(line: Bus) -> None:
    words = ("print", "--data", line.enrolled.directory.path, "--sequence", 1)
    assert isinstance(run(*words, "--printer", "network://127.0.0.1:1").exception, PrinterUnreachable)


def test_no_receipt_for_what_was_refused_taken_back_or_never_was(line: Bus) -> None:
    enrolled = line.enrolled
    line.tap(enrolled.card(), enrolled.card(), enrolled.card(expires=date(2026, 2, 1)), fare=200)
    with open_terminal(enrolled.directory, SetClock()) as terminal:
        cancel(terminal.desk, 2)
        correct(terminal.desk, 3, fare=100, companions=0)
    for sequence, why in (
        (2, "cancelled or corrected"),
        (3, "cancelled or corrected"),
        (4, "no benefit"),
        (5, "no benefit"),  # the cancellation itself
        (99, "not in the journal"),
    ):
        with pytest.raises(NoReceiptDue, match=why):
            receipt_of(enrolled.directory, sequence)
    assert receipt_of(enrolled.directory, 1).receipt.sequence == 1


def test_no_receipt_before_its_sale_is_confirmed(line: Bus) -> None:
    enrolled = line.enrolled
    with open_terminal(enrolled.directory, SetClock()) as terminal, SaleDesk(terminal.desk) as sales:
        sale = sales.begin()
        sequence = tap_in(terminal, sale, enrolled.card()).sequence
        with pytest.raises(NoReceiptDue, match="sale is not confirmed"):
            receipt_of(enrolled.directory, sequence)
        sale.confirm()
        assert receipt_of(enrolled.directory, sequence).receipt.sequence == sequence


@pytest.mark.parametrize("is_correction", [False, True])
def test_the_terminal_that_made_a_receipt_knows_that_it_was_taken_back(
    line: Bus, tmp_path: Path, is_correction: bool
) -> None:
    text, directory = printed(line), line.enrolled.directory
    at_home = ("verify", text, "--data", directory.path, "--at", NOW)
    assert run(*at_home).exit_code == 0
    with open_terminal(directory, SetClock()) as terminal:
        if is_correction:
            correct(terminal.desk, 1, fare=100, companions=1)
        else:
            cancel(terminal.desk, 1)
    error = run(*at_home).exception
    assert isinstance(error, ReceiptTakenBack) and error.facts == {"number": f"{NAME}-1"}
    # Whoever does not hold that journal can't know.
    elsewhere = ("--root", tmp_path / "root.pem", "--certificates", tmp_path / "trust.json", "--test")
    assert run("verify", text, *elsewhere, "--at", NOW).exit_code == 0
    # Another's receipt of the same sequence is none of this journal's business.
    require_standing(directory, replace(SignedBenefitReceipt.from_text(text).receipt, epoch=2))
    directory.journal.unlink()
    assert run(*at_home).exit_code == 0


def test_an_inspection_finds_a_receipt_that_was_taken_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    enrolled = bus(tmp_path / "terminal").enrolled
    with (
        open_terminal(enrolled.directory) as terminal,
        InProcessConnection(chip(enrolled.card(issued=date.today()))) as connection,
    ):
        result = tap(terminal.desk, connection, terminal.request())
        text = receipt_of(enrolled.directory, result.sequence).to_text()
        assert inspect_receipts(enrolled.directory.path, text, as_json=True)
        cancel(terminal.desk, result.sequence)
        capsys.readouterr()
        assert not inspect_receipts(enrolled.directory.path, text, as_json=True)
    assert msgspec.json.decode(capsys.readouterr().out)["code"] == "TRM-620"


def test_a_receipt_is_made_while_the_terminal_goes_on_tapping(line: Bus) -> None:
    enrolled = line.enrolled
    with (
        open_terminal(enrolled.directory, SetClock()) as terminal,
        InProcessConnection(chip(enrolled.card())) as connection,
    ):
        result = tap(terminal.desk, connection, terminal.request())
        signed = receipt_of(enrolled.directory, result.sequence)
        assert signed.receipt.holder_pays == result.holder_pays
        assert signed.receipt.party_pays == result.party_pays
    assert verify_receipt(signed.to_text(), line.trust, AT) == signed.receipt


def test_a_production_terminal_under_a_test_root_gives_none(tmp_path: Path) -> None:
    made = bus(tmp_path / "terminal", Mode.PRODUCTION)
    with pytest.raises(TestKeyRefused):
        receipt_of(made.enrolled.directory, 1)
    assert isinstance(
        run("verify", "TKR1:", "--data", made.enrolled.directory.path).exception, TestKeyRefused
    )


def test_what_is_wrong_with_the_terminal_is_named(line: Bus, tmp_path: Path) -> None:
    directory = line.enrolled.directory
    other = bus(tmp_path / "other").certificate
    directory.certificate_file.write_bytes(other.pem)
    with pytest.raises(NoReceiptDue, match="another terminal's"):
        receipt_of(directory, 1)
    directory.certificate_file.unlink()
    with pytest.raises(TerminalNotEnrolled):
        receipt_of(directory, 1)


def test_an_altered_event_gives_none(line: Bus) -> None:
    directory = line.enrolled.directory
    with sqlite3.connect(directory.journal) as connection:
        connection.execute("UPDATE events SET hash = zeroblob(32) WHERE sequence = 1")
    with pytest.raises(JournalDamaged):
        receipt_of(directory, 1)


def test_what_came_behind_an_event_is_not_read_for_its_receipt(line: Bus) -> None:
    """However many there are: whether it was taken back is looked up."""
    directory = line.enrolled.directory
    with sqlite3.connect(directory.journal) as connection:
        connection.execute("INSERT INTO events VALUES (1000, x'00', zeroblob(32))")
    assert receipt_of(directory, 1).receipt.sequence == 1


def test_the_verb_is_installed(line: Bus) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "terminal.command_line", "receipt", "print"),
            *("--data", str(line.enrolled.directory.path), "--sequence", "9"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("TRM-616")
