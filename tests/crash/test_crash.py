"""A terminal that is killed at any instant loses no acknowledged tap and forks no chain.

`make crash-test COUNT=1000` does it a thousand times.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

COUNT = 25


def test_no_instant_at_which_a_terminal_is_killed_loses_a_tap(tmp_path: Path) -> None:
    checkout = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash", "--count", str(COUNT)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["rounds"] == COUNT
    assert found["acknowledged"] > COUNT
    assert found["events"] == found["acknowledged"] + found["unacknowledged_but_whole"]
    assert found["pruned_up_to"] > 0
