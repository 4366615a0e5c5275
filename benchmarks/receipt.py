"""What a receipt costs and how its code comes out on paper: `python -m benchmarks.receipt [--quick]`.

Making and checking are compared with the bare SM2 operations in them; the size of the code with the paper, in
dots a module (a dot is an eighth of a millimetre), and what a foreign reader (zxing-cpp) needs: the fewest
pixels a module in a photograph that is out of focus, noisy and poor in contrast.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from itertools import cycle

import msgspec
import numpy as np
import zxingcpp
from PIL import Image, ImageFilter

from benchmarks.figures import median_ms, progress, quick_asked, report
from crypto.content_signature import SignedContext, signed_message
from crypto.explained import Text
from crypto.pki.certificate import Certificate
from crypto.pki.issuing import Subject, issue
from crypto.pki.role import Role
from crypto.sm2 import PrivateKey
from terminal.receipts.benefit_receipt import BenefitReceipt, SignedBenefitReceipt, sign_benefit_receipt
from terminal.receipts.escpos_slip import to_escpos
from terminal.receipts.packed_certificate import pack_certificate, unpack_certificate
from terminal.receipts.qr_code import QrCode
from terminal.receipts.slip import Paper, slip_of
from terminal.receipts.verification import ReceiptTrust, verify_receipt
from tests.authority import TestAuthority

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
SEEDS = 5


def main() -> None:
    """Print all figures."""
    rounds = 50 if quick_asked(__doc__) else 500
    authority, key = TestAuthority(), PrivateKey.generate()
    receipt = BenefitReceipt(
        terminal=secrets.token_bytes(8),
        epoch=1,
        sequence=123_456,
        event=secrets.token_bytes(32),
        time=int(NOW.timestamp()),
        service="BUS-1",
        fare=200,
        holder_pays=0,
        party_pays=0,
        companions_admitted=0,
    )
    certificate = _certificate(authority, receipt, key)
    long = sign_benefit_receipt(receipt, key, pack_certificate(certificate))
    short = sign_benefit_receipt(receipt, key)
    _report_times(authority, key, long, rounds)
    for name, signed in (("with certificate", long), ("short", short)):
        _report_size(name, signed)


def _certificate(authority: TestAuthority, receipt: BenefitReceipt, key: PrivateKey) -> Certificate:
    return issue(
        authority.authority,
        Subject(receipt.certified_name, key.public_key),
        Role.TERMINAL,
        serial=secrets.randbits(62) + 1,
        not_before=NOW - timedelta(days=1),
        not_after=NOW + timedelta(days=730),
    )


def _report_times(
    authority: TestAuthority, key: PrivateKey, signed: SignedBenefitReceipt, rounds: int
) -> None:
    progress("making and checking")
    message = signed_message(SignedContext.BENEFIT_RECEIPT, signed.receipt.to_bytes())
    text, packed = signed.to_text(), signed.certificate
    trust = ReceiptTrust.of(authority.root, (authority.province,))
    sign = median_ms(lambda: key.sign(message), rounds)
    check = median_ms(lambda: key.public_key.verify(signed.signature, message), rounds)
    make = median_ms(lambda: sign_benefit_receipt(signed.receipt, key, packed).to_text(), rounds)
    verify = median_ms(lambda: verify_receipt(text, trust, NOW), rounds)
    # Two in turn: the code of the last receipt is remembered.
    both = (signed, sign_benefit_receipt(msgspec.structs.replace(signed.receipt, sequence=1), key, packed))
    next_one, few = cycle(both), max(5, rounds // 20)
    draw = median_ms(lambda: to_escpos(slip_of(next(next_one), Text(zh="公交", en="Bus"))), few)
    report("make a receipt", make, "ms", floor=sign, goal="≤ 3 × one SM2 signature", holds=make <= 3 * sign)
    # Receipt, terminal's, province's and root's certificate: four signatures.
    report(
        "verify a receipt",
        verify,
        "ms",
        floor=4 * check,
        goal="≤ 3 × four SM2 verifications",
        holds=verify <= 12 * check,
    )
    next_text = cycle([one.to_text() for one in both])
    code = median_ms(lambda: QrCode.of(next(next_text)), few)
    report("slip as ESC/POS", draw, "ms", floor=code, goal="≤ 4 × its QR code alone", holds=draw <= 4 * code)


def _report_size(name: str, signed: SignedBenefitReceipt) -> None:
    progress(f"the code {name}")
    code = QrCode.of(signed.to_text())
    size = len(signed.to_bytes())
    certificate = len(unpack_certificate(signed.certificate).der) if signed.certificate else 0
    plain = size - len(signed.certificate) + certificate
    report(f"bytes {name}", size, "bytes", floor=plain, goal="≤ 500", holds=size <= 500)
    for paper in Paper:
        dots = paper.module(code)
        report(
            f"module on {paper.value} mm paper {name} (version {code.version}, {code.side} a side)",
            dots / 8,
            "mm",
            floor=0.375,
            goal="≥ 0.375 mm",
            holds=dots >= 3,
        )
    pixels = next((one for one in range(2, 13) if _is_read(code, one)), 99)
    report(f"pixels a module {name}", pixels, "px", floor=2, goal="≤ 6 in a poor photo", holds=pixels <= 6)


def _is_read(code: QrCode, pixels: int) -> bool:
    """Whether every one of several poor photographs of this size is read."""
    blurred = code.picture(pixels).convert("L").filter(ImageFilter.GaussianBlur(0.2 * pixels))
    pale = 60 + np.asarray(blurred, dtype=np.int64) * 120 // 255
    for seed in range(SEEDS):
        noise = np.random.default_rng(seed).integers(-20, 20, pale.shape)
        picture = Image.fromarray((pale + noise).clip(0, 255).astype(np.uint8))
        if [
            found.text
            for found in zxingcpp.read_barcodes(
                picture, zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
            )
        ] != [code.text]:
            return False
    return True


if __name__ == "__main__":
    main()
