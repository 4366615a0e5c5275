"""What is fuzzed: every parser of bytes from a card, a reader or a serial line.

A target takes any bytes. It lets the package's own errors pass and nothing else; what it accepts must encode
to the same bytes again, so that one value has one form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from card.apdu import CommandApdu, ResponseApdu
from card.atr import Atr
from card.ats import Ats
from card.errors import CardError
from card.fci import Fci
from card.field_encoding import Encoding, decode_field
from card.files import FileLayout
from card.profile import reference_profile
from card.psam import PsamIdentity
from card.readers.frame_codec import FrameDecoder
from card.readers.reader_features import ReaderProperties, parse_features
from card.secure_messaging import SecureMessaging, SessionKeys
from card.simulator.chips.applet import ReferenceApplet
from card.simulator.chips.contents import ChipContents, VolatileMemory
from card.simulator.chips.psam import PsamChip, PsamContents
from crypto.credential import TapCredential
from crypto.errors import CryptoError
from crypto.sm2 import PrivateKey
from crypto.tap_proof import TapProof
from crypto.tlv import Tlv
from firmware_profiles.frame_format import FrameFormat
from firmware_profiles.reader_profile import reader_profiles

Target = Callable[[bytes], None]

PROFILE: Final = reference_profile()
KEYS: Final = SessionKeys(bytes(16), bytes(range(16)))


def tlv(data: bytes) -> None:
    """Data objects, nested ones too."""
    pending = [data]
    while pending:
        inside = pending.pop()
        try:
            items = Tlv.parse_list(inside)
        except CryptoError:
            continue
        assert b"".join(items) == inside
        pending += [item.value for item in items if item.is_constructed]


def fci(data: bytes) -> None:
    """The answer to SELECT, and the credential in it."""
    try:
        parsed = Fci.from_bytes(data, PROFILE)
    except CardError:
        return
    assert parsed.to_bytes(PROFILE) == data
    credential(parsed.credential)


def credential(data: bytes) -> None:
    """The tap credential."""
    try:
        parsed = TapCredential.from_bytes(data)
    except CryptoError:
        return
    assert parsed.to_bytes() == data


def tap_proof(data: bytes) -> None:
    """The answer to INTERNAL AUTHENTICATE."""
    try:
        parsed = TapProof.from_bytes(data)
    except CryptoError:
        return
    assert parsed.to_bytes() == data


def apdu(data: bytes) -> None:
    """Commands and answers."""
    for kind in (CommandApdu, ResponseApdu):
        try:
            parsed = kind.from_bytes(data)
        except CardError:
            continue
        assert kind.from_bytes(parsed.to_bytes()) == parsed


def atr(data: bytes) -> None:
    """Answers to reset and to select."""
    for kind in (Atr, Ats):
        try:
            kind.from_bytes(data)
        except CardError:
            continue


def secure_messaging(data: bytes) -> None:
    """A protected answer: nobody without the keys makes one that is taken."""
    messaging = SecureMessaging(KEYS)
    messaging.wrap(CommandApdu(0x00, 0xB0, 0x82, 0x00, le=223))
    try:
        messaging.unwrap(ResponseApdu.from_bytes(data))
    except CardError:
        return
    raise AssertionError("a protected answer was made without the keys")


def psam_identity(data: bytes) -> None:
    """A PSAM's answer to SELECT."""
    try:
        parsed = PsamIdentity.from_bytes(data, b"\xf0TKPSM1")
    except CardError:
        return
    assert parsed.to_bytes(b"\xf0TKPSM1") == data


def file_content(file: FileLayout, data: bytes) -> None:
    """A file of the reference profile."""
    try:
        record = file.decode(data)
    except CardError:
        return
    assert file.encode(record) == data


def field(data: bytes) -> None:
    """A field, its encoding chosen by the first byte."""
    encodings = tuple(Encoding)
    if data:
        try:
            decode_field(encodings[data[0] % len(encodings)], data[1:])
        except CardError:
            return


def features(data: bytes) -> None:
    """A PC/SC reader's features and properties."""
    for parse in (parse_features, ReaderProperties.from_bytes):
        try:
            parse(data, "reader")
        except CardError:
            continue


def frames(frame_format: FrameFormat, data: bytes) -> None:
    """A serial line that brings anything, in parts of the first byte's size."""
    decoder = FrameDecoder(frame_format)
    size = 1 + (data[0] if data else 0)
    for start in range(1, len(data), size):
        for _item in decoder.feed(data[start : start + size]):
            pass
    for _item in decoder.silence():
        pass


def applet(data: bytes) -> None:
    """The simulated card: any commands, each with a length before it."""
    _converse(ReferenceApplet(VolatileMemory(_contents())), data)


def psam(data: bytes) -> None:
    """The simulated PSAM."""
    _converse(PsamChip(_psam_contents()), data)


def _converse(chip: ReferenceApplet | PsamChip, data: bytes) -> None:
    chip.power_on()
    while data:
        length = data[0]
        answer = chip.process(data[1 : 1 + length])
        assert len(answer) >= 2
        data = data[1 + length :]


def _contents() -> ChipContents:
    return ChipContents(b"\x7f\x21\x00", _KEY)


def _psam_contents() -> PsamContents:
    return _PSAM


_KEY: Final = PrivateKey.generate()
_PSAM: Final = PsamContents.generate((1,))

TARGETS: Final[Mapping[str, Target]] = MappingProxyType(
    {
        "tlv": tlv,
        "fci": fci,
        "credential": credential,
        "tap-proof": tap_proof,
        "apdu": apdu,
        "atr": atr,
        "secure-messaging": secure_messaging,
        "psam-identity": psam_identity,
        "field": field,
        "features": features,
        "applet": applet,
        "psam": psam,
        **{f"file-{file.name}": partial(file_content, file) for file in PROFILE.file},
        **{
            f"frames-{profile.id}": partial(frames, profile.serial.frame)
            for profile in reader_profiles()
            if profile.serial is not None
        },
    }
)
