"""SM2 against the standard's own examples and against openssl."""

from base64 import encodebytes
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import DecryptionFailed, KeyMalformed, SignatureMalformed
from crypto.sm2 import (
    CURVE_ORDER,
    PrivateKey,
    PublicKey,
    signature_from_der,
    signature_to_der,
    signing_digest,
)
from crypto.sm3 import sm3
from tests.crypto.openssl import SIGNER_ID, openssl, openssl_verifies

# GM/T 0003.5-2012 (GB/T 32918.5-2017) Annex A: key, and signature over "message digest" with the signer id of
# GM/T 0009. What is published of it beside the signature: Z and e. The tests give each to libcrypto or the
# openssl command, which nobody here wrote, and they agree.
EXAMPLE_PRIVATE = bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
EXAMPLE_POINT = bytes.fromhex(
    "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
EXAMPLE_SIGNATURE = bytes.fromhex(
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)
EXAMPLE_Z = bytes.fromhex("B2E14C5C79C6DF5B85F4FE7ED8DB7A262B9DA7E07CCB0EA9F4747B8CCDA8A4F3")
EXAMPLE_E = bytes.fromhex("F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640")
# The same, §5: a, b and the base point of the curve.
CURVE = bytes.fromhex(
    "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC"
    "28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93"
    "32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7"
    "BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0"
)
# The same, Annex C: "encryption standard" to the same key, C1, C3 and C2 in the DER of GM/T 0009 §7.2.
EXAMPLE_CIPHERTEXT = bytes.fromhex(
    "307C022004EBFC718E8D1798620432268E77FEB6415E2EDE0E073C0F4F640ECD2E149A73"
    "022100E858F9D81E5430A57B36DAAB8F950A3C64E6EE6A63094D99283AFF767E124DF0"
    "042059983C18F809E262923C53AEC295D30383B54E39D609D160AFCB1908D0BD8766"
    "041321886CA989CA9C7D58087307CA93092D651EFA"
)


def example_key() -> PrivateKey:
    """The private key of Annex A, in a PKCS#8 file that holds nothing but it."""
    head = bytes.fromhex("3041020100301306072A8648CE3D020106082A811CCF5501822D042730250201010420")
    der = encodebytes(head + EXAMPLE_PRIVATE)
    return PrivateKey.from_pem(b"-----BEGIN PRIVATE KEY-----\n" + der + b"-----END PRIVATE KEY-----\n")


def test_the_example_of_the_standard_verifies() -> None:
    key = PublicKey.from_point(EXAMPLE_POINT)
    assert key.verify(EXAMPLE_SIGNATURE, b"message digest")
    assert not key.verify(EXAMPLE_SIGNATURE, b"message digesT")
    assert not key.verify(EXAMPLE_SIGNATURE, b"message digest", signer_id=b"8765432187654321")


def test_the_private_key_of_the_example_has_its_public_key_and_signs() -> None:
    key = example_key()
    assert key.public_key.point == bytes([2 + EXAMPLE_POINT[-1] % 2]) + EXAMPLE_POINT[1:33]
    published = PublicKey.from_point(EXAMPLE_POINT)
    assert published.verify(key.sign(b"message digest"), b"message digest")
    assert not published.verify(key.sign(b"message digest", b"other id"), b"message digest")
    assert published.verify(key.sign(b"message digest", b"other id"), b"message digest", b"other id")


def test_what_is_hashed_is_the_example_s(tmp_path: Path) -> None:
    id_ = b"1234567812345678"
    z = sm3(bytes((0, 8 * len(id_))) + id_ + CURVE + EXAMPLE_POINT[1:])
    assert z == EXAMPLE_Z
    assert sm3(z + b"message digest") == EXAMPLE_E
    assert signing_digest(example_key().public_key, b"message digest") == EXAMPLE_E
    assert PublicKey.from_point(EXAMPLE_POINT).verify(example_key().sign_digest(EXAMPLE_E), b"message digest")
    # The signature alone, over e, by openssl: no hash and no signer id enter.
    key, signature, e = (tmp_path / name for name in ("key.pem", "signature", "e"))
    key.write_bytes(PublicKey.from_point(EXAMPLE_POINT).to_pem())
    signature.write_bytes(signature_to_der(EXAMPLE_SIGNATURE))
    for digest, accepted in ((EXAMPLE_E, True), (EXAMPLE_Z, False)):
        e.write_bytes(digest)
        done = openssl(
            *("pkeyutl", "-verify", "-pubin", "-inkey", key, "-in", e, "-sigfile", signature),
            accept_failure=True,
        )
        assert (done.returncode == 0) == accepted


def test_the_example_of_encryption_opens(tmp_path: Path) -> None:
    assert example_key().decrypt(EXAMPLE_CIPHERTEXT) == b"encryption standard"
    key, cipher = tmp_path / "key.pem", tmp_path / "cipher"
    key.write_bytes(example_key().to_pem())
    cipher.write_bytes(EXAMPLE_CIPHERTEXT)
    assert openssl("pkeyutl", "-decrypt", "-inkey", key, "-in", cipher).stdout == b"encryption standard"


@pytest.mark.parametrize("position", range(len(EXAMPLE_CIPHERTEXT)))
def test_no_altered_ciphertext_opens(position: int) -> None:
    altered = bytearray(EXAMPLE_CIPHERTEXT)
    altered[position] ^= 0x01
    with pytest.raises(DecryptionFailed):
        example_key().decrypt(bytes(altered))


def test_threads_share_a_key() -> None:
    key = PrivateKey.generate()

    def tap(number: int) -> bool:
        message = b"tap %d" % number
        signature = key.sign(message)
        return key.public_key.verify(signature, message) and not key.public_key.verify(signature, b"other")

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(tap, range(400)))


def test_openssl_refuses_our_signature_under_another_signer_id(tmp_path: Path) -> None:
    key = PrivateKey.generate()
    der = signature_to_der(key.sign(b"a tap", signer_id=b"8765432187654321"))
    assert not openssl_verifies(tmp_path, key.public_key.to_pem(), b"a tap", der)


@pytest.mark.parametrize("position", range(64))
def test_every_byte_of_a_signature_counts(position: int) -> None:
    altered = bytearray(EXAMPLE_SIGNATURE)
    altered[position] ^= 0x01
    assert not PublicKey.from_point(EXAMPLE_POINT).verify(bytes(altered), b"message digest")


def test_openssl_accepts_our_signature(tmp_path: Path) -> None:
    key = PrivateKey.generate()
    der = signature_to_der(key.sign(b"a tap"))
    assert openssl_verifies(tmp_path, key.public_key.to_pem(), b"a tap", der)
    assert not openssl_verifies(tmp_path, key.public_key.to_pem(), b"another tap", der)
    # The key as a card sends it, 33 bytes, must be as good to openssl as the long form.
    short = PublicKey.from_point(key.public_key.point)
    assert openssl_verifies(tmp_path, short.to_pem(), b"a tap", der)


def test_we_accept_a_signature_of_openssl(tmp_path: Path) -> None:
    key, message, signature = (tmp_path / name for name in ("key.pem", "message", "signature"))
    message.write_bytes(b"made by somebody else")
    openssl("genpkey", "-algorithm", "SM2", "-out", key)
    openssl(
        *("pkeyutl", "-sign", "-inkey", key, "-rawin", "-digest", "sm3", "-in", message),
        *("-out", signature, "-pkeyopt", SIGNER_ID),
    )
    public = PrivateKey.from_pem(key.read_bytes()).public_key
    assert public.verify(signature_from_der(signature.read_bytes()), b"made by somebody else")


def test_openssl_opens_what_we_encrypt_and_we_what_openssl_encrypts(tmp_path: Path) -> None:
    key = PrivateKey.generate()
    private, plain, cipher = (tmp_path / name for name in ("key.pem", "plain", "cipher"))
    private.write_bytes(key.to_pem())
    cipher.write_bytes(key.public_key.encrypt(b"seed" * 8))
    assert openssl("pkeyutl", "-decrypt", "-inkey", private, "-in", cipher).stdout == b"seed" * 8
    plain.write_bytes(b"tree" * 8)
    openssl("pkeyutl", "-encrypt", "-inkey", private, "-in", plain, "-out", cipher)
    assert key.decrypt(cipher.read_bytes()) == b"tree" * 8


def test_a_key_survives_its_file() -> None:
    key = PrivateKey.generate()
    again = PrivateKey.from_pem(key.to_pem())
    assert again.public_key == key.public_key
    assert PublicKey.from_pem(key.public_key.to_pem()) == key.public_key
    assert hash(again.public_key) == hash(key.public_key)
    assert key.to_pem().decode().splitlines()[1] not in repr(key)


def test_a_key_of_another_curve_is_refused(tmp_path: Path) -> None:
    foreign = tmp_path / "p256.pem"
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", foreign)
    with pytest.raises(KeyMalformed):
        PrivateKey.from_pem(foreign.read_bytes())


def test_an_encrypted_key_file_is_refused_without_asking_for_a_passphrase(tmp_path: Path) -> None:
    locked = tmp_path / "locked.pem"
    openssl("genpkey", "-algorithm", "SM2", "-aes256", "-pass", "pass:secret", "-out", locked)
    with pytest.raises(KeyMalformed):
        PrivateKey.from_pem(locked.read_bytes())


@given(st.binary(max_size=70))
def test_no_bytes_crash_the_reading_of_a_point(data: bytes) -> None:
    with suppress(KeyMalformed):
        assert PublicKey.from_point(data).point[1:] == data[1:33]


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reading_of_a_key_file(data: bytes) -> None:
    with pytest.raises(KeyMalformed):
        PrivateKey.from_pem(data)
    with pytest.raises(KeyMalformed):
        PublicKey.from_pem(data)


@given(st.binary(max_size=200))
def test_no_bytes_verify_or_crash(signature: bytes) -> None:
    assert not PublicKey.from_point(EXAMPLE_POINT).verify(signature, b"message digest")


@given(st.binary(max_size=300))
def test_no_bytes_decrypt_or_crash(data: bytes) -> None:
    with pytest.raises(DecryptionFailed):
        _KEY.decrypt(data)


_KEY = PrivateKey.generate()
_NUMBERS = st.integers(min_value=1, max_value=CURVE_ORDER - 1)


@given(_NUMBERS, _NUMBERS)
def test_signatures_survive_der(r: int, s: int) -> None:
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    assert signature_from_der(signature_to_der(raw)) == raw


@given(st.binary(max_size=80))
def test_der_has_one_form(data: bytes) -> None:
    try:
        raw = signature_from_der(data)
    except SignatureMalformed:
        return
    assert signature_to_der(raw) == data


@pytest.mark.parametrize(
    "der",
    [
        "3006020100020101",  # r = 0
        "3007020100020200FF",  # r = 0, s padded
        "300702020001020101",  # r = 1 with a needless zero
        "3006020101020181",  # s negative
        "300602010102010100",  # a byte after the end
        "30810602010102010100",  # a long form of the length
        "3006030101020101",  # a BIT STRING
        "30260221" + "00" + "FF" * 32 + "020101",  # r above the order
    ],
)
def test_der_that_is_not_der_is_refused(der: str) -> None:
    with pytest.raises(SignatureMalformed):
        signature_from_der(bytes.fromhex(der))


@pytest.mark.parametrize("number", [0, CURVE_ORDER, CURVE_ORDER + 1, 2**256 - 1])
def test_numbers_out_of_range_are_refused(number: int) -> None:
    good = (1).to_bytes(32, "big")
    bad = number.to_bytes(32, "big")
    for raw in (bad + good, good + bad):
        with pytest.raises(SignatureMalformed):
            signature_to_der(raw)
