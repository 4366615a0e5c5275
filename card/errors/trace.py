"""APDU traces."""

from __future__ import annotations

from card.errors.root import CardError
from crypto.explained import Text


class TraceNotWritten(CardError):
    """A trace can't be written, from the start or from here on; what is traced goes on without it."""

    code = "CRD-125"
    cause = Text(
        zh="APDU 跟踪文件“{file}”无法写入（{detail}），已停止记录。",
        en="The APDU trace {file} can't be written ({detail}); tracing has stopped.",
    )
    next_step = Text(
        zh="刷卡不受影响。如需跟踪，请检查磁盘空间和权限，用一个新文件名重新开始。",
        en="Cards are read as before. For a trace, check disk space and permissions and start again with the "
        "name of a new file.",
    )


class TraceFull(CardError):
    """A trace has reached its greatest size; what is traced goes on without it."""

    code = "CRD-126"
    cause = Text(
        zh="APDU 跟踪文件“{file}”已达上限 {bytes} 字节，已停止记录。",
        en="The APDU trace {file} has reached its limit of {bytes} bytes; tracing has stopped.",
    )
    next_step = Text(
        zh="刷卡不受影响。如需继续跟踪，请用一个新文件名重新开始。",
        en="Cards are read as before. To trace further, start again with the name of a new file.",
    )


class TraceRefused(CardError):
    """A file is not a trace, or not a whole one. `file` ends with the line's number where there is one."""

    code = "CRD-127"
    cause = Text(zh="跟踪文件 {file} 无法读取：{problem}。", en="The trace {file} can't be read: {problem}.")
    next_step = Text(
        zh="请确认它是“--trace”写出的完整文件，传送时没有改动。",
        en="Check that it is a whole file that `--trace` wrote, not altered on its way.",
    )
