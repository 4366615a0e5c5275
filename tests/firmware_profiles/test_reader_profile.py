"""Reader profiles: those we ship are complete, and a wrong one says what to write."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.explained import Language
from firmware_profiles.errors import NoSuchProfile, ProfileRefused, ReaderNotRecognised
from firmware_profiles.reader_profile import (
    CardProtocol,
    ReaderProfile,
    ShareMode,
    Transport,
    profile_by_id,
    reader_profiles,
    recognise_reader,
)

PROFILE = b"""
id = "example"
names = ["Example *"]
transport = "pcsc"
protocols = ["T=1"]
share = "shared"
[title]
zh = "\xe7\xa4\xba\xe4\xbe\x8b"
en = "example"
[quirks]
empty_answer_is_torn_card = true
"""


def test_a_profile_is_read_as_written() -> None:
    profile = ReaderProfile.from_bytes(PROFILE, "example.toml")
    assert profile.names == ("Example *",)
    assert (profile.transport, profile.protocols) == (Transport.PCSC, (CardProtocol.T1,))
    assert profile.share is ShareMode.SHARED
    assert profile.quirks.empty_answer_is_torn_card
    assert profile.title.text.in_language(Language.ZH) == "示例"


def test_a_profile_is_frozen() -> None:
    profile = ReaderProfile.from_bytes(PROFILE, "example.toml")
    with pytest.raises(AttributeError):
        profile.id = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("written", "instead", "told"),
    [
        (b"protocols", b"protocol", "Write `protocols` instead"),
        (b"share", b"sharing", "Write `share` instead"),
        (b"empty_answer_is_torn_card", b"empty_answer_is_torn", "Write `empty_answer_is_torn_card` instead"),
        (b"share", b"xyzzy", "Known here are: id, title, transport, names, protocols, share, sam_names"),
        (b'"T=1"', b'"T=2"', "$.protocols"),
        (b'["T=1"]', b"[]", 'Write protocols = ["T=1"]'),
        (b'["Example *"]', b"[]", 'Write names = ["…*"]'),
        (b'"pcsc"', b'"nfc"', "remove names from any other"),
        (b'"pcsc"', b'"serial"', "remove names from any other"),
        (b'"pcsc"', b'"usb"', "$.transport"),
        (b'id = "example"', b"", "`id` is missing. Add `id` there"),
        (b"[title]", b"[title", "TOML"),
        (b"example", b"\xff", "UTF-8"),
    ],
)
def test_a_wrong_profile_is_refused_with_file_and_remedy(written: bytes, instead: bytes, told: str) -> None:
    assert written in PROFILE
    with pytest.raises(ProfileRefused) as refused:
        ReaderProfile.from_bytes(PROFILE.replace(written, instead, 1), "example.toml")
    assert "example.toml" in str(refused.value)
    assert told in str(refused.value)


@given(st.binary(max_size=200))
def test_random_bytes_are_no_profile(data: bytes) -> None:
    with pytest.raises(ProfileRefused):
        ReaderProfile.from_bytes(data, "random.toml")


@pytest.mark.parametrize(
    ("reader", "profile"),
    [
        ("Virtual PCD 00 00", "virtual-pcd"),
        ("Virtual PCD 00 01", "virtual-pcd"),
        ("ACS ACR122U PICC Interface 00 00", "pcsc-generic"),
        ("virtual pcd 00 00", "pcsc-generic"),
    ],
)
def test_readers_are_recognised_by_the_longest_fitting_name(reader: str, profile: str) -> None:
    assert recognise_reader(reader).id == profile


def test_a_reader_that_no_profile_fits_is_refused() -> None:
    only = ReaderProfile.from_bytes(PROFILE, "example.toml")
    assert recognise_reader("Example 1", (only,)) is only
    with pytest.raises(ReaderNotRecognised):
        recognise_reader("Other 1", (only,))


def test_shipped_profiles_have_names_of_their_own() -> None:
    profiles = reader_profiles()
    assert [profile.id for profile in profiles] == [
        "acs-ccid-serial",
        "pcsc-generic",
        "pn532-hsu",
        "pn532-nfcpy",
        "stx-etx-generic",
        "virtual-pcd",
    ]
    for profile in profiles:
        assert msgspec.convert(msgspec.to_builtins(profile), ReaderProfile) == profile
        assert profile.title.zh != profile.title.en


def test_a_profile_is_found_by_its_id() -> None:
    assert profile_by_id("pn532-nfcpy").transport is Transport.NFC
    assert profile_by_id("acs-ccid-serial").transport is Transport.SERIAL
    with pytest.raises(NoSuchProfile) as refused:
        profile_by_id("acs-serial")
    assert "acs-ccid-serial" in str(refused.value)


def test_sam_slots_are_named_by_patterns() -> None:
    with_sam = PROFILE.replace(b"share", b'sam_names = ["Example SAM *"]\nshare', 1)
    assert ReaderProfile.from_bytes(with_sam, "example.toml").sam_names == ("Example SAM *",)


def test_only_a_serial_reader_has_a_line_and_frames() -> None:
    profile = profile_by_id("stx-etx-generic")
    with pytest.raises(ValueError, match="line and frames"):
        ReaderProfile(profile.id, profile.title, Transport.SERIAL)
    with pytest.raises(ValueError, match="line and frames"):
        ReaderProfile(profile.id, profile.title, Transport.NFC, serial=profile.serial)
