"""`tongka center`: make and run a card data centre."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import qrcode
import typer

from crypto.explained import Language, Text
from crypto.keystore.directory import parse_settings
from crypto.telling import told
from sync.center.directory import create_center, open_center
from sync.center.enrolment import CODE_VALID_FOR, Assignment, issue_code
from sync.center.export import export_evidence
from sync.center.issuer_command import app as issuer_app
from sync.center.list_options import (
    DroppedLists,
    IssuedFile,
    IssuedUntil,
    ListsFolder,
    MadeLists,
    ShrunkLists,
    list_changes,
)
from sync.center.needs_command import app as needs_app
from sync.center.option_words import REGION, SIXTEEN_DIGITS
from sync.center.publication import check_content
from sync.center.rule_faults import require_no_faults, require_still_no_faults
from sync.center.terminal_command import app as terminal_app
from terminal.content.content import Content

app = typer.Typer(help="建立与运行卡数据中心。Make and run a card data centre.", no_args_is_help=True)
app.add_typer(issuer_app, name="issuer")
app.add_typer(terminal_app, name="terminal")
app.add_typer(needs_app, name="needs")

Data = Annotated[Path, typer.Option("--data", help="中心数据目录 / the centre's data directory")]
KeystoreKind = Annotated[
    str,
    typer.Option("--keystore", help="密钥存放处：plain、credential、tpm、card / where the keys shall lie"),
]
KeystoreSetting = Annotated[
    list[str] | None,
    typer.Option("--keystore-setting", help="名称=值，可重复 / name=value, may be repeated"),
]

DespiteFaults = Annotated[
    bool,
    typer.Option("--despite-faults", help="规则检查有错也发布 / publish though the rules have faults"),
]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")]

_MADE = Text(zh="中心已建立：{directory}", en="The centre is made: {directory}")
_PUBLISHED = Text(
    zh="已发布第 {version} 版内容；停用名单第 {hotlist} 版，日期 {dated}，{before} → {after} 张",
    en="Content {version} is published; hotlist {hotlist}, dated {dated}, {before} → {after} cards",
)
_PUBLISHED_LIST = Text(
    zh="常设名单 {name} 第 {version} 版，日期 {dated}，{before} → {after} 张",
    en="standing list {name} {version}, dated {dated}, {before} → {after} cards",
)
_UNASKED = Text(
    zh="注意：没有规则用到常设名单 {name}，不会有人因它得到优惠；请核对名称，或用 --drop-list {name} 撤下",
    en="Note: no rule asks for the standing list {name}, so nobody gets anything by it; check its name, or "
    "end it with --drop-list {name}",
)
_CODE = Text(
    zh="一次性登记码（{days} 天内有效），请在终端上扫描或输入：",
    en="One-time code (valid for {days} days); scan it or type it at the terminal:",
)
_READY = Text(zh="READY {url}", en="READY {url}")  # programs wait for it
_EXPORTED = Text(
    zh="证据已写入 {directory}（此操作已留痕）；核验方法见 docs/verify-a-tap.md",
    en="The evidence is in {directory} (this was entered in the audit); see docs/verify-a-tap.md",
)


@app.command()
def init(
    *,
    data: Data,
    issuer: Annotated[
        Path, typer.Option("--issuer", help="发卡机构的密钥文件 issuer.json / the issuer's key file")
    ],
    content: Annotated[
        Path,
        typer.Option(
            "--content",
            help="目录：catalogue.toml、rules/*.toml、hotlist/*.bin / folder with these files",
        ),
    ],
    keystore: KeystoreKind = "plain",
    setting: KeystoreSetting = None,
    despite_faults: DespiteFaults = False,
    lists: ListsFolder = None,
    made_list: MadeLists = None,
    issued: IssuedFile = None,
    issued_until: IssuedUntil = None,
    as_json: AsJson = False,
) -> None:
    """建立中心：生成密钥，检查并签发服务目录、规则包与各种名单。 Make keys; check and sign the content.

    规则包先按 tongka rules lint 检查。 Rule packs are checked first as tongka rules lint does.

    Example: tongka center init --data out/center --issuer issuer-public.json --content content --lists
    content/lists --issued issued.csv
    """
    now = datetime.now(UTC)
    changes = list_changes(lists, made_list, issued, issued_until, now)
    check_content(content, changes)
    if not despite_faults:
        require_no_faults(content, now)
    made = create_center(data, issuer, content, now, keystore, parse_settings(setting or []), changes)
    if as_json:
        typer.echo(told(_MADE, as_json, directory=data, unasked=made.unasked))
        return
    typer.echo(told(_MADE, as_json, directory=data))
    _warn_of_unasked(made)


@app.command("publish")
def publish_command(
    *,
    data: Data,
    content: Annotated[
        Path | None,
        typer.Option(
            "--content",
            help="目录，同 init；缺省为重新发布现有内容 / folder as for init; else what is in force",
        ),
    ] = None,
    shrink_hotlist: Annotated[
        bool,
        typer.Option("--shrink-hotlist", help="名单明显减少是有意为之 / the hotlist may lose many cards"),
    ] = False,
    despite_faults: DespiteFaults = False,
    lists: ListsFolder = None,
    made_list: MadeLists = None,
    issued: IssuedFile = None,
    issued_until: IssuedUntil = None,
    drop_list: DroppedLists = None,
    shrink_list: ShrunkLists = None,
    as_json: AsJson = False,
) -> None:
    """检查、签发并发布内容；有误则原内容继续有效。 Check, sign and publish content, or leave all as it is.

    没有重新制作的常设名单照旧；没有规则用到的名单会提示。 Standing lists that are not made anew stay as they
    are; one that no rule asks for is published, and pointed out.

    规则包先按 tongka rules lint 检查。 Rule packs are checked first as tongka rules lint does.

    Example: tongka center publish --data out/center --list minors=minors.csv --issued issued.csv
    """
    now = datetime.now(UTC)
    changes = list_changes(lists, made_list, issued, issued_until, now, drop_list, shrink_list)
    with open_center(data) as center:
        before = center.publications.current
        if not despite_faults and content is None:
            require_still_no_faults(before, now)
        elif not despite_faults and content is not None:
            require_no_faults(content, now)
        version = center.publish(content, now, may_shrink=shrink_hotlist, lists=changes)
        after = center.publications.current
    listed, others = _published(version, before, after), list(_published_lists(before, after))
    if as_json:
        typer.echo(told(_PUBLISHED, as_json, **listed, lists=others, unasked=after.unasked))
        return
    typer.echo(told(_PUBLISHED, as_json, **listed))
    for each in others:
        typer.echo(told(_PUBLISHED_LIST, as_json, **each))
    _warn_of_unasked(after)


@app.command()
def terminal_code(
    *,
    data: Data,
    operator: Annotated[str, typer.Option("--operator", help="运营单位代码 / the operator's code")],
    service: Annotated[str, typer.Option("--service", help="服务代码 / the service's code")],
    region: Annotated[str, typer.Option("--region", help="GB/T 2260 六位代码 / six digits of GB/T 2260")],
    terminal: Annotated[
        str,
        typer.Option(
            "--terminal", help="重装的终端号；缺省为新终端 / id of a re-installed terminal; else a new one"
        ),
    ] = "",
    qr: Annotated[bool, typer.Option("--qr/--no-qr", help="显示二维码 / show a QR code")] = True,
    as_json: AsJson = False,
) -> None:
    """发出一次性登记码；--no-qr 时只输出登记码。 Issue a one-time code; --no-qr prints it alone.

    Example: tongka center terminal-code --data out/center --operator test-bus --service BUS-1 --region 500103
    """
    if len(region) != 6 or not (region.isascii() and region.isdigit()):
        raise typer.BadParameter(
            REGION,
            param_hint="--region",
        )
    reinstalled = _terminal_id(terminal) if terminal else None
    with open_center(data) as center:
        code = issue_code(center, Assignment(operator, region, service), datetime.now(UTC), reinstalled)
    if as_json:
        typer.echo(told(_CODE, as_json, code=code.to_text(), days=CODE_VALID_FOR.days))
        return
    if qr:
        typer.echo(_CODE.format(days=CODE_VALID_FOR.days).in_language(Language.from_environment()))
        picture = qrcode.QRCode(border=2)
        picture.add_data(code.to_text())
        picture.print_ascii(invert=True)
    typer.echo(code.to_text())


@app.command()
def run(
    data: Data,
    host: Annotated[str, typer.Option("--host", help="监听地址 / address to listen on")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="端口，0 为任意空闲端口 / the port; 0: any")
    ] = 8480,
    as_json: AsJson = False,
) -> None:
    """运行中心；就绪时输出一行“READY 地址”。 Run the centre; prints the line `READY URL` once it answers.

    Example: tongka center run --data out/center --port 0
    """
    from sync.center.server import serve  # noqa: PLC0415 - FastAPI is loaded by the verb that serves

    with open_center(data) as center:
        serve(center, host, port, lambda url: typer.echo(told(_READY, as_json, url=url)))


@app.command("export-evidence")
def export(
    *,
    data: Data,
    terminal: Annotated[str, typer.Option("--terminal", help="终端号，16 位十六进制 / the terminal's id")],
    sequence: Annotated[int, typer.Option("--sequence", min=1, help="记录序号 / the event's number")],
    out: Annotated[Path, typer.Option("--out", help="输出目录 / folder for the files")],
    epoch: Annotated[
        int | None, typer.Option("--epoch", help="期号，缺省为最近 / the epoch; default: the latest")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """导出一条记录的刷卡证据，供第三方仅凭 openssl 核验。 Export an event's evidence for a third party.

    Example: tongka center export-evidence --data out/center --terminal 00… --sequence 1 --out out/evidence
    """
    with open_center(data) as center:
        now_ms = time.time_ns() // 1_000_000
        export_evidence(center, _terminal_id(terminal), sequence, out, epoch=epoch, now_ms=now_ms)
    typer.echo(told(_EXPORTED, as_json, directory=out))


def _published(version: int, before: Content, after: Content) -> dict[str, object]:
    listed = after.hotlist
    return {
        "version": version,
        "hotlist": listed.version,
        "dated": listed.dated,
        "before": before.hotlist.count,
        "after": listed.count,
    }


def _published_lists(before: Content, after: Content) -> Iterator[dict[str, object]]:
    for name, one in after.lists.items():
        was = before.lists[name].count if name in before.lists else 0
        yield {
            "name": name,
            "version": one.version,
            "dated": one.dated,
            "before": was,
            "after": one.count,
        }


def _warn_of_unasked(published: Content) -> None:
    for name in published.unasked:
        typer.echo(told(_UNASKED, as_json=False, name=name), err=True)


def _terminal_id(text: str) -> bytes:
    try:
        terminal = bytes.fromhex(text)
    except ValueError as error:
        raise typer.BadParameter(SIXTEEN_DIGITS, param_hint="--terminal") from error
    if len(terminal) != 8:
        raise typer.BadParameter(SIXTEEN_DIGITS, param_hint="--terminal")
    return terminal
