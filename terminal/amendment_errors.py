"""What can be wrong about taking an earlier event back: TRM-57x."""

from __future__ import annotations

from crypto.explained import Text
from terminal.errors import TerminalError


class AmendmentRefused(TerminalError):
    """An event can't be cancelled or corrected. Facts: sequence."""


class NothingToAmend(AmendmentRefused):
    """The journal holds no such event, or it is an amendment itself."""

    code = "TRM-571"
    cause = Text(zh="流水账里没有可更正的第 {sequence} 号记录。", en="There is no event {sequence} to amend.")
    next_step = Text(
        zh="请用 tongka journal list 核对序号。", en="Check the number with tongka journal list."
    )


class CancelledAlready(AmendmentRefused):
    """The event was cancelled before."""

    code = "TRM-572"
    cause = Text(zh="第 {sequence} 号记录已经撤销。", en="Event {sequence} was cancelled already.")
    next_step = Text(
        zh="无需再做；如需优惠请重新刷卡。", en="Nothing is left to do; tap again for a benefit."
    )


class AmendsUpwards(AmendmentRefused):
    """A correction would make an event count for more."""

    code = "TRM-573"
    cause = Text(
        zh="更正不能提高第 {sequence} 号记录（或其上一次更正后）的票价或同行人数。",
        en="A correction can't raise the fare or the party of event {sequence}, or of its last correction.",
    )
    next_step = Text(
        zh="请撤销该记录，并请持卡人重新刷卡。", en="Cancel it, and ask the holder to tap again."
    )
