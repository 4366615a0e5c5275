"""How readers are asked for, and what they say of themselves."""

from __future__ import annotations

from card.errors.root import CardError
from crypto.explained import Text


class ReaderAddressRefused(CardError):
    """Nobody can tell which reader is meant."""

    code = "CRD-180"
    cause = Text(zh="读卡器地址“{address}”无效。", en="{address} is not a reader's address.")
    next_step = Text(
        zh="请写 any（任何读卡器）、“tongka readers list”列出的名称、nfc:/dev/ttyUSB0"
        "或 serial:描述文件:/dev/ttyS0。",
        en="Write `any`, a name that `tongka readers list` prints, nfc:/dev/ttyUSB0 or "
        "serial:PROFILE:/dev/ttyS0.",
    )


class NoReaderConnected(CardError):
    """No reader is there at all."""

    code = "CRD-181"
    cause = Text(zh="没有连接读卡器。", en="No reader is connected.")
    next_step = Text(zh="请插上读卡器；插好后会自动开始。", en="Plug one in; work begins by itself then.")


class ReaderAnswerMalformed(CardError):
    """What a reader says of itself does not have the form of its standard."""

    code = "CRD-182"
    cause = Text(
        zh="读卡器“{reader}”的 {what} 无法读懂：{detail}。",
        en="The {what} of the reader {reader} can't be read: {detail}.",
    )
    next_step = Text(
        zh="请更新读卡器的驱动程序或固件；刷卡不受影响。",
        en="Update the reader's driver or firmware; taps are not affected.",
    )
