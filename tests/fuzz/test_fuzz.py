"""The fuzz targets: any bytes are let through or refused by our own errors, and a target can fail."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS, Target


@pytest.mark.parametrize("name", TARGETS)
def test_every_seed_is_taken(name: str) -> None:
    for seed in seeds(name):
        TARGETS[name](seed)


@settings(max_examples=60)
@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS.keys())
@given(data=st.binary(max_size=300))
def test_random_bytes_break_no_target(target: Target, data: bytes) -> None:
    target(data)


@settings(max_examples=60)
@pytest.mark.parametrize("name", TARGETS)
@given(data=st.data())
def test_a_seed_with_changed_bytes_breaks_no_target(name: str, data: st.DataObject) -> None:
    for seed in SEEDS[name]:
        spoilt = bytearray(seed)
        for _ in range(data.draw(st.integers(1, 3))):
            spoilt[data.draw(st.integers(0, len(seed) - 1))] = data.draw(st.integers(0, 255))
        TARGETS[name](bytes(spoilt))


SEEDS = {name: list(seeds(name)) for name in TARGETS}


def test_a_target_breaks_when_its_parser_is_not_strict(monkeypatch: pytest.MonkeyPatch) -> None:
    def lax(_messaging: object, answer: object) -> object:
        return answer

    monkeypatch.setattr("card.secure_messaging.SecureMessaging.unwrap", lax)
    with pytest.raises(AssertionError):
        TARGETS["secure-messaging"](b"\x90\x00")
