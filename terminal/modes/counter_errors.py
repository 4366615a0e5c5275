"""What can be wrong at a ticket office, a counter or an attendance desk: TRM-73x."""

from __future__ import annotations

from crypto.explained import Text
from terminal.errors import TerminalError


class SaleMoveRefused(TerminalError):
    """A sale can't be moved so from where it stands. Facts: move, phase (Texts)."""

    code = "TRM-730"
    cause = Text(
        zh="本次售票{phase}，不能{move}。",
        en="The sale is {phase}: {move} is not possible.",
    )
    next_step = Text(
        zh="已记账的刷卡不受影响；请开始新的售票，或先完成撤销。",
        en="What was recorded stays as it is; begin another sale, or finish cancelling this one.",
    )


class SaleStillOpen(TerminalError):
    """A terminal has one open sale at a time."""

    code = "TRM-731"
    cause = Text(zh="上一笔售票尚未确认或撤销。", en="The sale before was neither confirmed nor cancelled.")
    next_step = Text(zh="请先确认或撤销它。", en="Confirm or cancel it first.")


class SaleTimedOut(TerminalError):
    """Nothing happened in a sale for too long, or its day is over; it was cancelled."""

    code = "TRM-732"
    cause = Text(
        zh="售票久未操作，或已过零点，已自动撤销。",
        en="Nothing happened for too long, or midnight has passed: the sale was cancelled.",
    )
    next_step = Text(
        zh="刷卡都已撤销，次数已退回；请重新开始。",
        en="Its taps do not count and quotas were given back; begin another sale.",
    )


class CardInSaleAlready(TerminalError):
    """The same card was tapped twice in one sale; the second tap was cancelled at once."""

    code = "TRM-733"
    cause = Text(zh="这张证在本次售票中已经刷过。", en="This card is in the sale already.")
    next_step = Text(
        zh="重复的一次已撤销，不计次数；请换下一位，或先移除此证原来的一行。",
        en="The second tap was cancelled and uses up nothing; go on with the next person, or remove the "
        "card's first line before it is tapped anew.",
    )


class SaleFull(TerminalError):
    """A sale has room for so many taps, those that were removed or refused among them. Facts: most."""

    code = "TRM-734"
    cause = Text(zh="一笔售票最多刷 {most} 次。", en="A sale has room for {most} taps.")
    next_step = Text(zh="请确认这一笔，其余的人另开一笔。", en="Confirm it and begin another for the rest.")


class TicketUnknown(TerminalError):
    """A service sells no ticket of this class. Facts: service, ticket, known."""

    code = "TRM-735"
    cause = Text(zh="服务“{service}”没有票种“{ticket}”。", en="{service} sells no ticket {ticket}.")
    next_step = Text(zh="可选的票种：{known}。", en="It sells these: {known}.")


class NotInSale(TerminalError):
    """A sale has no line of this number. Facts: sequence."""

    code = "TRM-736"
    cause = Text(zh="本次售票中没有第 {sequence} 号。", en="The sale has no line {sequence}.")
    next_step = Text(zh="请按屏幕上的号码移除。", en="Use one of the numbers shown.")


class EntryRefused(TerminalError):
    """What staff typed, or a program sent, is no order that is possible here. Facts: wrong, write (Texts).

    `wrong` is the place in the line, and nothing of what stands there: that may be a name.
    """

    code = "TRM-738"
    cause = Text(zh="输入无法使用，问题在{wrong}。", en="That entry can't be used: the trouble is {wrong}.")
    next_step = Text(zh="可以输入：{write}。", en="These can be entered: {write}.")


class NobodyAtCounter(TerminalError):
    """The card that was read is not on the reader any more, or another lies there."""

    code = "TRM-739"
    cause = Text(
        zh="读卡器上没有刚才那张证。", en="The card that was read does not lie on the reader any more."
    )
    next_step = Text(
        zh="没有登记。请持卡人把证放回读卡器，再登记一次。",
        en="Nothing was registered. Ask the holder to put the card back, then register again.",
    )
