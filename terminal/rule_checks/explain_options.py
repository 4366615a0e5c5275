"""The options of `tongka rules explain`: an invented person, what is asked for, and when."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer

_DAY: Final = "%Y-%m-%d"

Content = Annotated[
    Path,
    typer.Option(
        "--content", help="内容目录：catalogue.toml 与 rules/ / folder with catalogue.toml and rules/"
    ),
]
PackFolder = Annotated[
    Path | None,
    typer.Option(
        "--pack-folder", help="规则包目录，代替内容目录中的 rules/ / folder of packs instead of rules/"
    ),
]
Service = Annotated[str, typer.Option("--service", help="服务代码 / the service's code")]
On = Annotated[datetime, typer.Option("--on", formats=[_DAY], help="日期 / the day, as 2026-07-01")]
Region = Annotated[
    str,
    typer.Option(
        "--region", help="发证地，GB/T 2260 六位 / where the card was issued, six digits of GB/T 2260"
    ),
]
Category = Annotated[
    list[int] | None,
    typer.Option("--category", min=1, max=7, help="类别 1–7，可重复 / a category, 1 to 7; may be repeated"),
]
Grade = Annotated[int, typer.Option("--grade", min=1, max=4, help="等级 1–4 / the grade, 1 to 4")]
CompanionCard = Annotated[
    bool,
    typer.Option(
        "--companion-card", help="陪护卡，无类别等级 / a companion card, without category and grade"
    ),
]
Expires = Annotated[
    datetime | None, typer.Option("--expires", formats=[_DAY], help="证件末日 / the card's last day")
]
Companions = Annotated[
    int, typer.Option("--companions", min=0, max=255, help="同行人数 / how many come along")
]
Fare = Annotated[
    int | None,
    typer.Option("--fare", min=0, help="票价（分），默认取目录 / fen; default: the catalogue's"),
]
OnList = Annotated[
    list[str] | None,
    typer.Option("--list", help="所在名单，可重复 / a list the card is on; may be repeated"),
]
Used = Annotated[
    list[str] | None,
    typer.Option(
        "--used",
        help="已用次数，如 pack/quota=3，可重复 / uses of a quota, as pack/quota=3; may be repeated",
    ),
]
FollowsHolder = Annotated[
    bool, typer.Option("--follows-holder", help="紧随持证人之后刷 / tapped directly after the holder")
]
Ticket = Annotated[str, typer.Option("--ticket", help="票种 / class of ticket")]
HotlistAge = Annotated[
    int, typer.Option("--hotlist-age", min=0, help="停用名单距今天数 / days since the hotlist")
]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")]
