"""`tongka simulate timing`: how long a tap takes on the air, by bit rate and chip."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from card.simulator.timing.constants import (
    GOALS,
    SIGNATURES_MS,
    TURNAROUND_MS,
    BitRate,
    FrameSize,
    Goal,
    UidSize,
)
from card.simulator.timing.exchange import recorded_tap
from card.simulator.timing.model import (
    Airtime,
    ChipTimes,
    RadioLink,
    StepName,
    TapExchange,
    TapTiming,
    milliseconds,
    tap_timing,
)
from card.simulator.timing.published import SIGNATURES_ELSEWHERE, TAPS_ELSEWHERE, PublishedFigure
from crypto.explained import Language, Text

FIRST_GOAL: Final = GOALS[0]

TABLE_TITLE = Text(zh="刷卡空中时间（毫秒，模型计算）", en="On-air time of a tap (ms, modelled)")
SIGNATURE_HEADING = Text(zh="SM2 签名", en="SM2 signature")
BREAKDOWN_TITLE = Text(
    zh="{rate} kbit/s、签名 {signature:g} ms 的分步时间（毫秒）",
    en="{rate} kbit/s with a signature of {signature:g} ms, step by step (ms)",
)
PARTS = (
    Text(zh="步骤", en="Step"),
    Text(zh="读卡器→卡", en="reader to card"),
    Text(zh="卡→读卡器", en="card to reader"),
    Text(zh="帧间静默", en="silence"),
    Text(zh="芯片运算", en="chip"),
    Text(zh="合计", en="total"),
)
FIELD = Text(zh="进入磁场", en="field")
TOTAL = Text(zh="合计", en="total")
APDU_SIZES = Text(
    zh="实测 APDU（参考应用）：{sizes} 字节（命令 + 响应）。",
    en="APDUs measured on the reference applet: {sizes} bytes (command + answer).",
)
APART = Text(
    zh="读卡器和主机另加约 {ms:g} 毫秒（每条 APDU {each:g} 毫秒，假定值），不计入空中时间。",
    en="Reader and host add about {ms:g} ms ({each:g} ms an APDU, assumed), not part of the on-air time.",
)
HOLDS = Text(zh="达到", en="holds")
MISSED = Text(zh="未达到", en="missed")
GOAL_LINE = Text(
    zh="目标：{rate} kbit/s、签名 {signature:g} ms 时不超过 {limit:g} ms：{value:.1f} ms，{verdict}。",
    en="Goal: at {rate} kbit/s with a signature of {signature:g} ms at most {limit:g} ms: "
    "{value:.1f} ms, {verdict}.",
)
ELSEWHERE = Text(zh="其他系统的整次刷卡：", en="A whole tap elsewhere:")
SIGNATURES = Text(zh="公开的签名时间：", en="Published times of one signature:")
FIGURE_LINE = Text(zh="  {of}：{range} ms（{source}）", en="  {of}: {range} ms ({source})")


@dataclass(frozen=True)
class _Modelled:
    """One bit rate and chip, and its time on the air."""

    bit_rate: int
    signature_ms: float
    on_air_ms: float


def bit_rate(text: str) -> BitRate:
    """Parse `--rate`."""
    try:
        return BitRate(int(text))
    except ValueError as error:
        raise typer.BadParameter(", ".join(str(int(rate)) for rate in BitRate)) from error


def _frame_size(text: str) -> FrameSize:
    try:
        return FrameSize(int(text))
    except ValueError as error:
        raise typer.BadParameter(", ".join(str(int(size)) for size in FrameSize)) from error


def _uid_size(text: str) -> UidSize:
    try:
        return UidSize(int(text))
    except ValueError as error:
        raise typer.BadParameter(", ".join(str(int(size)) for size in UidSize)) from error


def timing_command(
    *,
    rate: Annotated[
        BitRate,
        typer.Option(
            "--rate",
            parser=bit_rate,
            metavar="106|212|424|848",
            help="速率（kbit/s） · The bit rate in kbit/s.",
        ),
    ] = FIRST_GOAL.bit_rate,
    signature_ms: Annotated[
        float, typer.Option("--signature-ms", min=0, max=10_000, help="SM2 签名时间 · The chip's signature.")
    ] = FIRST_GOAL.signature_ms,
    frame: Annotated[
        FrameSize,
        typer.Option("--frame", parser=_frame_size, metavar="64|128|256", help="最长帧 · Longest frame."),
    ] = FrameSize.BYTES_256,
    uid: Annotated[
        UidSize, typer.Option("--uid", parser=_uid_size, metavar="4|7", help="UID 字节数 · Bytes of the UID.")
    ] = UidSize.DOUBLE,
    turnaround_ms: Annotated[
        float,
        typer.Option("--turnaround-ms", min=0, max=1000, help="读卡器每条 APDU · The reader's, per APDU."),
    ] = TURNAROUND_MS,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON · Print JSON.")] = False,
) -> None:
    """计算一次刷卡的空中时间 · Model the on-air time of a tap per bit rate and chip, and one step by step."""
    exchange = recorded_tap()

    def modelled(bit_rate: BitRate, signature: float) -> TapTiming:
        link = RadioLink(bit_rate, uid, fsd=frame, fsc=frame, turnaround_ms=turnaround_ms)
        return tap_timing(exchange, link, ChipTimes(signature))

    table = [
        _Modelled(each, signature, modelled(each, signature).on_air_ms)
        for signature in SIGNATURES_MS
        for each in BitRate
    ]
    goals = [(goal, modelled(goal.bit_rate, goal.signature_ms).on_air_ms) for goal in GOALS]
    chosen = modelled(rate, signature_ms)
    if as_json:
        typer.echo(_as_json(exchange, table, chosen, _Modelled(rate, signature_ms, chosen.on_air_ms), goals))
        return
    language = Language.from_environment()
    console = Console()
    console.print(_table(table, language))
    title = BREAKDOWN_TITLE.format(rate=int(rate), signature=signature_ms).in_language(language)
    console.print(_breakdown(chosen, title, language))
    sizes = ", ".join(f"{apdu.command} + {apdu.answer}" for apdu in exchange.apdus)
    _say(APDU_SIZES.format(sizes=sizes), language)
    _say(APART.format(ms=chosen.turnaround_ms, each=turnaround_ms), language)
    for goal, value in goals:
        _say_goal(goal, value, language)
    for heading, figures in ((ELSEWHERE, TAPS_ELSEWHERE), (SIGNATURES, SIGNATURES_ELSEWHERE)):
        _say(heading, language)
        for figure in figures:
            _say_figure(figure, language)


def _as_json(
    exchange: TapExchange,
    table: list[_Modelled],
    timing: TapTiming,
    chosen: _Modelled,
    goals: list[tuple[Goal, float]],
) -> str:
    document = {
        "apdus": [{"command": apdu.command, "answer": apdu.answer} for apdu in exchange.apdus],
        "table": [asdict(row) for row in table],
        "breakdown": {
            **asdict(chosen),
            "turnaround_ms": timing.turnaround_ms,
            "steps": [{"name": step.name, **_in_ms(step.airtime)} for step in timing.steps],
        },
        "goals": [
            {**asdict(goal), "value_ms": value, "holds": value <= goal.on_air_ms} for goal, value in goals
        ],
        "taps_elsewhere": [asdict(figure) for figure in TAPS_ELSEWHERE],
        "signatures_elsewhere": [asdict(figure) for figure in SIGNATURES_ELSEWHERE],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _in_ms(airtime: Airtime) -> dict[str, float]:
    return {
        "reader_ms": milliseconds(airtime.reader),
        "card_ms": milliseconds(airtime.card),
        "silence_ms": milliseconds(airtime.silence),
        "chip_ms": milliseconds(airtime.chip),
        "total_ms": milliseconds(airtime.total),
    }


def _table(rows: list[_Modelled], language: Language) -> Table:
    table = Table(
        SIGNATURE_HEADING.in_language(language),
        *(f"{int(rate)} kbit/s" for rate in BitRate),
        title=TABLE_TITLE.in_language(language),
    )
    for signature in SIGNATURES_MS:
        values = [f"{row.on_air_ms:.1f}" for row in rows if row.signature_ms == signature]
        table.add_row(f"{signature:g} ms", *values)
    return table


def _breakdown(timing: TapTiming, title: str, language: Language) -> Table:
    table = Table(*(part.in_language(language) for part in PARTS), title=title)
    for step in timing.steps:
        name = FIELD.in_language(language) if step.name is StepName.FIELD else step.name
        table.add_row(name, *(f"{value:.2f}" for value in _in_ms(step.airtime).values()))
    table.add_section()
    table.add_row(TOTAL.in_language(language), *(f"{value:.2f}" for value in _in_ms(timing.airtime).values()))
    return table


def _say_goal(goal: Goal, value: float, language: Language) -> None:
    verdict = HOLDS if value <= goal.on_air_ms else MISSED
    line = GOAL_LINE.format(
        rate=int(goal.bit_rate),
        signature=goal.signature_ms,
        limit=goal.on_air_ms,
        value=value,
        verdict=verdict.in_language(language),
    )
    _say(line, language)


def _say_figure(figure: PublishedFigure, language: Language) -> None:
    shown = f"{figure.least:g}" if figure.least == figure.most else f"{figure.least:g}–{figure.most:g}"
    line = FIGURE_LINE.format(of=figure.of.in_language(language), range=shown, source=figure.source)
    _say(line, language)


def _say(text: Text, language: Language) -> None:
    typer.echo(text.in_language(language))
