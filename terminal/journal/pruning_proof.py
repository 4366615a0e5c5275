"""What shows that the events which a journal no longer has were pruned, and are with the centre."""

from __future__ import annotations

from enum import StrEnum

from crypto.explained import Text
from crypto.sm2 import PublicKey
from terminal.events.errors import EventMalformed
from terminal.events.receipt import SignedReceipt
from terminal.journal.faults import FaultKind, FaultList
from terminal.journal.items import JournalSource
from terminal.journal.vouching import Known


class PruningProof(StrEnum):
    """What shows that the events before the first are with the centre."""

    NOT_PRUNED = "not_pruned"
    PROVEN = "proven"  # by a receipt that the centre signed
    NOT_CHECKED = "not_checked"  # there is a receipt, and no key of the centre's to check it with
    EXTRACT = "extract"  # a part that was exported: it shows nothing of what comes before
    REFUTED = "refuted"


def judge_pruning(
    source: JournalSource, receipt_key: PublicKey | None, faults: FaultList
) -> tuple[PruningProof, tuple[Known, ...]]:
    """Judge the receipt that a journal begins with, and what it vouches for once it is proven.

    `receipt_key` is the centre's. A receipt that is none is told to `faults`.
    """
    base = source.base
    if base.sequence == 0:
        return PruningProof.NOT_PRUNED, ()
    if source.is_extract and not base.receipt:
        return PruningProof.EXTRACT, ()
    try:
        receipt = SignedReceipt.from_bytes(base.receipt)
    except EventMalformed:
        wrong: Text | None = Text(zh="没有可读的回执", en="there is no receipt that can be read")
    else:
        wrong = _wrong_with(receipt, source, receipt_key)
    if wrong is not None:
        faults.add(
            FaultKind.RECEIPT_FORGED,
            1,
            Text(
                zh=f"到第 {base.sequence} 条的记录被清除，但{wrong.zh}",
                en=f"the events up to {base.sequence} were removed, but {wrong.en}",
            ),
            last=base.sequence,
        )
        return PruningProof.REFUTED, ()
    if receipt_key is None:
        return PruningProof.NOT_CHECKED, ()
    return PruningProof.PROVEN, (Known.of_receipt(receipt),)


def _wrong_with(receipt: SignedReceipt, source: JournalSource, receipt_key: PublicKey | None) -> Text | None:
    said, owner = receipt.receipt, source.owner
    if (said.terminal, said.epoch) != (owner.terminal, owner.epoch):
        return Text(zh="回执属于另一台终端", en="its receipt is another terminal's")
    if said.watermark < source.base.sequence:
        return Text(zh="回执不包括被清除的全部记录", en="its receipt does not cover all that is gone")
    if receipt_key is not None and not receipt.verify(receipt_key):
        return Text(zh="回执不是中心所签", en="its receipt is not signed by the centre")
    return None
