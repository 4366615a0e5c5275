"""Coverage-guided fuzzing of every target, each in a process of its own: `python -m tests.fuzz --seconds 10`.

What breaks a target is kept in out/fuzz/TARGET and printed; run it again with `--input FILE TARGET`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import typer

from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS

CHECKOUT = Path(__file__).resolve().parents[2]
FOUND = CHECKOUT / "out" / "fuzz"
MAX_INPUT_BYTES = 4096
SLACK_SECONDS = 120
LAST_CHARACTERS = 3000


def main() -> int:
    """Fuzz the targets that were named, or all; 1 when one of them broke."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}")
    parser.add_argument("--seconds", type=int, default=10, help="for each target")
    parser.add_argument("--input", type=Path, help="run one input and nothing else")
    arguments = parser.parse_args()
    unknown = set(arguments.targets) - set(TARGETS)
    if unknown:
        parser.error(f"there is no target {', '.join(sorted(unknown))}")
    names = arguments.targets or list(TARGETS)
    if arguments.input is not None:
        for name in names:
            TARGETS[name](arguments.input.read_bytes())
        return 0
    broken = [name for name in names if not _holds(name, arguments.seconds)]
    if broken:
        typer.echo(f"✗ {', '.join(broken)}: see {FOUND}", err=True)
    return 1 if broken else 0


def _holds(name: str, seconds: int) -> bool:
    """Fuzz one target; whether nothing broke it."""
    folder = FOUND / name
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(name)):
        (corpus / f"seed-{number}").write_bytes(seed)
    command = [
        *(sys.executable, "-m", "tests.fuzz.one", name),
        *(f"-max_total_time={seconds}", f"-max_len={MAX_INPUT_BYTES}", "-timeout=10"),
        *(f"-artifact_prefix={folder}/", "-print_final_stats=1", str(corpus)),
    ]
    run = subprocess.run(
        command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=seconds + SLACK_SECONDS
    )
    if run.returncode:
        typer.echo(f"✗ {name}\n{run.stderr[-LAST_CHARACTERS:]}", err=True)
        return False
    typer.echo(f"✓ {name}: {_executed(run.stderr)} inputs")
    return True


def _executed(log: str) -> str:
    for line in log.splitlines():
        if "stat::number_of_executed_units:" in line:
            return line.split()[-1]
    return "?"


if __name__ == "__main__":
    sys.exit(main())
