"""The exception tree of `sync`: what the centre refuses, and what the agent could not do.

SYN-1xx a message can't be read · SYN-2xx the centre refuses what it says · SYN-3xx enrolment ·
SYN-4xx the agent · SYN-5xx the centre's own data.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar

from crypto.explained import ExplainedError, Text


class SyncError(ExplainedError):
    """Root of everything that `sync` raises."""


class MessageRefused(SyncError):
    """Root of what the centre answers with an HTTP error; `status` is the one it uses."""

    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST


_RESEND = Text(
    zh="终端会保留数据并自动重试；若反复出现，请升级终端软件并联系中心。",
    en="The terminal keeps its data and tries again; if it stays, update the terminal and call the centre.",
)


class MessageOversized(MessageRefused):
    """A body is larger than its limit, as it came or once decompressed."""

    code = "SYN-101"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    cause = Text(
        zh="消息超过上限（{limit} 字节）。", en="The message is larger than the limit of {limit} bytes."
    )
    next_step = Text(
        zh="请把数据分成较小的批次再发送；终端会自动这样做。",
        en="Send it in smaller batches; a terminal does that by itself.",
    )


class CompressionBroken(MessageRefused):
    """A body is not exactly one whole zstd frame (RFC 8878)."""

    code = "SYN-102"
    cause = Text(zh="压缩数据无法解开：{detail}。", en="The compressed data do not open: {detail}.")
    next_step = _RESEND


class MessageMalformed(MessageRefused):
    """A body is not the msgpack or JSON message it should be."""

    code = "SYN-103"
    cause = Text(zh="消息格式错误：{detail}。", en="The message is malformed: {detail}.")
    next_step = _RESEND


class VersionUnknown(MessageRefused):
    """A message has a format version that this release does not speak."""

    code = "SYN-104"
    cause = Text(
        zh="消息格式版本 {version} 不受支持，应为 {expected}。",
        en="Message format version {version} is not spoken here; it should be {expected}.",
    )
    next_step = Text(
        zh="请升级版本较旧的一方；数据保留不变。", en="Update the older of the two sides; no data are lost."
    )


class MediaTypeUnknown(MessageRefused):
    """A body comes in a form that nobody agreed on."""

    code = "SYN-105"
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    cause = Text(zh="不支持的内容类型。", en="This content type is not spoken here.")
    next_step = Text(
        zh="请使用 application/msgpack+zstd 或 application/json。",
        en="Use application/msgpack+zstd or application/json.",
    )


class BodyIncomplete(MessageRefused):
    """The sender stopped before its message was whole."""

    code = "SYN-106"
    status = HTTPStatus.REQUEST_TIMEOUT
    cause = Text(zh="消息没有发送完整。", en="The message did not arrive whole.")
    next_step = Text(zh="请检查网络；终端会自动重发。", en="Check the network; the terminal sends it again.")


class PathUnknown(MessageRefused):
    """The centre has nothing under this address."""

    code = "SYN-107"
    status = HTTPStatus.NOT_FOUND
    cause = Text(zh="中心没有此内容。", en="The centre has nothing by that name.")
    next_step = Text(
        zh="请核对地址；可用的内容名称见登记时收到的清单。",
        en="Check the address; the names in use came with the enrolment.",
    )


class MethodRefused(MessageRefused):
    """The address exists, but not for this HTTP method."""

    code = "SYN-108"
    status = HTTPStatus.METHOD_NOT_ALLOWED
    cause = Text(zh="此地址不支持该请求方法。", en="This address does not take that method.")
    next_step = Text(zh="请查阅 docs/sync-protocol.md。", en="See docs/sync-protocol.md.")


class TerminalUnknown(MessageRefused):
    """No terminal with this id and epoch was enrolled here."""

    code = "SYN-201"
    status = HTTPStatus.FORBIDDEN
    cause = Text(
        zh="终端 {terminal}（第 {epoch} 期）未在本中心登记。",
        en="Terminal {terminal}, epoch {epoch}, is not enrolled at this centre.",
    )
    next_step = Text(
        zh="请核对中心地址，或用新的登记码重新登记终端。",
        en="Check the centre's address, or enrol the terminal with a new code.",
    )


class CertificateNotValid(MessageRefused):
    """The terminal's certificate has run out or is not one of this centre's."""

    code = "SYN-202"
    status = HTTPStatus.FORBIDDEN
    cause = Text(
        zh="终端 {terminal} 的证书无效或已过期。",
        en="The certificate of terminal {terminal} is not valid or has run out.",
    )
    next_step = Text(
        zh="请用新的登记码重新登记终端；未上传的数据请保留。",
        en="Enrol the terminal again with a new code; keep what it has not sent yet.",
    )


class HeadSignatureInvalid(MessageRefused):
    """The batch's checkpoint was not signed by the terminal that it names."""

    code = "SYN-203"
    status = HTTPStatus.FORBIDDEN
    cause = Text(
        zh="批次的签名与终端 {terminal} 不符。",
        en="The batch is not signed by terminal {terminal}.",
    )
    next_step = Text(
        zh="请检查终端的密钥；未接收任何数据。",
        en="Check the terminal's key; nothing of the batch was taken.",
    )


class HeadMismatch(MessageRefused):
    """The batch's checkpoint is not about the batch's last event."""

    code = "SYN-204"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    cause = Text(
        zh="批次的检查点与最后一条记录（序号 {sequence}）不符。",
        en="The batch's checkpoint does not fit its last event, {sequence}.",
    )
    next_step = _RESEND


class EventMalformed(MessageRefused):
    """An event in the batch is not a usage event."""

    code = "SYN-205"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    cause = Text(
        zh="批次中第 {position} 条记录格式错误。",
        en="Event number {position} of the batch is malformed.",
    )
    next_step = _RESEND


class EventForeign(MessageRefused):
    """An event in the batch belongs to another terminal or epoch."""

    code = "SYN-206"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    cause = Text(
        zh="批次中第 {position} 条记录属于另一终端或另一期。",
        en="Event number {position} of the batch belongs to another terminal or epoch.",
    )
    next_step = _RESEND


class ChainBroken(MessageRefused):
    """Events in the batch are not in sequence, or one does not name the hash of the one before it."""

    code = "SYN-207"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    cause = Text(
        zh="批次内的记录链在序号 {sequence} 处断裂。",
        en="The chain of events inside the batch breaks at {sequence}.",
    )
    next_step = Text(
        zh="终端的流水可能被改动，请保留现场并联系中心；未接收任何数据。",
        en="The journal may have been altered: leave it as it is and call the centre. Nothing was taken.",
    )


class VoiceUnfit(MessageRefused):
    """A recording is not signed by its terminal, or goes with no need here. Facts: sequence, detail."""

    code = "SYN-208"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    cause = Text(
        zh="序号 {sequence} 的录音不能接收：{detail}。",
        en="The recording of event {sequence} can't be taken: {detail}.",
    )
    next_step = Text(
        zh="录音保留在终端；请先上传记录本身，仍如此请联系中心。",
        en="The terminal keeps it; send the event first, and call the centre if it stays.",
    )


class ForkFound(SyncError):
    """Two different events of one terminal claim the same sequence number."""

    code = "SYN-210"
    cause = Text(
        zh="终端在序号 {sequence} 处出现两份不同的记录，可能有克隆终端。",
        en="Two different events claim number {sequence} of this terminal: it may have been cloned.",
    )
    next_step = Text(
        zh="请停用该终端，保留其数据目录，并由中心发出新的登记码重新登记。",
        en="Stop the terminal, keep its data folder, and enrol it again with a new code from the centre.",
    )


class CodeRefused(MessageRefused):
    """A one-time code is wrong, used, expired or blocked; which of these is not said to a stranger."""

    code = "SYN-301"
    status = HTTPStatus.FORBIDDEN
    cause = Text(
        zh="登记码无效、已使用、已过期或已因多次输错而锁定。",
        en="The code is wrong, used, expired, or blocked after too many wrong attempts.",
    )
    next_step = Text(
        zh="请核对登记码；仍不行请向中心索取新的登记码。",
        en="Check the code; if it still fails, ask the centre for a new one.",
    )


class CodeMalformed(SyncError):
    """What was typed or scanned is not a one-time code of this form."""

    code = "SYN-302"
    cause = Text(
        zh="登记码格式不对：应为 {groups} 组、每组 4 个字符。",
        en="This is not an enrolment code: it has {groups} groups of 4 characters.",
    )
    next_step = Text(
        zh="请重新扫描二维码，或逐组核对后重新输入。",
        en="Scan the QR code again, or check it group by group and type it anew.",
    )


class RequestCertificateRefused(MessageRefused):
    """The certificate request in an enrolment can't be used."""

    code = "SYN-303"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    cause = Text(zh="终端的证书请求无效。", en="The terminal's certificate request can't be used.")
    next_step = Text(
        zh="请删除未完成的登记目录后重新登记。", en="Remove the unfinished enrolment folder and enrol again."
    )


class CenterNotGenuine(SyncError):
    """The enrolment's answer was not given by the centre that issued the code."""

    code = "SYN-304"
    cause = Text(
        zh="应答的不是发出登记码的中心（{detail}）。",
        en="The answer is not from the centre that issued the code: {detail}.",
    )
    next_step = Text(
        zh="请核对中心地址，并检查网络是否被劫持；未写入任何数据。",
        en="Check the centre's address and whether the network can be trusted; nothing was written.",
    )


class AlreadyEnrolled(SyncError):
    """The data folder already holds a terminal."""

    code = "SYN-305"
    cause = Text(
        zh="数据目录“{directory}”已有一台登记过的终端。",
        en="The data folder {directory} already holds an enrolled terminal.",
    )
    next_step = Text(
        zh="请另选目录；原目录可能有未上传的记录，请勿删除。",
        en="Choose another folder; do not delete this one, it may hold events not sent yet.",
    )


class ProductionRefusesTestIssuer(SyncError):
    """The centre trusts test cards, and the terminal was to be enrolled for production."""

    code = "SYN-306"
    cause = Text(
        zh="该中心使用测试发卡机构，不能登记正式终端。",
        en="This centre uses a test issuer: no production terminal can be enrolled at it.",
    )
    next_step = Text(
        zh="测试请加 --test；正式使用请换用正式中心。",
        en="For a trial add --test; for production use the production centre.",
    )


class EnrolmentRefused(SyncError):
    """The centre refused the enrolment; `reason` is its code, `said` and `advice` are its own words."""

    code = "SYN-307"
    cause = Text(
        zh="中心拒绝了登记（{reason}）：{said}", en="The centre refused the enrolment ({reason}): {said}"
    )
    next_step = Text(zh="按中心的提示处理：{advice}", en="As the centre advises: {advice}")


class EnrolmentUnanswered(SyncError):
    """Nothing that is a centre's answer came from the address to enrol at."""

    code = "SYN-308"
    cause = Text(
        zh="无法在“{center}”登记：{detail}。", en="The enrolment at {center} came to nothing: {detail}."
    )
    next_step = Text(
        zh="请核对中心地址（以 http:// 或 https:// 开头）与网络，再用同一登记码重试。",
        en="Check the centre's address (it begins with http:// or https://) and the network, "
        "then try again with the same code.",
    )


class CodeFileUnreadable(SyncError):
    """The file that should hold the one-time code can't be read."""

    code = "SYN-309"
    cause = Text(
        zh="登记码文件“{file}”无法读取：{detail}。", en="The code file {file} can't be read: {detail}."
    )
    next_step = Text(
        zh="请核对 --code-file 的路径与权限；也可省略它并在提示时输入。",
        en="Check the path after --code-file and its permissions; or leave it out and type the code.",
    )


class AgentBusy(SyncError):
    """Another agent already uploads from this data folder."""

    code = "SYN-401"
    cause = Text(
        zh="数据目录“{directory}”已有上传进程在运行。",
        en="Another agent is already at work on {directory}.",
    )
    next_step = Text(
        zh="每个目录只运行一个上传进程；可用“tongka agent status”查看。",
        en="Run one agent a folder; `tongka agent status` shows its state.",
    )


class CenterUnreachable(SyncError):
    """The centre can't be reached, or did not answer in time."""

    code = "SYN-402"
    cause = Text(zh="无法连接中心（{detail}）。", en="The centre can't be reached ({detail}).")
    next_step = Text(
        zh="刷卡不受影响，数据已保存，网络恢复后自动上传。",
        en="Taps go on and are kept; they are sent when the network is back.",
    )


class CenterFailing(SyncError):
    """The centre answered that it can't work at the moment."""

    code = "SYN-403"
    cause = Text(
        zh="中心暂时无法处理（HTTP {status}）。", en="The centre can't work at the moment (HTTP {status})."
    )
    next_step = Text(
        zh="数据已保存，将自动重试；长时间不恢复请联系中心。",
        en="The data are kept and will be sent again; if it lasts, call the centre.",
    )


class CenterRefused(SyncError):
    """The centre refused a message; the events stay in the journal."""

    code = "SYN-404"
    cause = Text(
        zh="中心拒绝了数据（{reason}，HTTP {status}）。",
        en="The centre refused the data ({reason}, HTTP {status}).",
    )
    next_step = Text(
        zh="记录仍保存在终端，未删除；请把代码报给中心。",
        en="The events stay on the terminal, none was deleted; tell the centre the code.",
    )


class AnswerMalformed(SyncError):
    """What came back is not the answer of a centre."""

    code = "SYN-405"
    cause = Text(zh="中心的应答无法读懂（{detail}）。", en="The centre's answer can't be read ({detail}).")
    next_step = Text(
        zh="数据已保存，将自动重试；请核对中心地址与网络代理。",
        en="The data are kept and will be sent again; check the centre's address and any proxy.",
    )


class ReceiptInvalid(SyncError):
    """A receipt is not signed by the centre, or is about another terminal."""

    code = "SYN-406"
    cause = Text(zh="中心的回执无效：{detail}。", en="The centre's receipt is not valid: {detail}.")
    next_step = Text(
        zh="未确认任何记录，全部保留；请核对中心地址，必要时重新登记。",
        en="Nothing counts as delivered and all is kept; check the centre's address, enrol again if need be.",
    )


class ReceiptBeyondJournal(SyncError):
    """The centre claims events that this terminal never recorded."""

    code = "SYN-407"
    cause = Text(
        zh="中心声称收到序号 {claimed}，本机流水只到 {held}。",
        en="The centre claims event {claimed}; this terminal's journal ends at {held}.",
    )
    next_step = Text(
        zh="可能有克隆终端：请停用并联系中心；记录全部保留。",
        en="The terminal may have been cloned: stop it and call the centre; all events are kept.",
    )


class ReceiptHashMismatch(SyncError):
    """A receipt names another hash than that of this terminal's own event."""

    code = "SYN-408"
    cause = Text(
        zh="回执在序号 {sequence} 处的摘要与本机记录不同。",
        en="The receipt's hash at {sequence} is not that of this terminal's event.",
    )
    next_step = Text(
        zh="可能有克隆终端：请停用并联系中心；记录全部保留。",
        en="The terminal may have been cloned: stop it and call the centre; all events are kept.",
    )


class GapNotInJournal(SyncError):
    """The centre asks for events that the journal no longer holds."""

    code = "SYN-409"
    cause = Text(
        zh="中心要求重发序号 {first}–{last}，本机流水中已没有。",
        en="The centre asks for events {first} to {last}, which the journal no longer holds.",
    )
    next_step = Text(
        zh="请把本机保存的回执交给中心，由中心从备份恢复。",
        en="Give the centre the receipt this terminal keeps; it has to restore them from its backup.",
    )


class NoProgress(SyncError):
    """Everything was sent and answered, yet the centre does not acknowledge it."""

    code = "SYN-410"
    cause = Text(
        zh="已全部发送，但中心只确认到序号 {watermark}。",
        en="All was sent, but the centre acknowledges only up to {watermark}.",
    )
    next_step = Text(
        zh="记录全部保留，将再次发送；若反复出现请联系中心。",
        en="All events are kept and will be sent again; if it stays, call the centre.",
    )


class UploadStateBroken(SyncError):
    """The agent's own database can't be used."""

    code = "SYN-411"
    cause = Text(zh="上传状态文件无法使用：{detail}。", en="The upload state can't be used: {detail}.")
    next_step = Text(
        zh="可移走 upload.db 后重试：流水不受影响，中心会识别重复数据。",
        en="Move upload.db away and try again: the journal stays, the centre recognises what it has.",
    )


class CenterDataMissing(SyncError):
    """The centre's folder is not one that `tongka center init` made."""

    code = "SYN-501"
    cause = Text(
        zh="“{directory}”不是中心数据目录：{detail}。",
        en="{directory} is not the data folder of a centre: {detail}.",
    )
    next_step = Text(zh="请先运行“tongka center init”。", en="Run `tongka center init` first.")


class CenterExists(SyncError):
    """A centre was already made in this folder."""

    code = "SYN-502"
    cause = Text(zh="“{directory}”已有一个中心。", en="{directory} already holds a centre.")
    next_step = Text(
        zh="请另选目录；覆盖会使全部终端失去信任。",
        en="Choose another folder; overwriting would cut off every terminal.",
    )


class StoreBroken(SyncError):
    """The centre's database can't be used."""

    code = "SYN-503"
    cause = Text(zh="中心数据库无法使用：{detail}。", en="The centre's database can't be used: {detail}.")
    next_step = Text(
        zh="请检查磁盘空间与权限；必要时从备份恢复。",
        en="Check disk space and permissions; restore from the backup if need be.",
    )


class ContentInvalid(SyncError):
    """A catalogue, rule pack or hotlist to be published can't be used."""

    code = "SYN-504"
    cause = Text(zh="内容“{name}”无法发布：{detail}。", en="{name} can't be published: {detail}.")
    next_step = Text(
        zh="请改正文件后重新运行；已发布的内容不受影响。",
        en="Correct the file and run it again; what was published stays in force.",
    )


class RulesFaulty(SyncError):
    """Rule packs to be published have faults that `tongka rules lint` finds. Facts: faults."""

    code = "SYN-516"
    cause = Text(
        zh="规则包有错，没有发布：{faults}。", en="The rules have faults, nothing was published: {faults}."
    )
    next_step = Text(
        zh="请用 tongka rules lint 查看全部并改正；确认无误仍要发布请加 --despite-faults。",
        en="See them all by tongka rules lint and mend them; if they are meant, add --despite-faults.",
    )


class TerminalNotRevoked(SyncError):
    """Late events were to be accepted of a terminal that was never revoked here. Facts: terminal."""

    code = "SYN-517"
    cause = Text(
        zh="终端 {terminal} 没有吊销过，没有迟到的记录要确认。",
        en="Terminal {terminal} was not revoked here: it has no late events to accept.",
    )
    next_step = Text(
        zh="请用 tongka center terminal list 核对终端号。",
        en="See the terminals by tongka center terminal list.",
    )


class PackVersionReused(SyncError):
    """A rule pack was changed without a new version. Facts: file, pack, version."""

    code = "SYN-520"
    cause = Text(
        zh="{file}：规则包 {pack} 的 {version} 版已有过不同的内容，没有发布。",
        en="{file}: version {version} of the rule pack {pack} has had other content; nothing was published.",
    )
    next_step = Text(
        zh="请恢复原来的内容（可以补写 effective_until），把改动写进新版本：复制文件，提高 version 并改起始日"
        "（docs/write-a-rule.md 第 1 步）。",
        en="Restore what it was (effective_until may be added) and put the change into a new version: copy "
        "the file, raise its version and change its first day (docs/write-a-rule.md, step 1).",
    )


class IssuerKnown(SyncError):
    """An issuer's key id was certified before. Facts: key_id."""

    code = "SYN-510"
    cause = Text(zh="发卡密钥 {key_id} 已经登记过。", en="The issuer key {key_id} was certified before.")
    next_step = Text(
        zh="无需再次登记。更换密钥时请发卡机构用“tongka issuer rotate”生成新的密钥文件。",
        en="It need not be added again. For a new key let the issuer run `tongka issuer rotate`.",
    )


class IssuerNotKnown(SyncError):
    """No issuer's key has this id at this centre. Facts: key_id."""

    code = "SYN-511"
    cause = Text(zh="本中心没有发卡密钥 {key_id}。", en="This centre knows no issuer key {key_id}.")
    next_step = Text(
        zh="请用“tongka center issuer list”查看密钥编号。", en="See the ids with `tongka center issuer list`."
    )


class ListNotPublished(SyncError):
    """Rules ask for standing lists that would not be published with them. Facts: lists ("name (rule), …")."""

    code = "SYN-512"
    cause = Text(
        zh="规则要查询的常设名单不在本次发布中：{lists}。",
        en="Rules ask for standing lists that are not published with them: {lists}.",
    )
    next_step = Text(
        zh="请加上 --lists 目录（内有 名称.csv）与 --issued 发卡登记；或去掉括号中的规则。已发布的不变。",
        en="Add --lists FOLDER (with NAME.csv in it) and --issued ISSUED; or take the rules in brackets out. "
        "What was published stays in force.",
    )


class CaseUnknown(SyncError):
    """No need has this case number. Facts: case."""

    code = "SYN-513"
    cause = Text(zh="没有第 {case} 号需求。", en="There is no case {case}.")
    next_step = Text(
        zh="请用“tongka center needs list”查看编号。", en="See the numbers with `tongka center needs list`."
    )


class CaseNotReadable(SyncError):
    """A need's words can't be opened or read any more. Facts: case."""

    code = "SYN-514"
    cause = Text(zh="第 {case} 号需求的内容无法打开。", en="The words of case {case} can't be opened.")
    next_step = Text(
        zh="请确认密封密钥属于本中心，并运行“tongka reconcile”检查该终端的记录。",
        en="Check that the sealing key is this centre's, and run `tongka reconcile` on that terminal.",
    )


class VoiceNotThere(SyncError):
    """A case has no recording that could be heard. Facts: case, detail."""

    code = "SYN-515"
    cause = Text(
        zh="第 {case} 号需求没有可用的录音：{detail}。", en="Case {case} has no recording: {detail}."
    )
    next_step = Text(
        zh="请等终端上传录音，或按文字办理。", en="Wait until the terminal has sent it, or go by the words."
    )


class EventNotStored(SyncError):
    """No such event is stored at this centre."""

    code = "SYN-505"
    cause = Text(
        zh="中心没有终端 {terminal} 的第 {sequence} 条记录。",
        en="The centre has no event {sequence} of terminal {terminal}.",
    )
    next_step = Text(
        zh="请核对终端号、序号与期号。", en="Check the terminal, the sequence number and the epoch."
    )


class EvidenceMissing(SyncError):
    """An event holds no tap proof that could be exported."""

    code = "SYN-506"
    cause = Text(
        zh="第 {sequence} 条记录没有可导出的刷卡证据：{detail}。",
        en="Event {sequence} holds no tap evidence to export: {detail}.",
    )
    next_step = Text(
        zh="请选择一条享受优惠的刷卡记录。", en="Choose an event in which a concession was granted."
    )


class AssignmentInvalid(SyncError):
    """A terminal was to be enrolled for a service that its operator does not offer."""

    code = "SYN-507"
    cause = Text(
        zh="服务“{service}”由“{offered_by}”提供，不属于运营单位“{operator}”。",
        en="Service {service} is offered by {offered_by}, not by {operator}.",
    )
    next_step = Text(
        zh="请核对运营单位与服务代码；目录中的对应关系决定结算对象。",
        en="Check operator and service code; the catalogue's pairing decides who is paid.",
    )


class ListenRefused(SyncError):
    """The centre can't listen at the address it was given."""

    code = "SYN-508"
    cause = Text(
        zh="中心无法在 {host} 的端口 {port} 监听：{detail}。",
        en="The centre can't listen at {host}, port {port}: {detail}.",
    )
    next_step = Text(
        zh="请停止占用端口的程序，或换用 --port 与 --host；--port 0 为任意空闲端口。",
        en="Stop what uses the port, or choose another --port or --host; --port 0 takes any free one.",
    )


class OutputNotWritten(SyncError):
    """A report or evidence can't be written where it was asked for."""

    code = "SYN-509"
    cause = Text(zh="无法写入“{file}”：{detail}。", en="{file} can't be written: {detail}.")
    next_step = Text(
        zh="请换用可写的路径后重试；中心的数据未受影响。",
        en="Choose a path that can be written and try again; the centre's data are untouched.",
    )
