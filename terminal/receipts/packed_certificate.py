"""A terminal's certificate within a receipt: DER, deflated against what all such certificates share.

Raw DEFLATE (RFC 1951) with a preset dictionary takes 436 bytes to about 250; docs/receipts.md has the
dictionary, so that others can read it. It never changes: another one would be another format.
"""

from __future__ import annotations

import zlib
from typing import Final

from crypto.errors import CertificateRefused
from crypto.explained import Text
from crypto.pki.certificate import MAX_CERTIFICATE_BYTES, Certificate
from terminal.receipts.errors import ReceiptMalformed

#: What stands in every certificate that a province issues to a terminal, commonest last: head, names' frame,
#: algorithm and curve, basic constraints, key usage, key ids' frame, use, signature's frame.
DICTIONARY: Final = bytes.fromhex(
    "3082"
    "a0030201020208"
    "300a06082a811ccf5501837530"
    "310030060355040a0c0d544553542070726f76696e6365"
    "301e170d3236303130313030303030305a170d3238303130313030303030305a"
    "301d311b301906035504030c12303132333435363738396162636465662e31"
    "3059301306072a8648ce3d020106082a811ccf5501822d03420004"
    "a38183308180300c0603551d130101ff04023000300e0603551d0f0101ff040403020780301d0603551d0e04160414"
    "301f0603551d23041830168014"
    "30200603551d25041930170615698381d7d9b9a9a3f2bc979bb6d6c3e7f9f0da1005"
    "300a06082a811ccf5501837503480030450220022100"
)
_RAW: Final = -zlib.MAX_WBITS


def pack_certificate(certificate: Certificate) -> bytes:
    """The certificate's DER, deflated."""
    packer = zlib.compressobj(level=9, wbits=_RAW, memLevel=9, zdict=DICTIONARY)
    return packer.compress(certificate.der) + packer.flush()


def unpack_certificate(packed: bytes) -> Certificate:
    """The certificate. Raises ReceiptMalformed for what is none, or is longer than any may be."""
    unpacker = zlib.decompressobj(wbits=_RAW, zdict=DICTIONARY)
    try:
        der = unpacker.decompress(packed, MAX_CERTIFICATE_BYTES)
    except zlib.error as error:
        raise ReceiptMalformed(detail=_SPOILT) from error
    if not unpacker.eof or unpacker.unused_data:
        raise ReceiptMalformed(detail=_SPOILT)
    try:
        return Certificate.from_bytes(der)
    except CertificateRefused as error:
        raise ReceiptMalformed(detail=_SPOILT) from error


_SPOILT: Final = Text(zh="其中的终端证书无法读取", en="the terminal's certificate in it can't be read")
