"""What `terminal.events` raises: a tree of its own, so that the centre can use the formats alone."""

from crypto.explained import ExplainedError, Text


class EventError(ExplainedError):
    """Root of everything that `terminal.events` raises."""


class EventMalformed(EventError):
    """Bytes are not a usage event, checkpoint, receipt or challenge of a known format."""

    code = "TRM-101"
    cause = Text(zh="{kind}的数据格式错误：{detail}。", en="The {kind} is malformed: {detail}.")
    next_step = Text(
        zh="原数据保持不变；请运行“tongka journal verify”找出受损的记录。",
        en="Nothing was changed; run `tongka journal verify` to find the damaged record.",
    )
