"""`tongka readers`: which readers are there, what is known of them, and what happens at them."""

from __future__ import annotations

import json
import signal
from dataclasses import asdict, dataclass
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from card.errors import CardError, NoCardInTime, PcscServiceGone, ReaderAddressRefused, TapRefused
from card.readers.address import is_off_pcsc, open_reader, reader_opener
from card.readers.pcsc import PcscReader, list_readers
from card.readers.pseudo_apdu import read_ats, read_uid
from card.readers.reader_event import ReaderEvent, ReaderEventKind
from card.readers.reader_features import ReaderFeatures, ReaderProperties, read_features
from card.readers.sam_slots import is_sam_slot
from card.readers.watch import ReaderWatch
from crypto.explained import Language, Text
from firmware_profiles.reader_profile import ReaderProfile

app = typer.Typer(help="读卡器 · Smart-card readers.", no_args_is_help=True)

JsonOption = Annotated[bool, typer.Option("--json", help="输出 JSON · Print JSON.")]

NONE_FOUND = Text(
    zh="没有读卡器。请连接读卡器后重试。", en="There are no readers. Connect one and try again."
)
HEADINGS = (
    Text(zh="读卡器", en="Reader"),
    Text(zh="用途", en="For"),
    Text(zh="描述文件", en="Profile"),
    Text(zh="卡片", en="Card"),
    Text(zh="ATR", en="ATR"),
)
FOR_CARDS = Text(zh="持卡人卡片", en="cards")
FOR_SAM = Text(zh="安全模块（PSAM）", en="PSAM")
PRESENT = Text(zh="有卡", en="present")
ABSENT = Text(zh="无卡", en="none")
LABELS = {
    "id": Text(zh="描述文件", en="Profile"),
    "title": Text(zh="名称", en="Title"),
    "transport": Text(zh="传输方式", en="Transport"),
    "protocols": Text(zh="协议", en="Protocols"),
    "share": Text(zh="共享方式", en="Sharing"),
    "quirks": Text(zh="特殊处理", en="Quirks"),
    "features": Text(zh="功能（PC/SC 第 10 部分）", en="Features (PC/SC part 10)"),
    "firmware": Text(zh="固件版本", en="Firmware"),
    "max_apdu_data": Text(zh="命令数据上限（字节）", en="Most command data (bytes)"),
    "atr": Text(zh="卡片 ATR", en="Card's ATR"),
    "ats": Text(zh="卡片 ATS 历史字节", en="Card's ATS, historical bytes"),
    "uid": Text(zh="卡片 UID", en="Card's UID"),
}
HAPPENED: Final = {
    ReaderEventKind.READER_ARRIVED: Text(zh="读卡器已连接：{reader}", en="reader connected: {reader}"),
    ReaderEventKind.READER_LEFT: Text(zh="读卡器已断开：{reader}", en="reader gone: {reader}"),
    ReaderEventKind.CARD_PRESENT: Text(
        zh="卡片放上：{reader}　ATR {atr}", en="card present: {reader}, ATR {atr}"
    ),
    ReaderEventKind.CARD_REMOVED: Text(zh="卡片取走：{reader}", en="card removed: {reader}"),
    ReaderEventKind.SERVICE_GONE: Text(
        zh=f"{PcscServiceGone.cause.zh}{PcscServiceGone.next_step.zh}",
        en=f"{PcscServiceGone.cause.en} {PcscServiceGone.next_step.en}",
    ),
    ReaderEventKind.SERVICE_BACK: Text(
        zh="读卡服务 pcscd 已恢复。", en="The smart-card service pcscd is back."
    ),
}


@dataclass(frozen=True)
class ReaderStatus:
    """One reader as it is now. `atr` is empty without a card; `trouble` is an error's code or empty."""

    name: str
    profile: str
    sam_slot: bool
    card: bool
    atr: str
    trouble: str


@app.command(name="list", epilog="例 · Example: tongka readers list --json")
def list_command(as_json: JsonOption = False) -> None:
    """列出读卡器及其上的卡 · List the readers and the cards on them."""
    found = [_status(name) for name in list_readers()]
    if as_json:
        typer.echo(json.dumps([asdict(status) for status in found], ensure_ascii=False, indent=2))
        return
    language = Language.from_environment()
    if not found:
        typer.echo(NONE_FOUND.in_language(language))
        return
    table = Table()
    for heading in HEADINGS:
        table.add_column(heading.in_language(language), overflow="fold")
    for status in found:
        purpose = (FOR_SAM if status.sam_slot else FOR_CARDS).in_language(language)
        card = status.trouble or (PRESENT if status.card else ABSENT).in_language(language)
        table.add_row(status.name, purpose, status.profile, card, status.atr)
    Console().print(table)


@app.command(name="show", epilog='例 · Example: tongka readers show "Virtual PCD 00 00"')
def show_command(
    name: Annotated[str, typer.Argument(help="读卡器名称 · The reader's name.")],
    with_uid: Annotated[
        bool,
        typer.Option("--uid", help="同时显示卡片 UID · Show the card's UID too, which tells it from others."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """显示一台读卡器的描述、功能和卡片 · Show one reader's profile, features and card."""
    with PcscReader(name) as reader:
        profile = reader.profile
    status = _status(name)
    features = _features(name)
    card = _told_by_reader(name, with_uid) if status.card and not status.trouble else {}
    language = Language.from_environment()
    if as_json:
        described = {
            **asdict(status),
            **card,
            "profile": _described(profile, language),
            "features": [feature.name for feature in features.codes],
            "properties": asdict(features.properties),
        }
        typer.echo(json.dumps(described, ensure_ascii=False, indent=2))
        return
    rows = {
        **_described(profile, language),
        "features": ", ".join(feature.name for feature in features.codes) or "–",
        "firmware": features.properties.firmware or "–",
        "max_apdu_data": str(features.properties.max_apdu_data or "–"),
        "atr": status.trouble or status.atr or "–",
        **card,
    }
    table = Table(show_header=False, title=name)
    for _column in ("what", "value"):
        table.add_column(overflow="fold")
    for key, value in rows.items():
        table.add_row(LABELS[key].in_language(language), value or "–")
    Console().print(table)


@app.command(name="watch", epilog="例 · Example: tongka readers watch nfc:/dev/ttyUSB0")
def watch_command(
    others: Annotated[
        list[str] | None,
        typer.Argument(
            help="PC/SC 以外的读卡器地址 · Addresses of readers that are not behind PC/SC: "
            "nfc:PORT, serial:PROFILE:PORT."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """持续打印读卡器和卡片的变化，直到 Ctrl-C · Print what happens at the readers until interrupted."""
    for address in others or ():
        if not is_off_pcsc(address):
            raise ReaderAddressRefused(address=address)
        # The watch waits in silence for what is not there; here somebody is to hear what is wrong.
        open_reader(address).close()
    language = Language.from_environment()
    with ReaderWatch({address: reader_opener(address) for address in others or ()}) as watch:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: watch.cancel())
        for event in watch:
            typer.echo(_as_json(event) if as_json else _as_line(event, language))


def _as_json(event: ReaderEvent) -> str:
    return json.dumps(
        {"kind": event.kind, "reader": event.reader, "atr": event.atr.hex().upper()}, ensure_ascii=False
    )


def _as_line(event: ReaderEvent, language: Language) -> str:
    atr = event.atr.hex().upper() or "–"
    return HAPPENED[event.kind].format(reader=event.reader, atr=atr).in_language(language)


def _status(name: str) -> ReaderStatus:
    sam_slot = is_sam_slot(name)
    with PcscReader(name) as reader:
        profile = reader.profile.id
        try:
            with reader.wait_for_card(timeout=0) as connection:
                return ReaderStatus(name, profile, sam_slot, True, connection.atr.hex().upper(), "")
        except NoCardInTime:
            return ReaderStatus(name, profile, sam_slot, False, "", "")
        except CardError as error:
            return ReaderStatus(name, profile, sam_slot, True, "", error.code)


def _features(name: str) -> ReaderFeatures:
    """What the reader says of itself; nothing when another program holds it or it can't be understood."""
    try:
        return read_features(name)
    except CardError:
        return ReaderFeatures({}, ReaderProperties())


def _told_by_reader(name: str, with_uid: bool) -> dict[str, str]:
    """ATS and, when asked for, UID in hexadecimal; empty when the reader does not tell."""
    try:
        with PcscReader(name) as reader, reader.wait_for_card(timeout=0) as connection:
            told = {"ats": read_ats(connection)}
            if with_uid:
                told["uid"] = read_uid(connection)
    except (TapRefused, NoCardInTime):
        return {}
    return {key: (value or b"").hex().upper() for key, value in told.items()}


def _described(profile: ReaderProfile, language: Language) -> dict[str, str]:
    quirks = profile.quirks
    set_quirks = [name for name in quirks.__struct_fields__ if getattr(quirks, name)]
    return {
        "id": profile.id,
        "title": profile.title.text.in_language(language),
        "transport": profile.transport,
        "protocols": ", ".join(profile.protocols),
        "share": profile.share,
        "quirks": ", ".join(set_quirks) or "–",
    }
