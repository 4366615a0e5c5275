"""What goes wrong with the content that a terminal is given: TRM-405 to 412."""

from crypto.explained import Text
from terminal.errors import TerminalError


class ContentMissing(TerminalError):
    """A signed file of content is not there, or without its signature."""

    code = "TRM-405"
    cause = Text(zh="缺少内容文件 {file}。", en="The content file {file} is missing.")
    next_step = Text(
        zh="请把数据目录改名备份，再用新的登记码运行“tongka enrol”取得内容。",
        en="Move the data folder aside and enrol again with a new code, which brings the content.",
    )


class ContentExists(TerminalError):
    """Starter content would replace a file that somebody has edited."""

    code = "TRM-406"
    cause = Text(zh="{file} 已存在且被修改过。", en="{file} is there already and was edited.")
    next_step = Text(
        zh="请换一个目录；确要恢复起步内容时加 --force。什么都没有改动。",
        en="Choose another folder, or add --force to have the starter content back. Nothing was changed.",
    )


class ContentDamaged(TerminalError):
    """A file of content has other bytes than the manifest says. Facts: file."""

    code = "TRM-408"
    cause = Text(zh="内容文件 {file} 已损坏。", en="The content file {file} is damaged.")
    next_step = Text(
        zh="此前的内容继续有效。请运行“tongka agent run”重新下载；仍如此请检查磁盘。",
        en="The content before it stays in force. Run `tongka agent run` to fetch it again; if it stays, "
        "check the disk.",
    )


class ManifestMalformed(TerminalError):
    """Bytes are not a manifest of content. Facts: detail."""

    code = "TRM-409"
    cause = Text(zh="内容清单无效：{detail}。", en="The manifest of content is not usable: {detail}.")
    next_step = Text(
        zh="此前的内容继续有效。请重新下载；仍如此请通知中心。",
        en="The content before it stays in force. Fetch it again; if it stays, tell the centre.",
    )


class ContentOlder(TerminalError):
    """Content with a lower number than what is held. Facts: held, offered."""

    code = "TRM-410"
    cause = Text(
        zh="收到的内容（第 {offered} 版）比现有的（第 {held} 版）旧。",
        en="The content offered (number {offered}) is older than what is held (number {held}).",
    )
    next_step = Text(
        zh="未采用，现有内容继续有效。若中心曾从备份恢复，请中心发布更高版本号的内容；否则请查是谁在转发旧内容。",
        en="It was not used; what is held stays in force. If the centre came back from a backup, let it "
        "publish under a higher number; otherwise find out who sends old content.",
    )


class ContentFromFuture(TerminalError):
    """Content that claims to be made later than now. Facts: what, made."""

    code = "TRM-411"
    cause = Text(zh="{what} 的日期 {made} 在未来。", en="{what} is dated {made}, which is in the future.")
    next_step = Text(
        zh="未采用，现有内容继续有效。请核对本机时间；时间无误时请通知中心重新发布。",
        en="It was not used; what is held stays in force. Check this machine's clock; if it is right, let "
        "the centre publish anew.",
    )


class ContentUnusable(TerminalError):
    """Content that the software fails on in an unforeseen way. Facts: kind."""

    code = "TRM-412"
    cause = Text(zh="无法载入新内容（{kind}）。", en="The new content can't be loaded ({kind}).")
    next_step = Text(
        zh="未采用，现有内容继续有效。请把代码和括号中的词告诉技术人员。",
        en="It was not used; what is held stays in force. Tell a technician the code and the word in "
        "brackets.",
    )
