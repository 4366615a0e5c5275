"""SM2 certificates, both ways with openssl."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.certificates import issue_certificate, make_csr, make_root, read_csr, verify_certificate
from crypto.errors import CertificateRefused
from crypto.sm2 import PrivateKey
from tests.crypto.openssl import SIGNER_ID, openssl

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
CA = PrivateKey.generate()
ROOT = make_root(CA, "Tongka TEST root", NOW, days=3650)
KEY = PrivateKey.generate()


def certify(name: str = "0011223344556677", days: int = 365) -> bytes:
    """A certificate for KEY."""
    return issue_certificate(read_csr(make_csr(KEY, name)), CA, ROOT, serial=42, not_before=NOW, days=days)


def test_a_certificate_gives_name_and_key_back() -> None:
    certified = verify_certificate(certify(), ROOT, NOW + timedelta(days=1))
    assert (certified.common_name, certified.public_key) == ("0011223344556677", KEY.public_key)


def test_openssl_accepts_certificate_and_request(tmp_path: Path) -> None:
    root, leaf, request = (tmp_path / name for name in ("root.pem", "leaf.pem", "request.pem"))
    root.write_bytes(ROOT)
    leaf.write_bytes(certify())
    request.write_bytes(make_csr(KEY, "某终端"))
    when = str(int((NOW + timedelta(days=1)).timestamp()))
    verified = openssl("verify", "-attime", when, "-vfyopt", SIGNER_ID, "-CAfile", root, leaf)
    assert verified.stdout.decode().strip().endswith("OK")
    openssl("req", "-verify", "-in", request, "-noout", "-vfyopt", SIGNER_ID)


def test_we_accept_a_request_of_openssl_and_refuse_an_altered_one(tmp_path: Path) -> None:
    key, request = tmp_path / "key.pem", tmp_path / "request.der"
    openssl("genpkey", "-algorithm", "SM2", "-out", key)
    openssl(
        *("req", "-new", "-key", key, "-subj", "/CN=theirs", "-sm3", "-sigopt", SIGNER_ID),
        *("-outform", "DER", "-out", request),
    )
    der = bytearray(request.read_bytes())
    pem = openssl("req", "-inform", "DER", "-in", request).stdout
    assert read_csr(pem).common_name == "theirs"
    der[der.index(b"theirs")] ^= 0x01
    request.write_bytes(bytes(der))
    with pytest.raises(CertificateRefused, match="not signed by its own"):
        read_csr(openssl("req", "-inform", "DER", "-in", request).stdout)


def test_a_certificate_of_another_authority_is_refused() -> None:
    other = PrivateKey.generate()
    same_name = make_root(other, "Tongka TEST root", NOW, days=3650)
    with pytest.raises(CertificateRefused, match="signature is wrong"):
        verify_certificate(certify(), same_name, NOW + timedelta(days=1))
    with pytest.raises(CertificateRefused, match="another authority"):
        verify_certificate(certify(), make_root(other, "Other", NOW, days=1), NOW + timedelta(days=1))


@pytest.mark.parametrize(("days", "named"), [(-1, "not valid yet"), (366, "has expired")])
def test_a_certificate_outside_its_time_is_refused(days: int, named: str) -> None:
    with pytest.raises(CertificateRefused, match=named):
        verify_certificate(certify(), ROOT, NOW + timedelta(days=days))


def test_a_terminal_can_not_issue() -> None:
    leaf = certify()
    forged = issue_certificate(
        read_csr(make_csr(PrivateKey.generate(), "forged")), KEY, leaf, serial=1, not_before=NOW, days=1
    )
    with pytest.raises(CertificateRefused, match="no authority"):
        verify_certificate(forged, leaf, NOW)


def test_a_certificate_with_an_elliptic_curve_of_others_is_refused(tmp_path: Path) -> None:
    key, leaf = tmp_path / "key.pem", tmp_path / "leaf.pem"
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
    openssl("req", "-x509", "-new", "-key", key, "-subj", "/CN=Tongka TEST root", "-days", "2", "-out", leaf)
    with pytest.raises(CertificateRefused, match="not signed with SM2"):
        verify_certificate(leaf.read_bytes(), ROOT, datetime.now(UTC))


@pytest.mark.parametrize("name", ["", "x" * 65])
def test_a_name_that_does_not_fit_is_refused(name: str) -> None:
    with pytest.raises(CertificateRefused, match="1 to 64"):
        make_csr(KEY, name)


@given(st.binary(max_size=400))
def test_no_bytes_crash_the_parsers(data: bytes) -> None:
    pem = b"-----BEGIN CERTIFICATE-----\n" + data + b"\n-----END CERTIFICATE-----\n"
    for wrong in (data, pem):
        with pytest.raises(CertificateRefused):
            read_csr(wrong)
        with pytest.raises(CertificateRefused):
            verify_certificate(wrong, ROOT, NOW)


LEAF = certify()


@given(st.data())
def test_no_altered_certificate_is_accepted(data: st.DataObject) -> None:
    lines = LEAF.decode().splitlines()
    body = list("".join(lines[1:-1]))
    position = data.draw(st.integers(0, len(body) - 1))
    replacement = data.draw(
        st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    )
    if body[position] in (replacement, "="):
        return
    body[position] = replacement
    pem = "\n".join([lines[0], "".join(body), lines[-1], ""]).encode()
    try:
        certified = verify_certificate(pem, ROOT, NOW)
    except CertificateRefused:
        return
    # The last base64 digit may carry bits that mean nothing.
    assert certified.public_key == KEY.public_key
