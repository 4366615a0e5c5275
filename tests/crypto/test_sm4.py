"""SM4 against the standard's example and against openssl."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.sm4 import sm4_block, sm4_cbc_decrypt, sm4_cbc_encrypt, sm4_cmac

BLOCKS = st.integers(0, 8).flatmap(lambda count: st.binary(min_size=16 * count, max_size=16 * count))
KEY = st.binary(min_size=16, max_size=16)


def test_the_example_of_gb_t_32907_annex_a() -> None:
    key = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    assert sm4_block(key, key).hex().upper() == "681EDF34D206965E86B3E94F536E4246"
    assert sm4_cbc_decrypt(key, bytes(16), bytes.fromhex("681EDF34D206965E86B3E94F536E4246")) == key


def test_a_million_times_enciphered_is_the_second_example_of_gb_t_32907() -> None:
    key = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    # CBC over zeros, each block's input being the last block's output, is repeated encipherment.
    first = sm4_block(key, key)
    rest = sm4_cbc_encrypt(key, first, bytes(16 * 999_999))
    assert rest[-16:].hex().upper() == "595298C7C6FD271F0402F804C33D3F66"


@pytest.mark.parametrize("length", [0, 1, 16, 17, 300])
def test_cmac_is_openssl_s(length: int) -> None:
    key, data = bytes(range(16)), bytes(byte % 251 for byte in range(length))
    printed = subprocess.run(
        [
            "openssl",
            "mac",
            "-cipher",
            "SM4-CBC",
            "-macopt",
            f"hexkey:{key.hex()}",
            "-in",
            "/dev/stdin",
            "CMAC",
        ],
        input=data,
        capture_output=True,
        check=True,
    ).stdout
    assert sm4_cmac(key, data).hex().upper() == printed.decode().strip()


def test_cbc_is_openssl_s() -> None:
    key, initial, data = bytes(range(16)), bytes(range(16, 32)), bytes(range(64))
    printed = subprocess.run(
        ["openssl", "enc", "-sm4-cbc", "-K", key.hex(), "-iv", initial.hex(), "-nopad"],
        input=data,
        capture_output=True,
        check=True,
    ).stdout
    assert sm4_cbc_encrypt(key, initial, data) == printed


@settings(max_examples=50)
@given(key=KEY, initial=KEY, data=BLOCKS)
def test_what_was_enciphered_is_deciphered(key: bytes, initial: bytes, data: bytes) -> None:
    assert sm4_cbc_decrypt(key, initial, sm4_cbc_encrypt(key, initial, data)) == data


def test_a_part_of_a_block_is_refused() -> None:
    with pytest.raises(ValueError, match="block"):
        sm4_cbc_encrypt(bytes(16), bytes(16), bytes(15))
