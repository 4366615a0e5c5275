"""Requests, certificates and lists that openssl made are taken; what nobody should make is not."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import (
    CertificateAlgorithmRefused,
    CertificateExtensionUnknown,
    CertificateMalformed,
    CertificateNameUnusable,
    CertificateRefused,
    CertificateRequestForged,
    CertificateSignatureWrong,
    CertificateUseRefused,
)
from crypto.pki.certificate import Certificate
from crypto.pki.chain import verify_chain
from crypto.pki.request import make_request, read_request
from crypto.pki.revocation import RevocationList, RevocationReason, Revoked, make_revocation_list
from crypto.pki.role import USAGES, Role
from crypto.sm2 import PrivateKey
from tests.crypto.openssl import openssl
from tests.crypto.pki.cast import SINCE, UNTIL, Cast

CAST = Cast()
DISTID = "distid:1234567812345678"
ENCODING = Encoding.DER
KEY = PrivateKey.generate()
TERMINAL_OID = USAGES[Role.TERMINAL].dotted_string


class OpenSsl:
    """A hierarchy that openssl alone makes in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("root", "province", "leaf"):
            openssl("genpkey", "-algorithm", "SM2", "-out", folder / f"{name}.key")
        self.request("root", "openssl root")
        self.sign("root", "root", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign")
        self.request("province", "openssl province")
        self.sign(
            "province",
            "root",
            "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign",
        )

    def request(self, name: str, common_name: str, distid: str = DISTID) -> bytes:
        """A request by the key of this name."""
        openssl(
            *("req", "-new", "-sm3", "-key", self.folder / f"{name}.key", "-subj", f"/CN={common_name}"),
            *("-utf8", "-sigopt", distid, "-out", self.folder / f"{name}.csr"),
        )
        return (self.folder / f"{name}.csr").read_bytes()

    def sign(self, name: str, issuer: str, extensions: str, days: int = 3650) -> Certificate:
        """Sign the request of this name with these extensions."""
        (self.folder / "ext").write_text(
            f"{extensions}\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
        )
        by = (
            ("-signkey", self.folder / "root.key")
            if name == issuer
            else ("-CA", self.folder / f"{issuer}.pem", "-CAkey", self.folder / f"{issuer}.key")
        )
        openssl(
            *(
                "x509",
                "-req",
                "-sm3",
                "-in",
                self.folder / f"{name}.csr",
                "-vfyopt",
                DISTID,
                "-sigopt",
                DISTID,
            ),
            *("-extfile", self.folder / "ext", "-set_serial", "77", "-days", str(days), *by),
            *("-out", self.folder / f"{name}.pem"),
        )
        return Certificate.from_pem((self.folder / f"{name}.pem").read_bytes())

    def leaf(self, extensions: str = "") -> Certificate:
        """A terminal's certificate."""
        self.request("leaf", "终端 1")
        return self.sign(
            "leaf",
            "province",
            f"basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
            f"extendedKeyUsage={TERMINAL_OID}\n{extensions}",
        )

    def pem(self, name: str) -> Certificate:
        """The certificate of this name."""
        return Certificate.from_pem((self.folder / f"{name}.pem").read_bytes())


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> OpenSsl:
    return OpenSsl(tmp_path_factory.mktemp("openssl"))


def test_a_chain_that_openssl_made_is_accepted(theirs: OpenSsl) -> None:
    leaf = theirs.leaf()
    now = datetime.now(UTC)
    assert leaf.common_name == "终端 1"
    verify_chain(leaf, [theirs.pem("province")], theirs.pem("root"), now, Role.TERMINAL)
    with pytest.raises(CertificateSignatureWrong):
        verify_chain(
            leaf, [theirs.pem("province")], theirs.pem("root"), now, Role.TERMINAL, signer_id=b"1" * 16
        )


def test_a_request_that_openssl_made_is_read_and_ours_by_openssl(theirs: OpenSsl, tmp_path: Path) -> None:
    requested = read_request(theirs.request("leaf", "a terminal"))
    assert requested.common_name == "a terminal"
    with pytest.raises(CertificateRequestForged):
        read_request(theirs.request("leaf", "a terminal", "distid:8765432187654321"))
    assert read_request(theirs.request("leaf", "x", "distid:other"), b"other").common_name == "x"
    ours = tmp_path / "ours.csr"
    ours.write_bytes(make_request(KEY, "浙江"))
    openssl("req", "-verify", "-in", ours, "-noout", "-vfyopt", DISTID)
    assert openssl(
        "req", "-verify", "-in", ours, "-noout", "-vfyopt", "distid:x", accept_failure=True
    ).stderr.count(b"failure")
    text = openssl("req", "-in", ours, "-noout", "-text").stdout
    assert b"SM2-with-SM3" in text


def test_a_list_that_openssl_made_is_read_and_ours_by_openssl(theirs: OpenSsl, tmp_path: Path) -> None:
    leaf = theirs.leaf()
    folder = theirs.folder
    (folder / "index.txt").write_text("")
    (folder / "crlnumber").write_text("0A\n")
    (folder / "ca.cnf").write_text(
        f"[ca]\ndefault_ca=one\n[one]\ndatabase={folder}/index.txt\ncrlnumber={folder}/crlnumber\n"
        f"default_md=sm3\ndefault_crl_days=30\ncrl_extensions=crl\n"
        "[crl]\nauthorityKeyIdentifier=keyid\n"
    )
    by = ("-config", folder / "ca.cnf", "-cert", folder / "province.pem", "-keyfile", folder / "province.key")
    openssl("ca", *by, "-revoke", folder / "leaf.pem", "-crl_reason", "keyCompromise")
    openssl("ca", *by, "-gencrl", "-sigopt", DISTID, "-out", folder / "theirs.crl")
    listed = RevocationList.from_pem((folder / "theirs.crl").read_bytes())
    assert (listed.number, listed.issuer_key_id) == (10, theirs.pem("province").key_id)
    found = listed.revoked(leaf.serial)
    assert found is not None
    assert found.reason is RevocationReason.KEY_COMPROMISE
    assert listed.is_signed_by(theirs.pem("province").public_key)
    assert not listed.is_signed_by(theirs.pem("root").public_key)
    ours = tmp_path / "ours.crl"
    ours.write_bytes(
        make_revocation_list(
            CAST.authority, [Revoked(7, SINCE, RevocationReason.SUPERSEDED)], 3, SINCE, UNTIL
        )
    )
    text = openssl("crl", "-in", ours, "-noout", "-text").stdout
    for said in (b"SM2-with-SM3", b"Serial Number: 07", b"Superseded", b"X509v3 CRL Number"):
        assert said in text


def test_openssl_reads_what_a_certificate_of_ours_says(tmp_path: Path) -> None:
    file = tmp_path / "leaf.pem"
    file.write_bytes(CAST.leaves[Role.ISSUER].pem)
    text = openssl("x509", "-in", file, "-noout", "-text").stdout.decode()
    for said in (
        "SM2-with-SM3",
        "ASN1 OID: SM2",
        USAGES[Role.ISSUER].dotted_string,
        "Not Before: Jan  1 00:00:00 2026 GMT, Not After: Dec 31 23:59:59 2029 GMT",
        "CA:FALSE",
    ):
        assert said in text


@pytest.mark.parametrize(
    ("extensions", "error"),
    [
        ("1.2.3.4=critical,DER:0500", CertificateExtensionUnknown),
        ("nameConstraints=critical,permitted;DNS:x", CertificateExtensionUnknown),
        ("1.2.3.4=DER:0500", None),
    ],
)
def test_a_critical_extension_that_is_not_known_is_refused(
    theirs: OpenSsl, extensions: str, error: type[CertificateRefused] | None
) -> None:
    if error is None:
        assert theirs.leaf(extensions).role is Role.TERMINAL
        return
    with pytest.raises(error):
        theirs.leaf(extensions)


@pytest.mark.parametrize(
    ("extensions", "error"),
    [
        ("basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature", CertificateUseRefused),
        (f"extendedKeyUsage={TERMINAL_OID}", CertificateUseRefused),
        (
            f"basicConstraints=critical,CA:FALSE\nkeyUsage=critical,keyEncipherment\nextendedKeyUsage={TERMINAL_OID}",
            CertificateUseRefused,
        ),
        (
            "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
            f"extendedKeyUsage={TERMINAL_OID},{USAGES[Role.ISSUER].dotted_string}",
            CertificateUseRefused,
        ),
        ("basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature", CertificateUseRefused),
    ],
)
def test_a_certificate_says_what_one_thing_it_is_for(
    theirs: OpenSsl, extensions: str, error: type[CertificateRefused]
) -> None:
    theirs.request("leaf", "leaf")
    with pytest.raises(error):
        theirs.sign("leaf", "province", extensions)


@pytest.mark.parametrize("subject", ["/O=no common name", "/CN=one/CN=two", "/CN=" + "x" * 64 + "/CN=y"])
def test_a_name_is_one_common_name(theirs: OpenSsl, subject: str) -> None:
    openssl(
        *("req", "-new", "-sm3", "-key", theirs.folder / "leaf.key", "-subj", subject),
        *("-sigopt", DISTID, "-out", theirs.folder / "leaf.csr"),
    )
    with pytest.raises(CertificateNameUnusable):
        read_request((theirs.folder / "leaf.csr").read_bytes())
    for name in ("", "x" * 65, "a\x00b", "line\nbreak"):
        with pytest.raises(CertificateNameUnusable):
            make_request(KEY, name)


@pytest.mark.parametrize("algorithm", [("RSA", "rsa_keygen_bits:2048"), ("EC", "ec_paramgen_curve:P-256")])
def test_other_algorithms_are_for_tls_alone(algorithm: tuple[str, str], tmp_path: Path) -> None:
    kind, option = algorithm
    openssl("genpkey", "-algorithm", kind, "-pkeyopt", option, "-out", tmp_path / "key")
    by = ("-key", tmp_path / "key", "-subj", "/CN=x")
    openssl("req", "-new", "-x509", *by, "-out", tmp_path / "x.pem")
    openssl("req", "-new", *by, "-out", tmp_path / "x.csr")
    with pytest.raises(CertificateAlgorithmRefused):
        Certificate.from_pem((tmp_path / "x.pem").read_bytes())
    with pytest.raises(CertificateAlgorithmRefused):
        read_request((tmp_path / "x.csr").read_bytes())


def test_a_file_is_one_pem_block_and_nothing_else() -> None:
    pem = CAST.leaves[Role.TERMINAL].pem
    assert Certificate.from_pem(pem.replace(b"\n", b"\r\n")) == CAST.leaves[Role.TERMINAL]
    assert Certificate.from_pem(b"\n" + pem + b"\n\n") == CAST.leaves[Role.TERMINAL]
    for bad in (
        pem + pem,
        pem + b"surplus",
        b"surplus\n" + pem,
        pem[:-40],
        pem.replace(b"CERTIFICATE", b"X509 CRL"),
        b"",
        pem * 100,
    ):
        with pytest.raises(CertificateMalformed):
            Certificate.from_pem(bad)
    der = CAST.leaves[Role.TERMINAL].der
    for bad in (der + b"\x00", der[:-1], b"\x30\x84" + der[2:], der * 50):
        with pytest.raises(CertificateMalformed):
            Certificate.from_bytes(bad)


@given(st.binary(max_size=400))
def test_no_bytes_are_too_strange_for_a_request_or_a_list(data: bytes) -> None:
    for read in (read_request, RevocationList.from_pem):
        with pytest.raises(CertificateRefused):
            read(data)


@pytest.mark.parametrize("kind", ["request", "list"])
def test_every_byte_of_a_request_and_a_list_counts(kind: str) -> None:
    if kind == "request":
        der = x509.load_pem_x509_csr(make_request(KEY, "name")).public_bytes(ENCODING)
    else:
        revoked = [Revoked(7, SINCE, RevocationReason.SUPERSEDED)]
        made = make_revocation_list(CAST.authority, revoked, 3, SINCE, UNTIL)
        der = x509.load_pem_x509_crl(made).public_bytes(ENCODING)
    label = b"CERTIFICATE REQUEST" if kind == "request" else b"X509 CRL"
    for place in range(len(der)):
        bad = bytearray(der)
        bad[place] ^= 1 << (place % 8)
        pem = b"-----BEGIN %s-----\n%s-----END %s-----\n" % (label, base64.encodebytes(bytes(bad)), label)
        try:
            if kind == "request":
                read_request(pem)
                pytest.fail(f"byte {place} does not count")
            assert not RevocationList.from_pem(pem).is_signed_by(CAST.province.public_key)
        except CertificateRefused:
            continue
