"""`tongka simulate psam`: a virtual PSAM in the SAM slot of a virtual reader."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from card.simulator.boards.vpcd import VpcdLink
from card.simulator.chips.chip import Chip
from card.simulator.chips.cipher_psam import CipherPsamChip
from card.simulator.chips.psam import PsamChip
from card.simulator.commands.interruption import until_interrupted
from card.simulator.issuing.psam_card_file import CipherPsamFile
from card.simulator.issuing.psam_card_issuer import psam_card_profile
from card.simulator.issuing.psam_file import PsamFile
from crypto.explained import Text
from crypto.telling import told


class PsamKind(StrEnum):
    """The card profile whose PSAM it is."""

    REFERENCE = "reference"
    REFERENCE_PSAM = "reference-psam"


PsamKindOption = Annotated[
    PsamKind, typer.Option("--profile", help="哪种卡的 PSAM · The profile of the cards that it is for.")
]

EXAMPLE = "例 · Example: tongka simulate psam --psam psam.json --port 35964"
SECOND_VPCD_PORT = 35964  # of Debian's vpcd: the card lies on the first

IN_SLOT = Text(
    zh="PSAM 已插入端口 {port} 的虚拟卡槽，按 Ctrl-C 拔出。",
    en="The PSAM sits in the virtual slot at port {port}; Ctrl-C takes it out.",
)


def psam_command(
    *,
    psam: Annotated[Path, typer.Option("--psam", help="PSAM 文件 · The PSAM's file (tongka issuer psam).")],
    port: Annotated[
        int, typer.Option("--port", help="虚拟卡槽端口 · The virtual slot's port.")
    ] = SECOND_VPCD_PORT,
    kind: PsamKindOption = PsamKind.REFERENCE,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON · Print JSON.")] = False,
) -> None:
    """把虚拟 PSAM 插入虚拟卡槽 · Put a virtual PSAM into a virtual slot until Ctrl-C."""
    with until_interrupted(), VpcdLink(_chip(psam, kind), port) as link:
        typer.echo(told(IN_SLOT, as_json, port=port))
        link.wait_until_gone()
        if link.ended_by is not None:
            raise link.ended_by


def _chip(file: Path, kind: PsamKind) -> Chip:
    """The PSAM in a file. Raises CardFileRefused."""
    if kind is PsamKind.REFERENCE:
        return PsamChip(PsamFile(file).load())
    return CipherPsamChip(CipherPsamFile(file).load(), psam_card_profile())
