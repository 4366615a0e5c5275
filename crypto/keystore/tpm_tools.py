"""The TPM through tpm2-tools, one command a step: what they answer, and why they refuse.

Secrets go in and out by pipes; the arguments, which other users can read, name files and handles alone.
Response codes: TCG "Trusted Platform Module Library", part 2, §6.6.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from types import MappingProxyType
from typing import Final

from crypto.errors import CryptoError, KeystoreSealedByAnother, TpmRefused, TpmUnavailable
from crypto.explained import Text

TIMEOUT_SECONDS: Final = 30.0  # a slow TPM takes some seconds for a primary key
_ATTEMPTS: Final = 5
_CODE: Final = re.compile(r"E\w*_\w+\(0x([0-9A-Fa-f]{1,8})\)")
_TPM_LAYER: Final = 0xFFFF  # greater codes come from the libraries between us and the TPM
_INTEGRITY: Final = 0x09F
# Codes that tell to try again: no room for one more object, or the TPM is not ready.
_OBJECT_MEMORY: Final = 0x902
_OBJECT_VANISHED: Final = 0x910
_PASSING: Final = frozenset({_OBJECT_MEMORY, _OBJECT_VANISHED, 0x908, 0x922})
_REASONS: Final = MappingProxyType(
    {
        0x08B: Text(zh="没有这个句柄的密钥", en="there is no key under that handle"),
        0x08E: Text(zh="需要口令", en="it asks for a password"),
        0x09D: Text(zh="机器的固件或启动状态已变（PCR）", en="firmware or boot state have changed (PCR)"),
        0x0A2: Text(
            zh="所有者层级设有口令；请建立持久父密钥并用设置 parent 指定",
            en="its owner hierarchy has a password; name a persistent parent key in the setting parent",
        ),
        _OBJECT_MEMORY: Text(zh="其他程序占满了 TPM", en="other programs fill it"),
        _OBJECT_VANISHED: Text(zh="其他程序也在使用 TPM", en="other programs use it without regard for us"),
        0x903: Text(zh="其他程序占满了 TPM", en="other programs fill it"),
        0x908: Text(zh="TPM 忙", en="it is busy"),
        0x921: Text(
            zh="多次口令错误后已锁定，过一段时间自行解除",
            en="it is locked after wrong passwords and opens by itself after some time",
        ),
        0x922: Text(zh="TPM 忙", en="it is busy"),
        0x923: Text(zh="TPM 忙", en="it is busy"),
    }
)


class ToolFailed(Exception):
    """A command of tpm2-tools ended with a response code of the TPM, or None for a reason of its own."""

    def __init__(self, tool: str, code: int | None) -> None:
        super().__init__(tool, code)
        self.tool = tool
        self.code = code

    def explained(self) -> CryptoError:
        """The error that tells a person."""
        if self.code == _INTEGRITY:
            return KeystoreSealedByAnother()
        known = _REASONS.get(self.code or 0)
        if known is not None:
            return TpmRefused(detail=known)
        said = self.tool if self.code is None else f"{self.tool} 0x{self.code:03X}"
        return TpmRefused(detail=Text(zh=said, en=said))


class TpmTools:
    """Runs commands for one TPM, in a folder for their intermediate files."""

    def __init__(self, tcti: str, folder: Path) -> None:
        self._tcti = tcti
        self._folder = folder

    def run(self, tool: str, *arguments: str, secret: bytes = b"") -> bytes:
        """What the command prints; `secret` is its standard input. Afterwards the TPM has room again.

        Raises ToolFailed, TpmUnavailable.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                answer = self._run_once(tool, arguments, secret)
            except ToolFailed as error:
                if attempt == _ATTEMPTS or error.code not in _PASSING:
                    raise
            else:
                self.make_room()
                return answer
            self.make_room()
        raise AssertionError("unreachable")

    def make_room(self) -> None:
        """Remove what a command left loaded: a TPM without a resource manager has three places."""
        self._run_once("tpm2_flushcontext", ("--transient-object",), b"")

    def _run_once(self, tool: str, arguments: tuple[str, ...], secret: bytes) -> bytes:
        path = os.environ.get("PATH", os.defpath)
        if shutil.which(tool, path=path) is None:
            raise TpmUnavailable(detail=Text(zh="没有安装 tpm2-tools", en="tpm2-tools is not installed"))
        environment = {
            "PATH": path,
            "LC_ALL": "C",
            "TPM2TOOLS_TCTI": self._tcti,
            "TSS2_LOG": "all+error",
        }
        try:
            done = subprocess.run(
                [tool, *arguments],
                input=secret,
                capture_output=True,
                cwd=self._folder,
                env=environment,
                timeout=TIMEOUT_SECONDS,
                check=False,
            )
        except OSError as error:
            said = error.strerror or type(error).__name__
            raise TpmUnavailable(detail=Text(zh=said, en=said)) from error
        except subprocess.TimeoutExpired as error:
            raise TpmUnavailable(detail=Text(zh="TPM 没有回答", en="it does not answer")) from error
        if done.returncode:
            raise self._failure(tool, done.stderr.decode(errors="replace"))
        return done.stdout

    def _failure(self, tool: str, said: str) -> Exception:
        if "Could not load tcti" in said or "tcti:" in said:
            if "resource busy" in said:
                return TpmUnavailable(detail=Text(zh="正被其他程序使用", en="another program uses it"))
            return TpmUnavailable(
                detail=Text(zh=f"在 {self._tcti} 找不到 TPM", en=f"there is no TPM at {self._tcti}")
            )
        codes = [int(code, 16) for code in _CODE.findall(said)]
        if not codes or codes[-1] > _TPM_LAYER:
            return ToolFailed(tool, None)
        return ToolFailed(tool, _without_position(codes[-1]))


def _without_position(code: int) -> int:
    """The code without the number of the parameter, handle or session that it is about (part 2, §6.6.2)."""
    return code & 0x0BF if code & 0x080 else code
