"""Checking receipts offline: whom to believe, and what each false one is called."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from crypto.errors import TestKeyRefused
from crypto.pki.certificate import Certificate
from crypto.pki.issuing import Authority, Subject, issue, make_root
from crypto.pki.revocation import RevocationList, RevocationReason, Revoked, make_revocation_list
from crypto.pki.role import Role
from crypto.sm2 import PrivateKey
from terminal.errors import TerminalError
from terminal.receipts.base45 import to_base45
from terminal.receipts.benefit_receipt import PREFIX, SignedBenefitReceipt, sign_benefit_receipt
from terminal.receipts.errors import (
    ReceiptForged,
    ReceiptFromFuture,
    ReceiptMalformed,
    ReceiptTerminalExpired,
    ReceiptTerminalRevoked,
    ReceiptTerminalUnknown,
)
from terminal.receipts.making import make_receipt
from terminal.receipts.packed_certificate import pack_certificate
from terminal.receipts.verification import ReceiptTrust, verify_receipt
from tests.authority import SINCE, UNTIL, TestAuthority
from tests.fuzz.receipt_targets import benefit_receipt, receipt_seeds
from tests.terminal.receipts.cast import AT, NAME, Bus, bus, certify


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Bus:
    """A bus terminal."""
    return bus(tmp_path_factory.mktemp("bus"))


@pytest.fixture(scope="module")
def signed(line: Bus) -> SignedBenefitReceipt:
    """A receipt of it."""
    return line.receipt()


def test_a_receipt_is_believed_with_root_and_province_alone(line: Bus, signed: SignedBenefitReceipt) -> None:
    authority = line.enrolled.authority
    trust = ReceiptTrust.of(authority.root, [authority.province])
    assert verify_receipt(signed.to_text(), trust, AT) == signed.receipt


def test_a_trust_store_serves_as_it_is_given_out(line: Bus, signed: SignedBenefitReceipt) -> None:
    assert verify_receipt(signed.to_text(), line.trust, AT) == signed.receipt


def test_a_short_code_needs_the_terminals_certificate(line: Bus) -> None:
    short = line.receipt(short=True)
    with pytest.raises(ReceiptTerminalUnknown):
        verify_receipt(short.to_text(), line.trust, AT)
    other_key = PrivateKey.generate()
    renewed = certify(line.enrolled, other_key, NAME)
    authority = line.enrolled.authority
    trust = ReceiptTrust.of(authority.root, [authority.province, renewed, line.certificate])
    assert verify_receipt(short.to_text(), trust, AT) == short.receipt
    with pytest.raises(ReceiptForged):
        verify_receipt(short.to_text(), ReceiptTrust.of(authority.root, [authority.province, renewed]), AT)


@pytest.mark.parametrize("position", range(0, 130, 9))
def test_an_altered_receipt_is_forged(line: Bus, signed: SignedBenefitReceipt, position: int) -> None:
    data = bytearray(signed.to_bytes())
    data[position] ^= 0x01
    with pytest.raises((ReceiptForged, ReceiptMalformed)):
        verify_receipt(text_of(bytes(data)), line.trust, AT)


@pytest.mark.parametrize(
    "change", [{"fare": 900}, {"holder_pays": 1}, {"time": 1}, {"service": "BUS-2"}, {"sequence": 9}]
)
def test_every_member_is_signed(
    line: Bus, signed: SignedBenefitReceipt, change: dict[str, int | str]
) -> None:
    altered = msgspec.structs.replace(signed, receipt=msgspec.structs.replace(signed.receipt, **change))
    with pytest.raises(ReceiptForged):
        verify_receipt(altered.to_text(), line.trust, AT)


def test_a_terminal_can_not_speak_for_another(line: Bus, signed: SignedBenefitReceipt) -> None:
    thief = PrivateKey.generate()
    own = certify(line.enrolled, thief, "8899aabbccddeeff.1")
    forged = sign_benefit_receipt(signed.receipt, thief, pack_certificate(own))
    with pytest.raises(ReceiptForged):
        verify_receipt(forged.to_text(), line.trust, AT)


def test_nor_for_its_own_earlier_installation(line: Bus, signed: SignedBenefitReceipt) -> None:
    earlier = msgspec.structs.replace(signed.receipt, epoch=0)
    forged = sign_benefit_receipt(earlier, line.key, pack_certificate(line.certificate))
    with pytest.raises(ReceiptForged):
        verify_receipt(forged.to_text(), line.trust, AT)


def test_a_certificate_of_another_province_is_unknown(line: Bus, signed: SignedBenefitReceipt) -> None:
    stranger = TestAuthority()
    with pytest.raises(ReceiptTerminalUnknown):
        verify_receipt(signed.to_text(), ReceiptTrust.of(stranger.root, [stranger.province]), AT)


def test_a_certificate_that_pretends_to_come_from_the_province_is_forged(
    line: Bus, signed: SignedBenefitReceipt
) -> None:
    """Its names and key ids are those of the province; the signature is not."""
    thief, authority = PrivateKey.generate(), line.enrolled.authority
    root = make_root(thief, "TEST root", SINCE, UNTIL)
    subject = Subject("TEST province", thief.public_key, key_id=authority.province.key_id)
    province = issue(
        Authority(thief, root), subject, Role.PROVINCE, serial=3, not_before=SINCE, not_after=UNTIL
    )
    own = issue(
        Authority(thief, province),
        Subject(NAME, thief.public_key),
        Role.TERMINAL,
        serial=4,
        not_before=SINCE,
        not_after=UNTIL,
    )
    forged = sign_benefit_receipt(signed.receipt, thief, pack_certificate(own))
    with pytest.raises(ReceiptForged):
        verify_receipt(forged.to_text(), line.trust, AT)


def test_a_forged_revocation_list_makes_no_receipt_forged(line: Bus, signed: SignedBenefitReceipt) -> None:
    """The checker's own file is wrong; whoever shows the receipt is not to be called a forger."""
    thief, authority = PrivateKey.generate(), line.enrolled.authority
    subject = Subject("TEST province", thief.public_key, key_id=authority.province.key_id)
    root = Authority(authority.root_key, authority.root)
    double = issue(root, subject, Role.PROVINCE, serial=3, not_before=SINCE, not_after=UNTIL)
    forged = revocations(Authority(thief, double), line.certificate, AT)
    trust = ReceiptTrust.of(authority.root, [authority.province], [forged])
    with pytest.raises(ReceiptTerminalUnknown, match="CRL 1"):
        verify_receipt(signed.to_text(), trust, AT)


def test_only_a_terminals_certificate_will_do(line: Bus, signed: SignedBenefitReceipt) -> None:
    content = line.enrolled.authority.certify(Role.CONTENT, NAME, line.enrolled.authority.content)
    wrong = sign_benefit_receipt(signed.receipt, line.enrolled.authority.content, pack_certificate(content))
    with pytest.raises(ReceiptTerminalUnknown):
        verify_receipt(wrong.to_text(), line.trust, AT)


def test_a_revoked_terminals_receipts_count_no_more(line: Bus, signed: SignedBenefitReceipt) -> None:
    authority = line.enrolled.authority
    # Revoked after the receipt was made: whoever has the key dates as he likes.
    revoked = revocations(authority.authority, line.certificate, AT + timedelta(days=1))
    trust = ReceiptTrust.of(authority.root, [authority.province], [revoked])
    with pytest.raises(ReceiptTerminalRevoked):
        verify_receipt(signed.to_text(), trust, AT + timedelta(days=2))


def test_nor_do_those_below_a_revoked_province(line: Bus, signed: SignedBenefitReceipt) -> None:
    authority = line.enrolled.authority
    revoked = revocations(Authority(authority.root_key, authority.root), authority.province, AT)
    trust = ReceiptTrust.of(authority.root, [authority.province], [revoked])
    with pytest.raises(ReceiptTerminalRevoked):
        verify_receipt(signed.to_text(), trust, AT)


def test_the_certificate_counts_at_the_time_of_the_receipt(line: Bus) -> None:
    [event] = line.tap(line.enrolled.card())
    day = timedelta(days=1)
    now_over = certify(line.enrolled, line.key, NAME, AT - 9 * day, AT + day)
    kept = make_receipt(event, line.key, now_over)
    assert verify_receipt(kept.to_text(), line.trust, AT + 300 * day) == kept.receipt
    for since, until in ((AT - 9 * day, AT - day), (AT + day, AT + 9 * day)):
        outside = make_receipt(event, line.key, certify(line.enrolled, line.key, NAME, since, until))
        with pytest.raises(ReceiptTerminalExpired):
            verify_receipt(outside.to_text(), line.trust, AT)


def test_a_receipt_from_the_future_is_refused(line: Bus, signed: SignedBenefitReceipt) -> None:
    dated = signed.receipt.dated
    assert verify_receipt(signed.to_text(), line.trust, dated - timedelta(minutes=9)) == signed.receipt
    with pytest.raises(ReceiptFromFuture, match=r"2026-11-24 12:00:00 \(UTC\+8\)"):
        verify_receipt(signed.to_text(), line.trust, dated - timedelta(minutes=11))


def test_production_takes_no_test_root(line: Bus) -> None:
    authority = line.enrolled.authority
    with pytest.raises(TestKeyRefused):
        ReceiptTrust.of(authority.root, [authority.province], is_production=True)
    with pytest.raises(TestKeyRefused):
        ReceiptTrust.of_document(authority.root, line.document, is_production=True)
    root = make_root(PrivateKey.generate(), "Zhejiang root", SINCE, UNTIL)
    assert ReceiptTrust.of(root, [], is_production=True).root == root


def test_no_error_says_what_was_granted(line: Bus, signed: SignedBenefitReceipt) -> None:
    with pytest.raises(TerminalError) as refused:
        verify_receipt(signed.to_text(), line.trust, datetime(2026, 1, 1, tzinfo=UTC))
    assert "BUS-1" not in str(refused.value) and signed.receipt.event.hex() not in str(refused.value)


def revocations(authority: Authority, certificate: Certificate, at: datetime) -> RevocationList:
    entry = Revoked(certificate.serial, at.replace(microsecond=0), RevocationReason.KEY_COMPROMISE)
    pem = make_revocation_list(
        authority, [entry], number=1, this_update=at, next_update=at + timedelta(days=30)
    )
    return RevocationList.from_pem(pem)


def text_of(data: bytes) -> str:
    return PREFIX + to_base45(data)


def test_the_fuzz_target_breaks_when_a_signature_is_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    [long, *_rest] = receipt_seeds()["benefit-receipt"]
    genuine = SignedBenefitReceipt.from_text(long.decode())
    altered = msgspec.structs.replace(
        genuine, receipt=msgspec.structs.replace(genuine.receipt, holder_pays=1)
    )
    assert benefit_receipt(altered.to_text().encode())
    monkeypatch.setattr("crypto.sm2.PublicKey.verify", lambda *_: True)
    with pytest.raises(AssertionError):
        benefit_receipt(altered.to_text().encode())
