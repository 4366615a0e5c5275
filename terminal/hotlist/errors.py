"""What goes wrong with lists of cards: TRM-301 to 310 hotlists, TRM-360 to 369 standing lists."""

from crypto.explained import Text
from terminal.errors import TerminalError


class HotlistMalformed(TerminalError):
    """Bytes are not a hotlist in the format of terminal/hotlist/; root of the ways. Facts: detail."""

    code = "TRM-301"
    cause = Text(zh="停用名单文件内容无效：{detail}。", en="The hotlist holds what it can't: {detail}.")
    next_step = Text(
        zh="未采用，原有名单继续有效。请用“tongka content hotlist”重新制作，或向中心取回原文件。",
        en="It was not used; the list held stays in force. Make it again with `tongka content hotlist`, or "
        "get the centre's file.",
    )


class HotlistEntryRefused(TerminalError):
    """A line (in Parquet: a row) that a list is made from can't be used. Facts: file, line, detail."""

    code = "TRM-302"
    cause = Text(zh="{file} 第 {line} 行有误：{detail}。", en="{file}, line {line}: {detail}.")
    next_step = Text(
        zh="发卡登记每行写“卡标识,发卡日期”，如 0011223344556677,2026-03-01；停用登记每行写“卡标识,原因,"
        "起始日,截止日”，截止日可空；常设名单每行写一个卡标识。名单没有写出。",
        en="Each line of the cards issued is `card id,date`, as 0011223344556677,2026-03-01; of the statuses "
        "`card id,reason,since,until`, until may be empty; of a standing list's members `card id`. No list "
        "was written.",
    )


class HotlistTorn(HotlistMalformed):
    """A hotlist file is cut off or damaged. Facts: detail."""

    code = "TRM-303"
    cause = Text(
        zh="停用名单文件不完整或已损坏（{detail}）。", en="The hotlist file is torn or damaged ({detail})."
    )
    next_step = Text(
        zh="未采用，原有名单继续有效。请重新复制或下载该文件。",
        en="It was not used; the list held stays in force. Copy or fetch the file again.",
    )


class HotlistFormatUnknown(HotlistMalformed):
    """A file is no hotlist, or of a format this version does not know. Facts: detail."""

    code = "TRM-304"
    cause = Text(
        zh="不是停用名单文件，或其格式本版本不认识（{detail}）。",
        en="This is no hotlist file, or of a format that this version does not know ({detail}).",
    )
    next_step = Text(
        zh="未采用，原有名单继续有效。请核对文件；中心若已更新，请先更新本机软件。",
        en="It was not used; the list held stays in force. Check the file; if the centre has been updated, "
        "update this machine first.",
    )


class HotlistCountWrong(HotlistMalformed):
    """The counts in a hotlist file do not fit each other or its length. Facts: detail."""

    code = "TRM-305"
    cause = Text(
        zh="停用名单文件中的数目与内容不符（{detail}）。",
        en="The counts in the hotlist file do not fit what it holds ({detail}).",
    )
    next_step = Text(
        zh="未采用，原有名单继续有效。文件本身做错了，请通知中心重新制作。",
        en="It was not used; the list held stays in force. It was made wrong: let the centre make it again.",
    )


class HotlistDeltaForeign(HotlistMalformed):
    """A delta belongs to another base than the one beside it. Facts: detail, its version."""

    code = "TRM-306"
    cause = Text(
        zh="停用名单增量（第 {detail} 版）不属于这份基础名单。",
        en="The hotlist's delta (version {detail}) belongs to another base.",
    )
    next_step = Text(
        zh="未采用，原有名单继续有效。制作新基础名单后请删去旧增量再发布。",
        en="It was not used; the list held stays in force. Take the old deltas away when a new base is made, "
        "then publish.",
    )


class HotlistDeltaMissing(HotlistMalformed):
    """A delta does not follow the version before it. Facts: after, detail (its version and date)."""

    code = "TRM-307"
    cause = Text(
        zh="停用名单第 {after} 版之后缺少增量或次序有误（下一份是：{detail}）。",
        en="After version {after} of the hotlist a delta is missing or out of order (next: {detail}).",
    )
    next_step = Text(
        zh="未采用，原有名单继续有效。请补齐每一份增量，或制作新的基础名单。",
        en="It was not used; the list held stays in force. Supply every delta, or make a new base.",
    )


class HotlistReasonsForeign(HotlistMalformed):
    """The reasons belong to another base than the one beside them."""

    code = "TRM-308"
    cause = Text(zh="停用原因文件不属于这份基础名单。", en="The hotlist's reasons belong to another base.")
    next_step = Text(
        zh="未采用，原有名单继续有效。请把同时制作的 base.bin 与 reasons.bin 一起发布。",
        en="It was not used; the list held stays in force. Publish base.bin and reasons.bin of one making.",
    )


class HotlistNotBuilt(TerminalError):
    """No exact filter came of the cards given: too many are alike. Facts: detail."""

    code = "TRM-309"
    cause = Text(zh="名单未能制成（{detail}）。", en="The list could not be built ({detail}).")
    next_step = Text(
        zh="没有写出任何文件。请检查卡标识是否由发卡方随机产生；仍如此请上报此问题。",
        en="Nothing was written. Check that the card ids are random; if they are, report this.",
    )


class HotlistColumnsMissing(TerminalError):
    """A Parquet file has not the columns that a list is made from. Facts: file, columns."""

    code = "TRM-310"
    cause = Text(zh="{file} 须有这些列：{columns}。", en="{file} must have these columns: {columns}.")
    next_step = Text(
        zh="请改列名后重试；卡标识为 16 位十六进制文本或 8 字节二进制。名单没有写出。",
        en="Rename its columns and try again; a card id is text of 16 hexadecimal digits or 8 bytes. No list "
        "was written.",
    )


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
