"""Card profiles: how a card's application is selected and where its facts lie, as data."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Annotated, Final, TypeVar

import msgspec

from card.errors import CardProfileRefused, ProfileLacks
from card.files import FileLayout, HexTag, require_tag
from crypto.credential import CredentialTag
from crypto.explained import Text
from crypto.tap_proof import TAP_CHALLENGE_BYTES
from crypto.tlv import Tlv
from firmware_profiles.strict_toml import read_toml
from firmware_profiles.title import Title

ProfileId = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]*\Z")]
HexByte = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-F]{2}\Z")]
Aid = Annotated[
    str, msgspec.Meta(pattern=r"^(?:[0-9A-F]{2}){5,16}\Z")
]  # ISO/IEC 7816-4, application identifiers
Parameters = TypeVar("Parameters", bound=msgspec.Struct)
# Parts of the credential that no profile may declare as shown: they name a card or tell of its holder.
PERSONAL_TAGS: Final = frozenset(
    (CredentialTag.CARD_ID, CredentialTag.POINT, CredentialTag.ENTITLEMENT, CredentialTag.SIGNATURE)
)


class LengthLayout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the card takes beyond short commands (ISO/IEC 7816-4 §5.2, §5.3)."""

    extended: bool = False
    chaining: bool = False


class FciLayout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the credential lies in the file control information (ISO/IEC 7816-4 §7.4).

    Tags are upper-case hexadecimal; `credential` lists those below the template, outermost first, and `shown`
    those within it whose values a trace may show, none of which may tell one card or holder from another.
    """

    template: HexTag
    df_name: HexTag
    credential: Annotated[tuple[HexTag, ...], msgspec.Meta(min_length=1)]
    shown: tuple[HexTag, ...] = ()

    def __post_init__(self) -> None:
        for tag in (self.template, self.df_name, *self.credential, *self.shown):
            require_tag(tag)
        *outer, last = self.credential
        if int(last, 16) != CredentialTag.CREDENTIAL or not all(_is_constructed(tag) for tag in outer):
            raise ValueError(
                "`credential` does not lead through templates to a credential",
                Text(
                    zh="请由外到内写各层模板的标签，最后写 `7F21`",
                    en="Write the tags of the templates from the outside in, and `7F21` last",
                ),
            )
        for tag in self.shown:
            if Tlv(int(tag, 16), b"").is_constructed or int(tag, 16) in PERSONAL_TAGS:
                raise ValueError(
                    f"tag `{tag}` tells one card or holder from another",
                    Text(zh=f"请从 `shown` 中去掉 `{tag}`", en=f"Take `{tag}` out of `shown`"),
                )


def _is_constructed(tag: str) -> bool:
    return Tlv(int(tag, 16), b"").is_constructed


class InternalAuthenticateLayout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """P1, P2 and the length of the data field of INTERNAL AUTHENTICATE (ISO/IEC 7816-4 clause 11)."""

    algorithm: HexByte
    key: HexByte
    challenge_bytes: int

    def __post_init__(self) -> None:
        if self.challenge_bytes != TAP_CHALLENGE_BYTES:
            raise ValueError(
                f"challenge_bytes = {self.challenge_bytes}: a tap challenge has {TAP_CHALLENGE_BYTES} bytes",
                Text(
                    zh=f"请写 `challenge_bytes = {TAP_CHALLENGE_BYTES}`",
                    en=f"Write `challenge_bytes = {TAP_CHALLENGE_BYTES}`",
                ),
            )


class TapLayout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The two commands of a tap: SELECT with a credential in its FCI, and the chip's proof."""

    fci: FciLayout
    internal_authenticate: InternalAuthenticateLayout


class FullDataLayout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a terminal with a PSAM opens the files.

    Attributes:
        method: the authentication step, an entry point of the group `tongka.card_authentication`.
        psam_aid: the application on the PSAM.
        sam_names: shell patterns for the PC/SC names of SAM slots, beside those of the reader profiles.
        parameters: what the method needs; it refuses what it does not know.
    """

    method: str
    psam_aid: Aid
    sam_names: tuple[str, ...] = ()
    parameters: dict[str, str | int | bool | list[str]] = {}

    @property
    def psam_aid_bytes(self) -> bytes:
        """The PSAM's application identifier as SELECT sends it."""
        return bytes.fromhex(self.psam_aid)


class CardProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of card. `file` names the TOML file that it came from."""

    id: ProfileId
    title: Title
    aid: Aid
    lengths: LengthLayout = LengthLayout()
    tap: TapLayout | None = None
    full_data: FullDataLayout | None = None
    file: tuple[FileLayout, ...] = ()

    def __post_init__(self) -> None:
        for kind in ("name", "fid", "sfi"):
            values = [getattr(file, kind) for file in self.file]
            if len(set(values)) != len(values):
                raise ValueError(
                    f"two files have the same {kind}",
                    Text(zh=f"请为每个文件写不同的 `{kind}`", en=f"Give each file a `{kind}` of its own"),
                )

    @classmethod
    def from_bytes(cls, data: bytes, file: str) -> CardProfile:
        """Parse one TOML file and check its test vectors. Raises CardProfileRefused with file and line."""
        return read_toml(data, cls, file, CardProfileRefused)

    @property
    def aid_bytes(self) -> bytes:
        """The application identifier as SELECT sends it."""
        return bytes.fromhex(self.aid)

    @property
    def tap_path(self) -> TapLayout:
        """The tap's commands. Raises ProfileLacks where the card has none."""
        if self.tap is None:
            raise ProfileLacks(profile=self.id, what="[tap]")
        return self.tap

    @property
    def full_data_path(self) -> FullDataLayout:
        """How the files are opened. Raises ProfileLacks where the profile does not say."""
        if self.full_data is None:
            raise ProfileLacks(profile=self.id, what="[full_data]")
        return self.full_data

    def file_named(self, name: str) -> FileLayout:
        """The file of that name. Raises ProfileLacks."""
        for file in self.file:
            if file.name == name:
                return file
        raise ProfileLacks(profile=self.id, what=f"[[file]] name = {name!r}")

    def parameters(self, into: type[Parameters]) -> Parameters:
        """The authentication method's parameters. Raises CardProfileRefused for what `into` does not know."""
        try:
            return msgspec.convert(self.full_data_path.parameters, into)
        except msgspec.ValidationError as error:
            known = ", ".join(field.encode_name for field in msgspec.structs.fields(into))
            raise CardProfileRefused(
                file=self.id,
                problem=f"[full_data.parameters] {error}",
                instead=Text(zh=f"此处可用的字段：{known}", en=f"Known there are: {known}"),
            ) from error


@cache
def reference_profile() -> CardProfile:
    """The profile of the reference applet."""
    return packaged_profile("reference")


@cache
def packaged_profile(name: str) -> CardProfile:
    """A profile that comes with this distribution, e.g. `reference` or `reference-psam`."""
    file = resources.files("card") / "profiles" / f"{name}.toml"
    return CardProfile.from_bytes(file.read_bytes(), file.name)
