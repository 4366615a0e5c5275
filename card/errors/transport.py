"""Readers, serial lines and the PC/SC service."""

from __future__ import annotations

from card.errors.root import CardError, RefusalReason, TapRefused
from crypto.explained import Text


class ReaderGone(CardError):
    """The reader was unplugged or stopped answering."""

    code = "CRD-101"
    cause = Text(zh="读卡器“{reader}”已断开。", en="The reader {reader} is gone.")
    next_step = Text(
        zh="请检查读卡器的连接线；重新插好后会自动恢复。",
        en="Check the reader's cable; work goes on by itself once it is back.",
    )


class PcscServiceGone(CardError):
    """The PC/SC service (pcscd) does not run or was stopped."""

    code = "CRD-102"
    cause = Text(zh="读卡服务 pcscd 没有运行。", en="The smart-card service pcscd is not running.")
    next_step = Text(
        zh="请启动 pcscd（systemctl start pcscd）；启动后会自动恢复。",
        en="Start pcscd (systemctl start pcscd); work goes on by itself once it runs.",
    )


class CardTorn(TapRefused):
    """The card left the field, was reset or stopped answering in the middle of an exchange."""

    code = "CRD-103"
    reason = RefusalReason.TORN
    cause = Text(zh="读卡中途卡片被移开。", en="The card was taken away while it was being read.")
    next_step = Text(
        zh="请把卡放回并保持不动，直到提示完成。", en="Hold the card on the reader until it says done."
    )


class NoSuchReader(CardError):
    """No reader has the name that was asked for."""

    code = "CRD-104"
    cause = Text(zh="没有名为“{reader}”的读卡器。", en="There is no reader named {reader}.")
    next_step = Text(
        zh="现有读卡器：{present}。请用“tongka readers list”查看名称。",
        en="Present are: {present}. See the names with `tongka readers list`.",
    )


class CardInUse(CardError):
    """Another program, or another connection of this one, holds the card."""

    code = "CRD-105"
    cause = Text(
        zh="读卡器“{reader}”上的卡正被占用。",
        en="The card on {reader} is in use elsewhere.",
    )
    next_step = Text(zh="请关闭占用该卡的程序后重试。", en="Close the program that uses it and try again.")


class NoCardInTime(CardError):
    """No card was presented within the time allowed."""

    code = "CRD-106"
    cause = Text(zh="在规定时间内没有放卡。", en="No card was presented in time.")
    next_step = Text(zh="请把卡放在读卡区。", en="Put the card on the reader.")


class CardNotRemoved(CardError):
    """The card still lies on the reader after the time allowed."""

    code = "CRD-107"
    cause = Text(zh="卡片仍在读卡区。", en="The card is still on the reader.")
    next_step = Text(zh="请取走卡片。", en="Take the card away.")


class WaitCancelled(CardError):
    """The program asked for its own wait to end, to shut down."""

    code = "CRD-108"
    cause = Text(zh="等待读卡已取消。", en="Waiting for a card was cancelled.")
    next_step = Text(zh="如需继续，请重新启动程序。", en="Start the program again to go on.")


class PcscFailed(CardError):
    """The PC/SC service answered with an error that has no meaning of its own here."""

    code = "CRD-109"
    cause = Text(
        zh="读卡服务在 {operation} 时返回错误 {result}。",
        en="The smart-card service failed at {operation} with {result}.",
    )
    next_step = Text(
        zh="请重新插拔读卡器；仍失败时把此代码报给技术人员。",
        en="Replug the reader; if it stays, report this code to a technician.",
    )
