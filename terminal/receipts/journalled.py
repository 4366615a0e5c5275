"""The receipt of an event that stands in a terminal's journal, made by the terminal's own key; and whether
it stands there still."""

from __future__ import annotations

from crypto.errors import TestKeyRefused
from crypto.explained import ExplainedError, Text
from crypto.pki.certificate import Certificate
from crypto.sm3 import sm3
from terminal.configuration import Mode
from terminal.content.content import verified_trust
from terminal.content.manifest import CATALOGUE, TRUST
from terminal.data_directory import TERMINAL_KEY, DataDirectory
from terminal.decisions.catalogue import Catalogue
from terminal.events.event import UsageEvent
from terminal.journal.errors import JournalDamaged, JournalMissing
from terminal.journal.reader import JournalReader
from terminal.receipts.benefit_receipt import BenefitReceipt, SignedBenefitReceipt
from terminal.receipts.errors import NoReceiptDue, ReceiptTakenBack
from terminal.receipts.making import make_receipt


def receipt_of(directory: DataDirectory, sequence: int, *, is_short: bool = False) -> SignedBenefitReceipt:
    """The receipt of event `sequence`; `is_short` leaves the terminal's certificate out.

    Raises NoReceiptDue, TerminalNotEnrolled, JournalMissing, JournalDamaged, KeystoreRefused,
    CertificateRefused, and TestKeyRefused for a production terminal under a test root.
    """
    root = directory.load_root()
    if directory.load_configuration().mode is Mode.PRODUCTION and root.is_test:
        raise TestKeyRefused(key_id=root.key_id.hex())
    certificate = Certificate.from_pem(directory.read(directory.certificate_file))
    signer = directory.keystore.load(TERMINAL_KEY)
    event = _standing_event(directory, sequence)
    signed = make_receipt(event, signer, None if is_short else certificate)
    if certificate.common_name != signed.receipt.certified_name or not signed.is_signed_by(
        certificate.public_key
    ):
        raise NoReceiptDue(
            sequence=sequence,
            detail=Text(zh="本机证书不属于记录它的终端", en="the certificate here is another terminal's"),
        )
    return signed


def require_standing(directory: DataDirectory, receipt: BenefitReceipt) -> None:
    """Raise ReceiptTakenBack where this terminal made the receipt and its journal amends that tap.

    Says nothing of another terminal's, nor without a journal. Raises also JournalDamaged, JournalUnavailable.
    """
    try:
        reader = JournalReader(directory.journal)
    except JournalMissing:
        return
    with reader:
        is_own = (reader.terminal, reader.epoch) == (receipt.terminal, receipt.epoch)
        if is_own and _is_amended(reader, receipt.sequence):
            raise ReceiptTakenBack(number=receipt.number)


def service_name(directory: DataDirectory, code: str, now_ms: int) -> Text:
    """What the newest catalogue calls a service; its code where no catalogue is usable, or none has it.

    Nobody is left without a receipt for want of a name.
    """
    store = directory.content
    try:
        signed = store.manifest(max(store.versions(), default=0))
        manifest = signed.unverified()
        verified_trust(signed, store.read(manifest.file(TRUST)), directory.load_root(), now_ms)
        return Catalogue.from_bytes(store.read(manifest.file(CATALOGUE))).item(code).name
    except ExplainedError:
        return Text(zh=code, en=code)


def _standing_event(directory: DataDirectory, sequence: int) -> UsageEvent:
    """The event, unless a later one takes it back, or its sale is still to be confirmed."""
    with JournalReader(directory.journal) as reader, reader.snapshot():
        event = _event(reader, sequence)
        if event is None:
            raise NoReceiptDue(
                sequence=sequence, detail=Text(zh="流水账中没有这一条", en="it is not in the journal")
            )
        if sequence in reader.unconfirmed():
            raise NoReceiptDue(
                sequence=sequence,
                detail=Text(zh="所在的一单还没有确认", en="its sale is not confirmed yet"),
            )
        if _is_amended(reader, sequence):
            raise NoReceiptDue(
                sequence=sequence,
                detail=Text(zh="它已被撤销或更正", en="it was cancelled or corrected afterwards"),
            )
        return event


def _is_amended(reader: JournalReader, sequence: int) -> bool:
    return reader.amended_by(sequence) is not None


def _event(reader: JournalReader, sequence: int) -> UsageEvent | None:
    found = reader.events(sequence - 1, 1)
    if not found or found[0].sequence != sequence:
        return None
    if sm3(found[0].data) != found[0].hash:
        raise JournalDamaged(
            detail=Text(zh=f"第 {sequence} 条与其哈希不符", en=f"event {sequence} does not match its hash")
        )
    return UsageEvent.from_bytes(found[0].data)
