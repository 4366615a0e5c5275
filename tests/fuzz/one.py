"""One target under atheris: `python -m tests.fuzz.one TARGET [libFuzzer's options]`. Never returns."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["card", "crypto", "firmware_profiles", "terminal"]):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Fuzz the target that the first argument names."""
    target = TARGETS[sys.argv.pop(1)]

    def fuzzed(data: bytes) -> None:  # libFuzzer takes no other answer
        target(data)

    atheris.Setup(sys.argv, fuzzed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
