"""What a check of a journal found, told to people and to programs."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from crypto.explained import Text
from terminal.journal.faults import FaultKind, JournalFault
from terminal.journal.pruning_proof import PruningProof
from terminal.journal.verification import JournalReport

_SUMMARY = Text(
    zh="终端 {terminal} 第 {epoch} 期：共 {events} 条（{first} 至 {last}，{segments} 段），"
    "检查点签名覆盖到第 {signed} 条，问题 {faults} 处",
    en="terminal {terminal}, epoch {epoch}: {events} events ({first} to {last}, {segments} segments), "
    "signed up to {signed}, {faults} faults",
)
_HEAD = Text(
    zh="末条 {last}:{head}（请记在别处，日后用 --expect 核对）",
    en="head {last}:{head} (note it elsewhere, and compare with --expect later)",
)
_UNSIGNED = Text(
    zh="第 {first} 至 {last} 条已串入哈希链，尚无签名",
    en="events {first} to {last} are in the chain of hashes and not signed yet",
)
_TAIL = Text(
    zh="第 {last} 条之后是否被截去，只凭此文件无法证明；"
    "请用中心的回执（--receipt）或别处记下的末条（--expect）核对",
    en="whether anything was cut off behind event {last}, this file alone can't show: compare with the "
    "centre's receipt (--receipt) or a head that was noted elsewhere (--expect)",
)
_KNOWN = Text(
    zh="与别处的记录（回执或末条）核对一致，到第 {known} 条为止没有截去",
    en="agrees with what is known from elsewhere (receipt or head): nothing is cut off up to {known}",
)
_UNLISTED = Text(zh="另有 {more} 处未列出", en="{more} more faults are not listed")
_PRUNING = {
    PruningProof.PROVEN: Text(
        zh="到第 {pruned} 条已按保存期清除，中心已签收", en="pruned up to {pruned}; the centre signed for it"
    ),
    PruningProof.NOT_CHECKED: Text(
        zh="到第 {pruned} 条已清除；没有中心的回执公钥，未能核对回执（--receipt-key）",
        en="pruned up to {pruned}; the receipt was not checked without the centre's key (--receipt-key)",
    ),
    PruningProof.EXTRACT: Text(
        zh="节选：不含第 {pruned} 条及以前", en="an extract, which begins behind event {pruned}"
    ),
}


def report_lines(report: JournalReport) -> Iterator[Text]:
    """The faults, the summary, and what can be proven and what not."""
    for fault in report.faults:
        yield _fault_line(fault)
    if report.fault_count > len(report.faults):
        yield _UNLISTED.format(more=report.fault_count - len(report.faults))
    yield _SUMMARY.format(
        terminal=report.owner.terminal.hex(),
        epoch=report.owner.epoch,
        events=report.events,
        first=report.first,
        last=report.last,
        segments=report.segments,
        signed=report.signed_up_to,
        faults=report.fault_count,
    )
    if (pruning := _PRUNING.get(report.pruning)) is not None:
        yield pruning.format(pruned=report.pruned_up_to)
    if not report.events:
        return
    if report.last > report.signed_up_to:
        first = max(report.signed_up_to + 1, report.first)
        yield _UNSIGNED.format(first=first, last=report.last)
    if report.known_up_to:
        yield _KNOWN.format(known=report.known_up_to)
    if not any(fault.kind is FaultKind.TAIL_MISSING for fault in report.faults):
        yield _TAIL.format(last=report.last)
    yield _HEAD.format(last=report.last, head=report.head.hex())


def report_json(report: JournalReport) -> bytes:
    """The same for programs."""
    document = {
        "terminal": report.owner.terminal.hex(),
        "epoch": report.owner.epoch,
        "training": report.owner.is_training,
        "events": report.events,
        "segments": report.segments,
        "first": report.first,
        "last": report.last,
        "head": report.head.hex(),
        "signed_up_to": report.signed_up_to,
        "known_up_to": report.known_up_to,
        "pruned_up_to": report.pruned_up_to,
        "pruning": report.pruning.value,
        "fault_count": report.fault_count,
        "faults": [
            {
                "kind": fault.kind.value,
                "segment": fault.segment.hex(),
                "sequence": fault.sequence,
                "last": fault.last,
                "zh": fault.what.zh,
                "en": fault.what.en,
            }
            for fault in report.faults
        ],
    }
    return msgspec.json.encode(document)


def _fault_line(fault: JournalFault) -> Text:
    segment = fault.segment.hex() or "-"
    place = f"#{fault.sequence}" if fault.last == fault.sequence else f"#{fault.sequence}-{fault.last}"
    return Text(zh=f"{segment} {place}：{fault.what.zh}", en=f"{segment} {place}: {fault.what.en}")
