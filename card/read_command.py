"""`tongka card read`: a card's full data for a technician or a counter, on the terminal and nowhere else."""

from __future__ import annotations

import json
import os
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from card.card_reading import CardReading
from card.connection import CardConnection
from card.errors import CardError, PictureNotSaved
from card.field_encoding import Encoding, FieldValue
from card.files import FieldLayout
from card.profile import CardProfile, packaged_profile, reference_profile
from card.profile_commands import load_profile
from card.psam_slot import find_sam_slot, open_psam
from card.readers.address import open_reader
from card.readers.pcsc import list_readers
from card.trace_file import traced
from crypto.assurance import Assurance
from crypto.errors import TrustStoreMalformed
from crypto.explained import Language, Text
from crypto.pki.certificate import Certificate
from crypto.trust import MAX_TRUST_STORE_BYTES, TrustStore

EXAMPLE = '例 · Example: tongka card read --reader "Virtual PCD 00 00" --psam "Virtual PCD 00 01"'
REFERENCE = reference_profile().id
PACKAGED = tuple(
    sorted(
        file.name.removesuffix(".toml")
        for file in (resources.files("card") / "profiles").iterdir()
        if file.name.endswith(".toml")
    )
)
WAIT_SECONDS = 30.0
MAX_WAIT_SECONDS = 3600.0

PUT_THE_CARD_DOWN = Text(zh="请把卡放在读卡器上。", en="Put the card on the reader.")
FINDINGS = {
    Assurance.NONE: Text(
        zh="未验证：没有使用 PSAM，任何人都能伪造以下内容。",
        en="NOT VERIFIED: read without a PSAM; anybody could have made this up.",
    ),
    Assurance.PSAM: Text(
        zh="已验证：卡片与 PSAM 互相认证，数据途中未被改动。"
        "这种卡只有对称密钥：取得 PSAM 主密钥的人可以冒充任何卡。（没有检查是否到期、挂失。）",
        en="VERIFIED: card and PSAM authenticated each other, and the data were not altered on their way. "
        "Such cards have symmetric keys alone: whoever has a PSAM's master keys can pose as any card. "
        "(Expiry and loss were not looked at.)",
    ),
    Assurance.CHIP: Text(
        zh="已验证：卡片与 PSAM 互相认证，芯片证明了自己的密钥，数据途中未被改动。"
        "未用 --trust，没有检查发卡签名：取得 PSAM 主密钥的人可以冒充任何卡。"
        "（是否到期、挂失，由刷卡核验判断。）",
        en="VERIFIED: card and PSAM authenticated each other, the chip proved its own key, and the data were "
        "not altered on their way. The issuer's signature was not looked at (--trust does): whoever has a "
        "PSAM's master keys can pose as any card. (Expiry and loss are for a tap to say.)",
    ),
    Assurance.ISSUER: Text(
        zh="已验证：卡片与 PSAM 互相认证，凭证由受信任的发卡机构签发，芯片证明了自己的密钥，"
        "数据途中未被改动。（发卡签名不包括以下各文件；是否到期、挂失，由刷卡核验判断。）",
        en="VERIFIED: card and PSAM authenticated each other, a trusted issuer signed the credential, the "
        "chip proved its key, and the data were not altered on their way. (That signature does not cover "
        "these files; expiry and loss are for a tap to say.)",
    ),
}
NOTHING = Text(zh="（无）", en="(none)")
PICTURE = Text(zh="照片，{count} 字节", en="picture, {count} bytes")
SAVED = Text(zh="照片已存入 {file}，仅本人可读。", en="Saved the picture to {file}, for you alone.")


def read(
    *,
    reader: Annotated[
        str, typer.Option("--reader", help="卡片所在的读卡器 · The reader that the card lies on.")
    ],
    psam: Annotated[
        str | None, typer.Option("--psam", help="PSAM 卡槽，默认自动查找 · The SAM slot; found by default.")
    ] = None,
    profile: Annotated[
        str,
        typer.Option(
            "--profile", metavar="|".join((*PACKAGED, "FILE")), help="卡片描述 · The card's profile."
        ),
    ] = REFERENCE,
    file: Annotated[
        list[str] | None, typer.Option("--file", help="只读这些文件，可重复 · Only these files.")
    ] = None,
    photo: Annotated[
        Path | None, typer.Option("--photo", help="把照片存入此文件（0600） · Save the picture there (0600).")
    ] = None,
    without_psam: Annotated[
        bool,
        typer.Option("--without-psam", help="只读公开文件，不验证 · Only public files, and NOT verified."),
    ] = False,
    trust: Annotated[
        Path | None,
        typer.Option(
            "--trust",
            help="含 trust.json 与 root.pem 的目录，核对发卡签名 · Folder with these: who issued the card?",
        ),
    ] = None,
    seconds: Annotated[
        float,
        typer.Option("--seconds", min=0, max=MAX_WAIT_SECONDS, help="等待放卡的秒数 · How long to wait."),
    ] = WAIT_SECONDS,
    trace: Annotated[
        Path | None,
        typer.Option("--trace", help="APDU 跟踪文件，不含个人数据 · A trace of the APDUs; nothing personal."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON · Print JSON.")] = False,
) -> None:
    """经 PSAM 读出卡内数据，只显示在屏幕上 · Read a card's full data through the PSAM, for the eye alone."""
    layout = packaged_profile(profile) if profile in PACKAGED else load_profile(Path(profile))
    if trust is not None and without_psam:
        raise typer.BadParameter("--without-psam", param_hint="--trust")
    issuers = None if trust is None else _trust_store(trust)
    slot = _psam(layout, psam, without_psam)
    language = Language.from_environment()
    typer.echo(PUT_THE_CARD_DOWN.in_language(language), err=True)
    with (
        open_reader(reader) as card_reader,
        traced(card_reader, trace, lambda error: _warn(error, language), layout) as traced_reader,
        traced_reader.wait_for_card(seconds) as connection,
        slot as module,
    ):
        reading = CardReading.of(connection, module, layout, tuple(file or ()), trust=issuers)
    if photo is not None:
        _save_picture(reading, photo)
    if as_json:
        typer.echo(_to_json(reading))
        return
    _print(reading, language)
    if photo is not None:
        typer.echo(SAVED.format(file=photo).in_language(language))


def _warn(error: CardError, language: Language) -> None:
    """A trace that can't be written stops nothing; the person is told."""
    said = error.explain(language)
    typer.echo(f"{said.code} {said.cause} {said.next_step}", err=True)


def _to_json(reading: CardReading) -> str:
    """For programs; of a picture its size alone."""
    document = {
        "profile": reading.profile.id,
        "verified": reading.assurance is not Assurance.NONE,
        "assurance": reading.assurance,
        "files": {
            file.name: [
                {name: _plain(file.field_named(name), value) for name, value in record.items()}
                for record in records
            ]
            for file, records in reading.files
        },
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _trust_store(folder: Path) -> TrustStore:
    """The trust store in a folder that `tongka terminal content --export-trust` wrote.

    Raises TrustStoreMalformed, CertificateRefused.
    """
    trust, root = (_read(folder / name) for name in ("trust.json", "root.pem"))
    return TrustStore.from_bytes(trust, Certificate.from_pem(root), datetime.now(UTC))


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_TRUST_STORE_BYTES + 1)
    except OSError as error:
        raise TrustStoreMalformed(detail=f"{file}: {error.strerror}") from error


def _psam(
    profile: CardProfile, named: str | None, without: bool
) -> AbstractContextManager[CardConnection | None]:
    if without:
        return nullcontext()
    return open_psam(named or find_sam_slot(list_readers(), profile.full_data_path.sam_names))


def _print(reading: CardReading, language: Language) -> None:
    typer.echo(FINDINGS[reading.assurance].in_language(language))
    console = Console()
    for file, records in reading.files:
        table = Table(show_header=False, title=file.title.text.in_language(language), title_justify="left")
        for record in records:
            for field in file.field:
                if field.name in record:
                    value = _shown(field, record[field.name], language)
                    table.add_row(field.title.text.in_language(language), value)
            table.add_section()
        if not records:
            table.add_row(NOTHING.in_language(language))
        console.print(table)


def _shown(field: FieldLayout, value: FieldValue, language: Language) -> str:
    if isinstance(value, str):
        return escape(value)  # a card may not choose colours or links
    if field.encoding is Encoding.JPEG:
        return PICTURE.format(count=len(value)).in_language(language)
    return value.hex().upper()


def _plain(field: FieldLayout | None, value: FieldValue) -> str | dict[str, int]:
    if isinstance(value, str):
        return value
    is_picture = field is not None and field.encoding is Encoding.JPEG
    return {"bytes": len(value)} if is_picture else value.hex().upper()


def _save_picture(reading: CardReading, path: Path) -> None:
    """Write the first picture to a new file. Raises PictureNotSaved."""
    picture = next(reading.pictures(), None)
    if picture is None:
        raise PictureNotSaved(file=path, detail="the files that were read have no picture")
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(picture)
    except OSError as error:
        raise PictureNotSaved(file=path, detail=error.strerror) from error
