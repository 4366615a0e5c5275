"""`tongka issuer psam-card` and `tongka simulate psam-card`: virtual cards that need a PSAM."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from card.errors import AnswerMalformed, CardTorn, FieldMalformed, HolderRefused
from card.files import Record
from card.profile import CardProfile
from card.psam_cipher import PsamCipherParameters
from card.simulator.boards.vpcd import VpcdLink
from card.simulator.chips.psam_card import PsamCardChip
from card.simulator.commands.interruption import until_interrupted
from card.simulator.issuing.holder_file import MAX_HOLDER_BYTES, bytes_of
from card.simulator.issuing.psam_card_file import PsamCardFile
from card.simulator.issuing.psam_card_issuer import PsamCardIssuer, psam_card_profile
from crypto.explained import Text
from crypto.telling import told

ISSUE_EXAMPLE: Final = (
    "例 · Example: tongka issuer psam-card --dir issuer --holder holder.json --out psam-card.json"
)
SIMULATE_EXAMPLE: Final = "例 · Example: tongka simulate psam-card --card psam-card.json --port 35963"
FIRST_VPCD_PORT: Final = 35963

AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON · Print JSON.")]

MADE_CARD = Text(zh="已写入虚拟卡（仅 PSAM）：{file}", en="Wrote the virtual card with PSAM alone, {file}")
ON_READER = Text(
    zh="卡片已放在端口 {port} 的虚拟读卡器上，按 Ctrl-C 移开。",
    en="The card lies on the virtual reader at port {port}; Ctrl-C takes it away.",
)


def issue(
    *,
    directory: Annotated[Path, typer.Option("--dir", help="发卡方目录 · The issuer's folder.")],
    holder: Annotated[
        Path,
        typer.Option(
            "--holder",
            help="JSON 文件，含 card、holder、disability · A JSON file with these objects.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="虚拟卡文件 · The card's file (0600).")],
    as_json: AsJson = False,
) -> None:
    """制作一张仅用 PSAM 的虚拟卡 · Personalise a virtual card of the profile reference-psam."""
    issuer = PsamCardIssuer.at(directory)
    records = _records(holder, issuer.profile)
    try:
        card = issuer.personalise(records)
    except (FieldMalformed, AnswerMalformed) as error:
        raise HolderRefused(detail=error.facts["detail"]) from error
    PsamCardFile.create(out, card)
    typer.echo(told(MADE_CARD, as_json, file=out))


def lie_on_reader(
    *,
    card: Annotated[Path, typer.Option("--card", help="虚拟卡文件 · The card's file.")],
    port: Annotated[
        int, typer.Option("--port", help="虚拟读卡器端口 · The virtual reader's port.")
    ] = FIRST_VPCD_PORT,
    as_json: AsJson = False,
) -> None:
    """把仅用 PSAM 的虚拟卡放在虚拟读卡器上 · Put such a card on a virtual reader until Ctrl-C."""
    profile, file = psam_card_profile(), PsamCardFile(card)
    chip = PsamCardChip(file.load(profile), profile, file.store)
    with until_interrupted(), VpcdLink(chip, port) as link:
        typer.echo(told(ON_READER, as_json, port=port))
        link.wait_until_gone()
        if link.ended_by is not None and not isinstance(link.ended_by, CardTorn):
            raise link.ended_by


def _records(path: Path, profile: CardProfile) -> Mapping[str, Record]:
    """The files in a holder's JSON, the public one among them. Raises HolderRefused."""
    try:
        given = msgspec.json.decode(bytes_of(path, MAX_HOLDER_BYTES), type=dict[str, dict[str, str]])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise HolderRefused(detail=f"{path}: {error}") from error
    layouts = {file.name: file for file in profile.file}
    public = PsamCipherParameters.of(profile).public_file
    if not set(given) <= set(layouts) or public not in given:
        raise HolderRefused(detail=f"{path}: its files are {', '.join(layouts)}, and `{public}` is needed")
    try:
        return {name: layouts[name].record_of(fields) for name, fields in given.items()}
    except FieldMalformed as error:
        raise HolderRefused(detail=error.facts["detail"]) from error
