"""Making the receipt of a journal event that granted a benefit."""

from __future__ import annotations

from crypto.explained import Text
from crypto.pki.certificate import Certificate
from crypto.signer import Signer
from terminal.events.event import UsageEvent
from terminal.receipts.benefit_receipt import BenefitReceipt, SignedBenefitReceipt, sign_benefit_receipt
from terminal.receipts.errors import NoReceiptDue
from terminal.receipts.packed_certificate import pack_certificate


def make_receipt(event: UsageEvent, signer: Signer, certificate: Certificate | None) -> SignedBenefitReceipt:
    """The receipt of a benefit that `event` records, signed by the key of its terminal.

    `certificate` is the terminal's; without one the short form is made, which only those can check who have
    the certificate already. Raises NoReceiptDue where no benefit was granted.
    """
    if not event.outcome.granted:
        raise NoReceiptDue(
            sequence=event.sequence, detail=Text(zh="没有给予优惠", en="no benefit was granted")
        )
    further = event.companions - event.companions_admitted
    receipt = BenefitReceipt(
        terminal=event.terminal,
        epoch=event.epoch,
        sequence=event.sequence,
        event=event.hash,
        time=event.time_ms // 1000,
        service=event.service,
        fare=event.fare,
        holder_pays=event.holder_pays,
        party_pays=event.holder_pays
        + event.companions_admitted * event.companion_pays
        + further * event.fare,
        companions_admitted=event.companions_admitted,
        ticket=event.ticket,
    )
    packed = b"" if certificate is None else pack_certificate(certificate)
    return sign_benefit_receipt(receipt, signer, packed)
