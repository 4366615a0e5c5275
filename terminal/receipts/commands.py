"""`tongka receipt`: show, check and print the passenger's receipt of a benefit."""

from __future__ import annotations

import errno
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from crypto.explained import Language, Text
from terminal.clock import SystemClock
from terminal.data_directory import DataDirectory
from terminal.durable_file import write_durably
from terminal.errors import FileNotRead
from terminal.receipts.benefit_receipt import (
    CHINA,
    MAX_TEXT_CHARACTERS,
    PREFIX,
    BenefitReceipt,
    SignedBenefitReceipt,
)
from terminal.receipts.errors import ReceiptMalformed
from terminal.receipts.journalled import receipt_of, require_standing, service_name
from terminal.receipts.packed_certificate import unpack_certificate
from terminal.receipts.printers.address import FORMS, printer_at
from terminal.receipts.printers.printer import Printer
from terminal.receipts.qr_code import QrCode
from terminal.receipts.slip import Paper, slip_of
from terminal.receipts.trust_files import trust_of_files, trust_of_terminal
from terminal.receipts.verification import verify_receipt
from terminal.yuan import yuan

app = typer.Typer(
    help="优惠凭条：查看、核验、打印。The passenger's receipt: show, check, print.", no_args_is_help=True
)

AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")]
Scanned = Annotated[
    str,
    typer.Argument(
        metavar="TEXT|FILE|-",
        help="二维码文字（TKR1:…）、文件，或 -（标准输入） / the code's text, its file, or - for stdin",
    ),
]

_STDIN: Final = "-"
_NO_SUCH_FILE: Final = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)
_NEITHER: Final = Text(
    zh="既不是凭条的内容，也没有这个文件", en="it is not what a receipt's code says, and no file is named so"
)
_SHOWN: Final = Text(
    zh="编号：{number}\n时间：{time}\n服务：{service}\n票种：{ticket}\n票价：{fare} 元\n"
    "持卡人实付：{holder} 元\n全体实付：{party} 元\n享受优惠的同行人：{admitted}\n"
    "流水哈希：{event}\n终端证书：{certificate}",
    en="number: {number}\ntime: {time}\nservice: {service}\nticket: {ticket}\nlist fare: {fare} yuan\n"
    "holder paid: {holder} yuan\nall paid: {party} yuan\ncompanions admitted: {admitted}\nevent: {event}\n"
    "terminal's certificate: {certificate}",
)
_NOT_CHECKED: Final = Text(zh="（未核验签名）", en="(signature not checked)")
_GENUINE: Final = Text(
    zh="真：该终端当时给予了优惠。凭条可以复制，请核对时间和服务。",
    en="GENUINE: that terminal granted the benefit then. Codes can be copied: look at time and service.",
)
_INSIDE: Final = Text(zh="含在码中", en="in the code")
_OUTSIDE: Final = Text(zh="不在码中（短码）", en="not in the code (short)")
_ORDINARY: Final = Text(zh="普通", en="ordinary")
_PRINTED: Final = Text(zh="已打印 {number}", en="Printed {number}")


@app.command()
def show(scanned: Scanned, as_json: AsJson = False) -> None:
    """显示凭条内容，不核验签名。 Show what a receipt says; checks no signature.

    Example: tongka receipt show receipt.txt
    """
    signed = SignedBenefitReceipt.from_text(_text_of(scanned))
    if as_json:
        certificate = unpack_certificate(signed.certificate).pem.decode() if signed.certificate else None
        document = {
            **_document(signed.receipt),
            "verified": False,
            "signed": signed.receipt.to_bytes().hex(),
            "signature": signed.signature.hex(),
            "certificate": certificate,
        }
        typer.echo(msgspec.json.encode(document).decode())
        return
    language = Language.from_environment()
    typer.echo(_told(signed).in_language(language))
    typer.echo(_NOT_CHECKED.in_language(language))


@app.command()
def verify(  # noqa: PLR0917  the verb's options
    scanned: Scanned,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            help="用终端的根证书、信任库，本机凭条并查流水 / what this terminal trusts, and its journal",
        ),
    ] = None,
    root: Annotated[Path | None, typer.Option("--root", help="根证书 PEM / the root certificate")] = None,
    certificates: Annotated[
        list[Path] | None,
        typer.Option(
            "--certificates",
            help="trust.json，或证书和吊销列表的 PEM；可重复 / trust.json, or PEM files; repeatable",
        ),
    ] = None,
    at: Annotated[
        datetime | None,
        typer.Option(
            "--at",
            formats=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"],
            help="当作现在的时刻（北京时间） / the moment taken for now, in China",
        ),
    ] = None,
    test: Annotated[
        bool, typer.Option("--test", help="接受测试根证书（仅与 --root 合用） / take a test root (--root)")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """离线核验凭条：终端签名、证书链、吊销、时间；不真以 1 退出。 Check a receipt offline.

    --data 的终端自己签发的，还查后来有无撤销。 What the terminal of --data made is looked up in its
    journal, too: it may have been taken back.

    Example: tongka receipt verify receipt.txt --root root.pem --certificates trust.json
    """
    if (data is None) == (root is None):
        raise typer.BadParameter(
            Text(zh="须写 --data 或 --root 之一", en="give either --data or --root").in_language(
                Language.from_environment()
            )
        )
    if root is not None:
        trusted = trust_of_files(root, certificates or (), is_production=not test)
    else:
        assert data is not None  # noqa: S101  one of the two, as was seen above
        trusted = trust_of_terminal(DataDirectory(data))
    text = _text_of(scanned)
    now = (
        datetime.fromtimestamp(SystemClock().now_ms() / 1000, UTC) if at is None else at.replace(tzinfo=CHINA)
    )
    receipt = verify_receipt(text, trusted, now)
    if data is not None:
        require_standing(DataDirectory(data), receipt)
    if as_json:
        typer.echo(msgspec.json.encode({**_document(receipt), "verified": True}).decode())
        return
    language = Language.from_environment()
    typer.echo(_GENUINE.in_language(language))
    typer.echo(_told(SignedBenefitReceipt.from_text(text)).in_language(language))


@app.command("print")
def print_receipt(  # noqa: PLR0917  the verb's options
    data: Annotated[Path, typer.Option("--data", help="终端数据目录 / the terminal's data directory")],
    sequence: Annotated[
        int, typer.Option("--sequence", min=1, max=2**63 - 1, help="流水序号 / the event's sequence")
    ],
    printer: Annotated[
        str | None, typer.Option("--printer", metavar="PRINTER", help=f"打印机 / the printer: {FORMS}")
    ] = None,
    paper: Annotated[
        int,
        typer.Option("--paper", min=58, max=80, help="纸宽 58 或 80 毫米 / the paper's width, 58 or 80 mm"),
    ] = 58,
    short: Annotated[
        bool,
        typer.Option(
            "--short", help="短码：不含终端证书，码更稀疏 / without the certificate, a coarser code"
        ),
    ] = False,
    svg: Annotated[
        Path | None, typer.Option("--svg", help="把二维码写成 SVG / the code alone, as SVG")
    ] = None,
    png: Annotated[
        Path | None, typer.Option("--png", help="把二维码写成 PNG / the code alone, as PNG")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """打印一条流水的优惠凭条；不写 --printer 时显示在屏幕上。 Print an event's receipt.

    Example: tongka receipt print --data out/terminal --sequence 1 --printer network://192.168.1.9
    """
    chosen = None if printer is None else _printer(printer)
    width = _paper(paper)
    directory = DataDirectory(data)
    signed = receipt_of(directory, sequence, is_short=short)
    code = QrCode.of(signed.to_text())
    if svg is not None:
        write_durably(svg, code.svg(), mode=0o644)
    if png is not None:
        write_durably(png, code.png(), mode=0o644)
    if chosen is not None:
        name = service_name(directory, signed.receipt.service, SystemClock().now_ms())
        chosen.print_slip(slip_of(signed, name, width))
    if as_json:
        document = {**_document(signed.receipt), "text": signed.to_text(), "version": code.version}
        typer.echo(msgspec.json.encode(document).decode())
    elif chosen is not None:
        said = _PRINTED.format(number=signed.receipt.number)
        typer.echo(said.in_language(Language.from_environment()))
    else:
        if svg is None and png is None:
            typer.echo(code.blocks(), nl=False)
        typer.echo(signed.to_text())


def _printer(address: str) -> Printer:
    try:
        return printer_at(address)
    except ValueError as error:
        raise typer.BadParameter(FORMS, param_hint="--printer") from error


def _paper(millimetres: int) -> Paper:
    try:
        return Paper(millimetres)
    except ValueError as error:
        raise typer.BadParameter("应为 58 或 80 / 58 or 80 is expected", param_hint="--paper") from error


def _text_of(scanned: str) -> str:
    """The code's text: given as such, in a file or on standard input, where a line's end follows it."""
    if scanned.startswith(PREFIX):
        return scanned
    if scanned == _STDIN:
        return _first_line(sys.stdin.buffer.read(MAX_TEXT_CHARACTERS + 2))
    try:
        with Path(scanned).open("rb") as file:
            return _first_line(file.read(MAX_TEXT_CHARACTERS + 2))
    except OSError as error:
        if error.errno in _NO_SUCH_FILE:
            # Some other code was scanned, it may be one with a name and number in it: it is not repeated.
            raise ReceiptMalformed(detail=_NEITHER) from None
        raise FileNotRead(file=scanned, detail=error.strerror) from error


def _first_line(data: bytes) -> str:
    # A blank may be the code's own last character: only the end of the line is taken away.
    return data.decode("ascii", errors="replace").removesuffix("\n").removesuffix("\r")


def _document(receipt: BenefitReceipt) -> dict[str, Any]:
    return {
        "number": receipt.number,
        "terminal": receipt.terminal.hex(),
        "epoch": receipt.epoch,
        "sequence": receipt.sequence,
        "event": receipt.event.hex(),
        "time": receipt.dated.isoformat(),
        "service": receipt.service,
        "ticket": receipt.ticket,
        "fare": receipt.fare,
        "holder_pays": receipt.holder_pays,
        "party_pays": receipt.party_pays,
        "companions_admitted": receipt.companions_admitted,
    }


def _told(signed: SignedBenefitReceipt) -> Text:
    receipt = signed.receipt
    ticket = Text(zh=receipt.ticket, en=receipt.ticket) if receipt.ticket else _ORDINARY
    certificate = _INSIDE if signed.certificate else _OUTSIDE
    facts = {
        "number": receipt.number,
        "time": f"{receipt.dated.astimezone(CHINA):%Y-%m-%d %H:%M:%S}",
        "service": receipt.service,
        "fare": yuan(receipt.fare),
        "holder": yuan(receipt.holder_pays),
        "party": yuan(receipt.party_pays),
        "admitted": receipt.companions_admitted,
        "event": receipt.event.hex(),
    }
    return Text(
        zh=_SHOWN.zh.format(**facts, ticket=ticket.zh, certificate=certificate.zh),
        en=_SHOWN.en.format(**facts, ticket=ticket.en, certificate=certificate.en),
    )
