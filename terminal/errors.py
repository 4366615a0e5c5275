"""The root of the exception tree of `terminal`, and what no package of it alone raises: TRM-4xx, 6xx."""

from crypto.explained import ExplainedError, Text


class TerminalError(ExplainedError):
    """Root of everything that `terminal` raises."""


class ConfigurationMalformed(TerminalError):
    """terminal.toml can't be used."""

    code = "TRM-401"
    cause = Text(
        zh="终端配置 {file} 有误：{detail}。", en="The configuration {file} is not usable: {detail}."
    )
    next_step = Text(
        zh="请按 docs/operations.md 修改，或用“tongka enrol”重新登记。",
        en="Correct it as docs/operations.md says, or enrol again with `tongka enrol`.",
    )


class TerminalNotEnrolled(TerminalError):
    """A folder holds no enrolled terminal."""

    code = "TRM-402"
    cause = Text(
        zh="{directory} 中没有已登记的终端（缺少 {missing}）。",
        en="{directory} holds no enrolled terminal ({missing} is missing).",
    )
    next_step = Text(
        zh="请核对 --data 所写的目录；还没有登记的终端请先运行“tongka enrol”。",
        en="Check the folder given with --data; a terminal that is new needs `tongka enrol` first.",
    )


class FileNotWritten(TerminalError):
    """A file could not be stored durably."""

    code = "TRM-404"
    cause = Text(zh="文件 {file} 无法写入：{detail}。", en="The file {file} can't be written: {detail}.")
    next_step = Text(
        zh="请检查磁盘空间与权限；原文件未改变。",
        en="Check disk space and permissions; the old file is unchanged.",
    )


class FileNotRead(TerminalError):
    """A file that the command was given can't be read."""

    code = "TRM-407"
    cause = Text(zh="无法读取 {file}：{detail}。", en="{file} can't be read: {detail}.")
    next_step = Text(zh="请检查路径与权限。", en="Check the path and its permissions.")


class ClockDoubtful(TerminalError):
    """The wall clock is behind what is known, or ahead of it beyond belief. Facts: reads, known (moments)."""

    code = "TRM-413"
    cause = Text(
        zh="本机时钟不可信：显示 {reads}，已知时间 {known}。",
        en="This machine's clock can't be right: it reads {reads}, and it is known to be {known}.",
    )
    next_step = Text(
        zh="刷卡照常，按已知时间判断并在流水中注明。请校准时钟（timedatectl），最好启用时间同步。",
        en="Taps go on, judged by the known time and marked. Set the clock (timedatectl), or better let a "
        "time service keep it.",
    )


class ClockAhead(TerminalError):
    """The wall clock jumped ahead, and nothing shows whether it is right. Facts: reads, known (moments)."""

    code = "TRM-415"
    cause = Text(
        zh="本机时钟向前跳变：显示 {reads}，确知只到 {known}，是否准确无从证明。",
        en="This machine's clock jumped ahead: it reads {reads}, certain is {known}, and nothing shows "
        "whether it is right.",
    )
    next_step = Text(
        zh="刷卡照常，暂按显示的时间判断并在流水中注明。时钟错了，校准即可，不留影响；时钟是对的，请启用时间同步，"
        "或与中心同步一次（相差不到十天可省）再重启本机。",
        en="Taps go on, judged by what it reads and marked. If it is wrong, set it right, and nothing stays "
        "of it. If it is right, let a time service keep it, or synchronise with the centre once (not needed "
        "for less than ten days) and restart this machine.",
    )


class TerminalRevoked(TerminalError):
    """The centre has withdrawn this terminal's certificate: nothing that it recorded would count."""

    code = "TRM-414"
    cause = Text(zh="本终端已被中心吊销。", en="The centre has revoked this terminal.")
    next_step = Text(
        zh="请停止使用并联系卡数据中心；核实后可用新的登记码重新登记。",
        en="Stop using it and call the card data centre; it can be enrolled again with a new code.",
    )


class CommandBroken(TerminalError):
    """A verb of the `tongka` command can't be loaded."""

    code = "TRM-601"
    cause = Text(zh="命令“{verb}”无法载入：{detail}。", en="The verb {verb} can't be loaded: {detail}.")
    next_step = Text(zh="请重新运行“make install”。", en="Run `make install` again.")


class SystemRefused(TerminalError):
    """The operating system refused something that no error of our own foresaw."""

    code = "TRM-602"
    cause = Text(zh="系统拒绝了操作：{detail}（{file}）。", en="The system refused: {detail} ({file}).")
    next_step = Text(
        zh="请检查该路径、端口或权限后重试。", en="Check that path, port or permission, then try again."
    )


class UsageRefused(TerminalError):
    """A command line that no verb can have meant. Facts: wrong (a Text), command."""

    code = "TRM-603"
    cause = Text(zh="命令写法有误：{wrong}。", en="Wrong usage: {wrong}.")
    next_step = Text(zh="用法见：{command} --help", en="See {command} --help")


class InternalFault(TerminalError):
    """A fault of the program that no error of its own names. Facts: kind, place (modules and lines)."""

    code = "TRM-604"
    cause = Text(zh="程序内部错误：{kind}（{place}）。", en="Internal error: {kind} at {place}.")
    next_step = Text(
        zh="这是程序的缺陷。请把这一行连同版本和所用的命令（删去个人信息）报告给维护者。已记的流水没有丢失。",
        en="This is a defect of the program. Please report this line with the version and the command, "
        "personal data removed, to the maintainers. What was recorded is not lost.",
    )


class InputEnded(TerminalError):
    """A verb asked for input, and there is none: standard input is closed."""

    code = "TRM-605"
    cause = Text(zh="需要输入，但输入已结束。", en="Input is needed, but it has ended.")
    next_step = Text(
        zh="请在终端窗口中运行，或用选项给出（见该命令的 --help）。",
        en="Run it at a terminal, or give the input by an option (see the command's --help).",
    )
