"""`tongka journal verify`: check a journal or an exported file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final

import typer

from crypto.explained import Language, Text
from crypto.pki.certificate import Certificate
from crypto.sm2 import PublicKey
from terminal.data_directory import DataDirectory
from terminal.errors import FileNotRead
from terminal.events.errors import EventMalformed
from terminal.events.receipt import SignedReceipt
from terminal.journal.errors import ReceiptUnusable, VerifierKeyMissing
from terminal.journal.export_file import ExportReader
from terminal.journal.reader import JournalReader
from terminal.journal.report import report_json, report_lines
from terminal.journal.schema import JournalOwner
from terminal.journal.training import training_owner
from terminal.journal.upload_receipt import readable_receipt
from terminal.journal.verification import JournalReport, verify_source
from terminal.journal.verifier_keys import VerifierKeys, certified_keys, own_key, own_receipt_key
from terminal.journal.vouching import Known
from terminal.journal.what_is_left import read_what_is_left

_EXPECTED: Final = re.compile(r"([1-9][0-9]{0,18}):([0-9a-fA-F]{64})")
_NOTED: Final = Text(zh="别处记下的末条", en="the head that was noted elsewhere")


def verify(  # noqa: PLR0917  the command's options
    data: Annotated[
        Path | None, typer.Option("--data", help="终端数据目录 / the terminal's data directory")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="或：导出的文件 / or: a file of `tongka journal export`"),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(help="终端公钥 PEM（默认取数据目录的） / the terminal's public key; default: its own"),
    ] = None,
    root: Annotated[
        Path | None,
        typer.Option(help="根证书：核对文件所附证书 / the root certificate, for those in the file"),
    ] = None,
    receipt: Annotated[
        Path | None,
        typer.Option(help="中心的回执文件，证明末尾未被截去 / a receipt of the centre's, for the end"),
    ] = None,
    receipt_key: Annotated[
        Path | None,
        typer.Option(help="中心的回执公钥 PEM / the centre's public key for receipts"),
    ] = None,
    expect: Annotated[
        list[str] | None,
        typer.Option(help="别处记下的末条，序号:哈希 / a head noted elsewhere, SEQUENCE:HASH"),
    ] = None,
    training: Annotated[bool, typer.Option("--training", help="培训流水 / the training journal")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
) -> None:
    """核验每条流水与检查点，指明有错之处（退出码 1）。 Check every event and checkpoint; exit 1 on a fault.

    无需联网，凭公钥即可核验。 Offline, by anyone who has the public key.

    Example: tongka journal verify --data out/terminal
    """
    if (data is None) is (file is None):
        raise typer.BadParameter("--data / --file：二选一 / give one of the two")
    given = _Given(
        None if key is None else PublicKey.from_pem(_read(key)),
        None if receipt_key is None else PublicKey.from_pem(_read(receipt_key)),
        None if root is None else Certificate.from_pem(_read(root)),
        None if receipt is None else _receipt(receipt),
        [_noted(text) for text in expect or ()],
    )
    if data is not None:
        report = _verify_directory(DataDirectory(data), given, training)
    else:
        assert file is not None  # noqa: S101  one of the two is given
        report = _verify_file(file, given)
    if as_json:
        typer.echo(report_json(report).decode())
    else:
        language = Language.from_environment()
        for line in report_lines(report):
            typer.echo(line.in_language(language))
    raise typer.Exit(1 if report.fault_count else 0)


class _Given:
    """What the command was given to check against."""

    def __init__(
        self,
        key: PublicKey | None,
        receipt_key: PublicKey | None,
        root: Certificate | None,
        receipt: SignedReceipt | None,
        noted: list[Known],
    ) -> None:
        self.key, self.receipt_key, self.root, self.receipt = key, receipt_key, root, receipt
        self.noted = noted

    def known(
        self, owner: JournalOwner, receipt_key: PublicKey | None, own: SignedReceipt | None
    ) -> list[Known]:
        """What a receipt and notes prove. `own`: a receipt that came with the journal, used if it is good."""
        found = list(self.noted)
        if self.receipt is not None:
            if receipt_key is None:
                raise VerifierKeyMissing(detail=Text(zh="中心的回执公钥", en="the centre's key for receipts"))
            if not _is_about(self.receipt, owner) or not self.receipt.verify(receipt_key):
                raise ReceiptUnusable(
                    detail=Text(zh="不是中心为此流水账所签", en="the centre did not sign it for this journal")
                )
            found.append(Known.of_receipt(self.receipt))
        if own is not None and receipt_key is not None and _is_about(own, owner) and own.verify(receipt_key):
            found.append(Known.of_receipt(own))
        return found


def _verify_directory(directory: DataDirectory, given: _Given, is_training: bool) -> JournalReport:
    key = given.key or own_key(directory)
    receipt_key = given.receipt_key or own_receipt_key(directory)
    expected: JournalOwner | None = None
    if directory.configuration_file.exists():
        configuration = directory.load_configuration()
        expected = (
            training_owner(configuration.epoch)
            if is_training
            else JournalOwner(configuration.terminal_id, configuration.epoch)
        )
    path = directory.training_journal if is_training else directory.journal

    def verified(reader: JournalReader) -> JournalReport:
        own = None if is_training else readable_receipt(directory.uploads, reader.epoch)
        known = given.known(reader.owner, receipt_key, own)
        return verify_source(reader, key, known, receipt_key, expected)

    return read_what_is_left(path, is_training, verified)


def _verify_file(file: Path, given: _Given) -> JournalReport:
    try:
        with file.open("rb") as stream:
            export = ExportReader(stream)
            if given.key is not None:
                keys = VerifierKeys(given.key, None)
            elif given.root is not None:
                keys = certified_keys(export.header, given.root)
            else:
                raise VerifierKeyMissing(
                    detail=Text(zh="缺少 --key 或 --root", en="neither --key nor --root")
                )
            receipt_key = given.receipt_key or keys.receipt
            known = given.known(export.owner, receipt_key, _parsed(export.header.receipt))
            return verify_source(export, keys.terminal, known, receipt_key)
    except OSError as error:
        raise FileNotRead(file=file, detail=error.strerror) from error


def _is_about(receipt: SignedReceipt, owner: JournalOwner) -> bool:
    return (receipt.receipt.terminal, receipt.receipt.epoch) == (owner.terminal, owner.epoch)


def _receipt(file: Path) -> SignedReceipt:
    receipt = _parsed(_read(file))
    if receipt is None:
        raise ReceiptUnusable(detail=Text(zh="无法解析", en="it can't be parsed"))
    return receipt


def _parsed(data: bytes) -> SignedReceipt | None:
    try:
        return SignedReceipt.from_bytes(data) if data else None
    except EventMalformed:
        return None


def _noted(text: str) -> Known:
    found = _EXPECTED.fullmatch(text)
    if found is None or int(found[1]) > 2**63 - 1:
        raise typer.BadParameter(f"--expect 序号:哈希 / SEQUENCE:HASH, not {text}")
    return Known(int(found[1]), bytes.fromhex(found[2]), _NOTED)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise FileNotRead(file=file, detail=error.strerror) from error
