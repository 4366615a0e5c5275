"""What a certificate is for, and how it says so.

root ─▶ province ─▶ issuer · sealing · receipt · content · terminal
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from cryptography import x509

# An arc that anybody may make from a UUID without a registry (ITU-T X.667): c0d7…; ours, once and for all.
_ARC: Final = f"2.25.{0xC0D7B2E54A3E4F0B9B6D5A1E7F3C2D10}"


class Role(StrEnum):
    """The seven roles."""

    ROOT = "root"
    PROVINCE = "province"
    ISSUER = "issuer"  # signs cards' credentials
    SEALING = "sealing"  # opens what terminals seal
    RECEIPT = "receipt"
    CONTENT = "content"
    TERMINAL = "terminal"

    @property
    def is_authority(self) -> bool:
        """Whether it certifies others."""
        return self in (Role.ROOT, Role.PROVINCE)

    @property
    def usage(self) -> x509.ObjectIdentifier | None:
        """The extended key usage of a leaf; None for an authority."""
        return USAGES.get(self)

    @property
    def key_usage(self) -> x509.KeyUsage:
        """The key usage (RFC 5280 §4.2.1.3)."""
        return x509.KeyUsage(
            digital_signature=not self.is_authority and self is not Role.SEALING,
            content_commitment=False,
            key_encipherment=self is Role.SEALING,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=self.is_authority,
            crl_sign=self.is_authority,
            encipher_only=False,
            decipher_only=False,
        )


LEAVES: Final = (Role.ISSUER, Role.SEALING, Role.RECEIPT, Role.CONTENT, Role.TERMINAL)
USAGES: Final = MappingProxyType(
    {role: x509.ObjectIdentifier(f"{_ARC}.{number}") for number, role in enumerate(LEAVES, start=1)}
)
ROLES_BY_USAGE: Final = MappingProxyType({usage: role for role, usage in USAGES.items()})
