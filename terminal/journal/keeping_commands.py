"""`tongka journal export`, `receipt` and `prune`: take a journal elsewhere, and let go of what was kept."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from crypto.explained import Language, Text
from terminal.clock import SystemClock
from terminal.content.content import load_trust
from terminal.data_directory import DataDirectory
from terminal.durable_file import write_durably
from terminal.journal.export_target import require_target
from terminal.journal.exporting import Exported, export_journal, known_certificates
from terminal.journal.lock import lock_journal
from terminal.journal.pruning import (
    DAY_MS,
    KEEP_DAYS,
    Retention,
    compact,
    count_removable,
    prune,
    retention,
)
from terminal.journal.reader import JournalReader
from terminal.journal.schema import JournalOwner, damage_named, open_for_reading, open_for_writing
from terminal.journal.upload_receipt import read_receipt, readable_receipt
from terminal.journal.what_is_left import read_what_is_left

Data = Annotated[Path, typer.Option("--data", help="终端数据目录 / the terminal's data directory")]
Out = Annotated[Path, typer.Option("--out", help="写入的文件 / the file to write")]
Force = Annotated[bool, typer.Option("--force", help="覆盖已有的文件 / replace a file that is there")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")]

_EXPORTED = Text(
    zh="已导出 {events} 条（{first} 至 {last}）", en="exported {events} events ({first} to {last})"
)
_NO_RECEIPT = Text(zh="还没有中心的回执。", en="There is no receipt of the centre's yet.")
_RECEIPT = Text(
    zh="回执覆盖到第 {watermark} 条，已写入 {file}",
    en="the receipt covers up to {watermark}; written to {file}",
)
_WOULD = Text(zh="可清除 {removed} 条，尚未清除", en="{removed} events may go; none was removed")
_PRUNED = Text(
    zh="已清除 {removed} 条，归还 {bytes} 字节", en="removed {removed} events, gave back {bytes} bytes"
)


def export(  # noqa: PLR0917  the command's options
    data: Data,
    out: Out,
    first: Annotated[int, typer.Option("--from", min=1, help="从此序号起 / from this sequence")] = 1,
    last: Annotated[
        int | None,
        typer.Option("--to", min=1, help="到此序号（延至下一检查点） / to it, and on to the next checkpoint"),
    ] = None,
    training: Annotated[bool, typer.Option("--training", help="培训流水 / the training journal")] = False,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """导出流水，供他人核验（不含任何个人信息）。 Write the journal to a file that anybody can verify.

    读不出、缺少的记录按“段 #序号”指明，并以 1 退出；其余照常导出。 What is missing or can't be read is named
    by segment and sequence, with exit code 1; all the rest is in the file.

    Example: tongka journal export --data out/terminal --out out/journal.tkjx
    """
    if last is not None and last < first:
        raise typer.BadParameter(
            "--from / --to：终点不能在起点之前 / the end can't come before the beginning"
        )
    directory = DataDirectory(data)
    directory.require_terminal()
    require_target(directory, out, force)
    path = directory.training_journal if training else directory.journal
    certificates = known_certificates(directory.certificate_file, directory.content)

    def exported(reader: JournalReader) -> Exported:
        receipt = None if training else readable_receipt(directory.uploads, reader.epoch)
        return export_journal(reader, out, certificates, receipt, SystemClock().now_ms(), first, last)

    _say_exported(read_what_is_left(path, training, exported), as_json)


def _say_exported(done: Exported, as_json: bool) -> None:
    gaps = [
        {"reason": gap.reason, "segment": gap.segment.hex(), "first": gap.first, "last": gap.last}
        for gap in done.gaps
    ]
    facts = {"events": done.events, "first": done.first, "last": done.last, "gaps": gaps}
    _say(_EXPORTED, facts, as_json)
    if not as_json:
        for gap in done.gaps:
            typer.echo(gap.line().in_language(Language.from_environment()))
    if any(gap.is_fault for gap in done.gaps):
        raise typer.Exit(1)


def receipt(data: Data, out: Out, force: Force = False, as_json: AsJson = False) -> None:
    """另存中心的回执：放在别处，可证明末尾未被截去。 Keep the centre's receipt elsewhere: it proves the end.

    Example: tongka journal receipt --data out/terminal --out out/receipt.bin
    """
    directory = DataDirectory(data)
    epoch = directory.load_configuration().epoch
    require_target(directory, out, force)
    found = read_receipt(directory.uploads, epoch)
    if found is None:
        typer.echo(_NO_RECEIPT.in_language(Language.from_environment()), err=True)
        raise typer.Exit(1)
    write_durably(out, found.to_bytes(), mode=0o644)
    _say(_RECEIPT, {"watermark": found.receipt.watermark, "file": str(out)}, as_json)


def prune_events(
    data: Data,
    keep_days: Annotated[
        int, typer.Option(min=0, max=3660, help="至少保存的天数 / days that an event stays at least")
    ] = KEEP_DAYS,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只计数，不清除 / count what may go, remove nothing")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """清除中心已签收且过了保存期的流水；终端程序运行时会自己清除。 Remove what the centre has signed for.

    终端程序须已停止（--dry-run 除外）。 The terminal must not be running, but for --dry-run.

    Example: tongka journal prune --data out/terminal --dry-run
    """
    directory = DataDirectory(data)
    directory.require_terminal()
    with JournalReader(directory.journal) as reader:
        owner = reader.owner
    allowed = _allowed(directory, owner, keep_days)
    if dry_run:
        with closing(open_for_reading(directory.journal)) as connection:
            removed = 0 if allowed is None else count_removable(connection, allowed)
        _say(_WOULD, {"removed": removed}, as_json)
        return
    with _Offline.opened(directory.journal, owner) as journal:
        before = directory.journal.stat().st_size
        removed = 0 if allowed is None else prune(journal, allowed)
        compact(directory.journal, journal.connection)
    given_back = max(0, before - directory.journal.stat().st_size)
    _say(_PRUNED, {"removed": removed, "bytes": given_back}, as_json)


class _Offline:
    """A journal whose terminal process is not running."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    @classmethod
    @contextmanager
    def opened(cls, path: Path, owner: JournalOwner) -> Iterator[_Offline]:
        """Lock and open it. Raises JournalLocked, and what opening it raises."""
        lock = lock_journal(path)
        try:
            with closing(open_for_writing(path, owner)) as connection:
                yield cls(connection)
        finally:
            os.close(lock)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction."""
        with damage_named(), self.connection:
            self.connection.execute("BEGIN IMMEDIATE")
            yield self.connection


def _allowed(directory: DataDirectory, owner: JournalOwner, keep_days: int) -> Retention | None:
    """What may go; None without a receipt."""
    found = read_receipt(directory.uploads, owner.epoch)
    if found is None:
        return None
    trust = load_trust(directory.content, directory.load_root(), 0)
    before_ms = SystemClock().now_ms() - keep_days * DAY_MS
    return retention(owner, found, trust.center_receipt_key, before_ms)


def _say(text: Text, facts: Mapping[str, object], as_json: bool) -> None:
    if as_json:
        typer.echo(msgspec.json.encode(facts).decode())
    else:
        typer.echo(text.format(**facts).in_language(Language.from_environment()))
