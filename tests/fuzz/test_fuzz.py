"""The fuzz targets: any bytes are let through or refused by our own errors, and a target can fail."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from card.apdu import Instruction
from card.cipher_psam import CipherPsamInstruction
from card.psam import PsamInstruction
from tests.fuzz.__main__ import MAX_INPUT_BYTES
from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS, Target


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_has_seeds_and_takes_them(name: str) -> None:
    assert seeds(name)
    for seed in seeds(name):
        assert TARGETS[name](seed), seed.hex()
        assert len(seed) <= MAX_INPUT_BYTES


def test_seeds_reach_the_sessions_of_card_and_psam() -> None:
    """A visit that was recorded is whole: it authenticates, and reads and writes under its keys."""
    for name, instructions in (
        ("applet", {Instruction.EXTERNAL_AUTHENTICATE, Instruction.READ_BINARY, Instruction.UPDATE_BINARY}),
        (
            "psam-card",
            {Instruction.EXTERNAL_AUTHENTICATE, Instruction.READ_RECORD, Instruction.UPDATE_RECORD},
        ),
        ("psam", set(PsamInstruction)),
        ("psam-cipher", set(CipherPsamInstruction)),
    ):
        assert instructions <= {command[1] for seed in seeds(name) for command in commands(seed)}


def commands(conversation: bytes) -> Iterator[bytes]:
    while conversation:
        length = conversation[0]
        yield conversation[1 : 1 + length]
        conversation = conversation[1 + length :]


@settings(max_examples=60)
@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS.keys())
@given(data=st.binary(max_size=300))
def test_random_bytes_break_no_target(target: Target, data: bytes) -> None:
    target(data)


@settings(max_examples=60)
@pytest.mark.parametrize("name", TARGETS)
@given(data=st.data())
def test_a_seed_with_changed_bytes_breaks_no_target(name: str, data: st.DataObject) -> None:
    for seed in seeds(name):
        spoilt = bytearray(seed)
        for _ in range(data.draw(st.integers(1, 3))):
            spoilt[data.draw(st.integers(0, len(seed) - 1))] = data.draw(st.integers(0, 255))
        TARGETS[name](bytes(spoilt))


def test_a_target_breaks_when_its_parser_is_not_strict(monkeypatch: pytest.MonkeyPatch) -> None:
    def lax(_messaging: object, answer: object) -> object:
        return answer

    monkeypatch.setattr("card.secure_messaging.SecureMessaging.unwrap", lax)
    with pytest.raises(AssertionError):
        TARGETS["secure-messaging"](b"\x90\x00")


def test_a_target_breaks_when_a_mac_is_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("card.psam_cipher.equal_in_constant_time", lambda one, other: True)
    with pytest.raises(AssertionError):
        TARGETS["mac-channel"](bytes(8) + b"\x90\x00")


def test_targets_break_when_a_signature_or_seal_is_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crypto.sm2.PublicKey.verify", lambda *_: True)
    monkeypatch.setattr("crypto.sealing.SegmentOpener.open", lambda *_: b"forged")
    for name in ("content-signature", "sealed-record"):
        with pytest.raises(AssertionError):
            TARGETS[name](bytes(80))
