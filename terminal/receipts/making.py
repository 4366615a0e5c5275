"""Making the receipt of a journal event: what is certain goes in, what is not stays out."""

from __future__ import annotations

from crypto.explained import Text
from crypto.pki.certificate import Certificate
from crypto.signer import Signer
from terminal.events.event import UsageEvent
from terminal.events.outcome import Outcome
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
    admitted = _admitted(event)
    receipt = BenefitReceipt(
        terminal=event.terminal,
        epoch=event.epoch,
        sequence=event.sequence,
        event=event.hash,
        time=event.time_ms // 1000,
        service=event.service,
        fare=event.fare,
        holder_pays=event.holder_pays,
        party_pays=_party_pays(event, admitted),
        companions_admitted=admitted,
    )
    return sign_benefit_receipt(
        receipt, signer, b"" if certificate is None else pack_certificate(certificate)
    )


def _admitted(event: UsageEvent) -> int | None:
    """How many companions had a fare of their own, as far as the clear part of the event tells."""
    if event.outcome is not Outcome.GRANTED_WITH_COMPANION:
        return 0
    return 1 if event.companions == 1 else None


def _party_pays(event: UsageEvent, admitted: int | None) -> int | None:
    """What all pay together; that is known as well where admitted and further companions pay the same."""
    if admitted is None:
        if event.companion_pays != event.fare:
            return None
        admitted = 0
    further = event.companions - admitted
    return event.holder_pays + admitted * event.companion_pays + further * event.fare
