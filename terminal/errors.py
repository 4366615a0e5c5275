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
    """Bytes are not a hotlist in the format of terminal/hotlist.py. Facts: detail."""

    code = "TRM-301"
    cause = Text(zh="挂失名单文件无效：{detail}。", en="The hotlist is not usable: {detail}.")
    next_step = Text(
        zh="此名单未被采用。请用“tongka content hotlist”重新制作，或向中心取回原文件。",
        en="It was not used. Make it again with `tongka content hotlist`, or get the centre's file.",
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
    next_step = Text(zh="请先运行“tongka enrol”。", en="Run `tongka enrol` first.")


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
        zh="请检查磁盘空间；恢复前不要放行优惠，刷卡未计入。",
        en="Check disk space; give no benefit until it works again, the tap did not count.",
    )


class ContentMissing(TerminalError):
    """A signed file of content is not there, or without its signature."""

    code = "TRM-405"
    cause = Text(zh="缺少内容文件 {file}。", en="The content file {file} is missing.")
    next_step = Text(
        zh="请把数据目录改名备份，再用新的登记码运行“tongka enrol”取得内容。",
        en="Move the data folder aside and enrol again with a new code, which brings the content.",
    )


class CommandBroken(TerminalError):
    """A verb of the `tongka` command can't be loaded."""

    code = "TRM-601"
    cause = Text(zh="命令“{verb}”无法载入：{detail}。", en="The verb {verb} can't be loaded: {detail}.")
    next_step = Text(zh="请重新运行“make install”。", en="Run `make install` again.")


class HotlistEntryRefused(TerminalError):
    """A line of the CSV that a hotlist is made from can't be used."""

    code = "TRM-302"
    cause = Text(zh="{file} 第 {line} 行有误：{detail}。", en="{file}, line {line}: {detail}.")
    next_step = Text(
        zh="每行写“卡标识,原因”，例如 0011223344556677,lost。名单没有写出。",
        en="Write `card id,reason` on each line, as 0011223344556677,lost. No list was written.",
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
