"""`tongka simulate`: a virtual card on a virtual reader, and a PC/SC service that has two of them."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from card.errors import CardTorn
from card.simulator.applet import ReferenceApplet
from card.simulator.card_file import CardFile
from card.simulator.chip import Chip
from card.simulator.faults import AnswerFault, FaultyChip, TearingChip, clone, forge
from card.simulator.foreign import ForeignCardChip
from card.simulator.pcscd import SOCKET_VARIABLE, PrivatePcscd
from card.simulator.vpcd import VpcdLink
from crypto.explained import Language, Text

app = typer.Typer(help="模拟卡片与读卡器 · Simulate cards and readers.", no_args_is_help=True)

VPCD_PORT = 35963  # where Debian's vpcd listens under the machine's own pcscd

ON_READER = Text(
    zh="卡片已放在端口 {port} 的虚拟读卡器上，按 Ctrl-C 移开。",
    en="The card lies on the virtual reader at port {port}; Ctrl-C takes it away.",
)
TORN_AWAY = Text(zh="卡片已在读卡中途移开。", en="The card was torn away in the middle of a tap.")
READERS_READY = Text(
    zh="虚拟读卡服务已就绪，按 Ctrl-C 停止。在其他终端窗口先执行：",
    en="The virtual smart-card service is ready; Ctrl-C stops it. In other shells, first run:",
)
READER_AT = Text(
    zh="{reader}：端口 {port}（放卡：tongka simulate card --card 卡文件 --port {port}）",
    en="{reader}: port {port} (put a card there: tongka simulate card --card FILE --port {port})",
)


class Fault(StrEnum):
    """What may be wrong with a simulated card."""

    FORGED = "forged"
    CLONE = "clone"
    FOREIGN = "foreign"
    TORN_AT_SELECT = "torn-at-select"
    TORN_AT_PROOF = "torn-at-proof"
    GARBAGE = "garbage"
    TRUNCATED_TLV = "truncated-tlv"
    WRONG_LENGTH = "wrong-length"
    WRONG_SW = "wrong-sw"
    SLOW = "slow"


@app.command(name="card", epilog="例 · Example: tongka simulate card --card card.json --port 35963")
def card_command(
    card: Annotated[Path, typer.Option("--card", help="虚拟卡文件 · The card's file.")],
    port: Annotated[
        int, typer.Option("--port", help="虚拟读卡器端口 · The virtual reader's port.")
    ] = VPCD_PORT,
    fault: Annotated[Fault | None, typer.Option("--fault", help="注入的故障 · A fault to inject.")] = None,
) -> None:
    """把虚拟卡放在虚拟读卡器上 · Put a virtual card on a virtual reader until Ctrl-C."""
    with VpcdLink(_chip(CardFile(card), fault), port) as link, _until_interrupted():
        _say(ON_READER.format(port=port))
        link.wait_until_gone()
    if isinstance(link.ended_by, CardTorn):
        _say(TORN_AWAY)
    elif link.ended_by is not None:
        raise link.ended_by


@app.command(name="reader", epilog="例 · Example: tongka simulate reader")
def reader_command() -> None:
    """启动私有 pcscd 和两台虚拟读卡器 · Run a private pcscd with two virtual readers until Ctrl-C."""
    with PrivatePcscd() as service:
        _say(READERS_READY)
        typer.echo(f"export {SOCKET_VARIABLE}={shlex.quote(str(service.socket_path))}")
        for reader, port in zip(service.readers, service.ports, strict=True):
            _say(READER_AT.format(reader=reader, port=port))
        with _until_interrupted():
            service.wait()


def _chip(file: CardFile, fault: Fault | None) -> Chip:
    if fault is Fault.FOREIGN:
        return ForeignCardChip()
    card = file.load()
    if fault is Fault.FORGED:
        card = forge(card)
    elif fault is Fault.CLONE:
        card = clone(card)
    applet = ReferenceApplet(card, file)
    match fault:
        case Fault.TORN_AT_SELECT:
            return TearingChip(applet, after_apdus=0)
        case Fault.TORN_AT_PROOF:
            return TearingChip(applet, after_apdus=1)
        case None | Fault.FORGED | Fault.CLONE:
            return applet
        case _:
            return FaultyChip(applet, AnswerFault(fault))


@contextmanager
def _until_interrupted() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end what is within, as a normal end."""
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        return
    finally:
        signal.signal(signal.SIGTERM, previous)


def _say(text: Text) -> None:
    typer.echo(text.in_language(Language.from_environment()))
