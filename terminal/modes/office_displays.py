"""What a ticket office shows: the lines or JSON of any tap, and after each the sale as it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from crypto.explained import Text
from terminal.displays import JsonDisplay, LineDisplay
from terminal.modes.sale_state import SaleItem, SalePhase, SaleState, SaleTotals
from terminal.yuan import yuan

_PHASES: Final[Mapping[SalePhase, Text]] = MappingProxyType(
    {
        SalePhase.OPEN: Text(
            zh="合计 {count} 张证，应付 ¥{yuan}　c 确认，x 撤销",
            en="{count} cards, to pay: ¥{yuan}  c confirms, x cancels",
        ),
        SalePhase.CANCELLING: Text(zh="撤销未完成，请再按 x", en="Not cancelled yet: enter x again"),
        SalePhase.CONFIRMED: Text(
            zh="已确认：{count} 张证，实收 ¥{yuan}", en="Confirmed: {count} cards, paid: ¥{yuan}"
        ),
        SalePhase.CANCELLED: Text(
            zh="已撤销：{count} 张证，不收费", en="Cancelled: {count} cards, nothing to pay"
        ),
    }
)
_NEXT: Final = Text(
    zh="下一张证：同行 {count} 人，票种 {ticket}，每人 ¥{yuan}",
    en="Next card: {count} companions, ticket {ticket}, ¥{yuan} each",
)
_INTERRUPTED: Final = Text(
    zh="上次售票中断，已撤销其 {count} 次刷卡，请重新售票。",
    en="The sale before was broken off: {count} taps were cancelled. Please sell again.",
)
_LINE: Final = Text(zh="第 {number} 号 ¥{yuan}", en="No. {number} ¥{yuan}")
_HOLDERS: Final = Text(zh="持卡人 {count} 人 ¥{yuan}", en="{count} holders ¥{yuan}")
_ADMITTED: Final = Text(zh="同行优惠 {count} 人 ¥{yuan}", en="{count} companions ¥{yuan}")
_FURTHER: Final = Text(zh="其余同行 {count} 人 ¥{yuan}", en="{count} further companions ¥{yuan}")


class OfficeLineDisplay(LineDisplay):
    """Lines for a person."""

    def next_person(self, item: SaleItem) -> None:
        """What the next card will be tapped for."""
        text = _NEXT.format(count=item.companions, ticket=item.ticket or "-", yuan=yuan(item.fare))
        self._say(text.in_language(self._language))

    def sale(self, state: SaleState) -> None:
        """The sale has changed, or ended."""
        if state.phase is SalePhase.OPEN and state.lines:
            numbers = (
                _LINE.format(number=line.number, yuan=yuan(line.result.party_pays)) for line in state.lines
            )
            self._say("  " + " · ".join(one.in_language(self._language) for one in numbers))
        if state.phase in (SalePhase.OPEN, SalePhase.CONFIRMED):
            self._say("  " + " · ".join(part.in_language(self._language) for part in _parts(state.totals)))
        totals = state.totals
        text = _PHASES[state.phase].format(count=totals.holders, yuan=yuan(totals.to_pay))
        self._say(text.in_language(self._language))

    def interrupted(self, taps: int) -> None:
        """The sale before was broken off with the program; so many taps were cancelled."""
        self._say(_INTERRUPTED.format(count=taps).in_language(self._language))


class OfficeJsonDisplay(JsonDisplay):
    """JSON lines for a program."""

    def next_person(self, item: SaleItem) -> None:
        """What the next card will be tapped for; `fare` in fen."""
        self._write(
            {"state": "next", "companions": item.companions, "ticket": item.ticket, "fare": item.fare}
        )

    def sale(self, state: SaleState) -> None:
        """The sale has changed, or ended; sums in fen."""
        totals = state.totals
        self._write(
            {
                "state": "sale",
                "phase": state.phase.value,
                "lines": [line.number for line in state.lines],
                "holders": totals.holders,
                "holders_pay": totals.holders_pay,
                "companions_admitted": totals.admitted,
                "companions_admitted_pay": totals.admitted_pay,
                "companions_further": totals.further,
                "companions_further_pay": totals.further_pay,
                "to_pay": totals.to_pay,
            }
        )

    def interrupted(self, taps: int) -> None:
        """The sale before was broken off with the program; so many taps were cancelled."""
        self._write({"state": "interrupted", "cancelled": taps})


def _parts(totals: SaleTotals) -> Iterator[Text]:
    """How many of each kind pay what."""
    yield _HOLDERS.format(count=totals.holders, yuan=yuan(totals.holders_pay))
    if totals.admitted:
        yield _ADMITTED.format(count=totals.admitted, yuan=yuan(totals.admitted_pay))
    if totals.further:
        yield _FURTHER.format(count=totals.further, yuan=yuan(totals.further_pay))
