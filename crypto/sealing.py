"""Sealing records to the centre so that not even their writer can read them back.

A segment (one run of one process) starts with a random seed, encrypted once to the centre's SM2 key: the
header. From the seed an HMAC-SM3 ratchet gives each record its own SM4-GCM key and is then moved on, one
way; the seed and every used key are forgotten, and nothing but ciphertext reaches a disk. Whoever takes the
terminal, even running, reads no earlier record.

    seed ─SM2─▶ header                              (once a segment)
    chain_0 = HMAC-SM3(seed, "chain")
    key_i   = HMAC-SM3(chain_i, "key")[:16]         chain_{i+1} = HMAC-SM3(chain_i, "next")
    sealed  = SM4-GCM(key_i, nonce = 0, record, associated data)   (a key serves once, so a fixed nonce does)
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM

from crypto.errors import DecryptionFailed, SealBroken
from crypto.sm2 import PrivateKey, PublicKey
from crypto.sm3 import hmac_sm3, sm3

SEED_BYTES: Final = 32
SEGMENT_ID_BYTES: Final = 8
TAG_BYTES: Final = 16
MAX_HEADER_BYTES: Final = 256
MAX_INDEX: Final = 2**24  # a ratchet this long takes an opener seconds; a segment ends long before
_NONCE: Final = bytes(12)


@dataclass(frozen=True)
class SealedRecord:
    """A record's place in its segment's ratchet, and its ciphertext with the tag at the end."""

    index: int
    ciphertext: bytes


class SegmentSealer:
    """Seals the records of one segment, in order; holds the only key, in memory."""

    def __init__(self, center_key: PublicKey) -> None:
        seed = secrets.token_bytes(SEED_BYTES)
        self.header: Final = center_key.encrypt(seed)
        self.segment_id: Final = segment_id(self.header)
        self._chain = hmac_sm3(seed, b"chain")
        self._next_index = 0

    def seal(self, plaintext: bytes, associated_data: bytes) -> SealedRecord:
        """Seal one record and move the ratchet on, one way."""
        index = self._next_index
        encryptor = Cipher(SM4(_record_key(self._chain)), GCM(_NONCE)).encryptor()
        encryptor.authenticate_additional_data(associated_data)
        ciphertext = encryptor.update(plaintext) + encryptor.finalize() + encryptor.tag
        self._chain = hmac_sm3(self._chain, b"next")
        self._next_index += 1
        return SealedRecord(index, ciphertext)

    @property
    def next_index(self) -> int:
        """The index that the next sealed record gets."""
        return self._next_index


class SegmentOpener:
    """Opens the records of one segment at the centre; cheapest in ascending order.

    Raises SealBroken where the header does not open under `center_private`.
    """

    def __init__(self, center_private: PrivateKey, header: bytes) -> None:
        if len(header) > MAX_HEADER_BYTES:
            raise SealBroken(detail="the segment header is too long")
        try:
            seed = center_private.decrypt(header)
        except DecryptionFailed as error:
            raise SealBroken(detail="the segment header is not for this centre") from error
        if len(seed) != SEED_BYTES:
            raise SealBroken(detail="the segment header holds no seed")
        self._first = hmac_sm3(seed, b"chain")
        self._chain, self._position = self._first, 0

    def open(self, index: int, ciphertext: bytes, associated_data: bytes) -> bytes:
        """The plaintext of the record at `index`. Raises SealBroken."""
        if not 0 <= index < MAX_INDEX or len(ciphertext) < TAG_BYTES:
            raise SealBroken(detail="index or length is out of range")
        if index < self._position:
            self._chain, self._position = self._first, 0
        while self._position < index:
            self._chain = hmac_sm3(self._chain, b"next")
            self._position += 1
        body, tag = ciphertext[:-TAG_BYTES], ciphertext[-TAG_BYTES:]
        decryptor = Cipher(SM4(_record_key(self._chain)), GCM(_NONCE, tag)).decryptor()
        decryptor.authenticate_additional_data(associated_data)
        try:
            return decryptor.update(body) + decryptor.finalize()
        except InvalidTag as error:
            raise SealBroken(detail="the record or its clear part was altered") from error


def segment_id(header: bytes) -> bytes:
    """A segment's 8-byte name, bound to its header."""
    return sm3(header)[:SEGMENT_ID_BYTES]


def _record_key(chain: bytes) -> bytes:
    return hmac_sm3(chain, b"key")[:16]
