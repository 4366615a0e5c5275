"""What goes wrong with a receipt of a benefit or its printer: TRM-610 to 620."""

from crypto.explained import Text
from terminal.errors import TerminalError


class ReceiptMalformed(TerminalError):
    """A text is not a receipt in the form that docs/receipts.md gives. Facts: detail."""

    code = "TRM-610"
    cause = Text(zh="这不是优惠凭条：{detail}。", en="This is no receipt of a benefit: {detail}.")
    next_step = Text(
        zh="请重新扫描整个二维码；污损时请按凭条上的编号到中心查询。",
        en="Scan the whole code again; where it is spoilt, ask the centre by the number on the paper.",
    )


class ReceiptForged(TerminalError):
    """The terminal that it names did not sign it. Facts: terminal."""

    code = "TRM-611"
    cause = Text(
        zh="此凭条不是终端 {terminal} 签发，或被改动过。",
        en="Terminal {terminal} did not sign this receipt, or it was altered.",
    )
    next_step = Text(
        zh="此凭条不能证明任何优惠。请持证人重新刷卡，按刷卡结果办理。",
        en="It proves no benefit. Ask for a tap of the card and go by that.",
    )


class ReceiptTerminalUnknown(TerminalError):
    """No certificate of its terminal leads back to a trusted root. Facts: terminal, detail."""

    code = "TRM-612"
    cause = Text(
        zh="不认识终端 {terminal}：{detail}。", en="The terminal {terminal} is not known here: {detail}."
    )
    next_step = Text(
        zh="请更新核验端的证书；短码须先有该终端的证书。仍如此请按凭条编号到中心查询。",
        en="Update the checker's certificates; a short code needs that terminal's own. If it stays, ask the "
        "centre by the receipt's number.",
    )


class ReceiptTerminalRevoked(TerminalError):
    """The certificate of its terminal, or of an authority above it, was withdrawn. Facts: terminal."""

    code = "TRM-613"
    cause = Text(
        zh="终端 {terminal} 的证书已被吊销。", en="The certificate of terminal {terminal} was revoked."
    )
    next_step = Text(
        zh="仅凭此码不能证明优惠。请持证人重新刷卡，或按凭条编号到中心查询。",
        en="The code alone proves nothing now. Ask for a tap of the card, or the centre by the number.",
    )


class ReceiptTerminalExpired(TerminalError):
    """It is dated outside the time for which its terminal was certified. Facts: terminal, dated."""

    code = "TRM-614"
    cause = Text(
        zh="凭条日期 {dated} 不在终端 {terminal} 的证书有效期内。",
        en="It is dated {dated}, when the certificate of terminal {terminal} was not in force.",
    )
    next_step = Text(
        zh="请按凭条编号到中心查询；并请运营单位核对该终端的时钟与证书。",
        en="Ask the centre by the receipt's number; the operator should check that terminal's clock and "
        "certificate.",
    )


class ReceiptFromFuture(TerminalError):
    """It is dated later than now. Facts: dated, now."""

    code = "TRM-615"
    cause = Text(
        zh="凭条时间 {dated} 晚于现在（{now}）。", en="It is dated {dated}, which is later than now ({now})."
    )
    next_step = Text(
        zh="请先核对本机时间；时间无误则是该终端的时钟快了，请按凭条编号到中心查询。",
        en="Check this machine's clock first; if it is right, the terminal's is fast: ask the centre by the "
        "receipt's number.",
    )


class NoReceiptDue(TerminalError):
    """An event that gives no receipt: no benefit was granted, its sale is open, or it is not there.

    Facts: sequence, detail.
    """

    code = "TRM-616"
    cause = Text(
        zh="第 {sequence} 条流水没有凭条：{detail}。", en="Event {sequence} has no receipt: {detail}."
    )
    next_step = Text(
        zh="请用“tongka journal list”核对序号；只有已给予且未取消的优惠才有凭条，售票的先确认。",
        en="Look up the sequence with `tongka journal list`; only a benefit that was granted and not "
        "cancelled has one, at a ticket office once its sale is confirmed.",
    )


class PrinterUnreachable(TerminalError):
    """There is no printer at this address, or it lets nobody in. Facts: printer, detail."""

    code = "TRM-617"
    cause = Text(zh="连不上打印机 {printer}：{detail}。", en="No printer answers at {printer}: {detail}.")
    next_step = Text(
        zh="优惠已记账，不受影响。请检查电源、连接线和地址，再用“tongka receipt print”补打。",
        en="The benefit stands and is recorded. Check power, cable and address, then print again with "
        "`tongka receipt print`.",
    )


class PrinterNotReady(TerminalError):
    """The printer answers that it can't print now. Facts: printer, detail."""

    code = "TRM-618"
    cause = Text(
        zh="打印机 {printer} 不能打印：{detail}。", en="The printer {printer} can't print: {detail}."
    )
    next_step = Text(
        zh="优惠已记账，不受影响。请装纸、合盖、等指示灯正常后再补打。",
        en="The benefit stands and is recorded. Put in paper, close the cover, wait for its lamp, then print "
        "again.",
    )


class PrinterTorn(TerminalError):
    """The connection broke or stood still while a receipt was sent. Facts: printer, detail."""

    code = "TRM-619"
    cause = Text(zh="打印机 {printer} 中途断开：{detail}。", en="The printer {printer} broke off: {detail}.")
    next_step = Text(
        zh="优惠已记账，不受影响。已出的半张作废，请检查连接后补打。",
        en="The benefit stands and is recorded. Half a slip does not count: check the connection and print "
        "again.",
    )


class ReceiptTakenBack(TerminalError):
    """The terminal that made it has cancelled or corrected that tap since. Facts: number."""

    code = "TRM-620"
    cause = Text(
        zh="凭条 {number} 的那一次刷卡，本终端后来撤销或更正了。",
        en="This terminal has cancelled or corrected the tap of receipt {number} since.",
    )
    next_step = Text(
        zh="此凭条已作废。请持证人重新刷卡，按刷卡结果办理。",
        en="The receipt counts no more. Ask for a tap of the card and go by that.",
    )
