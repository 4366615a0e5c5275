"""`tongka center needs`: work on what holders left, and see what they think of services."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from crypto.explained import Language, Text
from sync import reasons
from sync.center.case_intake import hear_case, read_case, take_up
from sync.center.cases import Case, answer_case, list_cases
from sync.center.directory import Center, open_center
from sync.center.ratings import SMALLEST_COUNT, rating_lines
from sync.errors import OutputNotWritten
from terminal.decisions.decide import local_date
from terminal.needs.answers import CaseStatus
from terminal.needs.contents import Need, Relation
from terminal.needs.recording_form import recording_suffix

app = typer.Typer(help="办理需求，查看评价。Work on needs, see ratings.", no_args_is_help=True)

Data = Annotated[Path, typer.Option("--data", help="中心数据目录 / the centre's data directory")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")]
CaseNumber = Annotated[int, typer.Argument(metavar="CASE", min=1, help="需求编号 / the case's number")]

_RELATIONS: Final = {
    Relation.HOLDER: Text(zh="本人", en="the holder"),
    Relation.FAMILY: Text(zh="家属", en="a family member"),
}
_SHOWN: Final = Text(
    zh="{case} 号 {item}，{asked}，{relation}留言；持卡人 {card}，终端 {terminal} 第 {sequence} 号，"
    "运营单位 {operator}\n状态：{status}（{changed}）\n留言：{words}\n录音：{voice}",
    en="Case {case}, {item}, {asked}, left by {relation}; holder {card}, terminal {terminal} event "
    "{sequence}, operator {operator}\nStatus: {status} ({changed})\nWords: {words}\nRecording: {voice}",
)
_ANSWERED: Final = Text(zh="{case} 号：{status}", en="Case {case}: {status}")
_WRITTEN: Final = Text(zh="录音已写入 {file}（{kind}，{count} 字节）", en="{file}: {kind}, {count} bytes")
_LATER: Final = Text(
    zh="随下次发布（tongka center publish）告知持卡人",
    en="The holder can see it with the next publication (tongka center publish)",
)
_NOW: Final = Text(zh="已随第 {version} 版内容发布", en="Published with content {version}")
_TOO_FEW: Final = Text(zh="不足 {count} 人", en="fewer than {count}")


@app.command(name="list")
def list_command(
    data: Data,
    status: Annotated[CaseStatus | None, typer.Option("--status", help="只列此状态 / only these")] = None,
    as_json: AsJson = False,
) -> None:
    """列出需求，不含留言内容。 List the needs, without what was said.

    Example: tongka center needs list --data out/center --status received
    """
    with open_center(data) as center:
        take_up(center, _now_ms())
        cases = list_cases(center.store, status)
        names = _item_names(center)
    if as_json:
        typer.echo(msgspec.json.encode([_document(one) for one in cases]).decode())
        return
    language = Language.from_environment()
    table = Table()
    for heading in (
        Text(zh="编号", en="case"),
        Text(zh="日期", en="asked"),
        Text(zh="项目", en="item"),
        Text(zh="状态", en="status"),
        Text(zh="更新", en="changed"),
    ):
        table.add_column(heading.in_language(language), overflow="fold")
    for one in cases:
        table.add_row(
            str(one.id),
            local_date(one.asked_ms).isoformat(),
            names.get(one.item, Text(zh=one.item, en=one.item)).in_language(language),
            one.status.text.in_language(language),
            local_date(one.changed_ms).isoformat(),
        )
    Console().print(table)


@app.command()
def show(data: Data, case: CaseNumber, as_json: AsJson = False) -> None:
    """打开一件需求的留言；留痕。 Read what was said in a case; entered in the audit.

    Example: tongka center needs show 1 --data out/center
    """
    with open_center(data) as center:
        take_up(center, _now_ms())
        found = read_case(center, case, _actor(), _now_ms())
    if as_json:
        typer.echo(msgspec.json.encode(_document(found.case) | _said(found.need)).decode())
        return
    language = Language.from_environment()
    typer.echo(_told(found.case, found.need, language))


@app.command()
def voice(
    data: Data,
    case: CaseNumber,
    out: Annotated[Path, typer.Option("--out", help="写入此新文件 / the new file to write")],
    as_json: AsJson = False,
) -> None:
    """取出一件需求的录音；留痕。 Write a case's recording to a file; entered in the audit.

    Example: tongka center needs voice 1 --data out/center --out case-1.wav
    """
    with open_center(data) as center:
        take_up(center, _now_ms())
        recording = hear_case(center, case, _actor(), _now_ms())
    _write(out, recording)
    if as_json:
        document = {"case": case, "bytes": len(recording), "kind": recording_suffix(recording)[1:]}
        typer.echo(msgspec.json.encode(document).decode())
    else:
        said = _WRITTEN.format(file=out, count=len(recording), kind=recording_suffix(recording)[1:])
        typer.echo(said.in_language(Language.from_environment()))


@app.command()
def answer(  # noqa: PLR0917  the verb's options
    data: Data,
    case: CaseNumber,
    status: Annotated[
        CaseStatus, typer.Option("--status", help="办理状态 / how far it is")
    ] = CaseStatus.ANSWERED,
    zh: Annotated[str, typer.Option("--zh", help="中文答复，至多 300 字 / the answer in Chinese")] = "",
    en: Annotated[str, typer.Option("--en", help="英文答复 / the answer in English")] = "",
    publish: Annotated[bool, typer.Option("--publish", help="立即发布 / publish at once")] = False,
    as_json: AsJson = False,
) -> None:
    """改变办理状态、写答复；留痕。 Say how far a case is, and answer; entered in the audit.

    Example: tongka center needs answer 1 --data out/center --zh 周五上门修理 --en "We come on Friday"
    """
    with open_center(data) as center:
        take_up(center, _now_ms())
        changed = answer_case(center.store, case, status, zh, en, _actor(), _now_ms())
        version = center.publish(None, datetime.now(UTC)) if publish else None
    if as_json:
        typer.echo(msgspec.json.encode(_document(changed) | {"published": version}).decode())
        return
    language = Language.from_environment()
    text = _ANSWERED.in_language(language)
    typer.echo(text.format(case=changed.id, status=changed.status.text.in_language(language)))
    said = _LATER if version is None else _NOW.format(version=version)
    typer.echo(said.in_language(language))


@app.command()
def ratings(
    data: Data,
    month: Annotated[
        datetime | None,
        typer.Option("--month", formats=["%Y-%m"], help="月份，缺省本月 / default: this month"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """一个月里各项服务的评价；不足 5 人的不显示。 A month's ratings; none from fewer than five people.

    Example: tongka center needs ratings --data out/center --month 2026-11
    """
    wanted = local_date(_now_ms()) if month is None else month.date()
    with open_center(data) as center:
        take_up(center, _now_ms())
        lines = rating_lines(center.store, f"{wanted:%Y-%m}")
    if as_json:
        typer.echo(msgspec.json.encode(lines).decode())
        return
    language = Language.from_environment()
    table = Table()
    for heading in (
        Text(zh="运营单位", en="operator"),
        Text(zh="服务", en="service"),
        Text(zh="评价数", en="ratings"),
        Text(zh="平均", en="mean"),
    ):
        table.add_column(heading.in_language(language), overflow="fold")
    for line in lines:
        few = _TOO_FEW.format(count=SMALLEST_COUNT).in_language(language)
        count = few if line.ratings is None else str(line.ratings)
        table.add_row(line.operator, line.service, count, "" if line.mean is None else f"{line.mean:.1f}")
    Console().print(table)


def _write(file: Path, recording: bytes) -> None:
    """A file that nobody else can read. Raises OutputNotWritten, also where there is one already."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as opened:
            opened.write(recording)
    except OSError as error:
        raise OutputNotWritten(file=file, detail=reasons.of_system(error)) from error


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _actor() -> str:
    return f"uid:{os.getuid()}"


def _item_names(center: Center) -> dict[str, Text]:
    return {code: item.name for code, item in center.publications.current.catalogue.items.items()}


def _document(case: Case) -> dict[str, Any]:
    return {
        "case": case.id,
        "item": case.item,
        "asked": local_date(case.asked_ms).isoformat(),
        "status": case.status.value,
        "changed": local_date(case.changed_ms).isoformat(),
        "operator": case.operator,
        "terminal": case.terminal.hex(),
        "epoch": case.epoch,
        "sequence": case.sequence,
        "holder": case.card.hex(),
        "relation": case.relation,
        "answer": {"zh": case.zh, "en": case.en},
    }


def _said(need: Need) -> dict[str, Any]:
    return {"words": need.words, "voice_bytes": need.voice.size if need.voice else 0}


def _told(case: Case, need: Need, language: Language) -> str:
    return _SHOWN.in_language(language).format(
        case=case.id,
        item=case.item,
        asked=local_date(case.asked_ms),
        relation=_RELATIONS[Relation(case.relation)].in_language(language),
        card=case.card.hex(),
        terminal=case.terminal.hex(),
        sequence=case.sequence,
        operator=case.operator,
        status=case.status.text.in_language(language),
        changed=local_date(case.changed_ms),
        words=need.words or "—",
        voice=f"{need.voice.size} B" if need.voice else "—",
    )
