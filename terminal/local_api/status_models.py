"""The message of `/status`: how the terminal is."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field

from terminal.configuration import TerminalConfiguration
from terminal.events.event import ClockTrust
from terminal.local_api.health import Health
from terminal.local_api.models import Message, Place, Trouble
from terminal.local_api.role import Role


class Status(Message):
    """How the terminal is. Nothing in it is about a person."""

    api: Literal["1"] = "1"
    role: Annotated[Role, Field(description="What the token that asked may do. 令牌的角色。")]
    terminal: Annotated[str, Field(examples=["0011223344556677"])]
    epoch: Annotated[int, Field(description="Counts installations; sequences begin anew with it. 期号。")]
    mode: Annotated[str, Field(examples=["production"])]
    service: Annotated[str, Field(description="What cards are tapped for without a sale. 本机服务。")]
    sales_only: Annotated[bool, Field(description="Whether cards are tapped in sales alone. 仅售票。")]
    training: Annotated[
        bool, Field(description="Training: nothing counts or is settled. 培训：不计次、不结算。")
    ]
    sequence: Annotated[Place, Field(description="The journal's last event. 最后的流水号。")]
    content: Annotated[int, Field(description="Number of the publication in force. 内容版本。")]
    rules: Annotated[str, Field(description="The rules in force. 规则版本。")]
    hotlist_age: Annotated[int, Field(description="Days since the hotlist was made. 停用名单天数。")]
    clock: ClockTrust
    cancelled_at_start: Annotated[
        int,
        Field(description="Taps of a sale that the last run left open, cancelled now. 启动时撤销的刷卡。"),
    ]
    degradations: Annotated[
        list[Trouble], Field(description="What is wrong now; empty: all is well. 当前问题。")
    ]

    @classmethod
    def of(
        cls,
        *,
        role: Role,
        configuration: TerminalConfiguration,
        health: Health,
        sequence: int,
        is_for_sales_only: bool,
        is_training: bool,
        cancelled_at_start: int,
    ) -> Self:
        """What is told to who has this role."""
        return cls(
            role=role,
            terminal=configuration.terminal,
            epoch=configuration.epoch,
            mode=configuration.mode.value,
            service=configuration.service,
            sales_only=is_for_sales_only,
            training=is_training,
            sequence=sequence,
            content=health.content.version,
            rules=health.content.rules.version,
            hotlist_age=health.hotlist_age,
            clock=health.clock,
            cancelled_at_start=cancelled_at_start,
            degradations=[Trouble.of(one) for one in health.degradations],
        )
