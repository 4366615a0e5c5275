"""SM2 keys, signatures and encryption (GB/T 32918, GM/T 0003; signer id as in GM/T 0009 §10).

    >>> key = PrivateKey.generate()
    >>> signature = key.sign(b"message")
    >>> key.public_key.verify(signature, b"message")
    True

Signatures are r ‖ s, 32 bytes each, as cards send them; `signature_to_der` gives the form that openssl and
X.509 use.
"""

from __future__ import annotations

from typing import Any, Final

from crypto.errors import DecryptionFailed, KeyMalformed, SignatureMalformed
from crypto.libcrypto import (
    NULL,
    check,
    ffi,
    lib,
    memory_reader,
    memory_writer,
    owned,
    take_error,
    written,
)
from crypto.sm3 import DIGEST_BYTES, sm3

DEFAULT_SIGNER_ID: Final = b"1234567812345678"
SIGNATURE_BYTES: Final = 64
POINT_BYTES: Final = 33
LONG_POINT_BYTES: Final = 65
MAX_SIGNER_ID_BYTES: Final = 8191  # its length in bits goes into two bytes (GB/T 32918.2 §5.5)
MAX_KEY_FILE_BYTES: Final = 4096
MAX_CIPHERTEXT_BYTES: Final = 4096

# The order n of the curve (GB/T 32918.5 §A).
CURVE_ORDER: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123

# a, b, xG and yG of the curve, as they enter Z (GB/T 32918.5 §A, GB/T 32918.2 §5.5).
_CURVE: Final = bytes.fromhex(
    "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC"
    "28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93"
    "32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7"
    "BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0"
)

# OSSL_PARAM types and EVP_PKEY selections of openssl/core.h and openssl/evp.h.
_UTF8_STRING: Final = 4
_OCTET_STRING: Final = 5
_PUBLIC_KEY: Final = 0x86
_UNMODIFIED: Final = 2**64 - 1
_SM2: Final = ffi.new("char[]", b"SM2")
_GROUP: Final = ffi.new("char[]", b"group")
_PUBLIC: Final = ffi.new("char[]", b"pub")


class PublicKey:
    """An SM2 public key; equal to another with the same point."""

    def __init__(self, handle: Any, point: bytes | None = None) -> None:
        self._handle = handle
        self._contexts = _DigestContexts(handle)
        self.point: Final = point or _compressed_point(handle)

    @classmethod
    def from_point(cls, point: bytes) -> PublicKey:
        """The key with this point: 33 bytes (02/03 ‖ x) or 65 bytes (04 ‖ x ‖ y). Raises KeyMalformed."""
        is_compressed = len(point) == POINT_BYTES and point[0] in (2, 3)
        if not is_compressed and not (len(point) == LONG_POINT_BYTES and point[0] == 4):
            raise KeyMalformed(detail="a point has 33 bytes (02, 03) or 65 bytes (04)")
        # Not through d2i_PUBKEY: libcrypto 3 then searches all its decoders, which takes three times as long,
        # and every tap reads a card's key.
        pointer = lib.EVP_PKEY_CTX_new_from_name(NULL, _SM2, NULL)
        context = owned(pointer, lib.EVP_PKEY_CTX_free, "EVP_PKEY_CTX_new_from_name")
        check(lib.EVP_PKEY_fromdata_init(context), "EVP_PKEY_fromdata_init")
        source = ffi.from_buffer("char[]", point)
        parameters = ffi.new(
            "OSSL_PARAM[3]",
            [
                (_GROUP, _UTF8_STRING, _SM2, len(b"SM2"), _UNMODIFIED),
                (_PUBLIC, _OCTET_STRING, source, len(point), _UNMODIFIED),
                (NULL, 0, NULL, 0, 0),
            ],
        )
        made = ffi.new("EVP_PKEY **")
        if lib.EVP_PKEY_fromdata(context, made, _PUBLIC_KEY, parameters) != 1:
            raise KeyMalformed(detail=f"the point is not on the curve ({take_error()})")
        return cls(ffi.gc(made[0], lib.EVP_PKEY_free), point if is_compressed else None)

    @classmethod
    def from_pem(cls, pem: bytes) -> PublicKey:
        """The key in a PEM file (`BEGIN PUBLIC KEY`). Raises KeyMalformed."""
        return cls(_read_pem(pem, lib.PEM_read_bio_PUBKEY))

    def to_pem(self) -> bytes:
        """The key as a PEM file that openssl reads."""
        bio = memory_writer()
        check(lib.PEM_write_bio_PUBKEY(bio, self._handle), "PEM_write_bio_PUBKEY")
        return written(bio)

    def verify(self, signature: bytes, message: bytes, signer_id: bytes = DEFAULT_SIGNER_ID) -> bool:
        """Whether `signature` (r ‖ s, 64 bytes) is this key's over `message`. Never raises on bad bytes."""
        try:
            der = signature_to_der(signature)
        except SignatureMalformed:
            return False
        contexts = context, _ = self._contexts.take(signer_id)
        digest = lib.EVP_sm3()
        check(lib.EVP_DigestVerifyInit(context, NULL, digest, NULL, self._handle), "EVP_DigestVerifyInit")
        result: int = lib.EVP_DigestVerify(context, der, len(der), message, len(message))
        self._contexts.give_back(contexts, signer_id)
        if result != 1:
            lib.ERR_clear_error()
        return result == 1

    def encrypt(self, plaintext: bytes) -> bytes:
        """`plaintext` for the private key's holder (GB/T 32918.4; DER of GM/T 0009 §7.2)."""
        context = _pkey_context(self._handle)
        check(lib.EVP_PKEY_encrypt_init(context), "EVP_PKEY_encrypt_init")
        return _two_step(lib.EVP_PKEY_encrypt, context, plaintext, "EVP_PKEY_encrypt")

    @property
    def long_point(self) -> bytes:
        """The point in its long form, 65 bytes: 04 ‖ x ‖ y (GB/T 32918.1 §4.2.9)."""
        return b"\x04" + _coordinate(self._handle, b"qx") + _coordinate(self._handle, b"qy")

    @property
    def handle(self) -> Any:
        """libcrypto's EVP_PKEY, for this package alone."""
        return self._handle

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and self.point == other.point

    def __hash__(self) -> int:
        return hash(self.point)

    def __repr__(self) -> str:
        return f"PublicKey({self.point.hex()})"


class PrivateKey:
    """An SM2 private key. Its `repr` shows nothing of it."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self._contexts = _DigestContexts(handle)
        self.public_key: Final = PublicKey(handle)

    @classmethod
    def generate(cls) -> PrivateKey:
        """A new key from libcrypto's random generator."""
        pointer = lib.EVP_PKEY_Q_keygen(NULL, NULL, b"SM2")
        return cls(owned(pointer, lib.EVP_PKEY_free, "EVP_PKEY_Q_keygen"))

    @classmethod
    def from_pem(cls, pem: bytes) -> PrivateKey:
        """The key in an unencrypted PKCS#8 PEM file. Raises KeyMalformed."""
        return cls(_read_pem(pem, lib.PEM_read_bio_PrivateKey))

    def to_pem(self) -> bytes:
        """The key as an unencrypted PKCS#8 PEM file; whoever writes it to disk guards it."""
        bio = memory_writer()
        result = lib.PEM_write_bio_PrivateKey(bio, self._handle, NULL, NULL, 0, NULL, NULL)
        check(result, "PEM_write_bio_PrivateKey")
        return written(bio)

    def sign(self, message: bytes, signer_id: bytes = DEFAULT_SIGNER_ID) -> bytes:
        """SM2-with-SM3 over `message`: r ‖ s, 64 bytes."""
        contexts = context, _ = self._contexts.take(signer_id)
        digest = lib.EVP_sm3()
        check(lib.EVP_DigestSignInit(context, NULL, digest, NULL, self._handle), "EVP_DigestSignInit")
        buffer = ffi.new("unsigned char[80]")
        length = ffi.new("size_t *", 80)
        check(lib.EVP_DigestSign(context, buffer, length, message, len(message)), "EVP_DigestSign")
        self._contexts.give_back(contexts, signer_id)
        return signature_from_der(bytes(ffi.buffer(buffer, length[0])))

    def sign_digest(self, e: bytes) -> bytes:
        """The signature, r ‖ s, over the 32 bytes from signing_digest(). Raises ValueError for others."""
        if len(e) != DIGEST_BYTES:
            raise ValueError(f"{len(e)} bytes instead of {DIGEST_BYTES}")
        context = _pkey_context(self._handle)
        check(lib.EVP_PKEY_sign_init(context), "EVP_PKEY_sign_init")
        return signature_from_der(_two_step(lib.EVP_PKEY_sign, context, e, "EVP_PKEY_sign"))

    def decrypt(self, ciphertext: bytes) -> bytes:
        """What was encrypted to this key. Raises DecryptionFailed, whatever was wrong with it."""
        if not 0 < len(ciphertext) <= MAX_CIPHERTEXT_BYTES:
            raise DecryptionFailed
        context = _pkey_context(self._handle)
        check(lib.EVP_PKEY_decrypt_init(context), "EVP_PKEY_decrypt_init")
        # GB/T 32918.4: the plaintext is shorter than the ciphertext. (Asked for the length, libcrypto
        # 3.0 could return a wrong one: CVE-2021-3711; a buffer of the ciphertext's length never falls short.)
        buffer = ffi.new("unsigned char[]", len(ciphertext))
        length = ffi.new("size_t *", len(ciphertext))
        if lib.EVP_PKEY_decrypt(context, buffer, length, ciphertext, len(ciphertext)) != 1:
            lib.ERR_clear_error()
            raise DecryptionFailed
        return bytes(ffi.buffer(buffer, length[0]))

    @property
    def handle(self) -> Any:
        """libcrypto's EVP_PKEY, for this package alone."""
        return self._handle

    def __repr__(self) -> str:
        return f"PrivateKey(of {self.public_key!r})"


def signing_digest(public_key: PublicKey, message: bytes, signer_id: bytes = DEFAULT_SIGNER_ID) -> bytes:
    """e = SM3(Z ‖ message), which SM2 signs, 32 bytes (GB/T 32918.2 §5.5, §6.1); for a key that a chip holds.

    Raises ValueError for a signer id of more than 8191 bytes.
    """
    if len(signer_id) > MAX_SIGNER_ID_BYTES:
        raise ValueError(f"a signer id has at most {MAX_SIGNER_ID_BYTES} bytes")
    bits = (8 * len(signer_id)).to_bytes(2, "big")
    return sm3(sm3(bits + signer_id + _CURVE + public_key.long_point[1:]) + message)


def signature_to_der(signature: bytes) -> bytes:
    """r ‖ s as a DER SEQUENCE of two INTEGERs (GM/T 0009 §7.3). Raises SignatureMalformed."""
    if len(signature) != SIGNATURE_BYTES:
        raise SignatureMalformed(detail=f"{len(signature)} bytes instead of 64")
    halves = (signature[:32], signature[32:])
    for half in halves:
        if not 0 < int.from_bytes(half, "big") < CURVE_ORDER:
            raise SignatureMalformed(detail="r or s is out of range")
    body = b"".join(_der_integer(half) for half in halves)
    return bytes([0x30, len(body)]) + body


def signature_from_der(der: bytes) -> bytes:
    """A DER SEQUENCE of two INTEGERs as r ‖ s, 64 bytes; strictly DER. Raises SignatureMalformed."""
    if len(der) < 8 or der[0] != 0x30 or der[1] != len(der) - 2:
        raise SignatureMalformed(detail="no DER sequence")
    numbers = []
    rest = der[2:]
    for _ in range(2):
        if len(rest) < 3 or rest[0] != 0x02 or not 1 <= rest[1] <= 33 or len(rest) < 2 + rest[1]:
            raise SignatureMalformed(detail="no DER integer")
        numbers.append(int.from_bytes(rest[2 : 2 + rest[1]], "big"))
        rest = rest[2 + rest[1] :]
    if rest or any(number >= CURVE_ORDER for number in numbers):
        raise SignatureMalformed(detail="bytes left over, or r or s out of range")
    signature = b"".join(number.to_bytes(32, "big") for number in numbers)
    if signature_to_der(signature) != der:
        raise SignatureMalformed(detail="not in DER's shortest form")
    return signature


def _der_integer(number: bytes) -> bytes:
    trimmed = number.lstrip(b"\x00")
    if trimmed[0] & 0x80:
        trimmed = b"\x00" + trimmed
    return bytes([0x02, len(trimmed)]) + trimmed


def _pkey_context(handle: Any) -> Any:
    pointer = lib.EVP_PKEY_CTX_new_from_pkey(NULL, handle, NULL)
    return owned(pointer, lib.EVP_PKEY_CTX_free, "EVP_PKEY_CTX_new_from_pkey")


def digest_context(handle: Any, signer_id: bytes = DEFAULT_SIGNER_ID) -> tuple[Any, Any]:
    """A digest context for SM2 with the signer id, and the key context it borrows; keep both alive."""
    context = owned(lib.EVP_MD_CTX_new(), lib.EVP_MD_CTX_free, "EVP_MD_CTX_new")
    pkey_context = _pkey_context(handle)
    check(lib.EVP_PKEY_CTX_set1_id(pkey_context, signer_id, len(signer_id)), "EVP_PKEY_CTX_set1_id")
    lib.EVP_MD_CTX_set_pkey_ctx(context, pkey_context)
    return context, pkey_context


class _DigestContexts:
    """A key's digest contexts with the usual signer id, used again: to make one takes 2 % of a signature.

    Threads may share a key; each takes a context of its own.
    """

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self._idle: list[tuple[Any, Any]] = []

    def take(self, signer_id: bytes) -> tuple[Any, Any]:
        if signer_id == DEFAULT_SIGNER_ID:
            try:
                return self._idle.pop()
            except IndexError:
                pass
        return digest_context(self._handle, signer_id)

    def give_back(self, contexts: tuple[Any, Any], signer_id: bytes) -> None:
        if signer_id == DEFAULT_SIGNER_ID:
            self._idle.append(contexts)


def _two_step(function: Any, context: Any, data: bytes, operation: str) -> bytes:
    length = ffi.new("size_t *")
    check(function(context, NULL, length, data, len(data)), operation)
    buffer = ffi.new("unsigned char[]", length[0])
    check(function(context, buffer, length, data, len(data)), operation)
    return bytes(ffi.buffer(buffer, length[0]))


def _coordinate(handle: Any, name: bytes) -> bytes:
    made = ffi.new("BIGNUM **")
    check(lib.EVP_PKEY_get_bn_param(handle, name, made), "EVP_PKEY_get_bn_param")
    number = ffi.gc(made[0], lib.BN_free)
    buffer = ffi.new("unsigned char[32]")
    check(lib.BN_bn2binpad(number, buffer, 32), "BN_bn2binpad")
    return bytes(ffi.buffer(buffer, 32))


def _compressed_point(handle: Any) -> bytes:
    if lib.EVP_PKEY_is_a(handle, b"SM2") != 1:
        raise KeyMalformed(detail="not a key on the SM2 curve")
    buffer = ffi.new("unsigned char[80]")
    length = ffi.new("size_t *")
    result = lib.EVP_PKEY_get_octet_string_param(handle, b"pub", buffer, 80, length)
    check(result, "EVP_PKEY_get_octet_string_param")
    point = bytes(ffi.buffer(buffer, length[0]))
    if len(point) == POINT_BYTES:
        return point
    return bytes([2 + (point[-1] & 1)]) + point[1:33]


def _read_pem(pem: bytes, read: Any) -> Any:
    if len(pem) > MAX_KEY_FILE_BYTES:
        raise KeyMalformed(detail="the file is too long for a key")
    bio = memory_reader(pem)
    # An empty passphrase callback result: never ask on the terminal for one.
    pointer = read(bio, NULL, NULL, ffi.from_buffer(b"\x00"))
    if pointer == NULL:
        raise KeyMalformed(detail=take_error())
    return ffi.gc(pointer, lib.EVP_PKEY_free)
