"""One target under atheris: `python -m tests.fuzz.one TARGET [libFuzzer's options]`. Never returns."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["card", "crypto", "firmware_profiles"]):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Fuzz the target that the first argument names."""
    target = TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
