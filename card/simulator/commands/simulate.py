"""`tongka simulate`: a virtual card on a virtual reader, and a PC/SC service that has two of them."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from card.errors import CardTorn
from card.simulator.boards.card_links import ADDRESSES, BOARDS, DepartingChip, Link
from card.simulator.boards.pcscd import SOCKET_VARIABLE, PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from card.simulator.chips.chip import Chip
from card.simulator.chips.foreign import ForeignKind
from card.simulator.commands.fault_choice import Fault, FaultChoice
from card.simulator.commands.interruption import until_interrupted
from card.simulator.commands.psam import EXAMPLE, psam_command
from card.simulator.commands.psam_card import SIMULATE_EXAMPLE, lie_on_reader
from card.simulator.commands.signing_card import EXAMPLE as SIGNING_CARD_EXAMPLE
from card.simulator.commands.signing_card import signing_card_command
from card.simulator.commands.timing import bit_rate, timing_command
from card.simulator.issuing.card_file import CardFile
from card.simulator.timing.chip import TimedChip
from card.simulator.timing.constants import GOALS, BitRate
from card.simulator.timing.model import ChipTimes, RadioLink
from crypto.explained import Text
from crypto.telling import told

app = typer.Typer(help="模拟卡片与读卡器 · Simulate cards and readers.", no_args_is_help=True)

VPCD_PORT = 35963  # where Debian's vpcd listens under the machine's own pcscd
MAX_SECONDS = 3600

AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON · Print JSON.")]

ON_READER = Text(
    zh="卡片已放在端口 {port} 的虚拟读卡器上，按 Ctrl-C 移开。",
    en="The card lies on the virtual reader at port {port}; Ctrl-C takes it away.",
)
ON_BOARD = Text(
    zh="卡片已放在读卡器 {address} 上，按 Ctrl-C 移开卡片和读卡器。",
    en="The card lies on the reader {address}; Ctrl-C takes both away.",
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


app.command(name="timing", epilog="例 · Example: tongka simulate timing --rate 424 --signature-ms 40")(
    timing_command
)
app.command(name="psam", epilog=EXAMPLE)(psam_command)
app.command(name="psam-card", epilog=SIMULATE_EXAMPLE)(lie_on_reader)
app.command(name="signing-card", epilog=SIGNING_CARD_EXAMPLE)(signing_card_command)


@app.command(name="card", epilog="例 · Example: tongka simulate card --card card.json --port 35963")
def card_command(
    *,
    card: Annotated[Path, typer.Option("--card", help="虚拟卡文件 · The card's file.")],
    link: Annotated[
        Link, typer.Option("--link", help="放在哪种读卡器上 · The kind of reader that it lies on.")
    ] = Link.VPCD,
    port: Annotated[
        int, typer.Option("--port", help="vpcd：虚拟读卡器端口 · The virtual reader's port.")
    ] = VPCD_PORT,
    fault: Annotated[Fault | None, typer.Option("--fault", help="注入的故障 · A fault to inject.")] = None,
    after: Annotated[
        int | None,
        typer.Option("--after", min=0, help="torn：回答多少字节后移开 · Bytes of answers before it is torn."),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(
            "--seconds", min=0, max=MAX_SECONDS, help="slow、wtx：每次回答的秒数 · How long an answer takes."
        ),
    ] = None,
    issuer: Annotated[
        Path | None,
        typer.Option(
            "--issuer", help="expired、not-yet-valid：发卡方目录 · The folder of the issuer that signs it."
        ),
    ] = None,
    foreign: Annotated[
        ForeignKind | None, typer.Option("--foreign", help="foreign：哪一种卡 · Which kind of card.")
    ] = None,
    rate: Annotated[
        BitRate | None,
        typer.Option(
            "--rate",
            parser=bit_rate,
            metavar="106|212|424|848",
            help="按此速率的空中时间回答 · Answer as late as on the air at this bit rate.",
        ),
    ] = None,
    signature_ms: Annotated[
        float,
        typer.Option("--signature-ms", min=0, max=10_000, help="与 --rate 同用：签名时间 · With --rate."),
    ] = GOALS[0].signature_ms,
    as_json: AsJson = False,
) -> None:
    """把虚拟卡放在虚拟读卡器上 · Put a virtual card on a virtual reader until Ctrl-C."""
    chip = FaultChoice(fault, after, seconds, issuer, foreign).chip(CardFile(card))
    if rate is not None:
        chip = TimedChip(chip, RadioLink(rate), ChipTimes(signature_ms))
    with until_interrupted():
        if link is Link.VPCD:
            _lie_on_vpcd(chip, port, as_json)
        else:
            _lie_on_board(chip, link, as_json)


@app.command(name="reader", epilog="例 · Example: tongka simulate reader")
def reader_command(as_json: AsJson = False) -> None:
    """启动私有 pcscd 和两台虚拟读卡器 · Run a private pcscd with two virtual readers until Ctrl-C."""
    with PrivatePcscd() as service:
        readers = [
            {"reader": reader, "port": port}
            for reader, port in zip(service.readers, service.ports, strict=True)
        ]
        if as_json:
            typer.echo(told(READERS_READY, as_json, socket=service.socket_path, readers=readers))
        else:
            typer.echo(told(READERS_READY, as_json))
            typer.echo(f"export {SOCKET_VARIABLE}={shlex.quote(str(service.socket_path))}")
            for each in readers:
                typer.echo(told(READER_AT, as_json, **each))
        with until_interrupted():
            service.wait()


def _lie_on_vpcd(chip: Chip, port: int, as_json: bool) -> None:
    """Until the card is torn away. Raises VirtualReaderUnreachable and what the chip raises."""
    with VpcdLink(chip, port) as link, _no_answer_after(chip):
        typer.echo(told(ON_READER, as_json, port=port))
        link.wait_until_gone()
        if link.ended_by is not None and not isinstance(link.ended_by, CardTorn):
            raise link.ended_by
        typer.echo(told(TORN_AWAY, as_json, torn=True))


def _lie_on_board(chip: Chip, link: Link, as_json: bool) -> None:
    """Without end: a card that is torn away leaves the reader where it is."""
    card = DepartingChip(chip)
    with closing(BOARDS[link]()) as board, _no_answer_after(chip):
        board.put(card)
        typer.echo(told(ON_BOARD, as_json, address=ADDRESSES[link].format(path=board.path)))
        card.departed.wait()
        typer.echo(told(TORN_AWAY, as_json, torn=True))
        threading.Event().wait()


@contextmanager
def _no_answer_after(chip: Chip) -> Iterator[None]:
    """End a slow answer when what is within ends: who takes the card away would wait for it."""
    try:
        yield
    finally:
        chip.power_off()
