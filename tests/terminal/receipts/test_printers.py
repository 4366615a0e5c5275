"""Printers that print, and printers that don't: each failure has its name and costs bounded time."""

from __future__ import annotations

import io
import os
import socket
import time
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from crypto.explained import Language, Text
from terminal.errors import FileNotWritten
from terminal.receipts.errors import PrinterNotReady, PrinterTorn, PrinterUnreachable
from terminal.receipts.escpos_slip import to_escpos
from terminal.receipts.printers.address import printer_at
from terminal.receipts.printers.device import first_usb_printer
from terminal.receipts.printers.line import HandleLine
from terminal.receipts.printers.printer import EscposPrinter
from terminal.receipts.slip import Paper, slip_of
from tests.terminal.receipts.cast import SIGNED
from tests.terminal.receipts.escpos_renderer import EscposRenderer
from tests.terminal.receipts.paper_printers import (
    COVER_OPEN,
    OFFLINE,
    PAPER_OUT,
    NetworkPrinter,
    PrinterBoard,
    SerialPrinter,
)

SLIP = slip_of(SIGNED, Text(zh="渝中区公交 101 路", en="Bus 101, Yuzhong"))


def board(**faults: object) -> PrinterBoard:
    return PrinterBoard(EscposRenderer(Paper.NARROW.dots), **faults)  # type: ignore[arg-type]


def read_code(board: PrinterBoard) -> list[str]:
    return [
        found.text
        for found in zxingcpp.read_barcodes(
            board.renderer.paper(), zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
        )
    ]


def test_a_network_printer_prints_and_says_so() -> None:
    with NetworkPrinter(board()) as printer:
        printer_at(printer.address).print_slip(SLIP)
        assert printer.board.printed == to_escpos(SLIP)
        assert read_code(printer.board) == [SIGNED.to_text()]


def test_a_printer_that_never_answers_prints_as_well() -> None:
    with NetworkPrinter(board(status={})) as printer:
        printer_at(printer.address).print_slip(SLIP)
        until = time.monotonic() + 5
        while not printer.board.printed and time.monotonic() < until:
            time.sleep(0.01)
        assert printer.board.printed == to_escpos(SLIP)


def test_a_serial_printer_prints() -> None:
    with SerialPrinter(board()) as printer:
        printer_at(f"serial:{printer.path}@115200").print_slip(SLIP)
        assert printer.speed == 115_200
        assert read_code(printer.board) == [SIGNED.to_text()]


def test_a_file_keeps_the_bytes_of_the_last_slip(tmp_path: Path) -> None:
    file = tmp_path / "slip.bin"
    file.write_bytes(b"x" * 100_000)
    printer_at(f"file:{file}").print_slip(SLIP)
    assert file.read_bytes() == to_escpos(SLIP)


def test_a_picture_shows_the_slip(tmp_path: Path) -> None:
    for paper in Paper:
        slip = slip_of(SIGNED, Text(zh="渝中区公交 101 路", en="Bus 101, Yuzhong"), paper)
        printer_at(f"image:{tmp_path / 'slip.png'}").print_slip(slip)
        picture = Image.open(io.BytesIO((tmp_path / "slip.png").read_bytes()))
        assert picture.width == paper.dots
        assert [
            found.text
            for found in zxingcpp.read_barcodes(
                picture.convert("L"), zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
            )
        ] == [SIGNED.to_text()]
    with pytest.raises(FileNotWritten):
        printer_at(f"image:{tmp_path}/missing/slip.png").print_slip(SLIP)


@pytest.mark.parametrize(
    ("status", "detail"), [(PAPER_OUT, "缺纸"), (COVER_OPEN, "机盖打开"), (OFFLINE, "打印机脱机")]
)
def test_a_printer_that_can_not_print_says_why(status: dict[int, int], detail: str) -> None:
    with NetworkPrinter(board(status=status)) as printer:
        with pytest.raises(PrinterNotReady) as refused:
            printer_at(printer.address).print_slip(SLIP)
        assert detail in refused.value.explain(Language.ZH).cause
        assert "已记账" in refused.value.explain(Language.ZH).next_step
        assert printer.board.printed == b""


def test_paper_that_ends_midway_is_told() -> None:
    with NetworkPrinter(board(runs_out=True)) as printer, pytest.raises(PrinterNotReady) as refused:
        printer_at(printer.address).print_slip(SLIP)
    assert "out of paper" in refused.value.explain(Language.EN).cause


def test_a_port_where_nobody_listens_refuses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(PrinterUnreachable) as refused:
        printer_at(f"network://127.0.0.1:{port}").print_slip(SLIP)
    assert "拒绝连接" in refused.value.explain(Language.ZH).cause


def test_a_connection_that_is_cut_is_torn() -> None:
    with NetworkPrinter(board(), cut_after=600) as printer, pytest.raises(PrinterTorn):
        printer_at(printer.address).print_slip(SLIP)


def test_a_printer_that_takes_no_byte_holds_nobody_up() -> None:
    """A full queue that nobody reads, with a tenth of a second for the ten that a printer gets."""
    reading, writing = os.pipe2(os.O_NONBLOCK)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(writing, bytes(4096))
    line = HandleLine(writing, seconds=0.1)
    line.answers = False
    try:
        with pytest.raises(PrinterTorn) as torn:
            EscposPrinter("deaf", lambda: line).print_slip(SLIP)
    finally:
        os.close(reading)
    assert "没有反应" in torn.value.explain(Language.ZH).cause


def test_devices_that_are_not_there(tmp_path: Path) -> None:
    for address in ("file:/dev/tongka-no-printer", "serial:/dev/tongka-no-port", f"file:{tmp_path}"):
        with pytest.raises(PrinterUnreachable):
            printer_at(address).print_slip(SLIP)
    assert not Path("/dev/tongka-no-printer").exists()
    with pytest.raises(FileNotFoundError):
        first_usb_printer(tmp_path)
    (tmp_path / "lp1").touch()
    (tmp_path / "lp0").touch()
    assert first_usb_printer(tmp_path) == tmp_path / "lp0"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "USB",
        "network:",
        "network://",
        "network://host/path",
        "network://host:99999",
        "network://user@host",
        "serial:",
        "serial:/dev/ttyS0@fast",
        "file:",
        "image:",
        "/dev/usb/lp0",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError):
        printer_at(address)


def test_ipv6_and_the_usual_port_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []

    def refuse(address: tuple[str, int], _timeout: float) -> socket.socket:
        asked.append(address)
        raise ConnectionRefusedError(111, "refused")

    monkeypatch.setattr(socket, "create_connection", refuse)
    for address in ("network://192.168.1.9", "network://[fd00::9]:9101"):
        with pytest.raises(PrinterUnreachable):
            printer_at(address).print_slip(SLIP)
    assert asked == [("192.168.1.9", 9100), ("fd00::9", 9101)]
