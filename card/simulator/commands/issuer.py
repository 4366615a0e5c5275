"""`tongka issuer`: a test issuer that personalises virtual cards."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from card.application import Role
from card.errors import HolderRefused
from card.personalisation import LifeCycleCommand, change_life_cycle, open_as_issuer
from card.profile import reference_profile
from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.applet import ReferenceApplet
from card.simulator.chips.psam import PsamChip
from card.simulator.commands.psam import PsamKind, PsamKindOption
from card.simulator.commands.psam_card import ISSUE_EXAMPLE, issue
from card.simulator.commands.today import today_in_china
from card.simulator.issuing.card_file import CardFile
from card.simulator.issuing.holder_file import read_holder
from card.simulator.issuing.personalisation import ISSUER_FILE, Holder, TestIssuer
from card.simulator.issuing.psam_card_file import CipherPsamFile
from card.simulator.issuing.psam_card_issuer import PsamCardIssuer
from card.simulator.issuing.psam_file import PsamFile
from crypto.credential import TapCredential
from crypto.explained import Text
from crypto.keystore.directory import parse_settings
from crypto.telling import told

app = typer.Typer(help="测试发卡方 · A test issuer of virtual cards.", no_args_is_help=True)
app.command(name="psam-card", epilog=ISSUE_EXAMPLE)(issue)

KEY_YEARS = 20
CARD_YEARS = 10

DirectoryOption = Annotated[Path, typer.Option("--dir", help="发卡方目录 · The issuer's folder.")]
CardOption = Annotated[Path, typer.Option("--card", help="虚拟卡文件 · The card's file.")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON · Print JSON.")]

MADE_ISSUER = Text(
    zh="已建立测试发卡方 {key_id}，公钥文件：{file}（正式终端会拒绝它）。",
    en="Made the test issuer {key_id}; its public file is {file} (production terminals refuse it).",
)
MADE_CARD = Text(
    zh="已写入虚拟卡：{file}（卡标识 {card_id}，发卡日期 {issued}）",
    en="Wrote the virtual card {file} (card id {card_id}, issued {issued})",
)
MADE_PSAM = Text(zh="已写入虚拟 PSAM：{file}（{roles}）", en="Wrote the virtual PSAM {file} ({roles})")
BLOCKED = Text(zh="已停用：{file}", en="Blocked {file}")
UNBLOCKED = Text(zh="已恢复：{file}", en="Unblocked {file}")


@app.command(epilog="例 · Example: tongka issuer init --dir issuer")
def init(
    directory: DirectoryOption,
    keystore: Annotated[
        str, typer.Option("--keystore", help="plain、credential、tpm、card · Where its key shall lie.")
    ] = "plain",
    setting: Annotated[
        list[str] | None, typer.Option("--keystore-setting", help="名称=值，可重复 · name=value; may repeat.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """建立测试发卡方 · Make a test issuer: its keys in keys/, and issuer.json for a centre to certify."""
    today = today_in_china()
    first, last = _years_later(today, -KEY_YEARS), _years_later(today, KEY_YEARS)
    issuer = TestIssuer.create(directory, first, last, keystore, parse_settings(setting or []))
    _tell_issuer(issuer, directory, as_json)


@app.command(epilog="例 · Example: tongka issuer rotate --dir issuer")
def rotate(directory: DirectoryOption, as_json: AsJson = False) -> None:
    """换用新的发卡密钥，旧卡继续有效 · A new key from today on; cards of the old key stay good."""
    today = today_in_china()
    issuer = TestIssuer.rotate(directory, today, _years_later(today, KEY_YEARS))
    _tell_issuer(issuer, directory, as_json)


@app.command(
    epilog="例 · Example: tongka issuer personalise --dir issuer --category 1 --grade 1 --region 330100 "
    "--out card.json"
)
def personalise(
    *,
    directory: DirectoryOption,
    out: Annotated[Path, typer.Option("--out", help="虚拟卡文件 · The card's file (0600).")],
    holder: Annotated[
        Path | None,
        typer.Option(
            "--holder",
            help="JSON 文件（categories、grade、region、issued、expires、companion_of、files） · A JSON file "
            'with these; "@x.jpg" in files is a file beside it.',
        ),
    ] = None,
    category: Annotated[
        list[int] | None,
        typer.Option("--category", help="类别 1–7，可重复 · A category, 1 to 7; may repeat."),
    ] = None,
    grade: Annotated[int | None, typer.Option("--grade", help="等级 1–4 · The grade, 1 to 4.")] = None,
    region: Annotated[
        str | None, typer.Option("--region", help="六位区划码（GB/T 2260） · Six digits of GB/T 2260.")
    ] = None,
    companion_of: Annotated[
        str | None,
        typer.Option("--companion-of", help="陪护卡：持证人卡的编号 · A companion card to this card id."),
    ] = None,
    issued: Annotated[
        datetime | None, typer.Option("--issued", formats=["%Y-%m-%d"], help="默认今天 · Default: today.")
    ] = None,
    expires: Annotated[
        datetime | None, typer.Option("--expires", formats=["%Y-%m-%d"], help="默认十年 · Default: 10 years.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """制作一张虚拟卡 · Personalise a virtual card, from a file or from options."""
    issuer = TestIssuer.load(directory)
    if holder is not None:
        described = read_holder(holder)
    elif region is not None and (companion_of is not None or (category and grade is not None)):
        first = issued.date() if issued else today_in_china()
        last = expires.date() if expires else _years_later(first, CARD_YEARS)
        try:
            described = Holder(
                tuple(category or ()), grade or 0, region, first, last, companion_of=companion_of
            )
        except ValueError as error:
            raise HolderRefused(detail=str(error)) from error
    else:
        raise HolderRefused(
            detail="neither --holder, nor --region with --category and --grade or --companion-of"
        )
    made = issuer.personalise(described)
    CardFile.create(out, made)
    credential = TapCredential.from_bytes(made.credential)
    made_it = told(MADE_CARD, as_json, file=out, card_id=credential.card_id.hex(), issued=credential.issued)
    typer.echo(made_it)


@app.command(epilog="例 · Example: tongka issuer psam --dir issuer --out psam.json")
def psam(
    *,
    directory: DirectoryOption,
    out: Annotated[Path, typer.Option("--out", help="PSAM 文件 · The PSAM's file (0600).")],
    with_issuer_keys: Annotated[
        bool,
        typer.Option("--with-issuer-keys", help="供制卡使用 · For a personalisation desk, never a terminal."),
    ] = False,
    kind: PsamKindOption = PsamKind.REFERENCE,
    as_json: AsJson = False,
) -> None:
    """制作一张虚拟 PSAM，默认只含读卡密钥 · Make a virtual PSAM, with a terminal's keys by default."""
    issuer = TestIssuer.load(directory)
    roles = tuple(Role) if with_issuer_keys else (Role.READER,)
    if kind is PsamKind.REFERENCE:
        PsamFile.create(out, issuer.psam_for(*roles))
    else:
        role = Role.ISSUER if with_issuer_keys else Role.READER
        CipherPsamFile.create(out, PsamCardIssuer.at(directory).psam_for(role))
        roles = (role,)
    typer.echo(told(MADE_PSAM, as_json, file=out, roles=", ".join(roles)))


@app.command(epilog="例 · Example: tongka issuer block --dir issuer --card card.json")
def block(*, directory: DirectoryOption, card: CardOption, as_json: AsJson = False) -> None:
    """停用一张虚拟卡 · Block a virtual card, until it is unblocked."""
    _change(directory, card, LifeCycleCommand.DEACTIVATE)
    typer.echo(told(BLOCKED, as_json, file=card))


@app.command(epilog="例 · Example: tongka issuer unblock --dir issuer --card card.json")
def unblock(*, directory: DirectoryOption, card: CardOption, as_json: AsJson = False) -> None:
    """恢复一张虚拟卡 · Unblock a virtual card."""
    _change(directory, card, LifeCycleCommand.ACTIVATE)
    typer.echo(told(UNBLOCKED, as_json, file=card))


def _change(directory: Path, card: Path, command: LifeCycleCommand) -> None:
    issuer = TestIssuer.load(directory)
    with (
        InProcessConnection(ReferenceApplet(CardFile(card))) as chip,
        InProcessConnection(PsamChip(issuer.psam_for(Role.ISSUER))) as module,
    ):
        change_life_cycle(open_as_issuer(chip, module, reference_profile()), command)


def _tell_issuer(issuer: TestIssuer, directory: Path, as_json: bool) -> None:
    key_id = issuer.issuer_key.key_id.hex().upper()
    typer.echo(told(MADE_ISSUER, as_json, key_id=key_id, file=directory / ISSUER_FILE))


def _years_later(day: date, years: int) -> date:
    """The same day of another year; 29 February becomes the 28th."""
    last = 28 if (day.month, day.day) == (2, 29) else day.day
    return day.replace(year=day.year + years, day=last)
