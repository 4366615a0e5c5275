"""How a sum came about, step by step, in whole fen."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from crypto.explained import Text
from terminal.decisions.benefit import (
    AnyBenefit,
    CeilingBenefit,
    FreeBenefit,
    PercentageBenefit,
    Rounding,
    TicketClassBenefit,
)
from terminal.decisions.decide import Decision
from terminal.rule_checks.situation import Situation

_FREE: Final = Text(zh="免费", en="free")
_FULL: Final = Text(zh="票价", en="the list fare")
_ROUNDED_DOWN: Final = MappingProxyType(
    {
        Rounding.DOWN_TO_FEN: Text(zh="不足 1 分舍去", en="down to a whole fen"),
        Rounding.DOWN_TO_JIAO: Text(zh="不足 1 角舍去", en="down to a whole jiao"),
        Rounding.DOWN_TO_YUAN: Text(zh="不足 1 元舍去", en="down to a whole yuan"),
    }
)


def sums_in_steps(situation: Situation, decision: Decision, benefit: AnyBenefit | None) -> Iterator[Text]:
    """What the holder, the companions admitted and the others pay, and all of them together."""
    fare, admitted = situation.fare, decision.companions_admitted
    others = situation.companions - admitted
    if benefit is None:
        yield Text(zh=f"本人：票价 {fare} 分", en=f"holder: the list fare, {fare} fen")
    else:
        steps = _holder_steps(benefit, fare, dict(situation.service.tickets), decision.holder_pays)
        yield Text(zh=f"本人：{steps.zh}", en=f"holder: {steps.en}")
    if admitted and benefit is not None:
        share = _share(fare, benefit.companion_pays, benefit.rounding, decision.companion_pays)
        yield Text(
            zh=f"同行优惠 {admitted} 人，每人：{share.zh}", en=f"{admitted} admitted, each: {share.en}"
        )
    if others:
        yield Text(
            zh=f"其余同行 {others} 人，每人：票价 {fare} 分",
            en=f"{others} others, each: the list fare, {fare} fen",
        )
    total = decision.holder_pays + admitted * decision.companion_pays + others * fare
    yield Text(zh=f"合计：{total} 分", en=f"together: {total} fen")


def _holder_steps(benefit: AnyBenefit, fare: int, tickets: dict[str, int], pays: int) -> Text:
    match benefit:
        case FreeBenefit():
            return Text(zh="免费，0 分", en="free, 0 fen")
        case PercentageBenefit():
            return _share(fare, benefit.pays_percent, benefit.rounding, pays)
        case CeilingBenefit():
            return Text(
                zh=f"票价 {fare} 分，最多付 {benefit.ceiling_fen} 分：{pays} 分",
                en=f"the fare of {fare} fen, at most {benefit.ceiling_fen} fen: {pays} fen",
            )
        case TicketClassBenefit():
            price = tickets[benefit.ticket]
            return Text(
                zh=f"票价 {fare} 分，“{benefit.ticket}”票 {price} 分，取低者：{pays} 分",
                en=f"of {fare} fen and the {benefit.ticket} ticket of {price} fen the lower: {pays} fen",
            )


def _share(fare: int, pays: str | int, rounding: Rounding, result: int) -> Text:
    if isinstance(pays, str):
        words = _FREE if pays == "free" else _FULL
        return Text(zh=f"{words.zh}，{result} 分", en=f"{words.en}, {result} fen")
    whole, hundredths = divmod(fare * pays, 100)
    exact = f"{whole}" if not hundredths else f"{whole}.{hundredths:02}".rstrip("0")
    rounded = f" → {result}" if exact != str(result) else ""
    down = _ROUNDED_DOWN[rounding]
    return Text(
        zh=f"{fare} × {pays}% = {exact}{rounded} 分（{down.zh}）",
        en=f"{fare} × {pays}% = {exact}{rounded} fen ({down.en})",
    )
