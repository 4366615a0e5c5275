"""Reader profiles: what must be known of a reader before it can be used.

Each profile is one TOML file in `profiles/`. Example:

    id = "virtual-pcd"
    names = ["Virtual PCD *"]
    transport = "pcsc"
    protocols = ["T=1"]
    share = "exclusive"

    [title]
    zh = "vpcd 虚拟读卡器"
    en = "vpcd virtual reader"

    [quirks]
    empty_answer_is_torn_card = true
"""

from __future__ import annotations

from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Annotated

import msgspec

from crypto.explained import Text
from firmware_profiles.errors import ProfileRefused, ReaderNotRecognised
from firmware_profiles.strict_toml import read_toml


class Transport(StrEnum):
    """How a reader is reached."""

    PCSC = "pcsc"


class CardProtocol(StrEnum):
    """Transmission protocols of ISO/IEC 7816-3; contactless cards show as T=1 (PC/SC part 3)."""

    T0 = "T=0"
    T1 = "T=1"


class ShareMode(StrEnum):
    """Whether other programs may use the card at the same time."""

    EXCLUSIVE = "exclusive"
    SHARED = "shared"


class Title(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The reader's name for people."""

    zh: str
    en: str

    @property
    def text(self) -> Text:
        """The same in the form that errors and screens use."""
        return Text(zh=self.zh, en=self.en)


class Quirks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Departures from the standard that the code provides for.

    Attributes:
        empty_answer_is_torn_card: the driver reports success with no bytes when the card left in the middle
            of an exchange, instead of an error.
    """

    empty_answer_is_torn_card: bool = False


class ReaderProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of reader.

    Attributes:
        id: the profile's name, as in `tongka readers show`.
        names: shell patterns for the name that PC/SC gives the reader; the longest that fits decides.
        protocols: protocols to offer the card.
        share: exclusive, unless other programs must reach the same card.
    """

    id: str
    title: Title
    names: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    transport: Transport
    protocols: Annotated[tuple[CardProtocol, ...], msgspec.Meta(min_length=1)]
    share: ShareMode
    quirks: Quirks = Quirks()

    @classmethod
    def from_bytes(cls, data: bytes, file: str) -> ReaderProfile:
        """Parse one TOML file. Raises ProfileRefused with the file's name."""
        return read_toml(data, cls, file, ProfileRefused)

    def match_length(self, reader: str) -> int:
        """Length of the longest pattern that fits this reader's name; 0 when none does."""
        return max((len(name) for name in self.names if fnmatchcase(reader, name)), default=0)


@cache
def reader_profiles() -> tuple[ReaderProfile, ...]:
    """All profiles that come with this distribution, by id. Raises ProfileRefused."""
    folder = resources.files("firmware_profiles") / "profiles"
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name
    )
    return tuple(ReaderProfile.from_bytes(file.read_bytes(), file.name) for file in files)


def recognise_reader(reader: str, profiles: tuple[ReaderProfile, ...] | None = None) -> ReaderProfile:
    """The profile whose longest pattern fits the reader's name. Raises ReaderNotRecognised."""
    known = reader_profiles() if profiles is None else profiles
    best = max(known, key=lambda profile: profile.match_length(reader), default=None)
    if best is None or best.match_length(reader) == 0:
        raise ReaderNotRecognised(reader=reader)
    return best
