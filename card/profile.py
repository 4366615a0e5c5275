"""Card profiles: how a card's application is selected and where its facts lie, as data."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Annotated

import msgspec

from card.errors import CardProfileRefused
from crypto.tlv import Tlv
from firmware_profiles.strict_toml import read_toml

HexBytes = Annotated[str, msgspec.Meta(pattern=r"^(?:[0-9A-F]{2})+\Z")]
HexByte = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-F]{2}\Z")]
Aid = Annotated[
    str, msgspec.Meta(pattern=r"^(?:[0-9A-F]{2}){5,16}\Z")
]  # ISO/IEC 7816-4, application identifiers


class FciLayout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the credential lies in the file control information (ISO/IEC 7816-4 §7.4).

    Tags are upper-case hexadecimal; `credential` lists those below the template, outermost first.
    """

    template: HexBytes
    df_name: HexBytes
    credential: Annotated[tuple[HexBytes, ...], msgspec.Meta(min_length=1)]

    def __post_init__(self) -> None:
        for tag in (self.template, self.df_name, *self.credential):
            Tlv(int(tag, 16), b"")  # ValueError, which msgspec reports with the place, when it is no tag


class InternalAuthenticateLayout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """P1, P2 and the length of the data field of INTERNAL AUTHENTICATE (ISO/IEC 7816-4 clause 11)."""

    algorithm: HexByte
    key: HexByte
    challenge_bytes: Annotated[int, msgspec.Meta(ge=1, le=255)]


class CardProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of card."""

    id: str
    aid: Aid
    fci: FciLayout
    internal_authenticate: InternalAuthenticateLayout

    @classmethod
    def from_bytes(cls, data: bytes, file: str) -> CardProfile:
        """Parse one TOML file. Raises CardProfileRefused with the file's name."""
        return read_toml(data, cls, file, CardProfileRefused)

    @property
    def aid_bytes(self) -> bytes:
        """The application identifier as SELECT sends it."""
        return bytes.fromhex(self.aid)


@cache
def reference_profile() -> CardProfile:
    """The profile of the reference applet."""
    file = resources.files("card") / "profiles" / "reference.toml"
    return CardProfile.from_bytes(file.read_bytes(), file.name)
