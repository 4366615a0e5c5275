"""Errors of standing lists: TRM-360 to 369."""

from crypto.explained import Text
from terminal.errors import TerminalError


class StandingListMalformed(TerminalError):
    """Files are not the standing list of this name; root of the ways. Facts: name, problem, detail."""

    code = "TRM-360"
    cause = Text(
        zh="常设名单“{name}”的文件无法使用：{problem}（{detail}）。",
        en="The files of the standing list {name} can't be used: {problem} ({detail}).",
    )
    next_step = Text(
        zh="未采用，原有内容继续有效。请重新下载；仍如此请中心用 tongka center publish --list 重新制作。",
        en="They were not used; the content held stays in force. Fetch them again; if it stays, let the "
        "centre make them again with `tongka center publish --list`.",
    )


class StandingListForeign(StandingListMalformed):
    """A file is that of another standing list. Facts: name, found (what it calls itself)."""

    code = "TRM-361"
    cause = Text(
        zh="常设名单“{name}”的位置上是另一份名单（{found}）的文件。",
        en="In the place of the standing list {name} is the file of another, {found}.",
    )
    next_step = Text(
        zh="未采用，原有内容继续有效。若它来自中心，请中心核对名单后重新发布。",
        en="It was not used; the content held stays in force. If the centre gave it out, let it check its "
        "lists and publish anew.",
    )


class StandingListDeltaForeign(StandingListMalformed):
    """A standing list's delta belongs to another base, or does not follow it. Facts: name, detail."""

    code = "TRM-362"
    cause = Text(
        zh="常设名单“{name}”的增量不属于这份基础名单，或不晚于它（{detail}）。",
        en="The delta of the standing list {name} belongs to another base or does not follow it ({detail}).",
    )
    next_step = Text(
        zh="未采用，原有内容继续有效。请中心重新制作并发布此名单，日期不早于已发布的。",
        en="It was not used; the content held stays in force. Let the centre make and publish the list "
        "again, under a date not before the one published.",
    )


class StandingListMissing(TerminalError):
    """Rules ask for standing lists that were not published. Facts: lists ("name (rule), …")."""

    code = "TRM-363"
    cause = Text(
        zh="规则要查询的常设名单没有发布：{lists}。",
        en="Rules ask for standing lists that were not published: {lists}.",
    )
    next_step = Text(
        zh="刷卡照常，按卡片不在这些名单上判断。请通知中心用 tongka center publish --list 发布它们。",
        en="Taps go on, judged as if no card were on them. Tell the centre to publish them with `tongka "
        "center publish --list`.",
    )
