"""What goes wrong with the file of a sale that is not confirmed: TRM-737."""

from crypto.explained import Text
from terminal.errors import TerminalError


class OpenSaleUnreadable(TerminalError):
    """The file that names an unconfirmed sale's taps can't be used. Facts: file, detail."""

    code = "TRM-737"
    cause = Text(
        zh="未完成售票的记录 {file} 无法读取：{detail}。",
        en="{file}, which names the taps of a sale that was not finished, can't be read: {detail}.",
    )
    next_step = Text(
        zh="请用 tongka journal list 核对最近的刷卡，如有未售出的请登记，然后移走此文件再启动。",
        en="Look at the last taps with `tongka journal list`, note those that were never sold, then move the "
        "file away and start again.",
    )
