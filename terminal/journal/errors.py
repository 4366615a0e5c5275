"""What the journal refuses: TRM-50x its file and chain, TRM-42x and 43x disks, receipts, exported files."""

from crypto.explained import Text
from terminal.errors import TerminalError


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


class JournalIncomplete(JournalDamaged):
    """A journal lacks tables that taps are written to: an older version made it. Facts: file, missing."""

    code = "TRM-509"
    cause = Text(
        zh="流水账文件 {file} 缺少数据表（{missing}）：由旧版本软件建立，或已受损。",
        en="The journal's file {file} lacks tables ({missing}): an older version made it, or it is damaged.",
    )
    next_step = Text(
        zh="请勿删除。运行“tongka journal verify”，导出流水，保留整个数据目录（改名备份），联系中心，"
        "用新的登记码重新登记（开始新的一期）。",
        en="Don't delete it. Run `tongka journal verify`, export the journal, keep the whole data folder "
        "(move it aside), tell the centre, and enrol again with a new code, which begins a new epoch.",
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


class JournalDiskFull(JournalUnavailable):
    """There is too little room left to be sure of the next tap."""

    code = "TRM-420"
    cause = Text(
        zh="磁盘将满：剩余 {free}，至少需要 {needed}。为避免丢失记录，暂停刷卡。",
        en="The disk is nearly full: {free} left, {needed} needed. No taps until then, so that none is lost.",
    )
    next_step = Text(
        zh="请清理磁盘（勿动流水账文件）并联网上传；空间恢复后自动继续，已记的流水没有丢失。",
        en="Free disk space (not the journal's files) and let the agent upload; taps then go on by "
        "themselves. Nothing recorded is lost.",
    )


class DiskNearlyFull(TerminalError):
    """Taps go on, but somebody should make room."""

    code = "TRM-421"
    cause = Text(
        zh="磁盘空间不多：剩余 {free}，少于 {refused} 时将暂停刷卡。",
        en="The disk is filling up: {free} left; below {refused} there will be no taps.",
    )
    next_step = Text(
        zh="请尽快清理磁盘，或联网上传，使旧流水得以清除。",
        en="Free disk space soon, or let the agent upload, so that old events can be pruned.",
    )


class JournalReadOnly(JournalUnavailable):
    """The disk under the journal takes no writes."""

    code = "TRM-422"
    cause = Text(zh="流水账所在磁盘是只读的。", en="The journal's disk is read-only.")
    next_step = Text(
        zh="请检查挂载方式；存储卡损坏时系统也会改为只读，须更换。已记的流水没有丢失。",
        en="Check how it is mounted; the system also makes a failing card read-only, which must be replaced. "
        "Nothing recorded is lost.",
    )


class JournalNotPermitted(JournalUnavailable):
    """The terminal's user may not write where the journal lies."""

    code = "TRM-423"
    cause = Text(
        zh="当前用户无权写入流水账或其目录 {folder}。",
        en="This user may not write the journal or its folder {folder}.",
    )
    next_step = Text(
        zh="请用终端的专用用户运行，或把目录改归该用户所有。已记的流水没有丢失。",
        en="Run as the terminal's own user, or give it the folder. Nothing recorded is lost.",
    )


class JournalQuotaExceeded(JournalUnavailable):
    """The terminal's user may not store more, whatever the disk has left."""

    code = "TRM-424"
    cause = Text(
        zh="已达到用户的磁盘配额或文件大小上限，流水账不能增长。",
        en="This user's disk quota or file size limit is reached; the journal can't grow.",
    )
    next_step = Text(
        zh="请提高限额或清理该用户的文件。已记的流水没有丢失。",
        en="Raise the limit or remove files of this user. Nothing recorded is lost.",
    )


class ReceiptUnusable(TerminalError):
    """A centre's receipt does not cover this journal, so nothing is pruned."""

    code = "TRM-425"
    cause = Text(zh="中心的回执不可用：{detail}。", en="The centre's receipt is of no use: {detail}.")
    next_step = Text(
        zh="没有清除任何流水。请运行“tongka agent status”；仍如此请联系技术人员。",
        en="No event was removed. Run `tongka agent status`; if it stays so, call a technician.",
    )


class JournalIsTraining(TerminalError):
    """A training journal stands where a real one is expected, or the reverse."""

    code = "TRM-426"
    cause = Text(
        zh="{path} 是{kind}，这里需要{wanted}。", en="{path} is {kind}; what is needed here is {wanted}."
    )
    next_step = Text(
        zh="培训流水从不上传，也不能当作真实流水；请核对路径，查看培训流水用 --training。",
        en="Training events are never uploaded and never count. Check the path; --training shows them.",
    )


class JournalFileMalformed(TerminalError):
    """A file is no exported journal, or nothing of it can be read."""

    code = "TRM-427"
    cause = Text(zh="不是可读的流水导出文件：{detail}。", en="This is no readable journal export: {detail}.")
    next_step = Text(
        zh="请重新导出（tongka journal export），或向提供者索取完整文件。",
        en="Export it again (tongka journal export), or ask whoever sent it for the whole file.",
    )


class ExportExists(TerminalError):
    """A file would be replaced that somebody may need as evidence."""

    code = "TRM-430"
    cause = Text(zh="{file} 已存在。", en="{file} is there already.")
    next_step = Text(
        zh="请换一个文件名；确要覆盖时加 --force。什么都没有改动。",
        en="Choose another name, or add --force to replace it. Nothing was changed.",
    )


class ExportIntoData(TerminalError):
    """A file would be written among those that the terminal lives on, or in the place of one."""

    code = "TRM-432"
    cause = Text(
        zh="{file} 在终端数据目录之内，或就是其中的文件：写在那里会毁掉流水账或登记。",
        en="{file} lies in the terminal's data folder, or is a file of it: journal or enrolment would go.",
    )
    next_step = Text(
        zh="请写到数据目录之外（--force 也不能写入）。什么都没有改动。",
        en="Write to a place outside the data folder; --force does not help. Nothing was changed.",
    )


class VerifierKeyMissing(TerminalError):
    """Nothing was given that the signatures could be checked against."""

    code = "TRM-428"
    cause = Text(zh="没有可用来核验签名的公钥：{detail}。", en="There is no key to check against: {detail}.")
    next_step = Text(
        zh="请用 --key 给出终端公钥，或用 --root 给出根证书。",
        en="Give the terminal's public key with --key, or the root certificate with --root.",
    )


class JournalBehind(JournalDamaged):
    """The journal was lost or rolled back: the centre holds what it lacks. Facts: held, acknowledged."""

    code = "TRM-429"
    cause = Text(
        zh="本终端的流水账落后于中心：中心已签收到第 {acknowledged} 条，本机到第 {held} 条为止，"
        "其中没有中心所签收的那一条。流水账文件丢失、被删除，或恢复成了旧副本。",
        en="This terminal's journal is behind what the centre has: that signed for event {acknowledged}; "
        "the journal here ends at {held} and has no such event. Its file was lost, deleted, or put back from "
        "an old copy.",
    )
    next_step = Text(
        zh="请勿继续刷卡（再记账会使流水分叉，不予结算）。保留整个数据目录（改名备份），联系中心，"
        "用新的登记码重新登记（开始新的一期）。",
        en="Don't tap: further events would fork the chain and not be settled. Keep the whole data folder "
        "(move it aside), tell the centre, and enrol again with a new code, which begins a new epoch.",
    )


class JournalGone(JournalBehind):
    """There is no event in the journal, and there was one in this epoch. Facts: file."""

    code = "TRM-431"
    cause = Text(
        zh="流水账 {file} 不见了或是空的，而本终端在这一期已经记过账；上传记录里也没有中心的回执。",
        en="The journal {file} is gone or empty although this terminal has recorded events in this epoch; "
        "nor is there a receipt of the centre's in what the agent keeps.",
    )
    next_step = Text(
        zh="请勿继续刷卡（重新从第 1 条记起会使流水分叉，不予结算）。能找回原文件的放回原处；找不回的保留整个"
        "数据目录，联系中心，用新的登记码重新登记（开始新的一期）。",
        en="Don't tap: a journal that begins again forks the chain and is not settled. Put the file back if "
        "it can be found; else keep the whole data folder, tell the centre, and enrol again with a new code, "
        "which begins a new epoch.",
    )


class JournalCut(JournalBehind):
    """The journal ends before an event that it has signed for itself. Facts: held, signed."""

    code = "TRM-433"
    cause = Text(
        zh="流水账的末尾被截去：它自己的检查点证明曾记到第 {signed} 条，现在到第 {held} 条为止。",
        en="The journal's end was cut off: a checkpoint of its own says that there was an event {signed}, "
        "and it ends at {held}.",
    )


class JournalReplaced(JournalDamaged):
    """The journal's file was deleted, moved or replaced while a terminal writes it. Facts: file."""

    code = "TRM-507"
    cause = Text(
        zh="流水账文件 {file}（或其日志）在运行中被删除、移走或替换。",
        en="The journal's file {file} (or its log) was deleted, moved or replaced while the terminal runs.",
    )
    next_step = Text(
        zh="已停止刷卡，该次刷卡未计入。请把原文件放回原处；无法放回时请停止终端，保留数据目录，"
        "用新的登记码重新登记。",
        en="No taps from now on, and this one does not count. Put the file back where it was; if that can't "
        "be done, stop the terminal, keep its data folder, and enrol again with a new code.",
    )


class JournalUnreadable(JournalDamaged):
    """Of a journal's file too little is left to be verified. Facts: file, what, readable."""

    code = "TRM-508"
    cause = Text(
        zh="流水账文件 {file} 无法核验：{what}；{readable}。",
        en="The journal's file {file} can't be verified: {what}; {readable}.",
    )
    next_step = Text(
        zh="请勿删除、覆盖或修复此文件（连同旁边的 -wal 文件）；停止终端，保留整个数据目录，联系技术人员。"
        "中心已签收的记录在中心，没有丢失。",
        en="Don't delete, overwrite or repair the file, nor the -wal file beside it. Stop the terminal, keep "
        "the whole data folder, and call a technician. What the centre has acknowledged is not lost.",
    )
