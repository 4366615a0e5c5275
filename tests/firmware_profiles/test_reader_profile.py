"""Reader profiles: those we ship are complete, and a wrong one says what to write."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.explained import Language
from firmware_profiles.errors import ProfileRefused, ReaderNotRecognised
from firmware_profiles.reader_profile import (
    CardProtocol,
    ReaderProfile,
    ShareMode,
    Transport,
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
        (b"share", b"xyzzy", "Known here are: id, title, names, transport, protocols, share, quirks"),
        (b'"T=1"', b'"T=2"', "$.protocols"),
        (b'["T=1"]', b"[]", "$.protocols"),
        (b'["Example *"]', b"[]", "$.names"),
        (b'"pcsc"', b'"usb"', "$.transport"),
        (b'id = "example"', b"", "missing required field `id`"),
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
    assert [profile.id for profile in profiles] == ["pcsc-generic", "virtual-pcd"]
    for profile in profiles:
        assert msgspec.convert(msgspec.to_builtins(profile), ReaderProfile) == profile
        assert profile.title.zh != profile.title.en
