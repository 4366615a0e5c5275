"""How a sum came about, step by step, in whole fen."""

from __future__ import annotations

from collections.abc import Iterator

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
        yield Text(zh=f"同行优惠 {admitted} 人，每人：{share}", en=f"{admitted} admitted, each: {share}")
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
            shown = _share(fare, benefit.pays_percent, benefit.rounding, pays)
            return Text(zh=shown, en=shown)
        case CeilingBenefit():
            shown = f"min({fare}, {benefit.ceiling_fen}) = {pays} fen"
            return Text(zh=shown, en=shown)
        case TicketClassBenefit():
            shown = f"min({fare}, {benefit.ticket} {tickets[benefit.ticket]}) = {pays} fen"
            return Text(zh=shown, en=shown)


def _share(fare: int, pays: str | int, rounding: Rounding, result: int) -> str:
    if isinstance(pays, str):
        return f"{pays}, {result} fen"
    whole, hundredths = divmod(fare * pays, 100)
    exact = f"{whole}" if not hundredths else f"{whole}.{hundredths:02}".rstrip("0")
    rounded = f" → {result}" if exact != str(result) else ""
    return f"{fare} × {pays}% = {exact}{rounded} fen ({rounding.value})"
