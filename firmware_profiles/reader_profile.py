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
from typing import Annotated, Final

import msgspec

from firmware_profiles.consistency import require
from firmware_profiles.errors import NoSuchProfile, ProfileRefused, ReaderNotRecognised
from firmware_profiles.serial_profile import SerialProfile
from firmware_profiles.strict_toml import read_toml
from firmware_profiles.title import Title

MIN_APDU_BYTES: Final = 261  # a short command with 255 bytes of data and Le
MAX_APDU_BYTES: Final = 65_544  # an extended one with 65,535


class Transport(StrEnum):
    """How a reader is reached: through PC/SC, on a serial line, or by nfcpy's drivers."""

    PCSC = "pcsc"
    SERIAL = "serial"
    NFC = "nfc"


class CardProtocol(StrEnum):
    """Transmission protocols of ISO/IEC 7816-3; contactless cards show as T=1 (PC/SC part 3)."""

    T0 = "T=0"
    T1 = "T=1"


class ShareMode(StrEnum):
    """Whether other programs may use the card at the same time."""

    EXCLUSIVE = "exclusive"
    SHARED = "shared"


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
        names: shell patterns for the name that PC/SC gives the reader; the longest that fits decides. A
            reader on another transport has no such name: it is chosen by `id`.
        protocols: protocols to offer the card; PC/SC only.
        share: exclusive, unless other programs must reach the same card; PC/SC only.
        sam_names: shell patterns for the PC/SC names of this reader's SAM slots.
        max_apdu: the longest APDU, in bytes, that a reader behind PC/SC and its driver carry.
        serial: line, frames and commands of a reader on a serial line.
    """

    id: Annotated[str, msgspec.Meta(min_length=1)]
    title: Title
    transport: Transport
    names: tuple[str, ...] = ()
    protocols: tuple[CardProtocol, ...] = ()
    share: ShareMode = ShareMode.EXCLUSIVE
    sam_names: tuple[str, ...] = ()
    max_apdu: Annotated[int, msgspec.Meta(ge=MIN_APDU_BYTES, le=MAX_APDU_BYTES)] = MAX_APDU_BYTES
    quirks: Quirks = Quirks()
    serial: SerialProfile | None = None

    def __post_init__(self) -> None:
        behind_pcsc = self.transport is Transport.PCSC
        require(
            behind_pcsc == bool(self.names),
            "a reader behind PC/SC is known by its names, any other by its id",
            zh='请为 PC/SC 读卡器写 names = ["…*"]，为其他读卡器删去 names',
            en='Write names = ["…*"] for a reader behind PC/SC, and remove names from any other',
        )
        require(
            behind_pcsc == bool(self.protocols),
            "protocols are for readers behind PC/SC, which need at least one",
            zh='请为 PC/SC 读卡器写 protocols = ["T=1"]，为其他读卡器删去 protocols',
            en='Write protocols = ["T=1"] for a reader behind PC/SC, and remove protocols from any other',
        )
        require(
            (self.transport is Transport.SERIAL) == (self.serial is not None),
            "line and frames are for readers on a serial line, which need them",
            zh='请为 transport = "serial" 写 [serial]，为其他读卡器删去 [serial]',
            en='Write [serial] where transport = "serial", and remove it elsewhere',
        )

    @classmethod
    def from_bytes(cls, data: bytes, file: str) -> ReaderProfile:
        """Parse one TOML file. Raises ProfileRefused with the file's name and line."""
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


def profile_by_id(profile: str, profiles: tuple[ReaderProfile, ...] | None = None) -> ReaderProfile:
    """The profile of this id, for readers that have no name of their own. Raises NoSuchProfile."""
    known = reader_profiles() if profiles is None else profiles
    for candidate in known:
        if candidate.id == profile:
            return candidate
    raise NoSuchProfile(profile=profile, known=", ".join(candidate.id for candidate in known))
