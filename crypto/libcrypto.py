"""The few functions of the system's libcrypto 3 that `cryptography` does not offer: SM2 and SM2 certificates.

The system's library is used, not a bundled one, so that the distribution's security updates reach it. Nothing
outside `crypto` imports this module. What is declared of it: libcrypto_build.py.
"""

from __future__ import annotations

from typing import Any, Final

from crypto import libcrypto_abi
from crypto.errors import LibcryptoFailed, LibcryptoMissing

ffi: Final[Any] = libcrypto_abi.ffi


def _load() -> Any:
    try:
        return ffi.dlopen("libcrypto.so.3")
    except OSError as error:
        raise LibcryptoMissing(detail=str(error)) from error


lib: Final[Any] = _load()

NULL: Final[Any] = ffi.NULL


def check(result: int, operation: str) -> None:
    """Raise LibcryptoFailed, with libcrypto's own words, unless `result` says success (1 or more)."""
    if result <= 0:
        raise LibcryptoFailed(operation=operation, detail=take_error())


def owned(pointer: Any, free: Any, operation: str) -> Any:
    """A handle that frees itself. Raises LibcryptoFailed where libcrypto gave none."""
    if pointer == NULL:
        raise LibcryptoFailed(operation=operation, detail=take_error())
    return ffi.gc(pointer, free)


def take_error() -> str:
    """The oldest error in libcrypto's queue, in its words; the queue is emptied."""
    number = lib.ERR_get_error()
    buffer = ffi.new("char[256]")
    lib.ERR_error_string_n(number, buffer, 256)
    lib.ERR_clear_error()
    text: bytes = ffi.string(buffer)
    return text.decode("ascii", "replace") if number else "no detail"


def memory_reader(data: bytes) -> Any:
    """A BIO that reads `data`; the caller keeps `data` alive as long as the BIO."""
    return owned(lib.BIO_new_mem_buf(data, len(data)), lib.BIO_free, "BIO_new_mem_buf")


def memory_writer() -> Any:
    """An empty BIO that keeps what is written to it."""
    return owned(lib.BIO_new(lib.BIO_s_mem()), lib.BIO_free, "BIO_new")


def written(bio: Any) -> bytes:
    """All bytes that were written to a memory BIO."""
    length = lib.BIO_ctrl_pending(bio)
    buffer = ffi.new("unsigned char[]", length)
    check(lib.BIO_read(bio, buffer, length), "BIO_read")
    return bytes(ffi.buffer(buffer, length))
