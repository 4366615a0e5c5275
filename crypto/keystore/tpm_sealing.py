"""A secret sealed by a TPM: only this TPM gives it back, encrypted on the bus.

The secret becomes a data object under the storage key that the TPM derives from its owner seed (the same key
at each call), or under a persistent key. It has no password: who may use the TPM of the machine may open it.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crypto.errors import TpmUnavailable
from crypto.explained import Text
from crypto.keystore.tpm_tools import ToolFailed, TpmTools

# The commands hand contexts on by files, that of a session with its key: they lie in memory, not on the disk.
_MEMORY_BACKED: Final = Path("/dev/shm")  # noqa: S108 - a tmpfs is the point; the folder below it is 0700
_PATIENCE_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 0.01
_PARENT: Final = "parent.ctx"
_SESSION: Final = "session.ctx"
_OBJECT: Final = "object.ctx"
_PUBLIC: Final = "public"
_PRIVATE: Final = "private"
_POLICY: Final = "policy"
# Neither object has a password: the lockout after wrong ones, which anybody can bring about, is not for them.
_ATTRIBUTES: Final = "fixedtpm|fixedparent|noda"
_PARENT_ATTRIBUTES: Final = f"{_ATTRIBUTES}|sensitivedataorigin|userwithauth|restricted|decrypt"


@dataclass(frozen=True)
class SealedSecret:
    """TPM2B_PUBLIC and TPM2B_PRIVATE of the object; the second is encrypted by the TPM."""

    public: bytes
    private: bytes


@dataclass(frozen=True)
class Tpm:
    """One TPM: where it is (TCTI), and how secrets are sealed by it.

    `parent` is a persistent storage key (`0x81…`), or "" for the one derived from the owner seed; `pcrs` are
    those whose values must be the same again, as in `0,2,7` (bank of SHA-256), or "".
    """

    tcti: str
    parent: str = ""
    pcrs: str = ""

    def seal(self, secret: bytes) -> SealedSecret:
        """Seal up to 128 bytes. Raises TpmUnavailable, TpmRefused."""
        try:
            with self._tools() as (tools, folder):
                parent = self._prepare_parent(tools)
                arguments = ["--attributes", f"{_ATTRIBUTES}|userwithauth"]
                if self.pcrs:
                    tools.run("tpm2_startauthsession", "--session", _SESSION)
                    with _flushed(tools):
                        self._bind_to_pcrs(tools, "--policy", _POLICY)
                    arguments = ["--attributes", _ATTRIBUTES, "--policy", _POLICY]
                tools.run("tpm2_startauthsession", "--hmac-session", *self._salted(parent))
                with _flushed(tools):
                    tools.run("tpm2_sessionconfig", "--enable-decrypt", _SESSION)
                    tools.run(
                        "tpm2_create",
                        *("--parent-context", parent, "--hash-algorithm", "sha256", "--session", _SESSION),
                        *("--public", _PUBLIC, "--private", _PRIVATE, "--sealing-input", "-", *arguments),
                        secret=secret,
                    )
                return SealedSecret((folder / _PUBLIC).read_bytes(), (folder / _PRIVATE).read_bytes())
        except ToolFailed as error:
            raise error.explained() from error

    def unseal(self, sealed: SealedSecret) -> bytes:
        """The secret. Raises KeystoreSealedByAnother, TpmUnavailable, TpmRefused."""
        try:
            with self._tools() as (tools, folder):
                (folder / _PUBLIC).write_bytes(sealed.public)
                (folder / _PRIVATE).write_bytes(sealed.private)
                parent = self._prepare_parent(tools)
                tools.run(
                    "tpm2_load",
                    *("--parent-context", parent, "--public", _PUBLIC, "--private", _PRIVATE),
                    *("--key-context", _OBJECT),
                )
                kind = "--policy-session" if self.pcrs else "--hmac-session"
                tools.run("tpm2_startauthsession", kind, *self._salted(parent))
                with _flushed(tools):
                    tools.run("tpm2_sessionconfig", "--enable-encrypt", _SESSION)
                    if self.pcrs:
                        self._bind_to_pcrs(tools)
                        use = ("--auth", f"session:{_SESSION}")
                    else:
                        use = ("--session", _SESSION)
                    return tools.run("tpm2_unseal", "--object-context", _OBJECT, *use)
        except ToolFailed as error:
            raise error.explained() from error

    @contextmanager
    def _tools(self) -> Iterator[tuple[TpmTools, Path]]:
        try:
            scratch = tempfile.TemporaryDirectory(prefix=".tongka-tpm-", dir=_MEMORY_BACKED)
        except OSError as error:
            raise _unusable_memory() from error
        with scratch as name, _alone():
            yield TpmTools(self.tcti, Path(name)), Path(name)

    def _prepare_parent(self, tools: TpmTools) -> str:
        if self.parent:
            return self.parent
        tools.run(
            "tpm2_createprimary",
            *("--hierarchy", "o", "--key-algorithm", "ecc", "--hash-algorithm", "sha256"),
            *("--attributes", _PARENT_ATTRIBUTES, "--key-context", _PARENT),
        )
        return _PARENT

    def _salted(self, parent: str) -> tuple[str, ...]:
        """A session whose key is encrypted to the parent: who listens on the bus learns nothing."""
        return ("--tpmkey-context", parent, "--session", _SESSION)

    def _bind_to_pcrs(self, tools: TpmTools, *more: str) -> None:
        tools.run("tpm2_policypcr", "--session", _SESSION, "--pcr-list", f"sha256:{self.pcrs}", *more)


@contextmanager
def _alone() -> Iterator[None]:
    """One of this user's processes at a time: a TPM without a resource manager can't keep two apart."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(_MEMORY_BACKED / f".tongka-{os.geteuid()}-tpm.lock", flags, 0o600)
    except OSError as error:
        raise _unusable_memory() from error
    try:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not _locked(descriptor):
            if time.monotonic() > deadline:
                raise TpmUnavailable(detail=Text(zh="正被其他程序使用", en="another program uses it"))
            time.sleep(_PAUSE_SECONDS)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _unusable_memory() -> TpmUnavailable:
    return TpmUnavailable(detail=Text(zh=f"{_MEMORY_BACKED} 不可写", en=f"{_MEMORY_BACKED} is not writable"))


@contextmanager
def _flushed(tools: TpmTools) -> Iterator[None]:
    """The TPM has few places for sessions; this one's is free again, whatever happens."""
    try:
        yield
    finally:
        tools.run("tpm2_flushcontext", _SESSION)
