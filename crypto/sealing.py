"""Sealing records to the centre so that not even their writer can read them back.

A segment (at most one run of one process) starts with a random seed, encrypted once to the centre's SM2 key:
the header. From the seed an HMAC-SM3 ratchet gives each record its own SM4-GCM key and is then moved on, one
way; the seed and every used key are overwritten in memory, and nothing but ciphertext reaches a disk. Whoever
takes the terminal, even running, reads no earlier record.

    seed ─SM2─▶ header                              (once a segment)
    chain_0 = HMAC-SM3(seed, "chain")
    key_i   = HMAC-SM3(chain_i, "key")[:16]         chain_{i+1} = HMAC-SM3(chain_i, "next")
    sealed  = SM4-GCM(key_i, nonce = 0, record, associated data)   (a key serves once, so a fixed nonce does)
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import AEADEncryptionContext, Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM

from crypto.errors import DecryptionFailed, SealBroken
from crypto.libcrypto import ffi
from crypto.signer import KeyHolder
from crypto.sm2 import PublicKey
from crypto.sm3 import hmac_sm3, sm3

SEED_BYTES: Final = 32
SEGMENT_ID_BYTES: Final = 8
TAG_BYTES: Final = 16
MAX_HEADER_BYTES: Final = 256
SEGMENT_RECORDS: Final = 2**16  # an opener winds a ratchet of this length in a fraction of a second
_BLOCK_RECORDS: Final = 2**8  # an opener keeps the chain at the start of each block
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
        self._prepared: AEADEncryptionContext | None = None
        _overwrite(seed)

    def prepare(self) -> None:
        """Have the next record's key ready and move the ratchet on, one way.

        Most of sealing's work, for a moment when nobody waits; `seal` does it where it was not done.
        """
        if self._prepared is not None:
            return
        chain = self._chain
        derived = hmac_sm3(chain, b"key")
        key = derived[:16]
        self._prepared = Cipher(SM4(key), GCM(_NONCE)).encryptor()
        self._chain = hmac_sm3(chain, b"next")
        _overwrite(chain, derived, key)

    def seal(self, plaintext: bytes, associated_data: bytes) -> SealedRecord:
        """Seal one record, under a key that serves it alone. Raises ValueError when the segment is full."""
        if self.is_full:
            raise ValueError("the segment is full")
        self.prepare()
        encryptor, self._prepared = cast("AEADEncryptionContext", self._prepared), None
        index = self._next_index
        self._next_index += 1
        encryptor.authenticate_additional_data(associated_data)
        ciphertext = encryptor.update(plaintext) + encryptor.finalize() + encryptor.tag
        return SealedRecord(index, ciphertext)

    @property
    def next_index(self) -> int:
        """The index that the next sealed record gets."""
        return self._next_index

    @property
    def is_full(self) -> bool:
        """Whether this segment takes no more records, and a new one must be started."""
        return self._next_index >= SEGMENT_RECORDS


class SegmentOpener:
    """Opens the records of one segment at the centre, in any order; cheapest in ascending order.

    Raises SealBroken where the header does not open under `center_private`.
    """

    def __init__(self, center_private: KeyHolder, header: bytes) -> None:
        if len(header) > MAX_HEADER_BYTES:
            raise SealBroken(detail="the segment header is too long")
        try:
            seed = center_private.decrypt(header)
        except DecryptionFailed as error:
            raise SealBroken(detail="the segment header is not for this centre") from error
        if len(seed) != SEED_BYTES:
            raise SealBroken(detail="the segment header holds no seed")
        self._chain, self._position = hmac_sm3(seed, b"chain"), 0
        self._blocks = [self._chain]

    def open(self, index: int, ciphertext: bytes, associated_data: bytes) -> bytes:
        """The plaintext of the record at `index`. Raises SealBroken."""
        if not 0 <= index < SEGMENT_RECORDS or len(ciphertext) < TAG_BYTES:
            raise SealBroken(detail="index or length is out of range")
        self._wind_to(index)
        body, tag = ciphertext[:-TAG_BYTES], ciphertext[-TAG_BYTES:]
        decryptor = Cipher(SM4(hmac_sm3(self._chain, b"key")[:16]), GCM(_NONCE, tag)).decryptor()
        decryptor.authenticate_additional_data(associated_data)
        try:
            return decryptor.update(body) + decryptor.finalize()
        except InvalidTag as error:
            raise SealBroken(detail="the record or its clear part was altered") from error

    def _wind_to(self, index: int) -> None:
        block = min(index // _BLOCK_RECORDS, len(self._blocks) - 1)
        if not block * _BLOCK_RECORDS <= self._position <= index:
            self._chain, self._position = self._blocks[block], block * _BLOCK_RECORDS
        while self._position < index:
            self._chain = hmac_sm3(self._chain, b"next")
            self._position += 1
            if self._position == len(self._blocks) * _BLOCK_RECORDS:
                self._blocks.append(self._chain)


def segment_id(header: bytes) -> bytes:
    """A segment's 8-byte name, bound to its header."""
    return sm3(header)[:SEGMENT_ID_BYTES]


def _overwrite(*spent: bytes) -> None:
    """Fill spent secrets with zeros; else they lie in freed memory until it is used again."""
    for secret in spent:
        ffi.memmove(ffi.from_buffer("char[]", secret), bytes(len(secret)), len(secret))
