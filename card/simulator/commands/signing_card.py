"""`tongka simulate signing-card`: a virtual signing card in a virtual reader."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from card.errors import CardTorn
from card.simulator.boards.vpcd import VpcdLink
from card.simulator.chips.signing_card import SigningCardChip, SigningCardContents
from card.simulator.commands.interruption import until_interrupted
from card.simulator.issuing.signing_card_file import SigningCardFile
from crypto.explained import Text
from crypto.telling import told

EXAMPLE: Final = "例 · Example: tongka simulate signing-card --card signing-card.json --port 35963"
FIRST_VPCD_PORT: Final = 35963

MADE = Text(
    zh="已新建空白签名卡 {file}，尚无 PIN 和密钥。",
    en="Made the blank signing card {file}, without PIN and keys.",
)
IN_READER = Text(
    zh="签名卡（序列号 {serial}）已插入端口 {port} 的虚拟读卡器，按 Ctrl-C 拔出。",
    en="The signing card {serial} is in the virtual reader at port {port}; Ctrl-C takes it out.",
)


def signing_card_command(
    *,
    card: Annotated[
        Path,
        typer.Option(
            "--card", help="签名卡文件；没有时新建空白卡 · The card's file (0600); made when there is none."
        ),
    ],
    port: Annotated[
        int, typer.Option("--port", help="虚拟读卡器端口 · The virtual reader's port.")
    ] = FIRST_VPCD_PORT,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON · Print JSON.")] = False,
) -> None:
    """把虚拟签名卡插入虚拟读卡器 · Put a virtual signing card into a virtual reader until Ctrl-C."""
    file = SigningCardFile(card)
    if not card.exists():
        SigningCardFile.create(card, SigningCardContents.blank())
        typer.echo(told(MADE, as_json, file=card))
    chip = SigningCardChip(file.load(), file.store)
    with until_interrupted(), VpcdLink(chip, port) as link:
        serial = chip.contents.serial.hex().upper()
        typer.echo(told(IN_READER, as_json, serial=serial, port=port))
        link.wait_until_gone()
        if link.ended_by is not None and not isinstance(link.ended_by, CardTorn):
            raise link.ended_by
