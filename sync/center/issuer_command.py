"""`tongka center issuer`: certify card issuers' keys, revoke them, list them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from crypto.credential import KEY_ID_BYTES
from crypto.explained import Language, Text
from crypto.pki.revocation import RevocationReason
from crypto.telling import told
from sync.center.authority import (
    CertifiedIssuer,
    add_issuer,
    issuers,
    retire_issuer,
    revoke_issuer,
)
from sync.center.directory import open_center, read_issuer_request
from sync.center.option_words import SIXTEEN_DIGITS

app = typer.Typer(help="管理发卡机构的密钥。Card issuers' keys.", no_args_is_help=True)

Data = Annotated[Path, typer.Option("--data", help="中心数据目录 / the centre's data directory")]

AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")]

_ADDED = Text(
    zh="发卡密钥 {key_id} 已登记，随第 {version} 版内容发布",
    en="The issuer key {key_id} is certified, published with content {version}",
)
_RETIRED = Text(
    zh="发卡密钥 {key_id} 的签发期止于 {until}，随第 {version} 版内容发布；此前签发的卡继续有效",
    en="The issuer key {key_id} issues until {until}, published with content {version}; its earlier cards "
    "stay good",
)
_REVOKED = Text(
    zh="发卡密钥 {key_id} 已吊销，随第 {version} 版内容发布；它签发的卡从各终端下次同步起不再有效",
    en="The issuer key {key_id} is revoked, published with content {version}; its cards count no more once a "
    "terminal has synchronised",
)


@app.command()
def add(
    data: Data,
    issuer: Annotated[
        Path, typer.Option("--issuer", help="发卡机构的密钥文件 issuer.json / the issuer's key file")
    ],
    as_json: AsJson = False,
) -> None:
    """登记发卡密钥并立即发布；新旧密钥可同时有效。 Certify an issuer's key and publish it at once.

    Example: tongka center issuer add --data out/center --issuer issuer.json
    """
    request = read_issuer_request(issuer)
    now = datetime.now(UTC)
    with open_center(data) as center:
        add_issuer(center.keys, center.store, request, now)
        version = center.publish(None, now)
    typer.echo(told(_ADDED, as_json, key_id=request.key_id.hex(), version=version))


@app.command()
def revoke(
    data: Data,
    key_id: Annotated[str, typer.Option("--key-id", help="密钥编号（16 位十六进制） / the key's id")],
    reason: Annotated[
        RevocationReason, typer.Option("--reason", help="原因 / why it is revoked")
    ] = RevocationReason.KEY_COMPROMISE,
    as_json: AsJson = False,
) -> None:
    """吊销发卡密钥并立即发布；其全部卡片失效。 Revoke an issuer's key: none of its cards counts any more.

    Example: tongka center issuer revoke --data out/center --key-id 5445535400112233
    """
    now = datetime.now(UTC)
    with open_center(data) as center:
        revoke_issuer(center.store, _key_id(key_id), reason, now)
        version = center.publish(None, now)
    typer.echo(told(_REVOKED, as_json, key_id=key_id.lower(), version=version))


@app.command()
def retire(
    data: Data,
    key_id: Annotated[str, typer.Option("--key-id", help="密钥编号（16 位十六进制） / the key's id")],
    until: Annotated[
        datetime,
        typer.Option("--until", formats=["%Y-%m-%d"], help="最后签发日 / the last day on which it issues"),
    ],
    as_json: AsJson = False,
) -> None:
    """换钥后收回旧密钥的签发期并立即发布；已发的卡继续有效。 End a key's issuing; its cards stay good.

    Example: tongka center issuer retire --data out/center --key-id 5445535400112233 --until 2026-12-31
    """
    now = datetime.now(UTC)
    with open_center(data) as center:
        retire_issuer(center.keys, center.store, _key_id(key_id), until.date(), now)
        version = center.publish(None, now)
    typer.echo(told(_RETIRED, as_json, key_id=key_id.lower(), until=until.date(), version=version))


@app.command(name="list")
def list_command(data: Data, as_json: AsJson = False) -> None:
    """列出发卡密钥、签发期与状态。 List issuers' keys, when they issue, and whether they are revoked.

    Example: tongka center issuer list --data out/center
    """
    with open_center(data) as center:
        found = issuers(center.store)
    if as_json:
        typer.echo(msgspec.json.encode([_document(one) for one in found]).decode())
        return
    language = Language.from_environment()
    table = Table()
    for name in (
        Text(zh="密钥编号", en="key id"),
        Text(zh="签发自", en="issues from"),
        Text(zh="签发至", en="issues until"),
        Text(zh="状态", en="state"),
    ):
        table.add_column(name.in_language(language))
    for one in found:
        document = _document(one)
        state = document["revoked"] or Text(zh="有效", en="in force").in_language(language)
        table.add_row(str(document["key_id"]), str(document["from"]), str(document["until"]), str(state))
    Console().print(table)


def _document(one: CertifiedIssuer) -> dict[str, str | None]:
    period = one.certificate.signing_period
    return {
        "key_id": one.certificate.key_id.hex(),
        "from": period[0].isoformat() if period else None,
        "until": period[1].isoformat() if period else None,
        "revoked": f"{one.revoked.at.date().isoformat()} {one.revoked.reason}" if one.revoked else None,
    }


def _key_id(text: str) -> bytes:
    try:
        key_id = bytes.fromhex(text)
    except ValueError as error:
        raise typer.BadParameter(SIXTEEN_DIGITS, param_hint="--key-id") from error
    if len(key_id) != KEY_ID_BYTES:
        raise typer.BadParameter(SIXTEEN_DIGITS, param_hint="--key-id")
    return key_id
