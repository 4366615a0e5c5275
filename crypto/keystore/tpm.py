"""The kind `tpm`: the wrapping key is sealed by this machine's TPM (docs/adr/0014)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crypto.errors import KeystoreMalformed, TpmRefused
from crypto.explained import Text
from crypto.keystore.key_file import WRAPPING_KEY_BYTES
from crypto.keystore.settings import require_only
from crypto.keystore.software import SoftwareKeystore
from crypto.keystore.tpm_sealing import SealedSecret, Tpm

DEFAULT_TCTI: Final = "device:/dev/tpmrm0"
# Libraries of tpm2-tss that talk to a TPM. Others run commands (`cmd:`), or are any library by its path.
_FORMS: Final = {
    "tcti": re.compile(r"(device:/[!-~]+|swtpm:[!-~]+|tabrmd(:[!-~]+)?)\Z"),
    "parent": re.compile(r"0x81[0-9a-f]{6}\Z"),
    "pcrs": re.compile(r"(0|[1-9]|1[0-9]|2[0-3])(,(0|[1-9]|1[0-9]|2[0-3])){0,23}\Z"),
}
_PUBLIC: Final = "sealed-public"
_PRIVATE: Final = "sealed-private"
_HEXADECIMAL: Final = re.compile(r"([0-9a-f]{2}){3,512}\Z")


@dataclass(frozen=True)
class KeyInTpm:
    """A wrapping key of 16 bytes that one TPM sealed."""

    tpm: Tpm
    sealed: SealedSecret

    @property
    def is_protected(self) -> bool:
        """Without its TPM the disk gives nothing away."""
        return True

    def fetch(self) -> bytes:
        """The 16 bytes. Raises KeystoreSealedByAnother, TpmUnavailable, TpmRefused."""
        key = self.tpm.unseal(self.sealed)
        if len(key) != WRAPPING_KEY_BYTES:
            raise TpmRefused(detail=Text(zh="解封所得长度不对", en="what it unsealed has a wrong length"))
        return key


class TpmKind:
    """Makes and opens keystores that one TPM opens."""

    def make(self, directory: Path, settings: Mapping[str, str]) -> Mapping[str, str]:
        """Have a new wrapping key sealed. Settings: `tcti`, `parent`, `pcrs`; all may be left out.

        Raises KeystoreMalformed, TpmUnavailable, TpmRefused.
        """
        require_only(settings, _FORMS)
        tpm = _tpm(settings)
        key = secrets.token_bytes(WRAPPING_KEY_BYTES)
        sealed = tpm.seal(key)
        if tpm.unseal(sealed) != key:
            raise TpmRefused(detail=Text(zh="封装的密钥解不开", en="what it sealed does not come back"))
        return {
            "tcti": tpm.tcti,
            **settings,
            _PUBLIC: sealed.public.hex(),
            _PRIVATE: sealed.private.hex(),
        }

    def open(self, directory: Path, settings: Mapping[str, str]) -> SoftwareKeystore:
        """The keystore in this folder; the TPM is asked when a key is. Raises KeystoreMalformed."""
        require_only(settings, (*_FORMS, _PUBLIC, _PRIVATE))
        sealed = SealedSecret(_blob(settings, _PUBLIC), _blob(settings, _PRIVATE))
        return SoftwareKeystore(directory, "tpm", KeyInTpm(_tpm(settings), sealed))


KIND: Final = TpmKind()


def _tpm(settings: Mapping[str, str]) -> Tpm:
    for name, form in _FORMS.items():
        if name in settings and not form.match(settings[name]):
            raise _malformed(name)
    return Tpm(settings.get("tcti", DEFAULT_TCTI), settings.get("parent", ""), settings.get("pcrs", ""))


def _blob(settings: Mapping[str, str], name: str) -> bytes:
    """A structure that begins with its length (TPM2B)."""
    value = settings.get(name, "")
    if not _HEXADECIMAL.match(value):
        raise _malformed(name)
    blob = bytes.fromhex(value)
    if int.from_bytes(blob[:2], "big") != len(blob) - 2:
        raise _malformed(name)
    return blob


def _malformed(name: str) -> KeystoreMalformed:
    return KeystoreMalformed(detail=Text(zh=f"“{name}”的值无效", en=f"the value of {name} is not valid"))
