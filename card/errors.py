"""The exception tree of `card`.

`TapRefused` is the branch that says something about the card on the reader: `card.verification` turns it
into a typed refusal. All the rest is about readers, services, files and operators, and is raised.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from card.status_word import describe_status_word
from crypto.explained import ExplainedError, Text


class RefusalReason(StrEnum):
    """Why a card is not accepted."""

    FOREIGN_CARD = "foreign_card"
    TORN = "torn"
    UNREADABLE = "unreadable"
    UNKNOWN_ISSUER = "unknown_issuer"
    FORGED = "forged"
    CLONED = "cloned"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    HOTLISTED = "hotlisted"


class CardError(ExplainedError):
    """Root of everything that `card` raises."""


class TapRefused(CardError):
    """Root of the errors that are a finding about the card itself."""

    reason: ClassVar[RefusalReason]


# --- readers and the PC/SC service ---------------------------------------------------------------


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
    """Another program holds the card."""

    code = "CRD-105"
    cause = Text(
        zh="读卡器“{reader}”上的卡正被其他程序占用。",
        en="Another program is using the card on {reader}.",
    )
    next_step = Text(zh="请关闭该程序后重试。", en="Close that program and try again.")


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


# --- commands and answers --------------------------------------------------------------------------


class CommandMalformed(CardError):
    """Bytes or fields do not make a command APDU."""

    code = "CRD-120"
    cause = Text(zh="命令 APDU 无效：{detail}。", en="This is not a command APDU: {detail}.")
    next_step = Text(
        zh="请按 ISO/IEC 7816-4 检查命令。", en="Check the command against ISO/IEC 7816-4 clause 5."
    )


class AnswerMalformed(TapRefused):
    """The card's answer does not have the form that its profile gives."""

    code = "CRD-121"
    reason = RefusalReason.UNREADABLE
    cause = Text(
        zh="卡片的回答无法读懂（{what}：{detail}）。", en="The card's {what} can't be read: {detail}."
    )
    next_step = Text(
        zh="请重新刷卡；仍如此请持卡人到发卡机构检查卡片。",
        en="Tap again; if it stays, the holder should have the card checked by its issuer.",
    )


class ApduRefused(TapRefused):
    """The card answered a command with a status word other than 9000. `sw` keeps it."""

    code = "CRD-122"
    reason = RefusalReason.UNREADABLE
    cause = Text(zh="卡片拒绝了 {command}：{status}。", en="The card refused {command}: {status}.")
    next_step = Text(
        zh="请重新刷卡；仍如此请持卡人到发卡机构检查卡片。",
        en="Tap again; if it stays, the holder should have the card checked by its issuer.",
    )

    def __init__(self, command: str, sw: int) -> None:
        self.sw = sw
        super().__init__(command=command, status=describe_status_word(sw))


# --- findings about the card -----------------------------------------------------------------------


class ForeignCard(TapRefused):
    """The card does not carry the application of the profile."""

    code = "CRD-130"
    reason = RefusalReason.FOREIGN_CARD
    cause = Text(zh="这不是可在此使用的证卡。", en="This is not a card that is used here.")
    next_step = Text(
        zh="请使用第三代智能化证卡；若几张卡叠放，请只放一张。",
        en="Use the third-generation smart certificate; of several cards in a stack, present one alone.",
    )


class UnknownIssuer(TapRefused):
    """The credential names an issuer key that the trust store does not hold for its date of issue."""

    code = "CRD-131"
    reason = RefusalReason.UNKNOWN_ISSUER
    cause = Text(
        zh="本终端不认识此卡的发卡机构密钥。", en="This terminal does not know the card's issuer key."
    )
    next_step = Text(
        zh="请更新终端的信任库后重试，或改用人工核验。",
        en="Update the terminal's trust store and try again, or have staff check the certificate.",
    )


class CredentialForged(TapRefused):
    """The issuer's signature on the credential is not valid."""

    code = "CRD-132"
    reason = RefusalReason.FORGED
    cause = Text(zh="卡片凭证的发卡签名无效。", en="The issuer's signature on the card is not valid.")
    next_step = Text(zh="请由工作人员人工核验证件。", en="Have staff check the certificate by hand.")


class CardCloned(TapRefused):
    """The chip could not prove that it holds the credential's private key."""

    code = "CRD-133"
    reason = RefusalReason.CLONED
    cause = Text(zh="卡片未能证明自己是原卡。", en="The card could not prove that it is the genuine chip.")
    next_step = Text(zh="请由工作人员人工核验证件。", en="Have staff check the certificate by hand.")


class CredentialNotYetValid(TapRefused):
    """The credential's first day lies in the future."""

    code = "CRD-134"
    reason = RefusalReason.NOT_YET_VALID
    cause = Text(zh="卡片自 {issued} 起有效。", en="The card is valid from {issued} only.")
    next_step = Text(
        zh="请从该日起使用；若终端日期有误，请校正。",
        en="Use it from that day; if the terminal's date is wrong, set it right.",
    )


class CredentialExpired(TapRefused):
    """The credential's last day is past."""

    code = "CRD-135"
    reason = RefusalReason.EXPIRED
    cause = Text(zh="卡片已于 {expires} 到期。", en="The card expired on {expires}.")
    next_step = Text(
        zh="请持卡人到发卡机构换领新卡。", en="The holder should get a new card from the issuer."
    )


class CardHotlisted(TapRefused):
    """The card is on the hotlist: reported lost, stolen or withdrawn."""

    code = "CRD-136"
    reason = RefusalReason.HOTLISTED
    cause = Text(zh="此卡已挂失或停用。", en="This card was reported lost or was withdrawn.")
    next_step = Text(zh="请使用新卡，或到发卡机构查询。", en="Use the new card, or ask the issuer.")


# --- files and the simulator -----------------------------------------------------------------------


class CardProfileRefused(CardError):
    """A card profile can't be used."""

    code = "CRD-140"
    cause = Text(
        zh="卡片描述文件 {file} 无效：{problem}。", en="The card profile {file} is not usable: {problem}."
    )
    next_step = Text(zh="{instead}，再试一次。", en="{instead}, then try again.")


class HolderRefused(CardError):
    """The data to personalise a card with are not acceptable."""

    code = "CRD-150"
    cause = Text(
        zh="个人化数据无效：{detail}。", en="The data to personalise the card with are wrong: {detail}."
    )
    next_step = Text(
        zh="请按“tongka issuer personalise --help”改正。",
        en="Correct them as `tongka issuer personalise --help` says.",
    )


class CardFileRefused(CardError):
    """A file of a virtual card can't be used."""

    code = "CRD-151"
    cause = Text(
        zh="虚拟卡文件 {file} 不可用：{detail}。",
        en="The virtual card's file {file} can't be used: {detail}.",
    )
    next_step = Text(
        zh="请用“tongka issuer personalise”重新生成。", en="Make it anew with `tongka issuer personalise`."
    )


class IssuerRefused(CardError):
    """A test issuer's folder can't be used."""

    code = "CRD-152"
    cause = Text(
        zh="测试发卡方目录 {directory} 不可用：{detail}。",
        en="The test issuer in {directory} can't be used: {detail}.",
    )
    next_step = Text(
        zh="已有发卡方时直接使用；要新建请用“tongka issuer init --dir”指定另一个空目录。",
        en="Use the one that is there, or make another in an empty folder with `tongka issuer init --dir`.",
    )


class VirtualReaderUnreachable(CardError):
    """Nothing listens where the virtual reader should be."""

    code = "CRD-153"
    cause = Text(zh="端口 {port} 上没有虚拟读卡器。", en="There is no virtual reader on port {port}.")
    next_step = Text(
        zh="请先运行“tongka simulate reader”，并用它打印的端口。",
        en="Run `tongka simulate reader` first and use the port it prints.",
    )


class PcscdMissing(CardError):
    """A program or driver of the private PC/SC service is not installed."""

    code = "CRD-154"
    cause = Text(zh="缺少 {what}。", en="{what} is missing.")
    next_step = Text(
        zh="请安装 Debian 软件包：apt-get install {package}",
        en="Install the Debian package: apt-get install {package}",
    )


class PcscdFailed(CardError):
    """The private PC/SC service did not start or ended by itself."""

    code = "CRD-155"
    cause = Text(zh="私有读卡服务失败：{detail}。", en="The private smart-card service failed: {detail}.")
    next_step = Text(
        zh="请重试；仍失败时运行“pcscd --foreground --info”查看原因。",
        en="Try again; if it stays, look at what `pcscd --foreground --info` prints.",
    )
