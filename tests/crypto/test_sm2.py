"""SM2 against the standard's own example and against openssl."""

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
)
from tests.crypto.openssl import SIGNER_ID, openssl, openssl_verifies

# GM/T 0003.5-2012 (GB/T 32918.5-2017) Annex A: signature over "message digest".
EXAMPLE_POINT = bytes.fromhex(
    "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
EXAMPLE_SIGNATURE = bytes.fromhex(
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)


def test_the_example_of_the_standard_verifies() -> None:
    key = PublicKey.from_point(EXAMPLE_POINT)
    assert key.verify(EXAMPLE_SIGNATURE, b"message digest")
    assert not key.verify(EXAMPLE_SIGNATURE, b"message digesT")
    assert not key.verify(EXAMPLE_SIGNATURE, b"message digest", signer_id=b"8765432187654321")


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
