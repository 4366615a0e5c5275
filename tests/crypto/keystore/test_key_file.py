"""The file of one encrypted key: openssl reads what is in it, and nothing altered or foreign opens."""

import subprocess
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import KeyFileMalformed, KeystoreSealedByAnother
from crypto.keystore.key_file import MAGIC, MAX_BYTES, TAG_BYTES, KeyFile
from crypto.sm2 import MAX_KEY_FILE_BYTES, PrivateKey

WRAPPING_KEY = bytes(range(16))
PEM = PrivateKey.generate().to_pem()
FILE = KeyFile.seal(PEM, WRAPPING_KEY, "plain", "terminal").to_bytes()


def opened(data: bytes, kind: str = "plain", name: str = "terminal") -> bytes:
    return KeyFile.from_bytes(data).open(WRAPPING_KEY, kind, name)


def test_openssl_deciphers_it_and_reads_the_key() -> None:
    file = KeyFile.from_bytes(FILE)
    # GCM enciphers with the counters from nonce ‖ 2 on (NIST SP 800-38D §7.1).
    counter = file.nonce + (2).to_bytes(4, "big")
    deciphered = subprocess.run(
        ["openssl", "enc", "-d", "-sm4-ctr", "-K", WRAPPING_KEY.hex(), "-iv", counter.hex()],
        input=file.ciphertext[:-TAG_BYTES],
        capture_output=True,
        check=True,
    ).stdout
    shown = subprocess.run(["openssl", "pkey", "-pubout"], input=deciphered, capture_output=True, check=True)
    assert shown.stdout == PrivateKey.from_pem(PEM).public_key.to_pem()


def test_it_opens_under_its_key_kind_and_name_alone() -> None:
    assert opened(FILE) == PEM
    with pytest.raises(KeystoreSealedByAnother):
        KeyFile.from_bytes(FILE).open(bytes(16), "plain", "terminal")
    for kind, name in (("tpm", "terminal"), ("plain", "sealing"), ("plaint", "erminal")):
        with pytest.raises(KeyFileMalformed, match="altered, or is another key's"):
            opened(FILE, kind, name)


def test_no_two_files_are_alike() -> None:
    again = KeyFile.seal(PEM, WRAPPING_KEY, "plain", "terminal")
    assert again.nonce != KeyFile.from_bytes(FILE).nonce
    assert again.ciphertext != KeyFile.from_bytes(FILE).ciphertext


def test_a_change_of_any_byte_is_seen() -> None:
    for position in range(len(FILE)):
        for change in (0x01, 0x80):
            altered = bytearray(FILE)
            altered[position] ^= change
            with pytest.raises((KeyFileMalformed, KeystoreSealedByAnother)):
                opened(bytes(altered))


def test_a_file_that_lost_its_end_or_has_more_is_seen() -> None:
    for length in range(len(FILE)):
        with pytest.raises(KeyFileMalformed):
            opened(FILE[:length])
    for more in (b"\x00", b"\n", FILE):
        with pytest.raises(KeyFileMalformed):
            opened(FILE + more)
    with pytest.raises(KeyFileMalformed, match="length"):
        KeyFile.from_bytes(FILE.ljust(MAX_BYTES + 1, b"\x00"))


def test_the_longest_key_fits_and_a_longer_one_is_refused() -> None:
    longest = bytes(MAX_KEY_FILE_BYTES)
    assert opened(KeyFile.seal(longest, WRAPPING_KEY, "plain", "terminal").to_bytes()) == longest
    for wrong in (b"", longest + b"\x00"):
        with pytest.raises(ValueError, match="no key"):
            KeyFile.seal(wrong, WRAPPING_KEY, "plain", "terminal")


def test_another_nonce_opens_nothing() -> None:
    with pytest.raises(KeyFileMalformed):
        replace(KeyFile.from_bytes(FILE), nonce=bytes(12)).open(WRAPPING_KEY, "plain", "terminal")


@given(st.binary(max_size=400) | st.binary(max_size=400).map(MAGIC.__add__))
def test_foreign_bytes_are_refused_or_come_back_the_same(data: bytes) -> None:
    try:
        file = KeyFile.from_bytes(data)
    except KeyFileMalformed:
        return
    assert file.to_bytes() == data
    with pytest.raises((KeyFileMalformed, KeystoreSealedByAnother)):
        file.open(WRAPPING_KEY, "plain", "terminal")
