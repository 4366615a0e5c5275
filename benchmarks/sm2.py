"""SM2 signatures and verifications a second, beside `openssl speed sm2` in the same run on one core.

python -m benchmarks.sm2 [--quick]
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from typing import Final

from benchmarks.figures import elapsed_ns, progress, quick_asked, report
from crypto.sm2 import PrivateKey

GOAL: Final = 0.95
MESSAGE: Final = bytes(100)


def rate(work: Callable[[], object], seconds: float) -> float:
    """Calls of `work` a second."""
    calls, spent = 0, 0
    while spent < seconds * 1e9:
        spent += elapsed_ns(work)
        calls += 1
    return calls / (spent / 1e9)


def openssl_rates(seconds: int) -> tuple[float, float]:
    """Signatures and verifications a second by openssl's own benchmark."""
    done = subprocess.run(
        ["openssl", "speed", "-seconds", str(seconds), "sm2"], capture_output=True, text=True, check=True
    )
    found = re.search(r"CurveSM2\)\s+\S+s\s+\S+s\s+([\d.]+)\s+([\d.]+)", done.stdout)
    assert found, done.stdout
    return float(found[1]), float(found[2])


def main() -> None:
    """Run the benchmark; both are measured in turns, so that a change of the machine's speed meets both."""
    rounds, seconds = (1, 1) if quick_asked(__doc__) else (5, 3)
    key = PrivateKey.generate()
    signature = key.sign(MESSAGE)
    signing: list[tuple[float, float]] = []
    verifying: list[tuple[float, float]] = []
    for round_ in range(rounds):
        progress(f"round {round_ + 1} of {rounds}")
        ours = (
            rate(lambda: key.sign(MESSAGE), seconds),
            rate(lambda: key.public_key.verify(signature, MESSAGE), seconds),
        )
        theirs = openssl_rates(seconds)
        signing.append((ours[0], theirs[0]))
        verifying.append((ours[1], theirs[1]))
    for figure, pairs in (("SM2 signatures", signing), ("SM2 verifications", verifying)):
        value, floor = sorted(pairs, key=lambda pair: pair[0] / pair[1])[len(pairs) // 2]
        report(figure, value, "1/s", floor=floor, goal=f">= {GOAL} x openssl", holds=value >= GOAL * floor)


if __name__ == "__main__":
    main()
