"""The exception tree of `terminal`: TRM-2xx decisions, 3xx hotlist, 4xx set-up, 5xx journal."""

from crypto.explained import ExplainedError, Text


class TerminalError(ExplainedError):
    """Root of everything that `terminal` raises."""


class RulePackMalformed(TerminalError):
    """A rule pack can't be used; says which file, rule and field, and what to write there.

    Facts: file, place, problem_zh, problem_en, write_zh, write_en.
    """

    code = "TRM-201"
    cause = Text(
        zh="规则包 {file} 的 {place} 有误：{problem_zh}。",
        en="Rule pack {file}, {place}: {problem_en}.",
    )
    next_step = Text(
        zh="请改写为：{write_zh}。改好之前，原有规则继续有效。",
        en="Write {write_en}. Until then the rules in force stay in force.",
    )


class ConditionRejected(TerminalError):
    """A CEL condition can't become part of a rule. Facts: problem_zh, problem_en."""

    code = "TRM-202"
    cause = Text(zh="条件表达式不可用：{problem_zh}。", en="The condition can't be used: {problem_en}.")
    next_step = Text(
        zh="请按 docs/add-a-benefit-rule.md 列出的变量改写条件。",
        en="Rewrite it with the variables that docs/add-a-benefit-rule.md lists.",
    )


class ConditionFailed(TerminalError):
    """A condition gave no yes or no for this card. Facts: failure (the kind of failure, never a value)."""

    code = "TRM-203"
    cause = Text(
        zh="规则条件无法求值（{failure}）。", en="The rule's condition could not be worked out ({failure})."
    )
    next_step = Text(
        zh="此规则未给予优惠，其余规则照常；请通知规则发布单位。",
        en="This rule granted nothing, the others were tried; tell whoever publishes the rules.",
    )


class CatalogueMalformed(TerminalError):
    """The service catalogue can't be used; same facts as RulePackMalformed."""

    code = "TRM-204"
    cause = Text(
        zh="服务目录 {file} 的 {place} 有误：{problem_zh}。",
        en="Catalogue {file}, {place}: {problem_en}.",
    )
    next_step = Text(
        zh="请改写为：{write_zh}。改好之前，原有目录继续有效。",
        en="Write {write_en}. Until then the catalogue in force stays in force.",
    )


class RuleBookInconsistent(TerminalError):
    """Rule packs that can't be in force together. Facts: problem_zh, problem_en."""

    code = "TRM-205"
    cause = Text(
        zh="规则包不能同时使用：{problem_zh}。", en="The rule packs can't be used together: {problem_en}."
    )
    next_step = Text(
        zh="请让同名规则包的有效期首尾相接且不重叠。",
        en="Let packs of one name follow each other without overlap.",
    )


class MisuseNotRuled(TerminalError):
    """No rule pack says what misuse of a card brings there and then. Facts: region, found."""

    code = "TRM-208"
    cause = Text(
        zh="没有规则包规定 {region} 在 {found} 的违规后果。",
        en="No rule pack says what misuse brings in {region} on {found}.",
    )
    next_step = Text(
        zh="请在当地规则包写明 [misuse] 及其依据；没有依据的不得停用。",
        en="Write [misuse] with its legal basis into the local pack; without one nobody is barred.",
    )


class DecisionInputInvalid(TerminalError):
    """A fare, party or time that no terminal can have meant. Facts: field, value."""

    code = "TRM-206"
    cause = Text(
        zh="无法判定：{field} 的值 {value} 超出范围。", en="No decision: {field} is out of range ({value})."
    )
    next_step = Text(
        zh="请核对票价、同行人数与终端时间。",
        en="Check the fare, the number of companions and the terminal's clock.",
    )


class ServiceUnknown(TerminalError):
    """A service code is not in the catalogue. Facts: service."""

    code = "TRM-207"
    cause = Text(zh="服务目录中没有服务“{service}”。", en="The catalogue has no service {service}.")
    next_step = Text(
        zh="请核对服务代码与服务目录 catalogue.toml 是否一致（终端的代码在 terminal.toml 的 service）。",
        en="Check the code against catalogue.toml; a terminal's is `service` in terminal.toml.",
    )


class HotlistMalformed(TerminalError):
    """Bytes are not a hotlist in the format of terminal/hotlist/; root of the ways. Facts: detail."""

    code = "TRM-301"
    cause = Text(zh="停用名单文件内容无效：{detail}。", en="The hotlist holds what it can't: {detail}.")
    next_step = Text(
        zh="未采用，原有名单继续有效。请用“tongka content hotlist”重新制作，或向中心取回原文件。",
        en="It was not used; the list held stays in force. Make it again with `tongka content hotlist`, or "
        "get the centre's file.",
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


class ConfigurationMalformed(TerminalError):
    """terminal.toml can't be used."""

    code = "TRM-401"
    cause = Text(
        zh="终端配置 {file} 有误：{detail}。", en="The configuration {file} is not usable: {detail}."
    )
    next_step = Text(
        zh="请按 docs/operations.md 修改，或用“tongka enrol”重新登记。",
        en="Correct it as docs/operations.md says, or enrol again with `tongka enrol`.",
    )


class TerminalNotEnrolled(TerminalError):
    """A folder holds no enrolled terminal."""

    code = "TRM-402"
    cause = Text(
        zh="{directory} 中没有已登记的终端（缺少 {missing}）。",
        en="{directory} holds no enrolled terminal ({missing} is missing).",
    )
    next_step = Text(
        zh="请核对 --data 所写的目录；还没有登记的终端请先运行“tongka enrol”。",
        en="Check the folder given with --data; a terminal that is new needs `tongka enrol` first.",
    )


class FileNotWritten(TerminalError):
    """A file could not be stored durably."""

    code = "TRM-404"
    cause = Text(zh="文件 {file} 无法写入：{detail}。", en="The file {file} can't be written: {detail}.")
    next_step = Text(
        zh="请检查磁盘空间与权限；原文件未改变。",
        en="Check disk space and permissions; the old file is unchanged.",
    )


class JournalLocked(TerminalError):
    """Another process owns this journal."""

    code = "TRM-501"
    cause = Text(zh="另一个程序正在使用此终端的流水账。", en="Another process owns this terminal's journal.")
    next_step = Text(
        zh="请先停止另一个终端程序；两个程序同时记账会使流水分叉。",
        en="Stop the other terminal process first; two writers would fork the chain.",
    )


class JournalOfAnother(TerminalError):
    """A journal belongs to another terminal or epoch."""

    code = "TRM-502"
    cause = Text(
        zh="流水账属于终端 {terminal} 第 {epoch} 期，不是本终端。",
        en="The journal is of terminal {terminal}, epoch {epoch}, not of this one.",
    )
    next_step = Text(
        zh="请恢复本终端自己的数据目录，或重新登记。",
        en="Put this terminal's own data folder back, or enrol it again.",
    )


class JournalDamaged(TerminalError):
    """The journal's end does not fit its chain, or its file is no database."""

    code = "TRM-503"
    cause = Text(zh="流水账受损：{detail}。", en="The journal is damaged: {detail}.")
    next_step = Text(
        zh="请勿删除；运行“tongka journal verify”并联系技术人员。",
        en="Do not delete it; run `tongka journal verify` and call a technician.",
    )


class TapNotRecorded(TerminalError):
    """A tap could not be stored, so it must not count."""

    code = "TRM-504"
    cause = Text(zh="本次刷卡无法记账：{detail}。", en="This tap could not be recorded: {detail}.")
    next_step = Text(
        zh="请检查磁盘空间，以及有无别的程序占用流水账；恢复前不要放行优惠，刷卡未计入。",
        en="Check disk space, and that no other program holds the journal; give no benefit until it works "
        "again, the tap did not count.",
    )


class ContentMissing(TerminalError):
    """A signed file of content is not there, or without its signature."""

    code = "TRM-405"
    cause = Text(zh="缺少内容文件 {file}。", en="The content file {file} is missing.")
    next_step = Text(
        zh="请把数据目录改名备份，再用新的登记码运行“tongka enrol”取得内容。",
        en="Move the data folder aside and enrol again with a new code, which brings the content.",
    )


class ContentDamaged(TerminalError):
    """A file of content has other bytes than the manifest says. Facts: file."""

    code = "TRM-408"
    cause = Text(zh="内容文件 {file} 已损坏。", en="The content file {file} is damaged.")
    next_step = Text(
        zh="此前的内容继续有效。请运行“tongka agent run”重新下载；仍如此请检查磁盘。",
        en="The content before it stays in force. Run `tongka agent run` to fetch it again; if it stays, "
        "check the disk.",
    )


class ManifestMalformed(TerminalError):
    """Bytes are not a manifest of content. Facts: detail."""

    code = "TRM-409"
    cause = Text(zh="内容清单无效：{detail}。", en="The manifest of content is not usable: {detail}.")
    next_step = Text(
        zh="此前的内容继续有效。请重新下载；仍如此请通知中心。",
        en="The content before it stays in force. Fetch it again; if it stays, tell the centre.",
    )


class ContentOlder(TerminalError):
    """Content with a lower number than what is held. Facts: held, offered."""

    code = "TRM-410"
    cause = Text(
        zh="收到的内容（第 {offered} 版）比现有的（第 {held} 版）旧。",
        en="The content offered (number {offered}) is older than what is held (number {held}).",
    )
    next_step = Text(
        zh="未采用，现有内容继续有效。若中心曾从备份恢复，请中心发布更高版本号的内容；否则请查是谁在转发旧内容。",
        en="It was not used; what is held stays in force. If the centre came back from a backup, let it "
        "publish under a higher number; otherwise find out who sends old content.",
    )


class ContentFromFuture(TerminalError):
    """Content that claims to be made later than now. Facts: what, made."""

    code = "TRM-411"
    cause = Text(zh="{what} 的日期 {made} 在未来。", en="{what} is dated {made}, which is in the future.")
    next_step = Text(
        zh="未采用，现有内容继续有效。请核对本机时间；时间无误时请通知中心重新发布。",
        en="It was not used; what is held stays in force. Check this machine's clock; if it is right, let "
        "the centre publish anew.",
    )


class ContentUnusable(TerminalError):
    """Content that the software fails on in an unforeseen way. Facts: kind."""

    code = "TRM-412"
    cause = Text(zh="无法载入新内容（{kind}）。", en="The new content can't be loaded ({kind}).")
    next_step = Text(
        zh="未采用，现有内容继续有效。请把代码和括号中的词告诉技术人员。",
        en="It was not used; what is held stays in force. Tell a technician the code and the word in "
        "brackets.",
    )


class TerminalRevoked(TerminalError):
    """The centre has withdrawn this terminal's certificate: nothing that it recorded would count."""

    code = "TRM-414"
    cause = Text(zh="本终端已被中心吊销。", en="The centre has revoked this terminal.")
    next_step = Text(
        zh="请停止使用并联系卡数据中心；核实后可用新的登记码重新登记。",
        en="Stop using it and call the card data centre; it can be enrolled again with a new code.",
    )


class ClockDoubtful(TerminalError):
    """The wall clock is behind what is known, or ahead of it beyond belief. Facts: reads, known (moments)."""

    code = "TRM-413"
    cause = Text(
        zh="本机时钟不可信：显示 {reads}，已知时间 {known}。",
        en="This machine's clock can't be right: it reads {reads}, and it is known to be {known}.",
    )
    next_step = Text(
        zh="刷卡照常，按已知时间判断并在流水中注明。请校准时钟（timedatectl），最好启用时间同步。",
        en="Taps go on, judged by the known time and marked. Set the clock (timedatectl), or better let a "
        "time service keep it.",
    )


class ClockAhead(TerminalError):
    """The wall clock jumped ahead, and nothing shows whether it is right. Facts: reads, known (moments)."""

    code = "TRM-415"
    cause = Text(
        zh="本机时钟向前跳变：显示 {reads}，确知只到 {known}，是否准确无从证明。",
        en="This machine's clock jumped ahead: it reads {reads}, certain is {known}, and nothing shows "
        "whether it is right.",
    )
    next_step = Text(
        zh="刷卡照常，暂按显示的时间判断并在流水中注明。时钟错了，校准即可，不留影响；时钟是对的，请启用时间同步，"
        "或与中心同步一次（相差不到十天可省）再重启本机。",
        en="Taps go on, judged by what it reads and marked. If it is wrong, set it right, and nothing stays "
        "of it. If it is right, let a time service keep it, or synchronise with the centre once (not needed "
        "for less than ten days) and restart this machine.",
    )


class CommandBroken(TerminalError):
    """A verb of the `tongka` command can't be loaded."""

    code = "TRM-601"
    cause = Text(zh="命令“{verb}”无法载入：{detail}。", en="The verb {verb} can't be loaded: {detail}.")
    next_step = Text(zh="请重新运行“make install”。", en="Run `make install` again.")


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


class HotlistColumnsMissing(TerminalError):
    """A Parquet file has not the columns that a list is made from. Facts: file, columns."""

    code = "TRM-310"
    cause = Text(zh="{file} 须有这些列：{columns}。", en="{file} must have these columns: {columns}.")
    next_step = Text(
        zh="请改列名后重试；卡标识为 16 位十六进制文本或 8 字节二进制。名单没有写出。",
        en="Rename its columns and try again; a card id is text of 16 hexadecimal digits or 8 bytes. No list "
        "was written.",
    )


class JournalMissing(TerminalError):
    """There is no journal file: no tap was made here yet, or somebody took the file away."""

    code = "TRM-505"
    cause = Text(zh="这里还没有流水账（{path}）。", en="There is no journal here ({path}).")
    next_step = Text(
        zh="如终端从未刷过卡，属正常；否则文件被移走，请立即联系技术人员。",
        en="That is normal before the first tap; else the file was taken away: call a technician.",
    )


class JournalUnavailable(TerminalError):
    """The disk under the journal fails now: full, read-only, not permitted, or broken."""

    code = "TRM-506"
    cause = Text(
        zh="流水账现在无法读写：{detail}。", en="The journal can't be read or written now: {detail}."
    )
    next_step = Text(
        zh="请检查磁盘空间、权限和磁盘本身；已记的流水没有丢失，恢复后重新启动即可。",
        en="Check disk space, permissions and the disk; what was recorded is not lost. Then start again.",
    )


class ContentExists(TerminalError):
    """Starter content would replace a file that somebody has edited."""

    code = "TRM-406"
    cause = Text(zh="{file} 已存在且被修改过。", en="{file} is there already and was edited.")
    next_step = Text(
        zh="请换一个目录；确要恢复起步内容时加 --force。什么都没有改动。",
        en="Choose another folder, or add --force to have the starter content back. Nothing was changed.",
    )


class FileNotRead(TerminalError):
    """A file that the command was given can't be read."""

    code = "TRM-407"
    cause = Text(zh="无法读取 {file}：{detail}。", en="{file} can't be read: {detail}.")
    next_step = Text(zh="请检查路径与权限。", en="Check the path and its permissions.")


class SystemRefused(TerminalError):
    """The operating system refused something that no error of our own foresaw."""

    code = "TRM-602"
    cause = Text(zh="系统拒绝了操作：{detail}（{file}）。", en="The system refused: {detail} ({file}).")
    next_step = Text(
        zh="请检查该路径、端口或权限后重试。", en="Check that path, port or permission, then try again."
    )


class UsageRefused(TerminalError):
    """A command line that no verb can have meant. Facts: wrong (a Text), command."""

    code = "TRM-603"
    cause = Text(zh="命令写法有误：{wrong}。", en="Wrong usage: {wrong}.")
    next_step = Text(zh="用法见：{command} --help", en="See {command} --help")


class InternalFault(TerminalError):
    """A fault of the program that no error of its own names. Facts: kind, place (modules and lines)."""

    code = "TRM-604"
    cause = Text(zh="程序内部错误：{kind}（{place}）。", en="Internal error: {kind} at {place}.")
    next_step = Text(
        zh="这是程序的缺陷。请把这一行连同版本和所用的命令（删去个人信息）报告给维护者。已记的流水没有丢失。",
        en="This is a defect of the program. Please report this line with the version and the command, "
        "personal data removed, to the maintainers. What was recorded is not lost.",
    )


class InputEnded(TerminalError):
    """A verb asked for input, and there is none: standard input is closed."""

    code = "TRM-605"
    cause = Text(zh="需要输入，但输入已结束。", en="Input is needed, but it has ended.")
    next_step = Text(
        zh="请在终端窗口中运行，或用选项给出（见该命令的 --help）。",
        en="Run it at a terminal, or give the input by an option (see the command's --help).",
    )
