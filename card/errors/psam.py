"""The PSAM, a terminal's security module."""

from __future__ import annotations

from card.errors.root import CardError
from card.status_word import describe_status_word
from crypto.explained import Text


class PsamRefused(CardError):
    """The PSAM answered a command with a status word other than 9000, or with what is no answer to it."""

    code = "CRD-143"
    cause = Text(zh="PSAM 拒绝了 {command}：{status}。", en="The PSAM refused {command}: {status}.")
    next_step = Text(
        zh="请确认 PSAM 卡槽中是本系统的 PSAM，且未被锁定。",
        en="Check that the SAM slot holds a PSAM of this system and that it is not blocked.",
    )

    @classmethod
    def by_status(cls, command: str, sw: int) -> PsamRefused:
        """For a status word."""
        return cls(command=command, status=describe_status_word(sw))


class PsamMissing(CardError):
    """There is no PSAM where one is needed."""

    code = "CRD-144"
    cause = Text(zh="卡槽“{reader}”中没有 PSAM。", en="There is no PSAM in {reader}.")
    next_step = Text(zh="请插入 PSAM 后重试。", en="Insert the PSAM and try again.")


class NoSamSlot(CardError):
    """No reader is known to be a slot for a PSAM, and none was named."""

    code = "CRD-145"
    cause = Text(zh="没有找到 PSAM 卡槽。", en="No slot for a PSAM was found.")
    next_step = Text(
        zh="现有读卡器：{present}。请用 --psam 指定其中的 PSAM 卡槽，或在读卡器描述的 sam_names 中写上它。",
        en="Present are: {present}. Name the slot with --psam, or in the sam_names of the reader's profile.",
    )


class SamSlotUnclear(CardError):
    """Several readers are slots for a PSAM, and none was named."""

    code = "CRD-146"
    cause = Text(zh="有多个 PSAM 卡槽：{slots}。", en="There are several slots for a PSAM: {slots}.")
    next_step = Text(zh="请用 --psam 指定其中一个。", en="Name one of them with --psam.")


class PsamGone(CardError):
    """The PSAM was taken out of its slot, or stopped answering, in the middle of its work."""

    code = "CRD-147"
    cause = Text(
        zh="卡槽“{reader}”中的 PSAM 在工作中途失去联系。",
        en="The PSAM in {reader} was lost in the middle of its work.",
    )
    next_step = Text(
        zh="请插紧 PSAM 后重试；若 PSAM 不知去向，请立即报告密钥管理单位。",
        en="Seat the PSAM firmly and try again; if it is missing, tell the keeper of the keys at once.",
    )
