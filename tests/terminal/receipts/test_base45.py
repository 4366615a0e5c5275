"""Base45 against the examples of RFC 9285."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.receipts.base45 import ALPHABET, from_base45, to_base45
from terminal.receipts.errors import ReceiptMalformed


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"AB", "BB8"),  # §4.3, examples 1 to 3
        (b"Hello!!", "%69 VD92EX0"),
        (b"base-45", "UJCLQE7W581"),
        (b"ietf!", "QED8WEX0"),  # §4.4
        (b"", ""),
        (b"\xff\xff", "FGW"),  # §6: the largest
    ],
)
def test_the_examples_of_the_rfc(data: bytes, text: str) -> None:
    assert to_base45(data) == text
    assert from_base45(text) == data


@pytest.mark.parametrize("text", ["GGW", ":::", "::", "A", "BB8A", "bb8", "BB,", "BB\n", "二维码"])
def test_what_no_bytes_encode_to_is_refused(text: str) -> None:
    with pytest.raises(ReceiptMalformed):
        from_base45(text)


@given(st.binary(max_size=200))
def test_bytes_come_back_and_the_alphabet_is_that_of_a_qr_code(data: bytes) -> None:
    text = to_base45(data)
    assert set(text) <= set(ALPHABET)
    assert from_base45(text) == data


@given(st.text(ALPHABET, max_size=30))
def test_a_text_that_is_taken_is_the_only_one(text: str) -> None:
    try:
        data = from_base45(text)
    except ReceiptMalformed:
        return
    assert to_base45(data) == text
