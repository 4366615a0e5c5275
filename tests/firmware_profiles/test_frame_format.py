"""Frame formats and dialects: what does not fit together is refused, with what to write instead."""

from importlib import resources

import pytest

from firmware_profiles.errors import ProfileRefused
from firmware_profiles.frame_format import ChecksumKind, FieldName
from firmware_profiles.reader_profile import ReaderProfile, profile_by_id
from firmware_profiles.serial_profile import SerialProfile


def toml(profile: str) -> bytes:
    """The text of a profile that we ship."""
    return (resources.files("firmware_profiles") / "profiles" / f"{profile}.toml").read_bytes()


def serial(profile: str) -> SerialProfile:
    """The serial part of a profile that we ship."""
    found = profile_by_id(profile).serial
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("profile", "written", "instead", "told"),
    [
        ("acs-ccid-serial", b"max_frame", b"max_frames", "Write `max_frame` instead"),
        ("acs-ccid-serial", b'name = "slot"', b'nam = "slot"', "Write `name` instead"),
        ("acs-ccid-serial", b'name = "slot"', b'name = "slots"', "$.serial.frame.headers"),
        ("acs-ccid-serial", b'start = "02"', b'start = ""', "$.serial.frame.start"),
        ("acs-ccid-serial", b'start = "02"', b'start = "2"', "$.serial.frame.start"),
        ("acs-ccid-serial", b'start = "02"', b'start = "0x02"', "$.serial.frame.start"),
        ("acs-ccid-serial", b'name = "length"', b'name = "address"', 'Write one { name = "length" }'),
        ("acs-ccid-serial", b'name = "slot"', b'name = "length"', 'Write one { name = "length" }'),
        ("acs-ccid-serial", b'name = "slot"', b'name = "sequence"', "Remove the field that stands twice"),
        ("acs-ccid-serial", b'name = "slot"', b'name = "address"', 'Write { name = "slot", size = 1 }'),
        ("acs-ccid-serial", b"size = 3", b"size = 2", 'Write { name = "parameters", size = 3 }'),
        ("acs-ccid-serial", b'["header", "data"]', b'["header", "end"]', "Write only"),
        ("acs-ccid-serial", b'["header", "data"]', b"[]", "$.serial.frame.checksum.covers"),
        ("acs-ccid-serial", b'["data"]', b'["end"]', 'Write "data" in length_counts'),
        ("acs-ccid-serial", b'["data"]', b'["header", "after-length", "data"]', "at most one of"),
        ("acs-ccid-serial", b"max_frame = 274", b"max_frame = 13", "Write max_frame = 14 or more"),
        (
            "acs-ccid-serial",
            b"?? ?? 03",
            b"?? ?? " + b"03 " * 270 + b"03",
            "no shorter than the longest signal",
        ),
        ("acs-ccid-serial", b"[serial.ccid]\nslot = 0", b"", "Write one of [serial.ccid]"),
        ("acs-ccid-serial", b"[serial.ccid]", b"[serial.pn532]\n[serial.ccid]", "Write one of [serial.ccid]"),
        ("acs-ccid-serial", b"slot = 0", b"slot = 256", "$.serial.ccid.slot"),
        ("acs-ccid-serial", b"baud = 9600", b"baud = 0", "$.serial.line.baud"),
        ("pn532-hsu", b"size = 2", b"size = 1", "Write max_frame = "),
        ("pn532-hsu", b"max_frame = 274", b"max_frame = 70000", "Write max_frame = "),
        ("pn532-hsu", b'marker = "FF FF"', b"", "Write a different marker"),
        (
            "pn532-hsu",
            b'{ name = "length" },',
            b'{ name = "length" }, { name = "slot" },',
            "Give all headers",
        ),
        ("pn532-hsu", b'"length-check" }', b'"length-check", size = 2 }', "Write size = 1"),
        ("stx-etx-generic", b'address = "00"', b"", "Write 1 bytes into address"),
        ("stx-etx-generic", b'{ name = "command" },', b"", 'Write { name = "command", size = 1 }'),
        ("stx-etx-generic", b'ok = ["00"]', b"ok = []", "$.serial.command_response.statuses.ok"),
        ("stx-etx-generic", b'code = "21"', b'code = "2100"', "$.serial.command_response.commands.power_on"),
        ("stx-etx-generic", b'power_on = { code = "21" }', b"", "Add `power_on` there"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_to_write(
    profile: str, written: bytes, instead: bytes, told: str
) -> None:
    text = toml(profile)
    assert written in text
    with pytest.raises(ProfileRefused) as refused:
        ReaderProfile.from_bytes(text.replace(written, instead, 1), "mine.toml")
    assert "mine.toml:" in str(refused.value)
    assert told in str(refused.value)


def test_frame_sizes_are_those_of_the_manuals() -> None:
    # ACR122L communication protocol V1.03 §4.1: dwLength is at most 0105.
    assert serial("acs-ccid-serial").frame.max_data == 0x105
    # UM0701-02 §6.2.1.2 and §7.3.8: TFI, command, status and 262 bytes.
    assert serial("pn532-hsu").frame.max_data == 265


def test_a_field_that_a_header_lacks_has_no_bytes() -> None:
    assert serial("pn532-hsu").frame.field_size(FieldName.SEQUENCE) == 0
    assert serial("acs-ccid-serial").frame.field_size(FieldName.PARAMETERS) == 3


def test_checksums_have_their_sizes() -> None:
    assert {kind: kind.size for kind in ChecksumKind} == {
        ChecksumKind.XOR: 1,
        ChecksumKind.SUM_COMPLEMENT: 1,
        ChecksumKind.CRC16_MCRF4XX: 2,
        ChecksumKind.CRC16_IBM_3740: 2,
    }
