"""The simulator and its files."""

from __future__ import annotations

from card.errors.root import CardError
from crypto.explained import Text


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


class FaultNeedsOption(CardError):
    """A fault was chosen without the option that it can't do without, or an option without its fault."""

    code = "CRD-196"
    cause = Text(
        zh="{option} 与故障 {fault} 必须同时使用。", en="{option} goes together with the fault {fault}."
    )
    next_step = Text(
        zh="请按“tongka simulate card --help”补上或去掉其中一项。",
        en="Add the one or leave out the other, as `tongka simulate card --help` says.",
    )
