"""What `terminal.modes` raises or tells: TRM-720 to 729."""

from crypto.explained import Text
from terminal.errors import TerminalError


class HotlistStale(TerminalError):
    """The hotlist is older than it should get. Facts: age, allowed (days)."""

    code = "TRM-720"
    cause = Text(
        zh="停用名单已有 {age} 天未更新（应不超过 {allowed} 天）。",
        en="The hotlist is {age} days old; it should be no older than {allowed}.",
    )
    next_step = Text(
        zh="刷卡照常，但新近挂失的卡仍会被接受。请检查网络和代理程序（tongka agent run）。",
        en="Taps go on, but cards lost since then are still taken. Check the network and the agent "
        "(tongka agent run).",
    )


class TrainingMode(TerminalError):
    """The terminal trains its staff: nothing it records counts."""

    code = "TRM-721"
    cause = Text(
        zh="培训模式：刷卡不计次、不结算。", en="Training mode: taps are not counted and not settled."
    )
    next_step = Text(
        zh="请勿用于真实乘客；正式使用时去掉 --training 重新启动。",
        en="Don't serve real passengers with it; start again without --training to do so.",
    )


class JournalUnsigned(TerminalError):
    """More events stand unsigned than should. Facts: unsigned, allowed."""

    code = "TRM-722"
    cause = Text(
        zh="流水账末尾有 {unsigned} 条记录尚未签名（应不超过 {allowed} 条）。",
        en="The journal's last {unsigned} events are not signed yet; there should be no more than {allowed}.",
    )
    next_step = Text(
        zh="刷卡照常，记录已保存。请检查终端密钥（硬件密钥是否插好），然后重新启动终端。",
        en="Taps go on and are kept. Check the terminal's key (is its hardware plugged in?), then start the "
        "terminal again.",
    )


class NothingToInspect(TerminalError):
    """No tap of the card on the reader can be looked up, so nothing is said of it. Facts: reason."""

    code = "TRM-723"
    cause = Text(zh="无法查验这张卡：{reason}", en="This card can't be inspected: {reason}")
    next_step = Text(zh="请再刷一次，或人工核验证件。", en="Tap it again, or check the certificate by eye.")


class RelayFailed(TerminalError):
    """A handheld and the terminal that it asks do not understand each other. Facts: detail."""

    code = "TRM-724"
    cause = Text(
        zh="手持机与终端之间的连接异常：{detail}。", en="Handheld and terminal lost touch: {detail}."
    )
    next_step = Text(
        zh="请检查 --via 的命令和网络后重试；也可以查验乘客的凭条。",
        en="Check the command of --via and the network, then try again; or check the passenger's receipt.",
    )


class RelayRefused(TerminalError):
    """The terminal asked for something from the card that an inspection does not take."""

    code = "TRM-725"
    cause = Text(
        zh="终端要求这张卡做查验以外的操作，手持机已拒绝转发。",
        en="The terminal asked this card for more than an inspection; the handheld passed nothing on.",
    )
    next_step = Text(
        zh="请记下该终端并报告：这样的请求可能用于伪造刷卡记录。",
        en="Note which terminal it was and report it: such a request could serve to invent a tap.",
    )


class InspectorIsAnother(TerminalError):
    """Whoever inspects is not the user that the terminal runs as. Facts: user (its number)."""

    code = "TRM-726"
    cause = Text(
        zh="终端以另一用户（{user}）运行，其当天的密钥不可读，无法查验。",
        en="The terminal runs as another user ({user}), whose key of the day can't be read.",
    )
    next_step = Text(
        zh="请以该用户运行查验，例如 sudo -u。", en="Inspect as that user, with sudo -u for example."
    )
