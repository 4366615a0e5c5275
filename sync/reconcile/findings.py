"""Findings: what does not add up in the centre's events, as Ibis expressions over a Ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import ibis
from ibis import _

from crypto.explained import Text
from sync.reconcile.dating import dated_ahead
from sync.reconcile.ledger import Ledger
from sync.reconcile.patterns import rapid_taps, times_gone_back
from sync.reconcile.quotas import exceeded_quotas, exceeded_together, overstated_uses
from sync.reconcile.revocations import late_amendments, late_events, let_through


class FindingKind(StrEnum):
    """What can be found; `text` says what it means."""

    GAP = "gap"
    BROKEN_LINK = "broken_link"
    FORK = "fork"
    INVALID_PROOF = "invalid_proof"
    DECISION_DIFFERS = "decision_differs"
    FARE_ABOVE_LIST = "fare_above_list"
    CARD_HOTLISTED = "card_hotlisted"
    TERMINAL_REVOKED = "terminal_revoked"
    CONTENT_WENT_BACK = "content_went_back"
    AFTER_REVOCATION = "after_revocation"
    AMENDED_AFTER_REVOCATION = "amended_after_revocation"
    DATED_AHEAD = "dated_ahead"
    REFUSED_THOUGH_VALID = "refused_though_valid"
    QUOTA_EXCEEDED = "quota_exceeded"
    QUOTA_EXCEEDED_TOGETHER = "quota_exceeded_together"
    USES_OVERSTATED = "uses_overstated"
    RAPID_TAPS = "rapid_taps"
    TIME_WENT_BACK = "time_went_back"
    COUNTER_REPEATED = "counter_repeated"
    PROOF_REPEATED = "proof_repeated"

    @property
    def text(self) -> Text:
        """The kind in a sentence."""
        return _TEXTS[self]


_TEXTS: Final = MappingProxyType(
    {
        FindingKind.GAP: Text(
            zh="记录缺失：终端须补传", en="Events are missing: the terminal has to send them"
        ),
        FindingKind.BROKEN_LINK: Text(
            zh="哈希链断裂：存储可能被改动", en="The hash chain is broken: the store may have been altered"
        ),
        FindingKind.FORK: Text(
            zh="同一序号有两份不同记录：可能有克隆终端",
            en="Two different events under one number: the terminal may have been cloned",
        ),
        FindingKind.INVALID_PROOF: Text(
            zh="刷卡证据无效：不予结算", en="The tap's proof is not valid: it is not paid"
        ),
        FindingKind.DECISION_DIFFERS: Text(
            zh="终端判定与规则重算不一致：不予结算",
            en="The terminal's decision is not what the rules give: it is not paid",
        ),
        FindingKind.FARE_ABOVE_LIST: Text(
            zh="票价高于服务目录公布的票价：不予结算",
            en="The fare is above the list fare in the catalogue: it is not paid",
        ),
        FindingKind.CARD_HOTLISTED: Text(
            zh="卡片已在该终端的挂失名单上：不予结算",
            en="The card was on the hotlist that the terminal had: it is not paid",
        ),
        FindingKind.TERMINAL_REVOKED: Text(
            zh="终端吊销之后记录并收到：不予结算",
            en="Dated and received after the terminal was revoked: it is not paid",
        ),
        FindingKind.CONTENT_WENT_BACK: Text(
            zh="终端所用的内容版本比它先前用过的旧：内容可能损坏或被换回旧版，超出新版规则的不予结算",
            en="Decided by older content than the terminal had before: the newer may be damaged or gone; "
            "not paid where the newer rules give less",
        ),
        FindingKind.AFTER_REVOCATION: Text(
            zh="终端吊销之后才收到、所写时间却在吊销之前：中心确认之前不予结算",
            en="Dated before the terminal was revoked, received after it: not paid until the centre says so",
        ),
        FindingKind.AMENDED_AFTER_REVOCATION: Text(
            zh="终端吊销之后才收到的撤销或更正：中心确认之前不生效",
            en="A cancellation or correction received after the terminal was revoked: of no effect until the "
            "centre says so",
        ),
        FindingKind.DATED_AHEAD: Text(
            zh="所写时间晚于收到时间一天以上：时钟有误或虚报时间，不予结算",
            en="Dated over a day after it was received: the clock was wrong, or made to be; it is not paid",
        ),
        FindingKind.REFUSED_THOUGH_VALID: Text(
            zh="卡片真实有效却被拒绝：持卡人可能被多收费",
            en="A genuine card in force was turned away: its holder may have been overcharged",
        ),
        FindingKind.QUOTA_EXCEEDED: Text(
            zh="终端自己的记录表明该卡的优惠次数已经用完：不予结算",
            en="The terminal's own journal shows the card's uses of the benefit spent: it is not paid",
        ),
        FindingKind.QUOTA_EXCEEDED_TOGETHER: Text(
            zh="同一张卡在多台终端合计超出优惠次数：终端之间互不知情，照常结算，请与持卡人核实",
            en="One card's uses at several terminals come to more than the benefit's: none knows of the "
            "others, so it is paid; ask the holder",
        ),
        FindingKind.USES_OVERSTATED: Text(
            zh="终端所说的已用次数多于其记录：持卡人可能被多收费",
            en="More uses are said to be spent than the journal shows: the holder may have been overcharged",
        ),
        FindingKind.RAPID_TAPS: Text(
            zh="同一张卡一分钟内多次享受优惠：请核查",
            en="One card was given the benefit many times in a minute: look into it",
        ),
        FindingKind.TIME_WENT_BACK: Text(
            zh="所写时间早于前一条记录，又没有校时标记：请核查",
            en="Dated before the event in front of it, and no mark says that the clock was set: look into it",
        ),
        FindingKind.COUNTER_REPEATED: Text(
            zh="同一张卡的计数值出现两次：可能有复制芯片，后一笔不予结算",
            en="A card's counter came twice: its chip may have been copied; the later tap is not paid",
        ),
        FindingKind.PROOF_REPEATED: Text(
            zh="同一份刷卡证据用于多笔记录：重放", en="One tap's proof stands in several events: a replay"
        ),
    }
)


_OBJECTIONS: Final = (
    FindingKind.FARE_ABOVE_LIST.value,
    FindingKind.CARD_HOTLISTED.value,
    FindingKind.TERMINAL_REVOKED.value,
    FindingKind.CONTENT_WENT_BACK.value,
    FindingKind.REFUSED_THOUGH_VALID.value,
)


@dataclass(frozen=True)
class Finding:
    """One finding: events `first` to `last` of a terminal and epoch; `detail` is a reason code or a hash."""

    kind: FindingKind
    terminal: str
    epoch: int
    first: int
    last: int
    detail: str


def find_all(ledger: Ledger) -> list[Finding]:
    """Every finding, by terminal, epoch and place."""
    counting = let_through(ledger.examined, ledger.events, ledger.terminals)
    everything = ibis.union(
        gaps(ledger.events),
        broken_links(ledger.events),
        forks(ledger.forks),
        invalid_proofs(ledger.examined),
        differing_decisions(ledger.examined),
        objections(ledger.examined, FindingKind.FARE_ABOVE_LIST),
        objections(ledger.examined, FindingKind.CARD_HOTLISTED),
        objections(ledger.examined, FindingKind.TERMINAL_REVOKED),
        objections(ledger.examined, FindingKind.CONTENT_WENT_BACK),
        objections(ledger.examined, FindingKind.REFUSED_THOUGH_VALID),
        _span(late_events, ledger, FindingKind.AFTER_REVOCATION),
        _span(late_amendments, ledger, FindingKind.AMENDED_AFTER_REVOCATION),
        _at_each(dated_ahead(ledger.examined, ledger.events), FindingKind.DATED_AHEAD),
        _at_each(exceeded_quotas(ledger.quota_uses, counting), FindingKind.QUOTA_EXCEEDED),
        _at_each(exceeded_together(ledger.quota_uses, counting), FindingKind.QUOTA_EXCEEDED_TOGETHER),
        _at_each(overstated_uses(ledger.quota_uses, counting), FindingKind.USES_OVERSTATED),
        _at_each(rapid_taps(ledger.examined), FindingKind.RAPID_TAPS),
        _at_each(times_gone_back(ledger.examined), FindingKind.TIME_WENT_BACK),
        repeated_counters(ledger.examined, ledger.events),
        repeated_proofs(ledger.examined),
    ).order_by("terminal", "epoch", "first", "kind")
    return [
        Finding(
            kind=FindingKind(row["kind"]),
            terminal=row["terminal"],
            epoch=row["epoch"],
            first=row["first"],
            last=row["last"],
            detail=row["detail"],
        )
        for row in ledger.rows(everything)
    ]


def gaps(events: ibis.Table) -> ibis.Table:
    """Sequence numbers below the highest stored one that are not there."""
    place = ibis.window(group_by=["terminal", "epoch"], order_by="sequence")
    below = events.mutate(below=_.sequence.lag().over(place).fill_null(0))
    return _shaped(
        below.filter(_.sequence > _.below + 1), FindingKind.GAP, _.below + 1, _.sequence - 1, ibis.literal("")
    )


def broken_links(events: ibis.Table) -> ibis.Table:
    """Events that do not name the hash of the stored event right before them."""
    place = ibis.window(group_by=["terminal", "epoch"], order_by="sequence")
    linked = events.mutate(
        below=_.sequence.lag().over(place),
        below_hash=_.hash.lag().over(place),
    )
    broken = linked.filter((_.sequence == _.below + 1) & (_.previous != _.below_hash))
    return _shaped(broken, FindingKind.BROKEN_LINK, _.below, _.sequence, ibis.literal(""))


def forks(recorded: ibis.Table) -> ibis.Table:
    """What the centre recorded when a second event came under a number."""
    return _shaped(recorded, FindingKind.FORK, _.sequence, _.sequence, _.other_hash)


def invalid_proofs(examined: ibis.Table) -> ibis.Table:
    """Events whose evidence does not bear them."""
    return _shaped(
        examined.filter(_.proof == "invalid"),
        FindingKind.INVALID_PROOF,
        _.sequence,
        _.sequence,
        _.reason,
    )


def differing_decisions(examined: ibis.Table) -> ibis.Table:
    """Genuine taps that were decided otherwise than the rules have it, but for `objections`."""
    differing = examined.filter((_.proof == "valid") & ~_.agrees & ~_.reason.isin(_OBJECTIONS))
    return _shaped(differing, FindingKind.DECISION_DIFFERS, _.sequence, _.sequence, _.reason)


def objections(examined: ibis.Table, kind: FindingKind) -> ibis.Table:
    """Genuine taps with the examination's reason of this kind's name."""
    faulty = examined.filter((_.proof == "valid") & (_.reason == kind.value))
    return _shaped(faulty, kind, _.sequence, _.sequence, ibis.literal(""))


def repeated_counters(examined: ibis.Table, events: ibis.Table) -> ibis.Table:
    """Genuine taps whose card had given the same counter for another event, received earlier."""
    received = events.select("terminal", "epoch", "sequence", "received_ms")
    proven = examined.filter(_.proof == "valid").inner_join(received, ["terminal", "epoch", "sequence"])
    place = ibis.window(
        group_by=["card", "counter"], order_by=["received_ms", "terminal", "epoch", "sequence"]
    )
    later = proven.mutate(place=ibis.row_number().over(place)).filter(_.place > 0)
    return _shaped(later, FindingKind.COUNTER_REPEATED, _.sequence, _.sequence, ibis.literal(""))


def repeated_proofs(examined: ibis.Table) -> ibis.Table:
    """All events that share one proof with another."""
    signed = examined.filter(_.proof_digest.length() > 0)
    counted = signed.mutate(times=_.count().over(ibis.window(group_by="proof_digest")))
    return _shaped(
        counted.filter(_.times > 1), FindingKind.PROOF_REPEATED, _.sequence, _.sequence, ibis.literal("")
    )


def _span(
    of: Callable[[ibis.Table, ibis.Table, ibis.Table], ibis.Table], ledger: Ledger, kind: FindingKind
) -> ibis.Table:
    """From the first to the last of what came too late from a revoked terminal: one finding, however many."""
    came = of(ledger.examined, ledger.events, ledger.terminals)
    spans = came.group_by("terminal", "epoch").aggregate(first=_.sequence.min(), last=_.sequence.max())
    return _shaped(spans, kind, _.first, _.last, ibis.literal(""))


def _at_each(table: ibis.Table, kind: FindingKind) -> ibis.Table:
    return _shaped(table, kind, _.sequence, _.sequence, ibis.literal("")).distinct()


def _shaped(
    table: ibis.Table, kind: FindingKind, first: ibis.Value, last: ibis.Value, detail: ibis.Value
) -> ibis.Table:
    return table.select(
        terminal=_.terminal,
        epoch=_.epoch,
        kind=ibis.literal(kind.value),
        first=first.cast("int64"),
        last=last.cast("int64"),
        detail=detail.cast("string"),
    )
