"""The exception tree of `kiosk_ui`: KSK-1xx screen and fonts, KSK-2xx pictures."""

from crypto.explained import ExplainedError, Text


class KioskError(ExplainedError):
    """Root of everything that `kiosk_ui` raises."""


class NoDisplay(KioskError):
    """There is no screen to open a window on."""

    code = "KSK-101"
    cause = Text(
        zh="没有可用的显示屏（未设置 DISPLAY 或 WAYLAND_DISPLAY）。",
        en="There is no screen to show on (neither DISPLAY nor WAYLAND_DISPLAY is set).",
    )
    next_step = Text(
        zh="请在图形桌面中运行；无桌面的整机请设置 QT_QPA_PLATFORM=linuxfb 或 eglfs。",
        en="Run it in a graphical session; on a machine without one set QT_QPA_PLATFORM=linuxfb or eglfs.",
    )


class NoChineseFont(KioskError):
    """No installed font has Chinese characters."""

    code = "KSK-102"
    cause = Text(
        zh="系统中没有包含中文字符的字体，屏幕上只会显示方框。",
        en="No installed font has Chinese characters; the screen would show empty boxes.",
    )
    next_step = Text(
        zh="请安装字体后重新启动：apt-get install fonts-noto-cjk",
        en="Install one and start again: apt-get install fonts-noto-cjk",
    )


class QtUnusable(KioskError):
    """Qt's libraries can't be loaded. Facts: detail."""

    code = "KSK-103"
    cause = Text(zh="图形库 Qt 无法载入：{detail}。", en="The graphics library Qt can't be loaded: {detail}.")
    next_step = Text(
        zh="请运行“make install”安装所缺的系统库。", en="Run `make install`, which installs what is missing."
    )


class TerminalSilent(KioskError):
    """The terminal does not become ready, and says nothing."""

    code = "KSK-104"
    cause = Text(
        zh="终端启动很久仍未就绪，读卡服务可能没有响应。",
        en="The terminal is not ready after a long time; the smart-card service may not be answering.",
    )
    next_step = Text(
        zh="请运行“systemctl restart pcscd”；恢复后会自动继续。",
        en="Run `systemctl restart pcscd`; work goes on by itself once it answers.",
    )


class TerminalFault(KioskError):
    """The terminal fails in a way that nobody foresaw. Facts: kind, the exception's type and nothing more."""

    code = "KSK-105"
    cause = Text(
        zh="终端程序出现未预料的故障（{kind}）。", en="The terminal failed in an unforeseen way ({kind})."
    )
    next_step = Text(
        zh="终端会自动重试；如反复出现，请重启自助终端，并把故障代码和括号中的名称告知维护人员。",
        en="It tries again by itself; if this comes back, restart the kiosk and report code and name.",
    )


class NoTapInTime(KioskError):
    """A picture of a tap was wanted, and nobody tapped. Facts: seconds."""

    code = "KSK-201"
    cause = Text(zh="{seconds} 秒内没有人刷卡。", en="Nobody tapped within {seconds} seconds.")
    next_step = Text(
        zh="请在看到“等待刷卡”之后刷卡，或用 --timeout 延长时间。",
        en="Tap after it says that it waits, or allow more time with --timeout.",
    )


class PictureNotWritten(KioskError):
    """A picture could not be stored. Facts: file."""

    code = "KSK-202"
    cause = Text(zh="图片 {file} 无法写入。", en="The picture {file} can't be written.")
    next_step = Text(
        zh="请检查目录、磁盘空间与权限。", en="Check the folder, the disk space and permissions."
    )
