"""Readers on a serial line."""

from __future__ import annotations

from card.errors.root import CardError
from crypto.explained import Text


class DeviceSpeaksOtherwise(CardError):
    """What answers on a serial port, if anything, does not follow the profile that was chosen for it."""

    code = "CRD-170"
    cause = Text(
        zh="{path} 上的设备不按描述“{profile}”通信。",
        en="The device on {path} doesn't speak {profile}.",
    )
    next_step = Text(
        zh="请检查读卡器电源和接线，以及描述中的波特率是否与读卡器的设置一致；或换用与此读卡器相符的描述。",
        en="Check its power and cable, and that the profile's baud rate is the reader's; or choose the "
        "profile that fits this reader.",
    )


class SerialPortRefused(CardError):
    """A serial port is there but can't be opened."""

    code = "CRD-171"
    cause = Text(
        zh="串口 {path} 无法打开：{detail}。", en="The serial port {path} can't be opened: {detail}."
    )
    next_step = Text(
        zh="请把运行本程序的用户加入 dialout 组，并关闭占用该串口的程序。",
        en="Add the user of this program to the group dialout, and close other programs that use the port.",
    )


class ReaderRefused(CardError):
    """The reader answered a command with an error that is not about the card."""

    code = "CRD-172"
    cause = Text(
        zh="读卡器“{reader}”拒绝了 {operation}：错误 {error}。",
        en="The reader {reader} refused {operation} with error {error}.",
    )
    next_step = Text(
        zh="请断电重启读卡器；仍失败时把此代码报给技术人员。",
        en="Switch the reader off and on; if it stays, report this code to a technician.",
    )


class FrameTooLong(CardError):
    """A command is longer than the reader's frames can carry."""

    code = "CRD-173"
    cause = Text(
        zh="命令有 {size} 个字节，读卡器每帧最多 {limit} 个。",
        en="The command has {size} bytes; the reader's frames carry {limit} at most.",
    )
    next_step = Text(
        zh="请换用支持长命令的读卡器；若手册允许更长的帧，请修改描述中的 max_frame。",
        en="Use a reader that takes long commands; or correct max_frame if its manual allows more.",
    )
