"""SM2 signatures and verifications a second, beside `openssl speed sm2` in the same run on one core.

    python -m benchmarks.sm2 [--quick]

Floor: OpenSSL's own benchmark (apps/speed.c, 3.0). Each of its rounds is one EVP_DigestSignInit and
EVP_DigestSign with SM3 (or the two of Verify) over 20 bytes, in a context made before it began, which keeps
its key and signer id; so it looks the algorithms up and hashes the signer's identity (Z) anew each time, as
we do, but neither makes contexts nor turns DER into r ‖ s. Ours are whole calls of `crypto.sm2`. Both count
processor time and share one core, in turns of one second, so that other work and a change of clock rate meet
both.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from statistics import median
from time import process_time_ns
from typing import Final

from benchmarks.figures import progress, quick_asked, report
from crypto.sm2 import PrivateKey

GOAL: Final = 0.95
MESSAGE: Final = bytes(20)  # as long as that of `openssl speed`
BATCH: Final = 100  # calls between two looks at the clock
TURN_SECONDS: Final = 1


def rate(work: Callable[[], object]) -> float:
    """Calls of `work` a second of processor time, over one turn."""
    calls, begun = 0, process_time_ns()
    while (spent := process_time_ns() - begun) < TURN_SECONDS * 1e9:
        for _ in range(BATCH):
            work()
        calls += BATCH
    return calls / (spent / 1e9)


def openssl_rates() -> tuple[float, float]:
    """openssl's own signatures and verifications a second of processor time, over one turn each."""
    done = subprocess.run(
        ["openssl", "speed", "-seconds", str(TURN_SECONDS), "sm2"], capture_output=True, text=True, check=True
    )
    found = re.search(r"CurveSM2\)\s+\S+s\s+\S+s\s+([\d.]+)\s+([\d.]+)", done.stdout)
    assert found, done.stdout
    return float(found[1]), float(found[2])


def main() -> None:
    """Run the benchmark."""
    rounds = 3 if quick_asked(__doc__) else 15
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # openssl, our child, stays on it too
    key = PrivateKey.generate()
    signature = key.sign(MESSAGE)
    signing: list[tuple[float, float]] = []
    verifying: list[tuple[float, float]] = []
    for round_ in range(rounds):
        progress(f"round {round_ + 1} of {rounds}")
        signed = rate(lambda: key.sign(MESSAGE))
        theirs = openssl_rates()
        verified = rate(lambda: key.public_key.verify(signature, MESSAGE))
        signing.append((signed, theirs[0]))
        verifying.append((verified, theirs[1]))
    for figure, pairs in (("SM2 signatures", signing), ("SM2 verifications", verifying)):
        value, floor = (median(side) for side in zip(*pairs, strict=True))
        report(figure, value, "1/s", floor=floor, goal=f">= {GOAL} x openssl", holds=value >= GOAL * floor)


if __name__ == "__main__":
    main()
