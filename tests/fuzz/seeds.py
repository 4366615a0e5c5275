"""Where fuzzing starts: whole, valid inputs, so that it reaches what lies behind the first checks."""

from __future__ import annotations

from collections.abc import Iterator

from card.readers.frame_codec import FrameCodec
from crypto.tap_proof import TapProof
from firmware_profiles.reader_profile import reader_profiles
from tests.card.cards import CHALLENGE, applet, personalised
from tests.fuzz.targets import PROFILE


def seeds(target: str) -> Iterator[bytes]:
    """Inputs that the target accepts; none where any bytes are as good."""
    card = personalised()
    chip = applet(card)
    chip.power_on()
    select = bytes.fromhex("00A4040007F0544B5245463100")
    authenticate = bytes.fromhex("0088000037") + CHALLENGE + b"\x00"
    fci, proof = chip.process(select)[:-2], chip.process(authenticate)[:-2]
    whole = {
        "tlv": [fci, proof],
        "fci": [fci],
        "credential": [card.credential],
        "tap-proof": [TapProof.from_bytes(proof).to_bytes()],
        "apdu": [select, authenticate, bytes.fromhex("00B0820000FFFF"), bytes.fromhex("00D60000000002ABCD")],
        "atr": [chip.atr, bytes.fromhex("0A78807002 5448454C4C4F")],
        "applet": [b"".join(bytes((len(command),)) + command for command in (select, authenticate))],
    }
    yield from whole.get(target, [])
    for file in PROFILE.file:
        if target == f"file-{file.name}":
            yield bytes.fromhex(file.vector[0].encoded)
    for profile in reader_profiles():
        if target == f"frames-{profile.id}" and profile.serial is not None:
            yield b"\x40" + FrameCodec(profile.serial.frame).encode({}, bytes(range(20)))
